//! The requests as they must be.

use msal_testing::{Endpoint, defaults};

/// A request as it must be. Each parameter with a value, or `*` for one that is different each time or secret.
pub(super) struct Wanted {
    pub(super) endpoint: Endpoint,
    pub(super) method: &'static str,
    pub(super) host: &'static str,
    pub(super) path: &'static str,
    pub(super) query: &'static [(&'static str, &'static str)],
    pub(super) form: &'static [(&'static str, &'static str)],
    /// Headers beside those of every request to the identity provider.
    pub(super) headers: &'static [(&'static str, &'static str)],
}

const GET: Wanted = Wanted {
    endpoint: Endpoint::UserRealm,
    method: "GET",
    host: LOGIN,
    path: "",
    query: &[],
    form: &[],
    headers: IDENTITY,
};
const POST: Wanted = Wanted {
    endpoint: Endpoint::Token,
    method: "POST",
    path: "/3d4f8a3c-0a52-4d1e-9a0c-6f7f0f6e4b11/oauth2/v2.0/token",
    headers: &[
        ("accept", "application/json"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("client-request-id", "*"),
        ("return-client-request-id", "true"),
        ("x-client-cpu", "*"),
        ("x-client-os", "*"),
        ("x-client-sku", "*"),
        ("x-client-ver", "*"),
        ("x-ms-lib-capability", "retry-after, h429"),
    ],
    ..GET
};
const IDENTITY: &[(&str, &str)] = &[
    ("accept", "application/json"),
    ("client-request-id", "*"),
    ("return-client-request-id", "true"),
    ("x-client-cpu", "*"),
    ("x-client-os", "*"),
    ("x-client-sku", "*"),
    ("x-client-ver", "*"),
    ("x-ms-lib-capability", "retry-after, h429"),
];

pub(super) const CODE: Wanted = Wanted {
    form: &[
        ("client_id", defaults::PUBLIC_CLIENT_ID),
        ("grant_type", "authorization_code"),
        ("code", "*"),
        ("redirect_uri", "http://localhost:8000"),
        ("code_verifier", "*"),
        ("scope", SIGN_IN_SCOPES),
        ("client_info", "1"),
    ],
    ..POST
};
pub(super) const CODE_OF_WEB: Wanted = Wanted {
    form: &[
        ("client_id", defaults::WEB_CLIENT_ID),
        ("client_secret", "*"),
        ("grant_type", "authorization_code"),
        ("code", "*"),
        ("redirect_uri", "http://localhost/auth/redirect"),
        ("code_verifier", "*"),
        ("scope", SIGN_IN_SCOPES),
        ("client_info", "1"),
    ],
    ..POST
};
pub(super) const DEVICE: Wanted = Wanted {
    endpoint: Endpoint::DeviceAuthorization,
    path: "/3d4f8a3c-0a52-4d1e-9a0c-6f7f0f6e4b11/oauth2/v2.0/devicecode",
    form: &[
        ("client_id", defaults::PUBLIC_CLIENT_ID),
        ("scope", SIGN_IN_SCOPES),
    ],
    ..POST
};
pub(super) const DEVICE_POLL: Wanted = Wanted {
    form: &[
        ("client_id", defaults::PUBLIC_CLIENT_ID),
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", "*"),
        ("scope", SIGN_IN_SCOPES),
        ("client_info", "1"),
    ],
    ..POST
};
pub(super) const REALM: Wanted = Wanted {
    path: "/common/userrealm/*",
    query: &[("api-version", "1.0")],
    ..GET
};
pub(super) const PASSWORD: Wanted = Wanted {
    form: &[
        ("client_id", defaults::PUBLIC_CLIENT_ID),
        ("grant_type", "password"),
        ("username", defaults::USERNAME),
        ("password", "*"),
        ("scope", SIGN_IN_SCOPES),
        ("client_info", "1"),
    ],
    ..POST
};
pub(super) const MEX: Wanted = Wanted {
    endpoint: Endpoint::FederationMetadata,
    host: defaults::FEDERATION_HOST,
    path: "/adfs/services/trust/mex",
    headers: &[],
    ..GET
};
pub(super) const WS_TRUST: Wanted = Wanted {
    endpoint: Endpoint::WsTrust,
    host: defaults::FEDERATION_HOST,
    path: "/adfs/services/trust/13/usernamemixed",
    headers: &[
        ("client-request-id", "*"),
        ("content-type", "application/soap+xml; charset=utf-8"),
        ("soapaction", "*"),
    ],
    ..POST
};
pub(super) const SAML: Wanted = Wanted {
    form: &[
        ("client_id", defaults::PUBLIC_CLIENT_ID),
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
        ),
        ("assertion", "*"),
        ("scope", SIGN_IN_SCOPES),
        ("client_info", "1"),
    ],
    ..POST
};
pub(super) const REFRESH: Wanted = Wanted {
    form: &[
        ("client_id", defaults::PUBLIC_CLIENT_ID),
        ("grant_type", "refresh_token"),
        ("refresh_token", "*"),
        ("scope", SIGN_IN_SCOPES),
        ("client_info", "1"),
    ],
    ..POST
};
pub(super) const MIGRATE: Wanted = REFRESH;
pub(super) const ON_BEHALF: Wanted = Wanted {
    form: &[
        ("client_id", defaults::API_CLIENT_ID),
        ("client_secret", "*"),
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", "*"),
        ("requested_token_use", "on_behalf_of"),
        ("scope", SIGN_IN_SCOPES),
        ("client_info", "1"),
    ],
    ..POST
};
pub(super) const REFRESH_OF_PROCESS: Wanted = Wanted {
    form: &[
        ("client_id", defaults::API_CLIENT_ID),
        ("client_secret", "*"),
        ("grant_type", "refresh_token"),
        ("refresh_token", "*"),
        ("scope", SIGN_IN_SCOPES),
        ("client_info", "1"),
    ],
    ..POST
};

pub(super) const LOGIN: &str = "login.microsoftonline.com";
pub(super) const SIGN_IN_SCOPES: &str = "User.Read openid profile offline_access";
