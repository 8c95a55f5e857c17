use super::cloud;
use super::endpoints::{TENANT_ID, without_final_slash};
use super::host::Host;
use super::parse::{CIAM, Parts, Scheme};
use super::region::Region;
use super::{Authority, AuthorityKind, InstanceMetadata, Trust};
use crate::model::Tenant;
use crate::model::tenant::{COMMON, CONSUMERS, ORGANIZATIONS, is_guid};

/// Checks the issuer that an OpenID configuration names, and tells the tenant's id where the issuer has it.
///
/// The rules are those of MSAL JS for hosts, with the tenant bound to the one asked for. Says why not.
pub(super) fn check(
    issuer: &str,
    authority: &Authority,
    instance: &InstanceMetadata,
    trust: &Trust,
) -> Result<Option<String>, &'static str> {
    if authority.kind() == AuthorityKind::Oidc {
        return match same(issuer, authority.url().as_str()) {
            true => Ok(None),
            false => Err("the issuer is not exactly the configured one"),
        };
    }
    let Ok(Parts { host, path, .. }) = Parts::split(issuer, Scheme::of(authority)) else {
        return Err("the issuer is no well-formed URL");
    };
    if authority.kind() == AuthorityKind::Ciam {
        return ciam(&host, &path, authority);
    }
    if !is_place(&host, authority, instance, trust) {
        return Err("the issuer is on another host");
    }
    match (authority.kind(), &path[..]) {
        (AuthorityKind::Adfs, _) => Ok(None),
        (AuthorityKind::Dsts, [first, tenant, ..]) if first.eq_ignore_ascii_case("dstsv2") => {
            tenant_id(tenant, authority)
        }
        (AuthorityKind::Dsts, _) => Ok(None),
        (AuthorityKind::B2c, ["tfp", tenant, policy] | ["tfp", tenant, policy, "v2.0"]) => {
            let ours = authority.url().path_segments().and_then(Iterator::last);
            if !ours.is_some_and(|ours| ours.eq_ignore_ascii_case(policy)) {
                return Err("the issuer is for another policy");
            }
            tenant_id(tenant, authority)
        }
        (_, [tenant] | [tenant, "v2.0"]) => tenant_id(tenant, authority),
        _ => Err("the issuer has an unexpected path"),
    }
}

/// Whether `issuer` is the configured one, but for a final slash and the case of scheme and host.
fn same(issuer: &str, configured: &str) -> bool {
    let split = |url: &str| {
        let url = without_final_slash(url);
        let path_at = url
            .match_indices('/')
            .nth(2)
            .map_or(url.len(), |(at, _)| at);
        let (origin, path) = url.split_at_checked(path_at).unwrap_or((url, ""));
        (origin.to_ascii_lowercase(), path.to_owned())
    };
    split(issuer) == split(configured)
}

/// Whether the host may be the authority's issuer: the authority itself, an alias, a region of one, a host that the
/// program vouches for, and for a host that is not built in any that is.
fn is_place(
    host: &Host,
    authority: &Authority,
    instance: &InstanceMetadata,
    trust: &Trust,
) -> bool {
    if host == authority.place() {
        return true;
    }
    if !matches!(
        authority.kind(),
        AuthorityKind::B2c | AuthorityKind::EntraId
    ) {
        return false;
    }
    if trust.is_known(host) {
        return true;
    }
    let trusted = |name: &str| {
        instance.contains(name)
            || (authority.built_in_cloud().is_none() && cloud::is_built_in(name))
    };
    host.port.is_none() && (trusted(&host.name) || Region::strip(&host.name).is_some_and(trusted))
}

/// The issuer of a customer tenant carries its name or its id, in host and path:
/// `https://{name or id}.ciamlogin.com[/{name, domain or id}[/v2.0]]`.
fn ciam(host: &Host, path: &[&str], authority: &Authority) -> Result<Option<String>, &'static str> {
    let label = host.name.strip_suffix(CIAM).filter(|_| host.port.is_none());
    let name = authority.host().strip_suffix(CIAM).unwrap_or_default();
    let requested = authority.tenant().unwrap_or_default();
    let Some(label) = label.filter(|label| *label == name || is_guid(label)) else {
        return Err("the issuer is on another host");
    };
    let in_path = match path {
        [] => None,
        [tenant] | [tenant, "v2.0"] => Some(*tenant),
        _ => return Err("the issuer has an unexpected path"),
    };
    let ours = |tenant: &str| {
        let bare = tenant.strip_suffix(ONMICROSOFT).unwrap_or(tenant);
        is_guid(tenant) || tenant == requested || bare == name
    };
    if let Some(tenant) = in_path
        && !ours(&tenant.to_ascii_lowercase())
    {
        return Err("the issuer is for another tenant");
    }
    let ids = [Some(label), in_path, Some(requested), Some(name)];
    let mut ids = ids.into_iter().flatten().filter(|id| is_guid(id));
    let id = ids.next().map(str::to_ascii_lowercase);
    match ids.any(|other| Some(other.to_ascii_lowercase()) != id) {
        true => Err("the issuer is for another tenant"),
        false => Ok(id),
    }
}

/// The tenant that the issuer names must be the one asked for: a GUID is compared, a name may turn out to be any one
/// GUID, and who asked for many tenants must be answered with a template.
fn tenant_id(named: &str, authority: &Authority) -> Result<Option<String>, &'static str> {
    let matches = match authority.tenant().unwrap_or_default() {
        COMMON | ORGANIZATIONS => {
            return match named {
                TENANT_ID => Ok(None),
                _ => Err("the issuer must hold `{tenantid}` for an authority of many tenants"),
            };
        }
        CONSUMERS => named.eq_ignore_ascii_case(Tenant::PERSONAL_ACCOUNTS),
        id if is_guid(id) => named.eq_ignore_ascii_case(id),
        _name => is_guid(named),
    };
    match matches {
        true => Ok(Some(named.to_ascii_lowercase())),
        false => Err("the issuer is for another tenant"),
    }
}

const ONMICROSOFT: &str = ".onmicrosoft.com";

#[cfg(test)]
mod tests;
