use http::StatusCode;
use serde_json::{Value, json};
use time::macros::format_description;
use uuid::Uuid;

use crate::Request;
use crate::context::Context;
use crate::realm::{Kind, Realm};
use crate::reply::Reply;

/// An error as Entra ID reports it: an OAuth code, and a numbered text for people.
#[derive(Clone, Debug)]
pub(crate) struct EntraError {
    status: StatusCode,
    error: &'static str,
    code: u32,
    message: String,
    suberror: Option<&'static str>,
    claims: Option<String>,
}

impl EntraError {
    /// An error with status 400.
    pub(crate) fn new(error: &'static str, code: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            code,
            message: message.into(),
            suberror: None,
            claims: None,
        }
    }

    /// An error of the grant itself (RFC 6749 section 5.2), with status 400.
    pub(crate) fn invalid_grant(code: u32, message: impl Into<String>) -> Self {
        Self::new("invalid_grant", code, message)
    }

    /// Says more closely what is wrong, in a word for programs.
    pub(crate) const fn suberror(mut self, suberror: &'static str) -> Self {
        self.suberror = Some(suberror);
        self
    }

    /// Gives the claims (JSON) that the client must ask for.
    pub(crate) fn claims(mut self, claims: String) -> Self {
        self.claims = Some(claims);
        self
    }

    /// Says that the grant is at fault where a grant needs more of the user than it can show, as the token
    /// endpoint does for passwords.
    pub(crate) fn of_grant(self) -> Self {
        match self.error {
            "interaction_required" => Self {
                error: "invalid_grant",
                ..self
            },
            _ => self,
        }
    }

    /// The same under another OAuth code.
    pub(crate) const fn with_error(mut self, error: &'static str) -> Self {
        self.error = error;
        self
    }

    /// The members of the answer.
    pub(crate) fn body(&self, context: &Context, request: &Request, realm: &Realm) -> Value {
        serde_json::from_slice(&self.reply(context, request, realm).body).unwrap_or_default()
    }

    /// The text for people.
    pub(crate) fn description(
        &self,
        context: &Context,
        request: &Request,
        realm: &Realm,
    ) -> String {
        let body = self.body(context, request, realm);
        body["error_description"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// `invalid_client`, with status 401.
    pub(crate) fn invalid_client(code: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            ..Self::new("invalid_client", code, message)
        }
    }

    /// `invalid_request`, with status 400.
    pub(crate) fn invalid_request(code: u32, message: impl Into<String>) -> Self {
        Self::new("invalid_request", code, message)
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        let message = format!("The request body must contain the following parameter: '{name}'.");
        Self::invalid_request(900_144, message)
    }

    pub(crate) fn reply(&self, context: &Context, request: &Request, realm: &Realm) -> Reply {
        match realm.kind {
            Kind::Adfs => self.reply_of_adfs(),
            Kind::Oidc => self.reply_of_oidc(),
            Kind::B2c | Kind::B2cTfp => self
                .reply_of_b2c(context, request)
                .unwrap_or_else(|| self.reply_of_entra(context, request, realm)),
            Kind::Ciam | Kind::Dsts | Kind::Entra => self.reply_of_entra(context, request, realm),
        }
    }

    fn reply_of_entra(&self, context: &Context, request: &Request, realm: &Realm) -> Reply {
        let Self {
            error,
            code,
            message,
            ..
        } = self;
        let timestamp = timestamp(context);
        let trace_id = Uuid::new_v4();
        let correlation_id = correlation_id(request);
        let description = format!(
            "AADSTS{code}: {message} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}"
        );
        let host = realm
            .cloud
            .map_or(realm.authority.as_str(), |cloud| cloud.preferred_network);
        let mut body = json!({
            "error": error,
            "error_description": description,
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": trace_id.to_string(),
            "correlation_id": correlation_id,
            "error_uri": format!("https://{host}/error?code={code}"),
        });
        if let Some(suberror) = self.suberror {
            body["suberror"] = json!(suberror);
            // An older name for the same, which MSAL Python looks for.
            if suberror == CLIENT_MISMATCH {
                body["error_additional_info"] = json!(suberror);
            }
        }
        if let Some(claims) = &self.claims {
            body["claims"] = json!(claims);
        }
        let mut reply = decorate(Reply::json(self.status, &body), request).no_store();
        reply.set("x-ms-request-id", &trace_id.to_string());
        reply.set("x-ms-clitelem", &format!("1,{code},0,,"));
        reply
    }

    /// AD FS has codes of its own, one status for all, and gives no ids.
    fn reply_of_adfs(&self) -> Reply {
        let (error, description) = match self.error {
            "invalid_client" => ("invalid_client", ADFS_WRONG_CREDENTIAL.to_owned()),
            "unauthorized_client" => ("invalid_client", ADFS_UNKNOWN_CLIENT.to_owned()),
            "invalid_grant" if matches!(self.code, 50_034 | 50_053 | 50_055 | 50_057 | 50_126) => {
                ("invalid_grant", ADFS_WRONG_PASSWORD.to_owned())
            }
            error => (error, format!("MSIS9611: {}", self.message)),
        };
        let body = json!({ "error": error, "error_description": description });
        Reply::json(StatusCode::BAD_REQUEST, &body).no_store()
    }

    /// What B2C itself refuses, if it does; the rest it leaves to Entra ID behind it.
    fn reply_of_b2c(&self, context: &Context, request: &Request) -> Option<Reply> {
        let (code, message) = match self.code {
            50_126 => (
                90_225,
                "The username or password provided in the request are invalid.",
            ),
            70_003 => (90_086, "The supplied grant_type is not supported."),
            7_000_215 => (
                90_081,
                "The specified client_secret does not match the expected value for this client. Please correct the \
                 client_secret and try again.",
            ),
            65_004 => (
                90_091,
                "The user has cancelled entering self-asserted information.",
            ),
            900_144 => (90_083, "The request is missing a required parameter."),
            _ => return None,
        };
        let (id, time) = (correlation_id(request), timestamp(context));
        let description =
            format!("AADB2C{code}: {message}\r\nCorrelation ID: {id}\r\nTimestamp: {time}\r\n");
        let body = json!({ "error": self.error, "error_description": description });
        Some(Reply::json(StatusCode::BAD_REQUEST, &body).no_store())
    }

    /// RFC 6749 section 5.2.
    fn reply_of_oidc(&self) -> Reply {
        let error = if self.error == "unauthorized_client" {
            "invalid_client"
        } else {
            self.error
        };
        let error = match error {
            "authorization_declined" => "access_denied",
            "bad_verification_code" => "invalid_grant",
            "invalid_resource" => "invalid_scope",
            error => error,
        };
        Reply::json(
            self.status,
            &json!({ "error": error, "error_description": self.message }),
        )
        .no_store()
    }
}

/// Sets the headers that come with every answer of Entra ID.
pub(crate) fn decorate(mut reply: Reply, request: &Request) -> Reply {
    reply.set(
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    );
    reply.set("x-content-type-options", "nosniff");
    reply.set("p3p", "CP=\"DSP CUR OTPi IND OTRi ONL FIN\"");
    reply.set("x-ms-request-id", &Uuid::new_v4().to_string());
    reply.set("x-ms-ests-server", "2.1.22342.6 - LOCAL ProdSlices");
    reply.set("x-ms-srs", "1.P");
    let wanted = request
        .header("return-client-request-id")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if wanted && let Some(id) = request.header("client-request-id") {
        reply.set("client-request-id", id);
    }
    reply
}

/// The id that the client gave, in a header or, as MSAL Node does, in the query; or else a new one.
fn correlation_id(request: &Request) -> String {
    request
        .header("client-request-id")
        .map(str::to_owned)
        .or_else(|| request.query_parameter("client-request-id"))
        .and_then(|id| Uuid::parse_str(&id).ok())
        .unwrap_or_else(Uuid::new_v4)
        .to_string()
}

fn timestamp(context: &Context) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    context.clock.now().format(format).unwrap_or_default()
}

/// The suberror of a refresh token that another client, or another family of them, was given.
pub(crate) const CLIENT_MISMATCH: &str = "client_mismatch";

const ADFS_UNKNOWN_CLIENT: &str = "MSIS9607: The 'client_id' parameter in the request is invalid. No registered \
                                   client is found with this identifier.";

const ADFS_WRONG_PASSWORD: &str = "MSIS9659: Invalid 'username' or 'password'.";

const ADFS_WRONG_CREDENTIAL: &str = "MSIS9622: Client authentication failed. Please verify the credential provided \
                                     for client authentication is valid.";
