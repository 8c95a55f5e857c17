use crate::{Request, defaults};

/// An identity that the machine has been given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) client_id: &'static str,
    pub(super) object_id: &'static str,
    pub(super) resource_id: &'static str,
}

/// Which identity a request names, by the parameters that the service knows.
#[derive(Debug)]
pub(super) struct Selector {
    pub(super) identity: Option<Identity>,
    /// The parameter that names it; none where the machine's own is meant.
    pub(super) by: Option<&'static str>,
}

impl Selector {
    /// Reads the first of these parameters that is there: of the client id, the object id, the resource id.
    pub(super) fn read(request: &Request, parameters: [Option<&'static str>; 3]) -> Self {
        for (kind, name) in parameters.into_iter().enumerate() {
            let value = name.and_then(|name| request.query_parameter(name));
            let Some(value) = value else {
                continue;
            };
            let is_meant = |identity: &Identity| {
                let ids = [identity.client_id, identity.object_id, identity.resource_id];
                ids[kind].eq_ignore_ascii_case(&value)
            };
            return Self {
                identity: [SYSTEM, USER].into_iter().find(is_meant),
                by: name,
            };
        }
        Self {
            identity: Some(SYSTEM),
            by: None,
        }
    }
}

pub(super) const SYSTEM: Identity = Identity {
    client_id: defaults::SYSTEM_IDENTITY_CLIENT_ID,
    object_id: defaults::SYSTEM_IDENTITY_OBJECT_ID,
    resource_id: "/subscriptions/8d10da13-8125-4ba9-a717-bf7490507b3d/resourceGroups/local\
                  /providers/Microsoft.Compute/virtualMachines/local-vm",
};
const USER: Identity = Identity {
    client_id: defaults::USER_IDENTITY_CLIENT_ID,
    object_id: defaults::USER_IDENTITY_OBJECT_ID,
    resource_id: defaults::USER_IDENTITY_RESOURCE_ID,
};
