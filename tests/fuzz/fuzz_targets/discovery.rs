#![no_main]

//! What an authority says of itself: endpoints on its own hosts and over https, or an error.

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use msal_core::Authority;
use msal_core::authority::region::imds;
use msal_core::authority::{AuthoritySettings, InstanceMetadata, instance, openid};

fuzz_target!(|body: &[u8]| {
    for status in [200, 400] {
        let mut response = http::Response::new(Bytes::copy_from_slice(body));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        for url in AUTHORITIES {
            let authority = Authority::parse(url).unwrap();
            let metadata = InstanceMetadata::built_in(&authority);
            let trust = AuthoritySettings::default().check(&authority).unwrap();
            if let Ok(endpoints) = openid::parse(&response, &authority, &metadata, &trust) {
                assert_eq!(endpoints.token.scheme(), "https");
                assert!(endpoints.token.username().is_empty());
                let host = endpoints.token.host_str().unwrap();
                let own = |alias: &str| host == alias || host.ends_with(&format!(".{alias}"));
                assert!(metadata.aliases().any(own), "{host}");
            }
            let _ = instance::parse(&response, &authority);
        }
        let _ = imds::parse(&response);
        let _ = imds::parse_newest_version(&response);
    }
    let _ = InstanceMetadata::parse_document(body);
});

const AUTHORITIES: [&str; 4] = [
    "https://login.microsoftonline.com/contoso.com",
    "https://login.contoso.example/contoso.com",
    "https://contoso.ciamlogin.com/contoso.onmicrosoft.com",
    "https://adfs.contoso.example/adfs",
];
