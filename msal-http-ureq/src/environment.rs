//! The proxies that the environment names, read as the async transport's client reads them.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

use crate::route::Proxy;

/// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say. A proxy that makes no sense is as good as none.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    http: Option<Proxy>,
    https: Option<Proxy>,
    without: Exceptions,
}

impl Environment {
    /// Reads the process's environment.
    pub(crate) fn read() -> Self {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        // A CGI program gets a visitor's `Proxy` header as `HTTP_PROXY`.
        if variable("REQUEST_METHOD").is_some() {
            return Self::default();
        }
        let first = |upper, lower| {
            variable(upper)
                .or_else(|| variable(lower))
                .unwrap_or_default()
        };
        let all = Proxy::parse(&first("ALL_PROXY", "all_proxy"));
        Self {
            http: Proxy::parse(&first("HTTP_PROXY", "http_proxy")).or_else(|| all.clone()),
            https: Proxy::parse(&first("HTTPS_PROXY", "https_proxy")).or(all),
            without: Exceptions::parse(&first("NO_PROXY", "no_proxy")),
        }
    }

    /// The proxy on the way to `target`.
    pub(crate) fn proxy_for(&self, target: &Uri) -> Option<&Proxy> {
        if self.without.include(target.host()?) {
            return None;
        }
        match target.scheme_str() {
            Some("http") => self.http.as_ref(),
            Some("https") => self.https.as_ref(),
            _ => None,
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("http", &self.http)
            .field("https", &self.https)
            .finish_non_exhaustive()
    }
}

/// `NO_PROXY`: hosts with all below them, addresses, networks, or `*`.
#[derive(Clone, Default)]
struct Exceptions {
    networks: Vec<IpNet>,
    domains: Vec<String>,
}

impl Exceptions {
    fn parse(list: &str) -> Self {
        let mut exceptions = Self::default();
        for entry in list.split(',').map(str::trim).filter(|e| !e.is_empty()) {
            let network = entry
                .parse::<IpNet>()
                .or_else(|_| entry.parse::<IpAddr>().map(IpNet::from));
            match network {
                Ok(network) => exceptions.networks.push(network),
                Err(_) => exceptions.domains.push(entry.to_ascii_lowercase()),
            }
        }
        exceptions
    }

    fn include(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match host.parse::<IpAddr>() {
            Ok(address) => self.networks.iter().any(|net| net.contains(&address)),
            Err(_) => {
                let host = host.to_ascii_lowercase();
                self.domains.iter().any(|domain| is_within(&host, domain))
            }
        }
    }
}

fn is_within(host: &str, domain: &str) -> bool {
    if domain == "*" {
        return true;
    }
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    match host.strip_suffix(domain) {
        Some(rest) => rest.is_empty() || rest.ends_with('.'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::from_variables(|name| {
            let found = variables.iter().find(|(key, _)| *key == name)?;
            Some(found.1.to_owned())
        })
    }

    fn proxy(variables: &[(&str, &str)], target: &str) -> Option<String> {
        let environment = environment(variables);
        let target = target.parse::<Uri>().unwrap();
        Some(format!("{:?}", environment.proxy_for(&target)?))
    }

    #[test]
    fn the_more_specific_variable_counts_and_upper_case_before_lower() {
        let variables = [
            ("ALL_PROXY", "http://all"),
            ("HTTPS_PROXY", "https://upper:1"),
            ("https_proxy", "http://lower:1"),
        ];
        let of = |target| proxy(&variables, target);
        assert_eq!(of("https://login.test/").unwrap(), "https://upper:1");
        assert_eq!(of("http://login.test/").unwrap(), "http://all:80");
    }

    #[test]
    fn an_empty_variable_counts_before_the_lower_case_one() {
        let variables = [("HTTPS_PROXY", ""), ("https_proxy", "http://lower:1")];
        assert_eq!(proxy(&variables, "https://login.test/"), None);
    }

    #[test]
    fn a_proxy_without_a_scheme_is_an_http_proxy() {
        let variables = [("HTTPS_PROXY", "proxy.test:3128")];
        assert_eq!(
            proxy(&variables, "https://login.test/").unwrap(),
            "http://proxy.test:3128"
        );
    }

    #[test]
    fn cgi_programs_take_no_proxy_from_the_environment() {
        let variables = [("HTTP_PROXY", "http://evil"), ("REQUEST_METHOD", "GET")];
        assert_eq!(proxy(&variables, "http://login.test/"), None);
    }

    #[test]
    fn no_proxy_names_hosts_domains_addresses_and_networks() {
        let list = " login.test, .contoso.com ,10.42.0.0/16,192.168.1.7,fd00::/8,::1,";
        let exceptions = Exceptions::parse(list);
        for host in [
            "login.test",
            "LOGIN.TEST",
            "eu.login.test",
            "contoso.com",
            "www.contoso.com",
            "10.42.255.1",
            "192.168.1.7",
            "[fd12::1]",
            "[::1]",
        ] {
            assert!(exceptions.include(host), "{host}");
        }
        for host in [
            "test",
            "notlogin.test",
            "login.test.evil.com",
            "notcontoso.com",
            "10.43.0.1",
            "192.168.1.70",
            "[fe80::1]",
        ] {
            assert!(!exceptions.include(host), "{host}");
        }
        assert!(Exceptions::parse("*").include("any.where"));
        // As in the async transport's client, the star stands for names.
        assert!(!Exceptions::parse("*").include("127.0.0.1"));
    }
}
