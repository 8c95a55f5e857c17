use super::{Frame, escape};
use crate::reply::Reply;

/// Asks for user name and password.
pub(crate) fn ask_password(frame: &Frame<'_>, app: &str, username: &str) -> Reply {
    let inputs = format!(
        "<p>to continue to {}</p>\n<input type=\"email\" name=\"loginfmt\" id=\"i0116\" value=\"{}\" \
         autocomplete=\"username\" aria-label=\"Email, phone, or Skype\">\n<input type=\"password\" name=\"passwd\" \
         id=\"i0118\" autocomplete=\"current-password\" aria-label=\"Password\">\n<input type=\"submit\" \
         id=\"idSIButton9\" value=\"Sign in\">\n<button type=\"submit\" id=\"idBtn_Back\" name=\"cancel\" \
         value=\"1\" formnovalidate>Cancel</button>\n",
        escape(app),
        escape(username)
    );
    frame.page("Sign in", &inputs)
}

/// Asks for them in the name of an organization's AD FS.
pub(crate) fn ask_federated_password(frame: &Frame<'_>, host: &str, username: &str) -> Reply {
    let inputs = format!(
        "<p>{}</p>\n<input type=\"email\" name=\"UserName\" id=\"userNameInput\" value=\"{}\">\n<input \
         type=\"password\" name=\"Password\" id=\"passwordInput\">\n<input type=\"submit\" id=\"submitButton\" \
         value=\"Sign in\">\n",
        escape(host),
        escape(username)
    );
    frame.page("Sign in with your organizational account", &inputs)
}
