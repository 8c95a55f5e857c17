use std::fmt::Write;

use msal_core::{Error, ErrorKind};

/// The names of keys.
#[derive(Debug)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(prefix: String) -> Result<Self, Error> {
        // Redis takes what is between the first braces for what decides on the node.
        if prefix.contains(['{', '}']) {
            return Err(Error::new(ErrorKind::InvalidArgument("key prefix"))
                .because("braces would put all keys on one node of a cluster"));
        }
        Ok(Self { prefix })
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Of the value.
    pub(super) fn value(&self, name: &str) -> String {
        let mut key = String::with_capacity(self.prefix.len() + name.len() + LONGEST_SUFFIX);
        key.push_str(&self.prefix);
        key.push('{');
        escape(name, &mut key);
        key.push('}');
        key
    }

    /// Of what was set aside.
    pub(super) fn corrupt(&self, name: &str) -> String {
        let mut key = self.value(name);
        key.push_str(":corrupt");
        key
    }

    /// Of whose turn it is to write.
    pub(super) fn turn(&self, name: &str) -> String {
        let mut key = self.value(name);
        key.push_str(":turn");
        key
    }

    pub(super) fn lease(&self, name: &str, digest: &[u8]) -> String {
        let mut key = self.value(name);
        key.push_str(":lease:");
        for byte in digest {
            let _ = write!(key, "{byte:02x}");
        }
        key
    }
}

/// No two names become one.
fn escape(name: &str, key: &mut String) {
    if name.is_empty() {
        // With nothing between the braces, the whole key would decide on the node.
        key.push('%');
    }
    for c in name.chars() {
        if c.is_ascii_control() || matches!(c, ' ' | '%' | '{' | '}') {
            let _ = write!(key, "%{:02X}", u32::from(c));
        } else {
            key.push(c);
        }
    }
}

/// `:lease:` and 32 bytes as 64 digits.
const LONGEST_SUFFIX: usize = 73;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_name_have_one_tag() {
        let keys = Keys::new("msal:".into()).unwrap();
        assert_eq!(keys.value("uid.utid"), "msal:{uid.utid}");
        assert_eq!(keys.corrupt("uid.utid"), "msal:{uid.utid}:corrupt");
        assert_eq!(
            keys.lease("uid.utid", &[0, 0xab]),
            "msal:{uid.utid}:lease:00ab"
        );
    }

    #[test]
    fn odd_names_stay_apart_and_inside_the_braces() {
        let keys = Keys::new(String::new()).unwrap();
        let names = [
            "",
            "%",
            "%25",
            "a}b",
            "a%7Db",
            "{",
            "a b",
            "a\r\nb",
            "ü}",
            "a}:corrupt",
        ];
        let made: Vec<String> = names.iter().map(|name| keys.value(name)).collect();
        for (at, key) in made.iter().enumerate() {
            assert!(key.starts_with('{') && key.ends_with('}'), "{key}");
            assert_eq!(key.matches(['{', '}']).count(), 2, "{key}");
            assert!(!key.contains("{}"), "{key}");
            assert!(!made[at + 1..].contains(key), "{key}");
        }
    }

    #[test]
    fn a_prefix_with_braces_is_refused() {
        let error = Keys::new("{app}:".into()).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidArgument("key prefix"));
    }
}
