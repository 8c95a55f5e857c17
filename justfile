# What is done often. `just` alone lists it.

_:
    @just --list

# Everything that continuous integration runs
test:
    tests/run

# Formatting and lints
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# The first example
quickstart:
    cargo run -p msal --example quickstart

# The speed and memory table of the README
bench:
    cargo bench -p msal

# Licences, sources and banned crates
deny:
    cargo deny check bans licenses sources
