//! Who has no secret has no token of its own, and acts for nobody.

fn call(app: &msal::PublicClientApplication) {
    app.acquire_token_for_client(["s/.default"]);
    app.acquire_token_on_behalf_of("assertion", ["s/x"]);
}

fn main() {}
