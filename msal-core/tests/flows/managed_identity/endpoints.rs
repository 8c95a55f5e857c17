//! D4: how far the address in a variable may send a secret.

use msal_core::ErrorKind;
use msal_core::app::ManagedIdentityBuilder;
use msal_core::managed_identity::ManagedIdentityId;

use super::stage::*;

/// An address, and who may be asked there: `a`pp service and machine learning, `l`ink-local services, `r`c (Azure Arc's
/// agent), service `f`abric.
const ADDRESSES: &[(&str, &str)] = &[
    ("http://127.0.0.1:1/x", "alr"),
    ("http://127.255.255.254/x", "alr"),
    ("http://localhost:40342/x", "alr"),
    ("HTTP://LOCALHOST/x", "alr"),
    ("http://[::1]:8080/x", "alr"),
    ("http://169.254.169.254/x", "al"),
    ("http://169.254.131.5:8081/msi", "al"),
    ("http://10.0.0.4/x", "a"),
    ("http://172.31.255.255/x", "a"),
    ("http://192.168.1.1/x", "a"),
    ("https://idp.example/x", "alf"),
    ("HTTPS://Idp.Example/x", "alf"),
    ("https://localhost:2377/x", "alrf"),
    ("https://127.0.0.1:2377/x", "alrf"),
    ("https://10.0.0.1:2377/x", "alf"),
    ("http://172.32.0.1/x", ""),
    ("http://8.8.8.8/x", ""),
    ("http://100.64.0.1/x", ""),
    ("http://0.0.0.0/x", ""),
    ("http://idp.example/x", ""),
    ("http://localhost.evil.example/x", ""),
    ("http://127.0.0.1.evil.example/x", ""),
    ("http://127.0.0.1./x", ""),
    ("http://2130706433/x", ""),
    ("http://0x7f.1/x", ""),
    ("http://127.1/x", ""),
    ("http://0177.0.0.1/x", ""),
    ("http://[::ffff:127.0.0.1]/x", ""),
    ("http://[fe80::1]/x", ""),
    ("http://[::]/x", ""),
    ("http://user@127.0.0.1/x", ""),
    ("https://user:Opensesame@idp.example/x", ""),
    ("http://127.0.0.1@evil.example/x", ""),
    ("http://127.0.0.1\\@evil.example/x", ""),
    ("http://127.0.0.1#@evil.example/x", ""),
    ("https://idp.example/x#y", ""),
    ("http://127.0.0.1%2eevil.example/x", ""),
    ("http://127\u{3002}0.0.1/x", ""),
    ("http://\u{2460}27.0.0.1/x", ""),
    ("ftp://127.0.0.1/x", ""),
    ("file:///etc/passwd", ""),
    ("unix:///run/x.sock", ""),
    ("//127.0.0.1/x", ""),
    ("127.0.0.1:8080/x", ""),
    ("not a uri", ""),
    ("http://", ""),
    ("http:///x", ""),
    ("http:127.0.0.1/x", ""),
    ("http://127.0.0.1:0/x", ""),
    ("http://127.0.0.1:65536/x", ""),
    ("http://127.0.0.1:/x", ""),
    ("http://127.0.0.1:+1/x", ""),
    ("http://127.0.0.1/x\r\nEvil: 1", ""),
    ("http://127.0.0.1/\0x", ""),
    (" http://127.0.0.1/x", ""),
    ("http://127.0.0.1/x y", ""),
];

#[test]
fn each_variable_takes_the_addresses_that_its_service_may_have() {
    const THUMBPRINT: &str = "0011223344556677889900112233445566778899";
    let services: [(&str, char, Variables<'_>); 6] = [
        ("IDENTITY_ENDPOINT", 'a', &[("IDENTITY_HEADER", SECRET)]),
        ("IDENTITY_ENDPOINT", 'r', &[("IMDS_ENDPOINT", "x")]),
        (
            "IDENTITY_ENDPOINT",
            'f',
            &[
                ("IDENTITY_HEADER", SECRET),
                ("IDENTITY_SERVER_THUMBPRINT", THUMBPRINT),
            ],
        ),
        ("MSI_ENDPOINT", 'a', &[("MSI_SECRET", SECRET)]),
        ("MSI_ENDPOINT", 'l', &[]),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", 'l', &[]),
    ];
    for (name, service, others) in services {
        for (address, allowed) in ADDRESSES {
            let mut variables = others.to_vec();
            variables.push((name, address));
            if !allowed.contains(service) {
                let error = refused_at_build(&variables, ManagedIdentityId::SystemAssigned);
                assert_eq!(error.kind(), &ErrorKind::InvalidArgument(name), "{address}");
                continue;
            }
            let machine = with_keys(machine(&variables), &Keys::default());
            let builder = ManagedIdentityBuilder::new(ManagedIdentityId::SystemAssigned);
            let make = || Stage::of(machine.clone(), builder.clone());
            let played = play(make, [status(400)]);
            let uri = played.service.request(0).uri().to_string();
            let path = match name {
                "AZURE_POD_IDENTITY_AUTHORITY_HOST" => "/metadata/identity/oauth2/token",
                _ => "",
            };
            let expected = [&address.to_ascii_lowercase(), path].concat();
            assert!(uri.starts_with(&expected), "{name} {address}: {uri}");
        }
    }
}

#[test]
fn the_address_of_the_metadata_service_takes_no_query() {
    let variables = &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://localhost:1?x=")];
    let error = refused_at_build(variables, ManagedIdentityId::SystemAssigned);
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidArgument("AZURE_POD_IDENTITY_AUTHORITY_HOST")
    );
}

#[test]
fn a_redirect_is_an_error_wherever_it_leads() {
    for variables in [APP_SERVICE, CLOUD_SHELL, FABRIC, IMDS, ML] {
        for code in [301, 302, 303, 307, 308] {
            let mut redirect = reply_to("http://169.254.169.254/elsewhere");
            *redirect.as_mut().unwrap().status_mut() = code.try_into().unwrap();
            let played = play(|| Stage::own(variables), [redirect, ok(3600)]);
            assert_eq!(played.error().kind(), &ErrorKind::Redirected);
            assert_eq!(played.log(), sends(1));
        }
    }
}

fn reply_to(location: &str) -> crate::script::Reply {
    let mut response = crate::script::reply(302, "")?;
    response
        .headers_mut()
        .insert("location", location.parse().unwrap());
    Ok(response)
}
