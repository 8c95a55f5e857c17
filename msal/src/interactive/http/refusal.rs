/// Why a request was not answered as it wished. None of them ends the wait.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Not HTTP, or what could be read in two ways; or not the response that is waited for.
    BadRequest,
    /// A body of unknown length.
    LengthRequired,
    /// Another method than this one.
    MethodNotAllowed(&'static str),
    /// Another path than the redirect URI's.
    NotFound,
    /// A body over its limit.
    TooLarge,
    /// Headers over their limit.
    TooManyHeaders,
    /// Not sent in time.
    TooSlow,
    /// A body that is no form.
    UnsupportedMediaType,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    UnsupportedVersion,
}

impl Refusal {
    /// The status line's code and words, RFC 9110 section 15.5.
    pub fn status(self) -> &'static str {
        match self {
            Self::BadRequest => "400 Bad Request",
            Self::LengthRequired => "411 Length Required",
            Self::MethodNotAllowed(_) => "405 Method Not Allowed",
            Self::NotFound => "404 Not Found",
            Self::TooLarge => "413 Content Too Large",
            Self::TooManyHeaders => "431 Request Header Fields Too Large",
            Self::TooSlow => "408 Request Timeout",
            Self::UnsupportedMediaType => "415 Unsupported Media Type",
            Self::UnsupportedVersion => "505 HTTP Version Not Supported",
        }
    }
}
