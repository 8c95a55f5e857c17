//! A sign-in under way is kept by `into_secret_json()` only.

fn keep<T: serde::Serialize>(_: &T) {}

fn session(flow: &msal::AuthCodeFlow, device: &msal::DeviceCodeFlow) {
    keep(flow);
    keep(device);
}

fn main() {}
