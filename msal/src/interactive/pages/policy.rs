use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The policy of a page that runs nothing, loads nothing and is framed nowhere; only its own `<style>` elements apply,
/// named by their hashes (Content Security Policy Level 3).
pub(super) fn content_security_policy(html: &str) -> String {
    let mut policy =
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            .to_owned();
    let mut separator = "; style-src";
    for style in styles(html) {
        // A browser reads CR LF as LF before it hashes.
        let hash = Sha256::digest(style.replace("\r\n", "\n"));
        policy.push_str(separator);
        policy.push_str(" 'sha256-");
        policy.push_str(&STANDARD.encode(hash));
        policy.push('\'');
        separator = "";
    }
    policy
}

/// What is between `<style>` and `</style>`. A page is its author's own: what is overlooked here does not apply, and
/// that is all.
fn styles(html: &str) -> impl Iterator<Item = &str> {
    let lower = html.to_ascii_lowercase();
    let mut from = 0;
    std::iter::from_fn(move || {
        let tag = from + lower.get(from..)?.find("<style")?;
        let start = tag + lower.get(tag..)?.find('>')? + 1;
        let end = start + lower.get(start..)?.find("</style")?;
        from = end;
        html.get(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_apply_by_their_hashes() {
        // echo -n 'p{}' | openssl dgst -sha256 -binary | base64
        let policy = content_security_policy("<STYLE media=x>p{}</Style><p><style>q\r\n</style>");
        let (_, styles) = policy.split_once("; style-src").unwrap();
        assert_eq!(
            styles,
            " 'sha256-gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y=' 'sha256-StwzvZ/nQwPDRL5G5ZFtZRgvshjiSP6ARSqz8CWwbGQ='"
        );
    }

    #[test]
    fn a_page_without_styles_allows_none() {
        for html in ["<p>", "<style", "<style>p{}"] {
            let policy = content_security_policy(html);
            assert!(policy.starts_with("default-src 'none'; "), "{policy}");
            assert!(!policy.contains("style"), "{policy}");
        }
    }
}
