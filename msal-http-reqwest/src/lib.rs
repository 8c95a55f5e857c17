//! Async transport over reqwest for the Microsoft Authentication Library for Rust.
