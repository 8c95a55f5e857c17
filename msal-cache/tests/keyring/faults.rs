//! Row by row what a key store does when it cannot serve: each ends in time, says why, and leaves the file alone.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use crate::bus::Bus;
use crate::service::{Mood, Service};
use crate::worker::{Told, begin, told, work, work_without_bus};

#[test]
fn a_prompt_that_never_ends_is_not_shown() {
    let Some((told, service)) = asked(Mood::Locked, "key") else {
        return;
    };
    is(&told, "Locked");
    assert!(told.took < Duration::from_secs(1), "{told:?}");
    let asked = service.was_asked();
    assert!(
        asked.ends_with(&["Unlock".into(), "Dismiss".into()]),
        "{asked:?}"
    );
}

#[test]
fn a_prompt_that_may_be_shown_and_never_ends_is_left_in_time() {
    let Some((told, service)) = asked(Mood::Locked, "prompt 400") else {
        return;
    };
    is(&told, "NoAnswer(400ms)");
    took(&told, 400);
    assert!(service.was_asked().contains(&"Prompt".into()));
}

#[test]
fn a_prompt_that_the_person_closes_is_told() {
    let Some((told, _service)) = asked(Mood::Refused, "prompt 3000") else {
        return;
    };
    is(&told, "Dismissed");
}

#[test]
fn what_opens_without_a_prompt_is_opened() {
    let Some((told, service)) = asked(Mood::LockedWithout, "key") else {
        return;
    };
    assert_eq!(told.text.len(), 16, "the id of a key: {told:?}");
    assert!(!service.was_asked().contains(&"Prompt".into()));
}

#[test]
fn a_service_that_never_answers_is_left_after_three_seconds() {
    let Some((told, _service)) = asked(Mood::Silent, "append a 1") else {
        return;
    };
    is(&told, "NoAnswer(3s)");
    took(&told, 3_000);
}

#[test]
fn a_service_that_dies_in_the_middle_is_told_at_once() {
    let Some((told, _service)) = asked(Mood::Dies, "key") else {
        return;
    };
    is(&told, "Gone");
    assert!(told.took < Duration::from_secs(1), "{told:?}");
}

#[test]
fn a_bus_that_dies_in_the_middle_is_told_at_once() {
    let Some(mut bus) = Bus::start() else { return };
    let service = Service::start(&bus, Mood::Silent);
    let worker = begin(&bus.address, &bus.path("cache"), "key");
    service.wait();
    bus.stop();
    let told = told(worker);
    is(&told, "Gone");
    assert!(told.took < Duration::from_secs(2), "{told:?}");
}

#[test]
fn an_error_of_the_service_is_handed_on() {
    let Some((told, _service)) = asked(Mood::Fails, "key") else {
        return;
    };
    is(&told, "Failed(");
    assert!(told.text.contains("it says why"), "{told:?}");
}

#[test]
fn a_service_without_a_collection_is_told() {
    let Some((told, _service)) = asked(Mood::Uncollected, "append a 1") else {
        return;
    };
    is(&told, "NoCollection");
}

#[test]
fn nothing_is_encrypted_with_a_key_that_was_not_kept() {
    let Some((told, service)) = asked(Mood::Forgets, "append a 1") else {
        return;
    };
    is(&told, "Failed(");
    assert!(service.was_asked().contains(&"CreateItem".into()));
}

#[test]
fn a_bus_without_a_service_is_told_at_once() {
    let Some(bus) = Bus::start() else { return };
    let told = work(&bus.address, &bus.path("cache"), "append a 1");
    is(&told, "NotThere(");
    assert!(told.took < Duration::from_secs(1), "{told:?}");
    assert!(!bus.path("cache").exists());
}

#[test]
fn no_bus_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let missing = format!("unix:path={}", folder.path().join("no").display());
    for told in [
        work_without_bus(folder.path(), "append a 1"),
        work(missing, &path, "append a 1"),
        work("no address", &path, "append a 1"),
    ] {
        is(&told, "NotThere(");
        assert!(told.took < Duration::from_secs(1), "{told:?}");
    }
    assert!(!path.exists());
}

#[test]
fn a_bus_that_never_greets_is_left_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("bus");
    let _bus = UnixListener::bind(&socket).unwrap();
    let address = format!("unix:path={}", socket.display());
    let told = work(address, &folder.path().join("cache"), "key 400");
    is(&told, "NoAnswer(400ms)");
    took(&told, 400);
}

#[test]
fn calls_that_were_left_leave_no_thread() {
    let Some((told, _service)) = asked(Mood::Silent, "threads 20") else {
        return;
    };
    // What speaks to the bus may begin one of its own at any time; a call that kept its thread would leave twenty.
    let left: u32 = told.text.parse().unwrap();
    assert!(left <= 1, "{told:?}");
}

/// What a worker tells of a service in this mood, which is still there.
fn asked(mood: Mood, job: &str) -> Option<(Told, Service)> {
    let bus = Bus::start()?;
    let service = Service::start(&bus, mood);
    let path = bus.path("cache");
    let told = work(&bus.address, &path, job);
    assert!(!path.exists(), "nothing is written without a key");
    Some((told, service))
}

/// It is the typed error, for this reason, and says what else there is.
fn is(told: &Told, reason: &str) {
    let text = &told.text;
    assert!(text.starts_with("the token cache failed: "), "{told:?}");
    let typed = format!("KeyringUnavailable {{ reason: {reason}");
    assert!(text.contains(&typed), "{told:?}");
    assert!(
        text.contains("an encrypted file with a key of your own"),
        "{told:?}"
    );
}

/// It took this many milliseconds, and not much more.
fn took(told: &Told, millis: u64) {
    let range = Duration::from_millis(millis)..Duration::from_millis(millis + 1_000);
    assert!(range.contains(&told.took), "{told:?}");
}
