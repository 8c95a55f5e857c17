use proptest::test_runner::Config;

/// How many cases the property tests of the wire formats try: a million in a soak (`MSAL_SOAK=1`).
pub(crate) fn cases() -> Config {
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

/// The cases of a test that takes so many times longer.
pub(crate) fn cases_costing(times: u32) -> Config {
    let cases = cases();
    Config {
        cases: cases.cases / times,
        ..cases
    }
}
