use http::StatusCode;

use super::{escape, page};
use crate::reply::Reply;

/// Posts an answer to the app (OAuth 2.0 Form Post Response Mode): by itself, or by a button without scripts.
pub(crate) fn form_post(redirect_uri: &str, parameters: &[(&str, String)]) -> Reply {
    let inputs: String = parameters
        .iter()
        .map(|(name, value)| {
            format!(
                "<input type=\"hidden\" name=\"{}\" value=\"{}\">\n",
                escape(name),
                escape(value)
            )
        })
        .collect();
    let body = format!(
        "<form method=\"post\" name=\"hiddenform\" action=\"{}\">\n{inputs}<noscript>\n<p>Scripts are off. Go on by \
         the button.</p>\n<input type=\"submit\" value=\"Continue\">\n</noscript>\n</form>\n\
         <script>document.forms[0].submit();</script>\n",
        escape(redirect_uri)
    );
    page(StatusCode::OK, "Working...", &body)
}
