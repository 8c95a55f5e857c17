//! Microsoft Authentication Library for Rust: sign in users and apps with Microsoft identities and get tokens.
