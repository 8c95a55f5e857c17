use http::HeaderMap;
use zeroize::Zeroizing;

use crate::protocol::token::is_header_safe;
use crate::{ClientAssertion, Error, ErrorKind, Response, ServerError, sanitized};

/// The token that an issuer's answer holds, a JSON object, in the member that `read` takes it from.
pub(super) fn token<'a, W: serde::Deserialize<'a>>(
    response: &'a Response,
    member: &'static str,
    tracing_headers: &[&'static str],
    read: impl FnOnce(W) -> Option<Zeroizing<String>>,
) -> Result<ClientAssertion, Error> {
    let status = response.status();
    let traced = traced(response.headers(), tracing_headers);
    if status.as_u16() != 200 {
        let server = ServerError::of_machine(status.as_u16(), response.body());
        let kind = match status.as_u16() {
            429 => ErrorKind::Throttled,
            _ => ErrorKind::Server,
        };
        return Err(Error::new(kind)
            .because(format!("the issuer refused{traced}"))
            .with_server_error(server));
    }
    let unreadable = |why: &str| {
        Error::new(ErrorKind::InvalidResponse("issuer's answer")).because(format!("{why}{traced}"))
    };
    let wire = serde_json::from_slice(response.body())
        .map_err(|_| unreadable("it is no JSON object of a token"))?;
    match read(wire).filter(|token| is_header_safe(token)) {
        Some(token) => Ok(ClientAssertion::new(token.to_string())),
        None => Err(unreadable(&format!("it has no usable `{member}`"))),
    }
}

/// What the issuer's support asks for.
fn traced(headers: &HeaderMap, names: &[&'static str]) -> String {
    let told = names.iter().filter_map(|name| {
        let value = headers.get(*name)?.to_str().ok()?;
        Some(format!("{name}: {}", sanitized(value)))
    });
    let told: Vec<_> = told.collect();
    match told.is_empty() {
        true => String::new(),
        false => format!(" ({})", told.join(", ")),
    }
}
