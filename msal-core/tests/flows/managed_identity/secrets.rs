//! Case 88: no secret is in an error, in `Debug` or in the log, whatever happens.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use msal_core::TransportError;
use msal_core::app::ManagedIdentityBuilder;
use msal_core::managed_identity::{
    KeyName, MachineToken, ManagedIdentityId, Service as TokenService, parse,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::stage::*;
use crate::script::*;

/// Writes down all that is logged, at every level and by whomever.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<String>>);

impl Recorder {
    fn visitor(&self) -> Text<'_> {
        Text(&self.0)
    }
}

struct Text<'a>(&'a Mutex<String>);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = self.0.lock().unwrap();
        write!(text, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.visitor());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.visitor());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.visitor());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn nothing_that_is_shown_holds_a_secret() {
    let recorder = Recorder::default();
    let keys = Keys::with("k.key", KEY);
    let realm = "Basic realm=/var/opt/azcmagent/tokens/k.key";
    let broken = format!(r#"{{"access_token":"{TOKEN}","#);
    let ended = format!(r#"{{"access_token":"{TOKEN}","expires_in":"0"}}"#);
    let stranger = format!(r#"{{"access_token":"{TOKEN}","expires_in":"9","client_id":"x"}}"#);
    let answers: Vec<Vec<Reply>> = vec![
        vec![ok(3600)],
        vec![challenge(realm), ok(3600)],
        vec![challenge(realm), status(401)],
        vec![challenge(realm), reply(200, &stranger)],
        vec![reply(200, &broken)],
        vec![reply(200, &ended)],
        vec![reply(400, &broken)],
        vec![status(500); 9],
        vec![status(410); 9],
        vec![refused()],
        vec![Err(TransportError::timeout()); 9],
        vec![Err(TransportError::interrupted("cut off")); 9],
        vec![Err(TransportError::tls("another certificate"))],
        vec![Err(TransportError::too_large())],
    ];
    let mut failures = 0;
    // For all threads: what other tests log first is not kept from one thread's own subscriber then.
    tracing::subscriber::set_global_default(recorder.clone()).unwrap();
    for variables in [APP_SERVICE, ARC, CLOUD_SHELL, FABRIC, IMDS, ML] {
        for replies in &answers {
            let make = || {
                let id = match variables {
                    ARC => client_id(),
                    _ => ManagedIdentityId::SystemAssigned,
                };
                let machine = with_keys(machine(variables), &keys);
                assert_shows_no_secret(&format!("{machine:?} {machine:#?}"));
                Stage::of(machine, ManagedIdentityBuilder::new(id))
            };
            // It looks at every error and every request by itself.
            let played = play(make, replies.clone());
            assert_shows_no_secret(&format!("{:?}", played.stage.app));
            assert_shows_no_secret(&format!("{:?}", played.outcome));
            failures += usize::from(played.outcome.is_err());
        }
    }
    assert!(failures > 60, "{failures}");
    let log = recorder.0.lock().unwrap();
    assert!(log.contains("status=410") && log.contains("managed identity"));
    assert_shows_no_secret(&log);
}

#[test]
fn the_parts_of_a_call_show_none_either() {
    let service = TokenService::new(
        msal_core::managed_identity::ManagedIdentitySource::AppService,
        &machine(APP_SERVICE),
    );
    let service = service.unwrap();
    assert_shows_no_secret(&format!("{service:?}"));
    let id = ManagedIdentityId::SystemAssigned;
    let now = msal_core::Timestamp::from_secs(START);
    let token: MachineToken = parse(&ok(60).unwrap(), &service, &id, now).unwrap();
    assert_eq!(token.secret.expose(), TOKEN);
    assert_shows_no_secret(&format!("{token:?}"));
    let shown = KeyName::authorization(KEY.as_bytes()).unwrap();
    assert_shows_no_secret(&format!("{shown:?}"));
}
