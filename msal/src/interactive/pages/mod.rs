mod escape;
mod policy;

use std::borrow::Cow;
use std::fmt;

use escape::escape_into;

/// What the browser shows when the sign-in is over.
///
/// A page can be replaced by one of the program's own. It is sent with a policy that runs no script and loads nothing,
/// neither images nor fonts: what it shows, it holds. Its `<style>` elements are honoured, `style` attributes are not.
///
/// ```
/// # use msal::interactive::Pages;
/// let pages = Pages::new()
///     .success("<!doctype html><title>Contoso</title><h1>Welcome back</h1>")
///     .error("<!doctype html><title>Contoso</title><p>That failed: {error_description} ({error})");
///
/// let shown = pages.error_page("access_denied", "<b>No</b>");
/// assert!(shown.ends_with("That failed: &#60;b&#62;No&#60;&#47;b&#62; (access_denied)"));
/// ```
#[derive(Clone)]
pub struct Pages {
    success: Page,
    error: Page,
}

/// A page and the policy that lets its own styles apply.
#[derive(Clone)]
struct Page {
    html: Cow<'static, str>,
    policy: String,
}

impl Pages {
    /// The pages that this library brings: plain, accessible, light or dark as the browser is.
    pub fn new() -> Self {
        Self {
            success: Page::new(include_str!("success.html").into()),
            error: Page::new(include_str!("error.html").into()),
        }
    }

    /// Replaces the page after a sign-in, HTML that is sent as it is.
    #[must_use]
    pub fn success(mut self, html: impl Into<Cow<'static, str>>) -> Self {
        self.success = Page::new(html.into());
        self
    }

    /// Replaces the page after a refusal, HTML in which `{error}` and `{error_description}` stand for what the identity
    /// provider said (RFC 6749 section 4.1.2.1).
    ///
    /// They are made harmless for text and for attributes in quotes, and are not put into scripts, styles or addresses:
    /// leave them out of there. All other braces stay as they are.
    #[must_use]
    pub fn error(mut self, template: impl Into<Cow<'static, str>>) -> Self {
        self.error = Page::new(template.into());
        self
    }

    /// The page after a refusal, as the browser gets it.
    pub fn error_page(&self, error: &str, description: &str) -> String {
        let mut page = String::with_capacity(self.error.html.len() + description.len());
        let mut rest = self.error.html.as_ref();
        // One pass: a value that names a placeholder is not looked at again.
        while let Some((before, after)) = rest.split_once('{') {
            page.push_str(before);
            if let Some(after) = after.strip_prefix("error}") {
                escape_into(&mut page, error);
                rest = after;
            } else if let Some(after) = after.strip_prefix("error_description}") {
                escape_into(&mut page, description);
                rest = after;
            } else {
                page.push('{');
                rest = after;
            }
        }
        page.push_str(rest);
        page
    }

    pub(super) fn success_page(&self) -> &str {
        &self.success.html
    }

    pub(super) fn success_policy(&self) -> &str {
        &self.success.policy
    }

    pub(super) fn error_policy(&self) -> &str {
        &self.error.policy
    }
}

impl Page {
    fn new(html: Cow<'static, str>) -> Self {
        let policy = policy::content_security_policy(&html);
        Self { html, policy }
    }
}

impl Default for Pages {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once_and_other_braces_stay() {
        let pages = Pages::new().error("p { x } {error}{ error }{error_description}{");
        assert_eq!(
            pages.error_page("{error_description}", "d"),
            "p { x } &#123;error_description&#125;{ error }d{"
        );
    }

    #[test]
    fn the_pages_of_the_library_run_and_load_nothing() {
        for page in [include_str!("success.html"), include_str!("error.html")] {
            for word in [
                "<script", "src=", "href=", "style=", "url(", "@import", " onload",
            ] {
                assert!(!page.contains(word), "{word}");
            }
            assert!(page.contains("<html lang=\"en\">"));
            assert!(page.contains("color-scheme"));
        }
    }
}
