//! Whom to ask for tokens: the authorities, what is known of them, and how the rest is found out.

pub mod cloud;
