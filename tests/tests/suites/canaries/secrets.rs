//! The secrets, and how they are found again.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// A client secret.
pub(super) const SECRET: &str = "canarysecretqzx01";
/// A ready-made assertion.
pub(super) const ASSERTION: &str = "eyJhbGciOiJub25lIn0.canaryassertionqzx02.c2ln";
/// Inside a private key that cannot be read.
pub(super) const PEM: &str = "canaryprivatekeyqzx03";
/// The password of a private key.
pub(super) const KEY_PASSWORD: &str = "canarykeypasswordqzx04";
pub(super) const ACCESS_TOKEN: &str = "canaryaccesstokenqzx05";
pub(super) const REFRESH_TOKEN: &str = "canaryrefreshtokenqzx06";
pub(super) const ID_TOKEN: &str = "canaryidtokenqzx07";
/// The value of a claim that an API demands.
pub(super) const CHALLENGE: &str = "canarychallengeqzx08";
/// The value of a claim of the client's own.
pub(super) const CLAIM: &str = "canaryclaimqzx09";
pub(super) const PROXY_PASSWORD: &str = "canaryproxypasswordqzx10";
/// In the query of the place that a redirect leads to.
pub(super) const LOCATION: &str = "canarylocationqzx11";
/// In the body of an answer that is no OAuth error.
pub(super) const BODY: &str = "canarybodyqzx12";
/// In an error's description.
pub(super) const DESCRIPTION: &str = "eyJ0eXAiOiJKV1QifQ.canarydescriptionqzx13.c2ln";
/// In a header of an answer.
pub(super) const HEADER: &str = "canaryheaderqzx14";
/// In a cache file.
pub(super) const CACHED: &str = "canarycachedqzx15";
/// The value of an extra parameter.
pub(super) const PARAMETER: &str = "canaryparameterqzx16";
/// The password in a URL that is no authority.
pub(super) const USERINFO: &str = "canaryuserinfoqzx17";
/// What a callback of the program's panics with.
pub(super) const PANIC: &str = "canarypanicqzx18";

/// In the code of an authorization response.
pub(super) const CODE: &str = "canarycodeqzx19";
/// What state, nonce and verifier are made of.
pub(super) const RANDOM: &str = "canaryrandomqzx20";
pub(super) const DEVICE_CODE: &str = "canarydevicecodeqzx21";
/// In an id token that can be read.
pub(super) const ID_CLAIM: &str = "canaryidclaimqzx22";
pub(super) const CLIENT_INFO: &str = "canaryclientinfoqzx23";
/// What an API was called with.
pub(super) const USER_ASSERTION: &str = "canaryuserassertionqzx24";
pub(super) const PASSWORD: &str = "canarypasswordqzx25";
/// In what a federation server vouches with.
pub(super) const SAML: &str = "canarysamlqzx26";
/// What a long-running process is known by.
pub(super) const PROCESS: &str = "canaryprocessqzx27";
/// In a federation server's own words.
pub(super) const FAULT_TEXT: &str = "eyJ0eXAiOiJKV1QifQ.canaryfaultqzx28.c2ln";

/// What a machine's token service wants to see.
pub(super) const MACHINE_SECRET: &str = "canarymachinesecretqzx30";
/// In the file that Azure Arc's agent writes.
pub(super) const ARC_KEY: &str = "canaryarckeyqzx31";

/// The name of a user, which is no secret, but nobody else's to read.
pub(super) const USERNAME: &str = "canaryusernameqzx29@contoso.com";

pub(super) const PLANTED: [&str; 30] = [
    SECRET,
    ASSERTION,
    PEM,
    KEY_PASSWORD,
    ACCESS_TOKEN,
    REFRESH_TOKEN,
    ID_TOKEN,
    CHALLENGE,
    CLAIM,
    PROXY_PASSWORD,
    LOCATION,
    BODY,
    DESCRIPTION,
    HEADER,
    CACHED,
    PARAMETER,
    USERINFO,
    PANIC,
    CODE,
    RANDOM,
    DEVICE_CODE,
    ID_CLAIM,
    CLIENT_INFO,
    USER_ASSERTION,
    PASSWORD,
    SAML,
    PROCESS,
    FAULT_TEXT,
    MACHINE_SECRET,
    ARC_KEY,
];

/// The secrets that are somewhere in a text, in whatever spelling.
pub(super) fn hits(text: &str) -> impl Iterator<Item = &'static str> {
    let text = text.to_ascii_lowercase();
    SPELLINGS
        .iter()
        .filter(move |(_, spelling)| text.contains(spelling.as_str()))
        .map(|(secret, _)| *secret)
}

/// Whether a text names the user.
pub(super) fn names_user(text: &str) -> bool {
    text.to_ascii_lowercase().contains("canaryusername")
}

/// Each as it is, as numbers, in hexadecimal, and in base64 at each of its three offsets.
static SPELLINGS: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
    let mut spellings = Vec::new();
    for secret in PLANTED {
        // Of a JWT, what is between the dots.
        let core = secret
            .split('.')
            .find(|part| part.starts_with("canary"))
            .unwrap();
        let numbers = core.bytes().map(|byte| byte.to_string());
        let hexadecimal = core.bytes().map(|byte| format!("{byte:02x}"));
        spellings.push((secret, core.to_owned()));
        spellings.push((secret, numbers.collect::<Vec<_>>().join(", ")));
        spellings.push((secret, hexadecimal.collect()));
        for skipped in 0..3 {
            let whole = core.get(skipped..).unwrap();
            let whole = whole.get(..whole.len() / 3 * 3).unwrap();
            spellings.push((secret, STANDARD_NO_PAD.encode(whole).to_ascii_lowercase()));
        }
    }
    spellings
});

#[test]
fn a_secret_is_found_in_every_spelling() {
    let bytes = SECRET.as_bytes();
    let in_base64 = |prefix: &str| STANDARD_NO_PAD.encode([prefix.as_bytes(), bytes].concat());
    for text in [
        format!("a {SECRET} b"),
        SECRET.to_uppercase(),
        format!("{bytes:?}"),
        bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
        in_base64(""),
        in_base64("a"),
        in_base64("ab"),
    ] {
        assert!(hits(&text).any(|hit| hit == SECRET), "{text}");
    }
    assert_eq!(hits("a canary that is none").count(), 0);
}
