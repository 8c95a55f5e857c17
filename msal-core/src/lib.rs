//! Sans-IO core of the Microsoft Authentication Library for Rust: flows, authorities, credentials and wire formats.
