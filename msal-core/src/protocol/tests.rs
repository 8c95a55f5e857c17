use proptest::test_runner::Config;

/// How many cases the property tests of this module try: a million in a soak (`MSAL_SOAK=1`).
pub(super) fn cases() -> Config {
    let cases = match std::env::var_os("MSAL_SOAK") {
        Some(_) => 1_000_000,
        None => 10_000,
    };
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}
