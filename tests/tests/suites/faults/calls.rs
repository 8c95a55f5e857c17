//! The calls whose requests go wrong: what each needs before, and how it is made.

use msal::{
    Account, AuthCodeFlow, AuthenticationResult, ClientCredential, DeviceCodeFlow, Error,
    RefreshToken, TokenCache,
};
use msal_testing::{Endpoint, LocalIdentityProvider, defaults};

use crate::api::{Api, App, Desktop, Options, Setup, Web, make};
use crate::clock::TestClock;

/// A call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Call {
    AppByCertificate,
    AppBySecret,
    AuthCode,
    DeviceCode,
    /// In silence, with a cached token that still works for a minute.
    Expiring,
    Federated,
    LongRunning,
    Managed,
    OnBehalfOf,
    RefreshToken,
    Silent,
}

/// Whom a call is made of, and with what.
pub(super) struct World<'a> {
    pub(super) provider: &'a LocalIdentityProvider,
    pub(super) api: &'a Api,
    pub(super) struck: Endpoint,
    pub(super) clock: TestClock,
    pub(super) cache: TokenCache,
}

/// A call that is about to be made.
pub(super) enum Ready {
    App(App),
    BeginAuthCode(Web),
    BeginDeviceCode(Desktop),
    Code(Web, Option<(AuthCodeFlow, String)>),
    Device(Desktop, Option<DeviceCodeFlow>),
    OnBehalfOf(Web, String),
    Password(Desktop, &'static str),
    Process(Web),
    RefreshToken(Desktop, RefreshToken),
    Silent(Desktop, Account, ForceRefresh),
}

type ForceRefresh = bool;

impl World<'_> {
    /// Does what comes before the call. Applications that it is made on know of nothing but the cache.
    pub(super) fn prepare(&self, call: Call) -> Ready {
        let is_discovery = matches!(
            self.struck,
            Endpoint::InstanceDiscovery | Endpoint::OpenIdConfiguration
        );
        match call {
            Call::AppByCertificate => {
                Ready::App(self.app(defaults::CERTIFICATE_CLIENT_ID, certificate(self.provider)))
            }
            Call::AppBySecret => {
                Ready::App(self.app(defaults::SECRET_CLIENT_ID, secret(defaults::CLIENT_SECRET)))
            }
            Call::AuthCode if is_discovery => Ready::BeginAuthCode(self.web()),
            Call::AuthCode => {
                let web = self.web();
                let begun = make!(&web, |app| app
                    .initiate_auth_code_flow(SCOPES, REDIRECT_URI));
                let flow = begun.unwrap();
                let response = self.sign_in(&flow);
                Ready::Code(web, Some((flow, response)))
            }
            Call::DeviceCode if is_discovery || self.struck == Endpoint::DeviceAuthorization => {
                Ready::BeginDeviceCode(self.desktop())
            }
            Call::DeviceCode => {
                let desktop = self.desktop();
                let flow = make!(&desktop, |app| app.initiate_device_code_flow(SCOPES)).unwrap();
                self.provider
                    .approve_device(flow.user_code(), defaults::USERNAME)
                    .unwrap();
                Ready::Device(desktop, Some(flow))
            }
            Call::Expiring => {
                self.provider.set_lifetime(60);
                let account = self.signed_in(SCOPES).account().unwrap().clone();
                self.provider.set_lifetime(3599);
                Ready::Silent(self.desktop(), account, false)
            }
            Call::Federated => Ready::Password(self.desktop(), defaults::FEDERATED_USERNAME),
            Call::LongRunning => {
                let assertion = self.assertion();
                let begun = make!(&self.api_app(), |app| app.initiate_long_running_process(
                    &*assertion,
                    PROCESS,
                    SCOPES
                ));
                begun.unwrap();
                Ready::Process(self.api_app())
            }
            Call::Managed => Ready::Password(self.desktop(), defaults::USERNAME),
            Call::OnBehalfOf => Ready::OnBehalfOf(self.api_app(), self.assertion()),
            Call::RefreshToken => {
                let elsewhere = World {
                    cache: TokenCache::new(),
                    clock: self.clock.clone(),
                    ..*self
                };
                let token = elsewhere.signed_in(SCOPES).refresh_token().unwrap().clone();
                Ready::RefreshToken(self.desktop(), token)
            }
            Call::Silent => {
                let account = self.signed_in(SCOPES).account().unwrap().clone();
                Ready::Silent(self.desktop(), account, true)
            }
        }
    }

    /// Makes the call.
    pub(super) fn make(
        &self,
        ready: &mut Ready,
        options: &Options,
    ) -> Result<Option<AuthenticationResult>, Error> {
        macro_rules! with_options {
            ($call:expr) => {{
                let mut call = $call;
                if let Some(timeout) = options.timeout {
                    call = call.timeout(timeout);
                }
                if let Some(id) = options.correlation_id {
                    call = call.correlation_id(id);
                }
                call
            }};
        }
        let made = match ready {
            Ready::App(app) => app.acquire(SCOPE, options),
            Ready::BeginAuthCode(web) => {
                let begun = make!(web, |app| with_options!(
                    app.initiate_auth_code_flow(SCOPES, REDIRECT_URI)
                ));
                return begun.map(|_| None);
            }
            Ready::BeginDeviceCode(desktop) => {
                let begun = make!(desktop, |app| with_options!(
                    app.initiate_device_code_flow(SCOPES)
                ));
                return begun.map(|_| None);
            }
            Ready::Code(web, spent) => {
                let (flow, response) = spent.take().expect("a code is redeemed once");
                make!(web, |app| with_options!(
                    app.acquire_token_by_auth_code_flow(flow, &response)
                ))
            }
            Ready::Device(desktop, spent) => {
                let flow = spent.take().expect("a device code is redeemed once");
                let flow = match desktop {
                    Desktop::Async(_, app) => {
                        with_options!(app.acquire_token_by_device_code(flow)).into_flow()
                    }
                    Desktop::Blocking(app) => {
                        with_options!(app.acquire_token_by_device_code(flow)).into_flow()
                    }
                };
                self.api.drive(flow, &self.clock)
            }
            Ready::OnBehalfOf(web, assertion) => make!(web, |app| with_options!(
                app.acquire_token_on_behalf_of(assertion.as_str(), SCOPES)
            )),
            Ready::Password(desktop, name) => make!(desktop, |app| with_options!(
                app.acquire_token_by_username_password(*name, defaults::PASSWORD, SCOPES)
            )),
            Ready::Process(web) => make!(web, |app| with_options!(
                app.acquire_token_in_long_running_process(PROCESS, SCOPES)
                    .force_refresh()
            )),
            Ready::RefreshToken(desktop, token) => make!(desktop, |app| with_options!(
                app.acquire_token_by_refresh_token(token.clone(), SCOPES)
            )),
            Ready::Silent(desktop, account, true) => make!(desktop, |app| with_options!(
                app.acquire_token_silent(SCOPES, account).force_refresh()
            )),
            Ready::Silent(desktop, account, false) => make!(desktop, |app| with_options!(
                app.acquire_token_silent(SCOPES, account)
            )),
        };
        made.map(Some)
    }

    fn signed_in<const N: usize>(&self, scopes: [&str; N]) -> AuthenticationResult {
        let signed_in = make!(&self.desktop(), |app| app
            .acquire_token_by_username_password(
                defaults::USERNAME,
                defaults::PASSWORD,
                scopes
            ));
        signed_in.unwrap()
    }

    /// What a user calls our own API with.
    fn assertion(&self) -> String {
        let elsewhere = World {
            cache: TokenCache::new(),
            clock: self.clock.clone(),
            ..*self
        };
        let scope = format!("{}/access_as_user", defaults::API_CLIENT);
        let token = elsewhere.signed_in([scope.as_str()]);
        token.access_token().expose().to_owned()
    }

    fn sign_in(&self, flow: &AuthCodeFlow) -> String {
        let url = flow.auth_uri().as_str();
        let answer = self
            .provider
            .sign_in(url, defaults::USERNAME, defaults::PASSWORD)
            .unwrap();
        answer.body().unwrap()
    }

    fn app(&self, client_id: &str, credential: ClientCredential) -> App {
        let instance_metadata =
            (self.struck == Endpoint::InstanceMetadata).then(|| self.provider.plain_url());
        self.api.app(Setup {
            instance_metadata,
            ..self.setup(client_id, credential)
        })
    }

    fn desktop(&self) -> Desktop {
        self.api
            .desktop(self.setup(defaults::PUBLIC_CLIENT_ID, secret("")))
    }

    fn web(&self) -> Web {
        let credential = secret(defaults::WEB_CLIENT_SECRET);
        self.api
            .web(self.setup(defaults::WEB_CLIENT_ID, credential))
    }

    fn api_app(&self) -> Web {
        let credential = secret(defaults::API_CLIENT_SECRET);
        self.api
            .web(self.setup(defaults::API_CLIENT_ID, credential))
    }

    fn setup(&self, client_id: &str, credential: ClientCredential) -> Setup {
        let host = match self.struck {
            Endpoint::InstanceDiscovery | Endpoint::OpenIdConfiguration => UNKNOWN_HOST,
            _ => "login.microsoftonline.com",
        };
        Setup {
            client_id: client_id.to_owned(),
            authority: format!("https://{host}/{}", defaults::TENANT_ID),
            instance_metadata: None,
            credential,
            cache: self.cache.clone(),
            env: self.clock.env(),
        }
    }
}

fn secret(text: &str) -> ClientCredential {
    ClientCredential::from_secret(text)
}

fn certificate(provider: &LocalIdentityProvider) -> ClientCredential {
    let certificate = provider.client_certificate();
    let certificate =
        msal::Certificate::from_pem(certificate.certificate_pem(), certificate.private_key_pem());
    ClientCredential::from_certificate(certificate.unwrap())
}

/// A host that is asked about at Microsoft.
pub(super) const UNKNOWN_HOST: &str = "login.contoso.example";
const PROCESS: &str = "job 7";
const REDIRECT_URI: &str = "http://localhost/auth/redirect";
const SCOPE: &str = "https://graph.microsoft.com/.default";
const SCOPES: [&str; 1] = ["User.Read"];
