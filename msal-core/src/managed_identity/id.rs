use std::collections::BTreeMap;

use crate::store::ExtendedKey;
use crate::{Error, ErrorKind};

use super::ManagedIdentitySource;

/// Which of a machine's identities is meant.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ManagedIdentityId {
    /// The one that lives and dies with the machine.
    #[default]
    SystemAssigned,
    /// One that was assigned to it, by its client id.
    ClientId(String),
    /// One that was assigned to it, by its object id (principal id).
    ObjectId(String),
    /// One that was assigned to it, by its Azure resource id (`/subscriptions/...`).
    ResourceId(String),
}

impl ManagedIdentityId {
    /// The id; none where the machine's own is meant.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::SystemAssigned => None,
            Self::ClientId(id) | Self::ObjectId(id) | Self::ResourceId(id) => Some(id),
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.value() {
            Some(id) if id.trim().is_empty() => {
                Err(Error::new(ErrorKind::InvalidArgument("managed identity"))
                    .because("its id is empty: leave it out for the machine's own identity"))
            }
            _ => Ok(()),
        }
    }

    /// What stands in the place of a client id in the cache, as in the other libraries.
    pub(crate) fn cached_as(&self) -> &str {
        self.value().unwrap_or(SYSTEM_ASSIGNED)
    }

    /// What else sets the tokens apart: two kinds of ids may have the same text.
    pub(crate) fn cache_key(&self, source: ManagedIdentitySource) -> Option<ExtendedKey> {
        let components = BTreeMap::from([
            ("id_kind".to_owned(), self.kind().to_owned()),
            ("source".to_owned(), source.name().to_owned()),
        ]);
        ExtendedKey::new(components)
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::SystemAssigned => "system_assigned",
            Self::ClientId(_) => "client_id",
            Self::ObjectId(_) => "object_id",
            Self::ResourceId(_) => "resource_id",
        }
    }
}

const SYSTEM_ASSIGNED: &str = "system_assigned_managed_identity";
