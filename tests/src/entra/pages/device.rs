use http::StatusCode;

use super::{Frame, escape, page};
use crate::reply::Reply;

/// Asks for the code that the device shows.
pub(crate) fn ask_for_device_code(action: &str, user_code: &str, error: Option<&str>) -> Reply {
    let error = error.map_or_else(String::new, |error| {
        format!("<div id=\"error\" role=\"alert\">{}</div>\n", escape(error))
    });
    let body = format!(
        "<h1>Enter code to allow access</h1>\n{error}<form method=\"post\" action=\"{}\">\n<p>Once you enter the \
         code displayed on your app or device, it will have access to your account.</p>\n<input type=\"text\" \
         name=\"otc\" id=\"otc\" value=\"{}\" aria-label=\"Code\">\n<input type=\"submit\" id=\"idSIButton9\" \
         value=\"Next\">\n</form>\n",
        escape(action),
        escape(user_code)
    );
    page(StatusCode::OK, "Sign in to your account", &body)
}

/// Asks whether it is this app that the person means to sign in to.
pub(crate) fn confirm_device(frame: &Frame<'_>, app: &str, username: &str) -> Reply {
    let inputs = format!(
        "<p>{}</p>\n<p>Do not enter credentials or continue if you were sent here by someone you do not \
         trust.</p>\n<button type=\"submit\" name=\"decision\" value=\"accept\" id=\"idSIButton9\">Continue</button>\n\
         <button type=\"submit\" name=\"decision\" value=\"cancel\" id=\"idBtn_Back\">Cancel</button>\n",
        escape(username)
    );
    frame.page(&format!("Are you trying to sign in to {app}?"), &inputs)
}

/// Says that the device has its answer.
pub(crate) fn device_done(app: &str, approved: bool) -> Reply {
    let (title, text) = if approved {
        (
            app,
            format!(
                "You have signed in to the {app} application on your device. You may now close this window."
            ),
        )
    } else {
        (
            "Sign-in canceled",
            "You may now close this window.".to_owned(),
        )
    };
    let body = format!(
        "<h1>{}</h1>\n<p id=\"done\">{}</p>\n",
        escape(title),
        escape(&text)
    );
    page(StatusCode::OK, title, &body)
}
