//! What each fault of the table must come to, by what is struck.

use std::time::Duration;

use msal_testing::Endpoint;

use super::calls::Call;
use super::table::{Row, Strike};

/// What a call comes to, and after how many requests of the kind that the fault strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// A token, since the flow can do without the answer, or takes it as it is.
    Served(usize),
    /// An error of this kind.
    Fails(&'static str, usize),
}

use Outcome::{Fails, Served};

/// The request that goes wrong, and the call that sends it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Struck {
    pub(super) call: Call,
    pub(super) endpoint: Endpoint,
}

impl Struck {
    /// What the fault comes to that does not end.
    pub(super) fn outcome(self, row: &Row) -> Outcome {
        match (self.endpoint, self.call) {
            (Endpoint::DeviceAuthorization, _) => row.device_authorization,
            (Endpoint::FederationMetadata, _) => described_or_not(row.whole),
            (Endpoint::InstanceDiscovery, _) => row.instance_discovery,
            (Endpoint::InstanceMetadata, _) => row.instance_metadata,
            (Endpoint::OpenIdConfiguration, _) => row.openid_configuration,
            (Endpoint::UserRealm, Call::Federated) => match row.user_realm {
                // A host without such a service is thought to check the password itself.
                Served(requests) => Fails("server", requests),
                fails @ Fails(..) => fails,
            },
            (Endpoint::UserRealm, _) => row.user_realm,
            (Endpoint::WsTrust, _) => sent_once(row.ws_trust, row),
            (_, Call::AppByCertificate | Call::AppBySecret) => row.token,
            (_, Call::AuthCode) => sent_once(row.token, row),
            (_, Call::DeviceCode) => polled(row),
            (_, Call::Expiring) => match arrived_once(row.token, row) {
                Fails(_, requests) if row.is_transient => Served(requests),
                other => other,
            },
            _ => arrived_once(row.token, row),
        }
    }

    /// What the same fault comes to when it strikes once: what is sent again gets through.
    pub(super) fn outcome_once(self, row: &Row) -> Outcome {
        if (self.endpoint, self.call) == (Endpoint::Token, Call::DeviceCode) {
            return match polled(row) {
                Fails("timeout", 2..) => Served(2),
                other => other,
            };
        }
        match self.outcome(row) {
            Fails(_, requests @ 2..) => Served(requests),
            // The versions are told, and the newest is asked for.
            Served(2) if self.endpoint == Endpoint::InstanceMetadata && row.name == "400" => {
                Served(3)
            }
            other => other,
        }
    }

    /// What a device waits before it asks.
    pub(super) fn wait(self) -> Duration {
        match (self.endpoint, self.call) {
            (Endpoint::Token, Call::DeviceCode) => INTERVAL,
            _ => Duration::ZERO,
        }
    }

    pub(super) fn is_of_user(self) -> bool {
        !matches!(self.call, Call::AppByCertificate | Call::AppBySecret)
    }

    pub(super) fn is_token_of_user(self) -> bool {
        self.endpoint == Endpoint::Token && self.is_of_user()
    }

    /// Whether an error says for how long the server wants to be left alone. A device waits by itself.
    pub(super) fn tells_pauses(self) -> bool {
        let told = [
            Endpoint::DeviceAuthorization,
            Endpoint::Token,
            Endpoint::UserRealm,
            Endpoint::WsTrust,
        ];
        told.contains(&self.endpoint)
            && !matches!(
                (self.endpoint, self.call),
                (Endpoint::Token, Call::DeviceCode)
            )
    }

    /// Whether the same request can be made again, and is not while the refusal stands.
    pub(super) fn is_remembered(self) -> bool {
        let repeatable = [
            Call::AppByCertificate,
            Call::AppBySecret,
            Call::Managed,
            Call::OnBehalfOf,
            Call::RefreshToken,
        ];
        self.endpoint == Endpoint::Token && repeatable.contains(&self.call)
    }
}

/// A federation server that does not describe itself may still be where the realm says.
fn described_or_not(outcome: Outcome) -> Outcome {
    match outcome {
        Fails("timeout", _) => outcome,
        Served(requests) | Fails(_, requests) => Served(requests),
    }
}

/// What may be used once only is not sent again once it may have arrived.
fn sent_once(outcome: Outcome, row: &Row) -> Outcome {
    match (outcome, &row.strike) {
        (Fails(kind, _), Strike::Fault(_)) => Fails(kind, 1),
        (other, _) => other,
    }
}

/// What is not sent again unless the server said that it did nothing with it.
fn arrived_once(outcome: Outcome, row: &Row) -> Outcome {
    match outcome {
        Fails("transport", _) => sent_once(outcome, row),
        other => other,
    }
}

/// A device asks on unless it was told to stop: after 5, and 10 more seconds, within the limit of 25. A server that asks
/// for more than that is left alone.
fn polled(row: &Row) -> Outcome {
    match (sent_once(row.token, row), row.asks_on, row.retry_after) {
        (_, Some(times), _) => Fails("timeout", times),
        (Fails("timeout", _), ..) => Fails("timeout", 1),
        // A pause that outlasts the call is told at once.
        (Fails(kind, _), _, Some(30..)) => Fails(kind, 1),
        _ if row.is_transient => Fails("timeout", 2),
        // A device is told some errors with the status of a success.
        _ if row.device_authorization == Fails("server", 1) => Fails("server", 1),
        (other, ..) => other,
    }
}

/// What the provider tells devices to wait, and what the table's limit is put on.
const INTERVAL: Duration = Duration::from_secs(5);
