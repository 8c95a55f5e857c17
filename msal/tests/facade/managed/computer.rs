//! A machine, with a proxy configured that nothing may be sent to.

use std::io::ErrorKind as IoErrorKind;
use std::net::TcpListener;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use msal::{
    AuthenticationResult, Error, Machine, ManagedIdentityApplication, ManagedIdentityBuilder,
    ManagedIdentityId, ReqwestTransport, UreqTransport, blocking,
};
use msal_testing::{Endpoint, LocalIdentityProvider, Machine as Played};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::stage::TestClock;

pub(crate) const VAULT: &str = "https://vault.azure.net";

pub(crate) struct Computer {
    pub(crate) provider: LocalIdentityProvider,
    pub(crate) clock: TestClock,
    pub(crate) runtime: Runtime,
    proxy: TcpListener,
}

impl Computer {
    pub(crate) fn new() -> Self {
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        proxy.set_nonblocking(true).unwrap();
        Self {
            provider: LocalIdentityProvider::start().unwrap(),
            clock: TestClock::new(),
            runtime: Runtime::new().unwrap(),
            proxy,
        }
    }

    /// What this machine's environment says, in place of which something else may stand.
    pub(crate) fn machine(&self, played: Played, others: &[(&str, &str)]) -> Machine {
        let variables = self.provider.environment(played).unwrap();
        Machine::read(|name| {
            let other = others.iter().find(|(own, _)| *own == name);
            let own = variables.iter().find(|(own, _)| *own == name);
            other
                .map(|(_, value)| (*value).to_owned())
                .or_else(|| own.map(|(_, value)| value.clone()))
        })
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.provider.arc_keys().to_owned()
    }

    pub(crate) fn asynchronous(
        &self,
        machine: &Machine,
        id: &ManagedIdentityId,
    ) -> ManagedIdentityBuilder<ManagedIdentityApplication> {
        ManagedIdentityApplication::builder(id.clone())
            .machine(machine.clone())
            .arc_keys(self.keys())
            .env(self.clock.env())
            .transport(self.reqwest())
    }

    pub(crate) fn blocking(
        &self,
        machine: &Machine,
        id: &ManagedIdentityId,
    ) -> ManagedIdentityBuilder<blocking::ManagedIdentityApplication> {
        blocking::ManagedIdentityApplication::builder(id.clone())
            .machine(machine.clone())
            .arc_keys(self.keys())
            .env(self.clock.env())
            .transport(self.ureq())
    }

    /// One call by each API, on a cache of its own, which fails at the first failure.
    pub(crate) fn ask(
        &self,
        machine: &Machine,
        id: &ManagedIdentityId,
    ) -> [Result<AuthenticationResult, Error>; 2] {
        let app = self.asynchronous(machine, id).retries(false).build();
        let first = app.and_then(|app| {
            let call = app.acquire_token(VAULT).into_future();
            self.runtime.block_on(call)
        });
        let app = self.blocking(machine, id).retries(false).build();
        let second = app.and_then(|app| app.acquire_token(VAULT).send());
        [first, second]
    }

    pub(crate) fn reqwest(&self) -> ReqwestTransport {
        let transport = ReqwestTransport::builder()
            .proxy(self.proxy_url())
            .add_root_certificates_pem(self.provider.ca_pem());
        transport.build().unwrap()
    }

    pub(crate) fn ureq(&self) -> UreqTransport {
        let transport = UreqTransport::builder()
            .proxy(self.proxy_url())
            .add_root_certificates_pem(self.provider.ca_pem());
        transport.build().unwrap()
    }

    pub(crate) fn requests(&self) -> u64 {
        self.provider.count(Endpoint::ManagedIdentity)
    }

    /// Whether nobody has connected to the proxy.
    pub(crate) fn assert_no_proxy_was_used(&self) {
        assert_eq!(self.take_proxied(), 0);
    }

    /// How many connections to the proxy there were since this was last asked.
    pub(crate) fn take_proxied(&self) -> usize {
        let mut count = 0;
        loop {
            match self.proxy.accept() {
                Ok(_) => count += 1,
                Err(error) => {
                    assert_eq!(error.kind(), IoErrorKind::WouldBlock);
                    return count;
                }
            }
        }
    }

    pub(crate) fn proxy_url(&self) -> String {
        format!("http://{}", self.proxy.local_addr().unwrap())
    }
}

/// A claim of a token that the provider has signed.
pub(crate) fn claim(result: &AuthenticationResult, name: &str) -> String {
    let token = result.access_token().expose();
    let payload = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    claims[name].as_str().unwrap().to_owned()
}

pub(crate) fn client_id() -> ManagedIdentityId {
    ManagedIdentityId::ClientId(msal_testing::defaults::USER_IDENTITY_CLIENT_ID.to_owned())
}

pub(crate) fn object_id() -> ManagedIdentityId {
    ManagedIdentityId::ObjectId(msal_testing::defaults::USER_IDENTITY_OBJECT_ID.to_owned())
}

pub(crate) fn resource_id() -> ManagedIdentityId {
    ManagedIdentityId::ResourceId(msal_testing::defaults::USER_IDENTITY_RESOURCE_ID.to_owned())
}
