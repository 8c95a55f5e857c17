//! What can be kept where: by threads, tasks and statics.

use std::mem::size_of;

use msal::interactive::{CancelHandle, LoopbackListener, Pages};
use msal::{
    Account, AuthCodeFlow, AuthenticationResult, CallFuture, ClaimsChallenge,
    ConfidentialClientApplication, DeviceCodeFlow, Error, Flow, IdTokenClaims,
    PublicClientApplication, TenantProfile, TokenScheme, blocking,
};

fn is_shared<T: Send + Sync + 'static>() {}

fn is_handed_over<T: Send + 'static>() {}

fn is_cloned<T: Clone>() {}

#[test]
fn applications_and_what_they_give_can_be_shared_between_threads() {
    is_shared::<ConfidentialClientApplication>();
    is_shared::<PublicClientApplication>();
    is_shared::<blocking::ConfidentialClientApplication>();
    is_shared::<blocking::PublicClientApplication>();
    is_shared::<Account>();
    is_shared::<AuthCodeFlow>();
    is_shared::<AuthenticationResult>();
    is_shared::<CancelHandle>();
    is_shared::<ClaimsChallenge>();
    is_shared::<DeviceCodeFlow>();
    is_shared::<Error>();
    is_shared::<IdTokenClaims>();
    is_shared::<LoopbackListener>();
    is_shared::<Pages>();
    is_shared::<TenantProfile>();
    is_shared::<TokenScheme>();
    is_cloned::<PublicClientApplication>();
    is_cloned::<Account>();
    is_cloned::<AuthenticationResult>();
}

#[test]
fn calls_can_be_spawned_and_flows_sent_to_who_drives_them() {
    is_handed_over::<CallFuture<AuthenticationResult>>();
    is_handed_over::<CallFuture<Vec<Account>>>();
    is_handed_over::<CallFuture<AuthCodeFlow>>();
    is_handed_over::<Flow<AuthenticationResult>>();
}

#[test]
fn what_is_moved_with_every_hit_is_small() {
    assert!(size_of::<Account>() <= 24, "{}", size_of::<Account>());
    let result = size_of::<AuthenticationResult>();
    assert!(result <= 128, "{result}");
    let future = size_of::<CallFuture<AuthenticationResult>>();
    assert!(future <= result + 16, "{future}");
}
