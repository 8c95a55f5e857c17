use super::Frame;
use crate::reply::Reply;

/// Asks for the code of the second factor.
pub(crate) fn ask_second_factor(frame: &Frame<'_>) -> Reply {
    let inputs = "<p>Enter the code from your authenticator app.</p>\n<input type=\"text\" name=\"otc\" \
                  id=\"idTxtBx_SAOTCC_OTC\" autocomplete=\"one-time-code\" aria-label=\"Code\">\n<input \
                  type=\"submit\" id=\"idSubmit_SAOTCC_Continue\" value=\"Verify\">\n<button type=\"submit\" \
                  id=\"idBtn_Back\" name=\"cancel\" value=\"1\" formnovalidate>Cancel</button>\n";
    frame.page("Enter code", inputs)
}
