//! Managed identities: what a machine of Azure's says of itself, and how its token services are asked.
//!
//! Pure functions on injected facts: nothing here reads the environment, a file or the network.
//! Source: <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>.

pub(crate) mod answer;
pub(crate) mod challenge;
pub(crate) mod endpoint;
mod expiry;
mod id;
mod machine;
mod request;
mod service;
mod source;

pub use answer::{MachineToken, parse};
pub use challenge::KeyName;
pub use id::ManagedIdentityId;
pub use machine::{KeyFiles, Machine};
pub use request::{MachineRequest, request};
pub use service::Service;
pub use source::ManagedIdentitySource;

/// The resource that a program means: what comes before a final `/.default`.
pub(crate) fn resource(text: &str) -> &str {
    text.strip_suffix("/.default").unwrap_or(text)
}
