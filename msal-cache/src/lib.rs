//! Token cache of the Microsoft Authentication Library for Rust: in memory, and the JSON schema shared by every MSAL.
