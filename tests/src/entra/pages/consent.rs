use super::{Frame, escape};
use crate::reply::Reply;

/// Asks whether an app may do what it asks for.
pub(crate) fn ask_for_consent(
    frame: &Frame<'_>,
    app: &str,
    username: &str,
    scopes: &[String],
) -> Reply {
    let list: String = scopes
        .iter()
        .map(|scope| format!("<li>{}</li>\n", escape(scope)))
        .collect();
    let inputs = format!(
        "<p>{}</p>\n<p>{} would like to:</p>\n<ul>\n{list}</ul>\n<button type=\"submit\" name=\"decision\" \
         value=\"accept\" id=\"idSIButton9\">Accept</button>\n<button type=\"submit\" name=\"decision\" \
         value=\"cancel\" id=\"idBtn_Back\">Cancel</button>\n",
        escape(username),
        escape(app)
    );
    frame.page("Permissions requested", &inputs)
}
