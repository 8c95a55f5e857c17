use std::collections::HashMap;
use std::time::Duration;

/// Where an item is in a key store.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// What it goes by in the Keychain and the Credential Manager, with the account.
    #[cfg_attr(
        not(any(windows, target_os = "macos")),
        expect(dead_code, reason = "elsewhere it goes by its attributes")
    )]
    pub(super) service: String,
    pub(super) account: String,
    /// What it goes by in a Secret Service, beside the schema.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) schema: String,
    /// Whether an item of another schema is another item.
    pub(super) is_by_schema: bool,
    /// What people see.
    pub(super) label: String,
}

/// How the key store may be asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    pub(super) limit: Duration,
    /// Whether it may have a person unlock it.
    pub(super) may_prompt: bool,
}

impl Place {
    /// The item of an account at a service, as Node's libraries and the Keychain have it.
    pub(super) fn new(service: &str, account: &str) -> Self {
        let attribute = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            service: service.to_owned(),
            account: account.to_owned(),
            attributes: vec![attribute("service", service), attribute("account", account)],
            schema: GENERIC.to_owned(),
            is_by_schema: false,
            label: [service, "/", account].concat(),
        }
    }

    /// Another item, which the attributes of this one do not find: for what nobody can read.
    pub(super) fn aside(&self) -> Self {
        let mut aside = self.clone();
        aside.account.push_str(ASIDE);
        aside.label.push_str(ASIDE);
        match aside.attributes.last_mut() {
            Some((_, value)) => value.push_str(ASIDE),
            None => aside.schema.push_str(ASIDE),
        }
        aside
    }

    /// The attributes that it is found by.
    pub(super) fn sought(&self) -> HashMap<&str, &str> {
        let mut sought = self.named();
        if self.is_by_schema {
            sought.insert(SCHEMA, &self.schema);
        }
        sought
    }

    /// The attributes that it is given when it is new.
    pub(super) fn given(&self) -> HashMap<&str, &str> {
        let mut given = self.named();
        given.insert(SCHEMA, &self.schema);
        given
    }

    fn named(&self) -> HashMap<&str, &str> {
        self.attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

/// The attribute by which libsecret tells schemas apart.
const SCHEMA: &str = "xdg:schema";

/// The schema of items that have none of their own.
const GENERIC: &str = "org.freedesktop.Secret.Generic";

const ASIDE: &str = ".corrupt";
