use std::sync::Arc;

use http::StatusCode;
use http::header::LOCATION;
use serde_json::Value;

use super::parameters::Parameters;
use super::{EntraError, pages};
use crate::Request;
use crate::context::Context;
use crate::entra::token::find_app;
use crate::realm::Realm;
use crate::registry::App;
use crate::reply::Reply;

/// Where the answer to an authorization request goes, and in what form.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) app: Arc<App>,
    pub(super) redirect_uri: String,
    /// Registered for a single-page app.
    pub(super) single_page: bool,
    mode: ResponseMode,
    state: Option<String>,
    /// RFC 9207.
    issuer: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResponseMode {
    FormPost,
    Fragment,
    Query,
}

impl Destination {
    pub(super) fn read(
        context: &Context,
        parameters: &Parameters,
        realm: &Realm,
    ) -> Result<Self, EntraError> {
        let client_id = parameters.required("client_id")?;
        let app = find_app(context, client_id, realm)?;
        let (redirect_uri, single_page) = redirect_uri(parameters, &app)?;
        let mode = match parameters.get("response_mode") {
            None | Some("query") => ResponseMode::Query,
            Some("form_post") => ResponseMode::FormPost,
            Some("fragment") => ResponseMode::Fragment,
            Some(_) => {
                return Err(EntraError::invalid_request(
                    900_235,
                    "The provided value for the input parameter 'response_mode' is not supported.",
                ));
            }
        };
        let issuer = realm
            .issuer
            .as_ref()
            .filter(|issuer| issuer.announces_itself())
            .map(|_| realm.issuer());
        Ok(Self {
            app,
            redirect_uri,
            single_page,
            mode,
            state: parameters.get("state").map(str::to_owned),
            issuer,
        })
    }

    /// Sends an answer there.
    pub(super) fn send(&self, mut parameters: Vec<(&str, String)>) -> Reply {
        parameters.extend(self.state.clone().map(|state| ("state", state)));
        parameters.extend(self.issuer.clone().map(|issuer| ("iss", issuer)));
        if self.mode == ResponseMode::FormPost {
            return pages::form_post(&self.redirect_uri, &parameters);
        }
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&parameters)
            .finish();
        let separator = match self.mode {
            ResponseMode::Fragment => '#',
            _ if self.redirect_uri.contains('?') => '&',
            _ => '?',
        };
        let mut reply = Reply::new(StatusCode::FOUND, "").no_store();
        reply.set(
            LOCATION.as_str(),
            &format!("{}{separator}{encoded}", self.redirect_uri),
        );
        reply
    }

    /// Sends an error there (RFC 6749 section 4.1.2.1).
    pub(super) fn refuse(
        &self,
        context: &Context,
        request: &Request,
        realm: &Realm,
        error: &EntraError,
        subcode: Option<&str>,
    ) -> Reply {
        let body = error.body(context, request, realm);
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut parameters = Vec::new();
        for name in [
            "error",
            "error_description",
            "error_uri",
            "suberror",
            "claims",
        ] {
            parameters.extend(text(name).map(|value| (name, value)));
        }
        parameters.extend(subcode.map(|subcode| ("error_subcode", subcode.to_owned())));
        self.send(parameters)
    }
}

/// The URI that is meant, as the client wrote it, and whether it is a single-page app's.
fn redirect_uri(parameters: &Parameters, app: &App) -> Result<(String, bool), EntraError> {
    let Some(wanted) = parameters.get("redirect_uri") else {
        return match app.redirect_uris() {
            [only] => Ok((only.text.clone(), only.single_page)),
            [] => Err(EntraError::invalid_request(
                500_113,
                "No reply address is registered for the application.",
            )),
            _ => Err(EntraError::missing_parameter("redirect_uri")),
        };
    };
    app.redirect_uri_for(wanted)
        .map(|registered| (wanted.to_owned(), registered.single_page))
        .ok_or_else(|| {
            EntraError::invalid_request(
                50_011,
                format!(
                    "The redirect URI '{wanted}' specified in the request does not match the redirect URIs configured \
                     for the application '{}'. Make sure the redirect URI sent in the request matches one added to \
                     your application in the Azure portal.",
                    app.client_id()
                ),
            )
        })
}
