//! Managed identities on a machine that the local identity provider plays, by both APIs over both transports.

mod arc;
mod calls;
mod computer;
mod environment;
mod fabric;
mod sources;
