//! A device is waited for once.

use msal::{DeviceCodeFlow, PublicClientApplication};

fn twice(app: &PublicClientApplication, flow: DeviceCodeFlow) {
    drop(app.acquire_token_by_device_code(flow).into_flow());
    drop(app.acquire_token_by_device_code(flow).into_flow());
}

fn main() {}
