//! There is one of each sign-in.

fn session(flow: &msal::AuthCodeFlow, device: &msal::DeviceCodeFlow) {
    let _: msal::AuthCodeFlow = flow.clone();
    let _: msal::DeviceCodeFlow = device.clone();
}

fn main() {}
