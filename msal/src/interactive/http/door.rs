use msal_core::app::ResponseMode;

use super::{Head, MAX_BODY, Refusal};

/// Who may speak to the listener, and how.
#[derive(Clone, Debug)]
pub struct Door {
    /// What the redirect URI has as its mode.
    pub mode: ResponseMode,
    /// The path of the redirect URI.
    pub path: String,
    /// The port that is listened on.
    pub port: u16,
}

/// Where the response of an admitted request is.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Admitted<'a> {
    /// So many bytes behind the head.
    Body(usize),
    /// In the head: the query, without its question mark.
    Query(&'a str),
}

impl Door {
    /// Lets in what may be the response: the right `Host`, path, method and kind of body.
    ///
    /// # Errors
    ///
    /// The answer to whatever else.
    pub fn admit<'a>(&self, head: &Head<'a>) -> Result<Admitted<'a>, Refusal> {
        // Another name that leads here is a page that rebound its own (DNS rebinding).
        if !self.is_ours(head.host) {
            return Err(Refusal::BadRequest);
        }
        let (path, query) = self.path_and_query(head.target)?;
        if path != self.path {
            return Err(Refusal::NotFound);
        }
        match (self.mode, head.method) {
            (ResponseMode::FormPost, "POST") => match query {
                None => form(head).map(Admitted::Body),
                Some(_) => Err(Refusal::BadRequest),
            },
            (ResponseMode::FormPost, _) => Err(Refusal::MethodNotAllowed("POST")),
            (ResponseMode::Query, "GET") => match query {
                Some(query) if head.content_length.unwrap_or(0) == 0 => {
                    within_limits(query).map(Admitted::Query)
                }
                _ => Err(Refusal::BadRequest),
            },
            (ResponseMode::Query, _) => Err(Refusal::MethodNotAllowed("GET")),
            // No other mode is ever asked for.
            _ => Err(Refusal::BadRequest),
        }
    }

    /// Path and query of a target in origin form, or in absolute form to us, RFC 9112 section 3.2.
    fn path_and_query<'a>(&self, target: &'a str) -> Result<(&'a str, Option<&'a str>), Refusal> {
        let origin_form = if target.starts_with('/') {
            target
        } else {
            let (scheme, rest) = target.split_once("://").ok_or(Refusal::BadRequest)?;
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (authority, rest) = rest.split_at_checked(end).ok_or(Refusal::BadRequest)?;
            if !scheme.eq_ignore_ascii_case("http") || !self.is_ours(authority) {
                return Err(Refusal::BadRequest);
            }
            rest
        };
        let (path, query) = match origin_form.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (origin_form, None),
        };
        Ok((if path.is_empty() { "/" } else { path }, query))
    }

    fn is_ours(&self, authority: &str) -> bool {
        let (host, port) = match authority.rsplit_once(':') {
            // The colon is one of an IPv6 address.
            Some(_) if authority.ends_with(']') => (authority, None),
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let is_our_port = match port {
            Some(port) => port == self.port.to_string(),
            // The port of plain HTTP is left out.
            None => self.port == 80,
        };
        is_our_port
            && ["localhost", "127.0.0.1", "[::1]"]
                .iter()
                .any(|ours| host.eq_ignore_ascii_case(ours))
    }
}

/// The text of a form, when it is one that may be read.
///
/// # Errors
///
/// No text, or too many parameters.
pub fn form_text(bytes: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::BadRequest)?;
    within_limits(text)
}

/// The length of a form's body.
fn form(head: &Head<'_>) -> Result<usize, Refusal> {
    let is_form = head
        .media_type
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    if !is_form {
        return Err(Refusal::UnsupportedMediaType);
    }
    let len = head.content_length.ok_or(Refusal::LengthRequired)?;
    match usize::try_from(len) {
        Ok(len) if len <= MAX_BODY => Ok(len),
        _ => Err(Refusal::TooLarge),
    }
}

fn within_limits(form: &str) -> Result<&str, Refusal> {
    match form.split('&').nth(MAX_PARAMETERS) {
        None => Ok(form),
        Some(_) => Err(Refusal::BadRequest),
    }
}

/// A response has about five.
const MAX_PARAMETERS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_let_in_at_the_one_path_by_the_one_method() {
        let door = door(ResponseMode::FormPost);
        assert!(door.admit(&post()) == Ok(Admitted::Body(3)));
        let refused = [
            (
                Head {
                    host: "evil.example:8400",
                    ..post()
                },
                Refusal::BadRequest,
            ),
            (
                Head {
                    target: "/",
                    ..post()
                },
                Refusal::NotFound,
            ),
            (
                Head {
                    target: "/back/",
                    ..post()
                },
                Refusal::NotFound,
            ),
            (
                Head {
                    target: "//back",
                    ..post()
                },
                Refusal::NotFound,
            ),
            (
                Head {
                    target: "/back?code=1",
                    ..post()
                },
                Refusal::BadRequest,
            ),
            (
                Head {
                    target: "*",
                    ..post()
                },
                Refusal::BadRequest,
            ),
            (
                Head {
                    target: "localhost:8400",
                    ..post()
                },
                Refusal::BadRequest,
            ),
            (
                Head {
                    method: "GET",
                    ..post()
                },
                Refusal::MethodNotAllowed("POST"),
            ),
            (
                Head {
                    method: "post",
                    ..post()
                },
                Refusal::MethodNotAllowed("POST"),
            ),
            (
                Head {
                    media_type: None,
                    ..post()
                },
                Refusal::UnsupportedMediaType,
            ),
            (
                Head {
                    media_type: Some("text/plain"),
                    ..post()
                },
                Refusal::UnsupportedMediaType,
            ),
            (
                Head {
                    content_length: None,
                    ..post()
                },
                Refusal::LengthRequired,
            ),
            (
                Head {
                    content_length: Some(65_537),
                    ..post()
                },
                Refusal::TooLarge,
            ),
            (
                Head {
                    content_length: Some(u64::MAX),
                    ..post()
                },
                Refusal::TooLarge,
            ),
        ];
        for (head, refusal) in refused {
            assert!(
                door.admit(&head) == Err(refusal),
                "{head:?} {}",
                head.target
            );
        }
    }

    #[test]
    fn a_query_is_let_in_by_get_alone() {
        let door = door(ResponseMode::Query);
        let get = Head {
            method: "GET",
            target: "/back?code=1",
            content_length: None,
            ..post()
        };
        assert!(door.admit(&get) == Ok(Admitted::Query("code=1")));
        let refused = [
            (
                Head {
                    target: "/back",
                    ..get
                },
                Refusal::BadRequest,
            ),
            (
                Head {
                    content_length: Some(1),
                    ..get
                },
                Refusal::BadRequest,
            ),
            (
                Head {
                    target: "/favicon.ico",
                    ..get
                },
                Refusal::NotFound,
            ),
            (
                Head {
                    method: "HEAD",
                    ..get
                },
                Refusal::MethodNotAllowed("GET"),
            ),
            (
                Head {
                    method: "POST",
                    ..get
                },
                Refusal::MethodNotAllowed("GET"),
            ),
        ];
        for (head, refusal) in refused {
            assert!(
                door.admit(&head) == Err(refusal),
                "{head:?} {}",
                head.target
            );
        }
    }

    #[test]
    fn three_names_are_ours_with_our_port() {
        let door = door(ResponseMode::FormPost);
        for ours in [
            "localhost:8400",
            "LocalHost:8400",
            "127.0.0.1:8400",
            "[::1]:8400",
        ] {
            let absolute = format!("HTTP://{ours}/back");
            let heads = [
                Head {
                    host: ours,
                    ..post()
                },
                Head {
                    target: &absolute,
                    ..post()
                },
            ];
            for head in heads {
                assert!(door.admit(&head) == Ok(Admitted::Body(3)), "{ours}");
            }
        }
        let others = [
            "",
            ":8400",
            "localhost",
            "localhost:",
            "localhost:80",
            "localhost:08400",
            "localhost:+8400",
            "localhost.:8400",
            "evil.localhost:8400",
            "127.0.0.2:8400",
            "127.1:8400",
            "0.0.0.0:8400",
            "[::1]",
            "::1:8400",
            "[::ffff:127.0.0.1]:8400",
            "user@localhost:8400",
            "localhost:8400:8400",
            " localhost:8400",
        ];
        for other in others {
            let absolute = format!("http://{other}/back");
            let heads = [
                Head {
                    host: other,
                    ..post()
                },
                Head {
                    target: &absolute,
                    ..post()
                },
            ];
            for head in heads {
                assert!(door.admit(&head) == Err(Refusal::BadRequest), "{other}");
            }
        }
        let plain = Door { port: 80, ..door };
        for ours in ["localhost", "[::1]", "127.0.0.1:80"] {
            assert!(plain.is_ours(ours), "{ours}");
        }
    }

    #[test]
    fn a_form_has_64_parameters_at_most() {
        assert!(form_text("a&".repeat(63).as_bytes()).is_ok());
        assert_eq!(
            form_text("a&".repeat(64).as_bytes()),
            Err(Refusal::BadRequest)
        );
        assert_eq!(form_text(b"code=\xff"), Err(Refusal::BadRequest));
    }

    fn door(mode: ResponseMode) -> Door {
        Door {
            mode,
            path: "/back".to_owned(),
            port: 8400,
        }
    }

    fn post() -> Head<'static> {
        Head {
            method: "POST",
            target: "/back",
            host: "localhost:8400",
            media_type: Some("application/x-www-form-urlencoded"),
            content_length: Some(3),
            len: 100,
        }
    }
}
