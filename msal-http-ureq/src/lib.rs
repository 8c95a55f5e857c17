//! Blocking transport over ureq for the Microsoft Authentication Library for Rust.
