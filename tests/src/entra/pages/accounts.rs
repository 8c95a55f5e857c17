use super::{Frame, escape};
use crate::reply::Reply;

/// Lets a person choose one of the accounts that are signed in, or another.
pub(crate) fn choose_account(frame: &Frame<'_>, app: &str, usernames: &[String]) -> Reply {
    let mut inputs = format!("<p>to continue to {}</p>\n", escape(app));
    for username in usernames {
        let username = escape(username);
        inputs += &format!(
            "<button type=\"submit\" name=\"account\" value=\"{username}\" data-test-id=\"{username}\">{username}\
             </button>\n"
        );
    }
    inputs += "<button type=\"submit\" name=\"account\" value=\"\" id=\"otherTile\">Use another account</button>\n";
    frame.page("Pick an account", &inputs)
}
