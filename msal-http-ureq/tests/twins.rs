//! What both transport crates hold, they hold in the same words.

#[test]
fn the_files_that_both_transports_hold_are_the_same() {
    let twins = [
        (
            include_str!("../src/clients.rs"),
            include_str!("../../msal-http-reqwest/src/clients.rs"),
        ),
        (
            include_str!("../src/collected.rs"),
            include_str!("../../msal-http-reqwest/src/collected.rs"),
        ),
        (
            include_str!("../src/proxy.rs"),
            include_str!("../../msal-http-reqwest/src/proxy.rs"),
        ),
        (
            include_str!("../src/tls.rs"),
            include_str!("../../msal-http-reqwest/src/tls.rs"),
        ),
    ];
    for (mine, other) in twins {
        assert_eq!(mine, other);
    }
}
