use uuid::Uuid;

use super::error::EntraError;
use crate::realm::Realm;

/// Why a request for that tenant is refused, if it is.
pub(crate) fn refuse(realm: &Realm, error: &'static str) -> Option<EntraError> {
    if realm.tenant.is_some() || realm.shared().is_some() || realm.is_personal() {
        return None;
    }
    let name = &realm.tenant_name;
    if Uuid::parse_str(name).is_err() && !is_domain_name(name) {
        let message = format!(
            "Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external domain."
        );
        return Some(EntraError::invalid_request(900_023, message));
    }
    let message = format!(
        "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the \
         correct cloud. Check with your subscription administrator, this may happen if there are no active \
         subscriptions for the tenant."
    );
    Some(EntraError::new(error, 90_002, message))
}

fn is_domain_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.contains('.') && name.len() <= 253 && name.split('.').all(is_label)
}
