//! Who has signed in, and signing out, where the cache outlives the process; and programs that keep none.

use msal_core::app::AccountFilter;
use msal_core::{Ask, Error, ErrorKind, Flow, Host, Step, run};

use crate::kept::*;
use crate::kept_store::KeptStore;
use crate::script::*;
use crate::users::*;

fn names(accounts: &[msal_core::Account]) -> Vec<&str> {
    accounts.iter().map(|account| account.username()).collect()
}

#[test]
fn users_whom_another_process_signed_in_or_out_are_seen_at_once() {
    let kept = Kept::new();
    kept.store.at_load(kept.signs_out());
    kept.store.at_load(kept.signs_in("back"));
    let script = kept.script([]);
    let list = || kept.app.accounts(AccountFilter::All);
    assert!(run(list(), &script).unwrap().is_empty());
    assert_eq!(
        names(&run(list(), &script).unwrap()),
        ["Alice@contoso.example"]
    );
    let by_name = kept
        .app
        .accounts(AccountFilter::Username("alice@contoso.example"));
    assert_eq!(run(by_name, &script).unwrap().len(), 1);
    let by_id = kept.app.accounts(AccountFilter::HomeAccountId(HOME));
    assert_eq!(run(by_id, &script).unwrap().len(), 1);
    assert_eq!(steps(&script), ["load"; 4]);
    assert_eq!(
        kept.store.take_asked(),
        [
            "load everything",
            "load everything",
            "load everything",
            "load user"
        ]
    );
}

#[test]
fn who_cannot_read_the_store_is_told_so_and_not_that_nobody_is_there() {
    let kept = Kept::new();
    kept.store.fails_to_load(1);
    let error = run(kept.app.accounts(AccountFilter::All), &kept.script([])).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Cache);
    assert!(error.correlation_id().is_some());
}

#[test]
fn a_store_that_cannot_list_its_users_says_so_and_finds_them_by_id() {
    let kept = Kept::over(KeptStore::of_kind(false, false));
    let script = kept.script([]);
    for filter in [AccountFilter::All, AccountFilter::Username("alice")] {
        let error = run(kept.app.accounts(filter), &script).unwrap_err();
        let kind = ErrorKind::Unsupported("listing the users of this cache");
        assert_eq!(error.kind(), &kind);
    }
    assert_eq!(steps(&script), [""; 0]);
    let by_id = kept.app.accounts(AccountFilter::HomeAccountId(HOME));
    assert_eq!(
        names(&run(by_id, &script).unwrap()),
        ["Alice@contoso.example"]
    );
    assert!(run(kept.app.remove_account(&kept.account), &script).unwrap());
    assert_eq!(kept.refresh_tokens(), [""; 0]);
}

#[test]
fn who_signs_out_is_signed_out_in_the_store_too() {
    let kept = Kept::new();
    let script = kept.script([]);
    let sign_out = || kept.app.remove_account(&kept.account);
    assert!(run(sign_out(), &script).unwrap());
    assert_eq!(steps(&script), ["load", "save"]);
    assert_eq!(kept.store.take_asked(), ["load user", "save user"]);
    assert!(!run(sign_out(), &script).unwrap(), "there is nobody left");
    kept.store.at_load(kept.signs_in("elsewhere"));
    assert!(
        run(sign_out(), &script).unwrap(),
        "they came back elsewhere"
    );
    assert_eq!(kept.refresh_tokens(), [""; 0]);
}

#[test]
fn a_sign_out_that_cannot_be_written_is_an_error_and_leaves_nothing_in_memory() {
    let kept = Kept::new();
    kept.store.fails_to_save(1);
    let script = kept.script([]);
    let error = run(kept.app.remove_account(&kept.account), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Cache);
    assert_eq!(kept.refresh_tokens(), [""; 0]);
    assert!(kept.store.memory().access_tokens().is_empty());
}

#[test]
fn a_sign_out_that_was_written_is_none_to_complain_about() {
    let kept = Kept::new();
    kept.store.fails_to_load(2);
    let script = kept.script([]);
    let sign_out = || kept.app.remove_account(&kept.account);
    assert!(run(sign_out(), &script).unwrap());
    let error = run(sign_out(), &script).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Cache, "they may have been there");
}

/// A user's own loop: it sends and waits, and declines the rest.
fn nine_lines<T>(flow: Flow<T>, script: &Script) -> Result<T, Error> {
    let mut step = flow.start();
    loop {
        step = match step {
            Step::Send(request, flow) => flow.resume(script.send(request)),
            Step::Wait(delay, flow) => {
                script.wait(delay);
                flow.resume(())
            }
            Step::Ask(question) => question.decline(),
            Step::Done(outcome) => return outcome,
        };
    }
}

#[test]
fn a_loop_that_declines_has_a_cache_in_memory_that_works() {
    let kept = Kept::new();
    kept.store.is_due_now();
    let nothing = kept.script([]);
    let result = nine_lines(kept.silent(), &nothing).unwrap();
    assert_eq!(token_of(&result), "first");

    kept.clock.advance(minutes(61));
    let error = nine_lines(kept.silent_from_cache(), &nothing).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotCached);
    let script = kept.script([Answer::new("second").reply()]);
    let result = nine_lines(kept.silent(), &script).unwrap();
    assert_eq!(token_of(&result), "second");
    let error = result.persist_error().unwrap();
    assert_eq!(error.kind(), &ErrorKind::Declined("save"));

    let accounts = nine_lines(kept.app.accounts(AccountFilter::All), &nothing).unwrap();
    assert_eq!(accounts.len(), 1);
    let error = nine_lines(kept.app.remove_account(&kept.account), &nothing).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Declined("save"), "it lives on");
    let error = nine_lines(kept.silent(), &nothing).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InteractionRequired);
    assert_eq!(steps(&nothing), [""; 0]);
    assert_eq!(kept.store.take_asked(), [""; 0]);
}

#[test]
fn a_loop_that_resumes_without_having_run_the_work_has_declined_it() {
    let kept = Kept::expired();
    let script = kept.script([Answer::new("second").reply()]);
    let mut step = kept.silent().start();
    let result = loop {
        step = match step {
            Step::Ask(Ask::Call(_, _, flow)) => flow.resume(Ok(())),
            Step::Send(request, flow) => flow.resume(script.send(request)),
            Step::Done(outcome) => break outcome.unwrap(),
            other => panic!("{other:?}"),
        };
    };
    let error = result.persist_error().unwrap();
    assert_eq!(error.kind(), &ErrorKind::Declined("save"));
}
