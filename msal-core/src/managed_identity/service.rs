use std::fmt;

use url::Url;

use super::endpoint::{self, PlainHttp};
use super::machine::{
    DEFAULT_IDENTITY_CLIENT_ID, IDENTITY_ENDPOINT, IDENTITY_HEADER, IDENTITY_SERVER_THUMBPRINT,
    IMDS_ENDPOINT, MSI_ENDPOINT, MSI_SECRET, POD_IDENTITY_HOST,
};
use super::{Machine, ManagedIdentityId, ManagedIdentitySource};
use crate::authority::host::Host;
use crate::{ClientSecret, Error, ErrorKind, Thumbprint};

/// The token service of a machine: where it is and what it wants to see. `Debug` shows no secret.
#[derive(Clone)]
pub struct Service {
    pub(super) source: ManagedIdentitySource,
    pub(super) url: Url,
    pub(super) secret: Option<ClientSecret>,
    pub(super) pin: Option<Thumbprint>,
    /// What Azure Machine Learning calls the identity that is meant when none is named.
    pub(super) default_client_id: Option<String>,
}

impl Service {
    /// The service of this source on this machine. Fails where the machine does not say enough, and for an address that
    /// secrets must not be sent to.
    pub fn new(source: ManagedIdentitySource, machine: &Machine) -> Result<Self, Error> {
        use ManagedIdentitySource::{
            AppService, AzureArc, AzureMl, CloudShell, Imds, ServiceFabric,
        };
        let needed = |name: &'static str| {
            machine.variable(name).ok_or_else(|| {
                let why = format!("it is not set, and {source} cannot be asked without it");
                Error::new(ErrorKind::InvalidArgument(name)).because(why)
            })
        };
        let endpoint =
            |name, plain| needed(name).and_then(|text| endpoint::parse(text, name, plain));
        let secret = |name| needed(name).map(|text| Some(ClientSecret::new(text)));
        let service = |url| Self {
            source,
            url,
            secret: None,
            pin: None,
            default_client_id: None,
        };
        Ok(match source {
            AppService => Self {
                secret: secret(IDENTITY_HEADER)?,
                ..service(endpoint(IDENTITY_ENDPOINT, PlainHttp::Private)?)
            },
            AzureArc => service(match machine.variable(IMDS_ENDPOINT) {
                Some(_) if machine.variable(IDENTITY_ENDPOINT).is_some() => {
                    let url = endpoint(IDENTITY_ENDPOINT, PlainHttp::Loopback)?;
                    on_this_machine(url)?
                }
                _ => known(ARC)?,
            }),
            AzureMl => Self {
                secret: secret(MSI_SECRET)?,
                default_client_id: machine
                    .variable(DEFAULT_IDENTITY_CLIENT_ID)
                    .map(str::to_owned),
                ..service(endpoint(MSI_ENDPOINT, PlainHttp::Private)?)
            },
            CloudShell => service(endpoint(MSI_ENDPOINT, PlainHttp::Link)?),
            Imds => service(imds(machine.variable(POD_IDENTITY_HOST))?),
            ServiceFabric => Self {
                secret: secret(IDENTITY_HEADER)?,
                pin: Some(thumbprint(needed(IDENTITY_SERVER_THUMBPRINT)?)?),
                ..service(endpoint(IDENTITY_ENDPOINT, PlainHttp::Never)?)
            },
        })
    }

    /// Which source it is.
    pub fn source(&self) -> ManagedIdentitySource {
        self.source
    }

    /// Whether it can be asked for this identity. Fails where it would answer with another one.
    pub(crate) fn check(&self, id: &ManagedIdentityId) -> Result<(), Error> {
        use ManagedIdentityId::{ClientId, ObjectId, ResourceId};
        use ManagedIdentitySource::{AzureMl, CloudShell, ServiceFabric};
        id.check()?;
        let why = match (self.source, id) {
            (CloudShell, ClientId(_) | ObjectId(_) | ResourceId(_)) => {
                "its tokens are those of the signed-in user: ask for no certain identity"
            }
            (AzureMl, ObjectId(_) | ResourceId(_)) => "name the identity by its client id",
            (ServiceFabric, ClientId(_) | ResourceId(_)) => {
                "which identity it gives is set where the application is deployed: name it by object id, or not at all"
            }
            _ => return Ok(()),
        };
        let why = format!("{} does not take this kind of id: {why}", self.source);
        Err(Error::new(ErrorKind::InvalidArgument("managed identity")).because(why))
    }

    /// Whether an answer must say for which identity it is: an old agent ignores which was asked for.
    pub(crate) fn must_confirm(&self) -> bool {
        self.source == ManagedIdentitySource::AzureArc
    }

    /// Whether it is told what the client can handle, and which token is not to be given again.
    pub(crate) fn takes_claims(&self) -> bool {
        self.source == ManagedIdentitySource::ServiceFabric
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("source", &self.source)
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

fn imds(base: Option<&str>) -> Result<Url, Error> {
    let Some(base) = base else {
        return known(IMDS);
    };
    let text = base.trim_end_matches('/');
    if text.contains('?') {
        return Err(Error::new(ErrorKind::InvalidArgument(POD_IDENTITY_HOST))
            .because("it must be a plain URL, without a query"));
    }
    endpoint::parse(&[text, PATH].concat(), POD_IDENTITY_HOST, PlainHttp::Link)
}

fn on_this_machine(url: Url) -> Result<Url, Error> {
    let host = Host::of(&url);
    match host.is_some_and(|host| host.is_loopback()) {
        true => Ok(url),
        false => Err(Error::new(ErrorKind::InvalidArgument(IDENTITY_ENDPOINT))
            .because("Azure Arc's agent is on this machine, and it names another")),
    }
}

/// SHA-1 of the certificate as Service Fabric has it, or SHA-256; in hex, with whatever between the digits.
fn thumbprint(text: &str) -> Result<Thumbprint, Error> {
    let malformed = || {
        Error::new(ErrorKind::InvalidArgument(IDENTITY_SERVER_THUMBPRINT))
            .because("it must be 40 hex digits (SHA-1), or 64 (SHA-256)")
    };
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != ':')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.ok_or_else(malformed)?;
    let (pairs, []) = digits.as_chunks() else {
        return Err(malformed());
    };
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if let Ok(hash) = <[u8; 20]>::try_from(&*bytes) {
        return Ok(Thumbprint::Sha1(hash));
    }
    let hash = <[u8; 32]>::try_from(&*bytes).map_err(|_| malformed())?;
    Ok(Thumbprint::Sha256(hash))
}

fn known(url: &'static str) -> Result<Url, Error> {
    Url::parse(url).map_err(|_| Error::new(ErrorKind::Internal("managed identity")))
}

const PATH: &str = "/metadata/identity/oauth2/token";
const IMDS: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// Where Azure Arc's agent is that says nothing else.
const ARC: &str = "http://127.0.0.1:40342/metadata/identity/oauth2/token";
