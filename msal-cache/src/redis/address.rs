use std::fmt;
use std::sync::Arc;

use msal_core::{Error, ErrorKind};
use percent_encoding::percent_decode_str;
use redis::RedisConnectionInfo;
use url::{Host, Url};

/// Where Redis is and how to sign in to it, from a URL.
#[derive(Clone)]
pub(super) struct Address {
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_tls: bool,
    pub(super) login: RedisConnectionInfo,
    /// Host and port, for people.
    pub(super) text: Arc<str>,
}

impl Address {
    /// Reads `redis[s]://[[user]:password@]host[:port][/database]`. No error repeats any of it.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let url = Url::parse(text).map_err(|source| invalid("it is no URL").with_source(source))?;
        let is_tls = match url.scheme() {
            "redis" => false,
            "rediss" => true,
            _ => return Err(invalid("it starts with neither `redis://` nor `rediss://`")),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("nothing may follow the number of the database"));
        }
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err(invalid("it names no host")),
        };
        let port = url.port().unwrap_or(DEFAULT_PORT);
        let text = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        Ok(Self {
            login: login(&url)?,
            host,
            port,
            is_tls,
            text: text.into(),
        })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "rediss" } else { "redis" };
        write!(f, "{scheme}://{}/{}", self.text, self.login.db())
    }
}

fn login(url: &Url) -> Result<RedisConnectionInfo, Error> {
    let decoded = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|_| invalid("user name and password must be UTF-8"))
    };
    let mut login = RedisConnectionInfo::default().set_skip_set_lib_name();
    match url.password() {
        Some(password) => login = login.set_password(decoded(password)?),
        None if url.username().is_empty() => {}
        None => return Err(invalid("there is a user name but no password")),
    }
    if !url.username().is_empty() {
        login = login.set_username(decoded(url.username())?);
    }
    let database = match url.path().trim_start_matches('/') {
        "" => 0,
        number => number
            .parse::<u32>()
            .map_err(|_| invalid("the database is no number"))?,
    };
    Ok(login.set_db(database.into()))
}

fn invalid(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument("Redis URL")).because(why)
}

const DEFAULT_PORT: u16 = 6379;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let all = Address::parse("rediss://we%40b:p%3Ass@redis.example.net:7000/3").unwrap();
        assert_eq!(
            (&*all.host, all.port, all.is_tls),
            ("redis.example.net", 7000, true)
        );
        assert_eq!(all.login.username(), Some("we@b"));
        assert_eq!(all.login.password(), Some("p:ss"));
        assert_eq!(all.login.db(), 3);

        let least = Address::parse("redis://[::1]").unwrap();
        assert_eq!(
            (&*least.host, least.port, least.is_tls),
            ("::1", 6379, false)
        );
        assert_eq!(&*least.text, "[::1]:6379");
        assert_eq!(
            (least.login.username(), least.login.password()),
            (None, None)
        );

        let password = Address::parse("redis://:secret@localhost/").unwrap();
        assert_eq!(password.login.username(), None);
        assert_eq!(password.login.password(), Some("secret"));
    }

    #[test]
    fn what_is_no_url_of_redis_is_refused_without_repeating_it() {
        for text in [
            "",
            "canary",
            "http://:canary@localhost",
            "redis://",
            "redis:canary",
            "redis:///canary",
            "redis://:canary@localhost/x",
            "redis://:canary@localhost/-1",
            "redis://:canary@localhost/1/2",
            "rediss://:canary@localhost/#insecure",
            "redis://:canary@localhost/?protocol=resp3",
            "redis://:canary%ff@localhost",
            "redis://canary@localhost",
            "redis://:canary@localhost:99999",
            "unix:///canary",
        ] {
            let error = Address::parse(text).unwrap_err();
            assert_eq!(
                *error.kind(),
                ErrorKind::InvalidArgument("Redis URL"),
                "{text}"
            );
            assert!(
                !format!("{error} {error:?}").contains("canary"),
                "{text}: {error:?}"
            );
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let address = Address::parse("redis://canary:canary@localhost:1/2").unwrap();
        assert_eq!(format!("{address:?}"), "redis://localhost:1/2");
    }
}
