//! A tenant that goes by a name is one tenant: the first that an id token told.

use msal_core::app::CallOptions;
use msal_core::{AuthenticationResult, Error, ErrorKind, run};

use crate::script::*;
use crate::site::Site;
use crate::users::*;

fn named() -> Site {
    Site::new(public_builder().authority("https://login.microsoftonline.com/contoso.example"))
}

fn answered(site: &Site, answer: &Answer) -> Result<AuthenticationResult, Error> {
    let script = Script::new(&site.clock, [answer.reply()]);
    let scopes = [READ];
    let call = CallOptions::default();
    let flow = site
        .app
        .acquire_token_by_refresh_token("rt".into(), scopes, call);
    run(flow, &script)
}

#[test]
fn another_tenant_under_the_same_name_is_refused_and_nothing_of_it_kept() {
    let site = named();
    answered(&site, &Answer::new("first")).unwrap();
    let error = answered(&site, &Answer::about("second", &claims_away())).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Authority);
    let of_first = refresh_tokens(&site.store, msal_core::store::UserFilter::All);
    assert_eq!(of_first, ["rt-first of client -"]);
    answered(&site, &Answer::new("third")).unwrap();
}

#[test]
fn a_guest_without_an_id_token_does_not_tell_which_tenant_it_is() {
    let site = named();
    // The client info names the guest's home, and not the tenant that answered.
    answered(&site, &Answer::new("guest").without("id_token")).unwrap();
    answered(&site, &Answer::about("member", &claims_away())).unwrap();
}

#[test]
fn a_tenant_that_is_given_by_its_id_needs_no_memory() {
    let site = Site::new(public_builder());
    answered(&site, &Answer::new("first")).unwrap();
    let error = answered(&site, &Answer::about("second", &claims_away())).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidResponse("id token"));
}
