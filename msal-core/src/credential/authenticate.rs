#[cfg(feature = "certificate")]
use super::Certificate;
use super::assertion::{self, UnsignedAssertion};
use super::{
    AppToken, AppTokenRequest, AssertionContext, CallbackError, ClientAuthentication,
    ClientCredential, CredentialContext, Kind, trimmed, unusable,
};
use crate::callback::Task;
use crate::flow::Io;
use crate::{ClientAssertion, Error, ErrorKind};

impl ClientCredential {
    /// What to put into the request that `context` describes. An assertion is a fresh one each time.
    pub(crate) async fn authenticate(
        &self,
        context: &CredentialContext<'_>,
        io: &mut Io,
    ) -> Result<ClientAuthentication, Error> {
        self.check()?;
        let assertion = match &self.kind {
            Kind::Secret(secret) => return Ok(ClientAuthentication::Secret((**secret).clone())),
            Kind::Assertion(assertion) => (**assertion).clone(),
            Kind::AssertionProvider(provider) => {
                let (provider, context) = (provider.clone(), AssertionContext::from(context));
                let ask = move || provider.assertion(&context).map_err(refused_by(PROVIDER));
                accepted(io.call(Task::blocking(PROVIDER, ask)).await?)?
            }
            Kind::AsyncAssertionProvider(provider) => {
                let (provider, context) = (provider.clone(), AssertionContext::from(context));
                let ask = async move {
                    provider
                        .assertion(context)
                        .await
                        .map_err(refused_by(PROVIDER))
                };
                accepted(io.call(Task::future(PROVIDER, || Box::pin(ask))).await?)?
            }
            #[cfg(feature = "certificate")]
            Kind::Certificate(certificate) => signed_here(certificate, context, io)?,
            #[cfg(feature = "certificate")]
            Kind::CertificateProvider(provider) => {
                let (provider, details) = (provider.clone(), AssertionContext::from(context));
                let ask = move || {
                    provider
                        .certificate(&details)
                        .map_err(refused_by(CERTIFICATES))
                };
                let certificate = io.call(Task::blocking(CERTIFICATES, ask)).await?;
                signed_here(&certificate, context, io)?
            }
            // Boxed, as few credentials need the room that this takes.
            Kind::Federated(issuer) => Box::pin(issuer.assertion(io)).await?,
            Kind::Signer(certificate, signer) => {
                let input = UnsignedAssertion::new(context, io.env()).signing_input(certificate)?;
                let (signer, algorithm, bytes) = (signer.clone(), context.algorithm, input.clone());
                let sign = move || {
                    let signature = signer.sign(algorithm, bytes.as_bytes());
                    signature.map_err(refused_by(SIGNER))
                };
                let signature = io.call(Task::blocking(SIGNER, sign)).await?;
                assertion::signed(input, &signature, certificate)?
            }
            Kind::AsyncSigner(certificate, signer) => {
                let input = UnsignedAssertion::new(context, io.env()).signing_input(certificate)?;
                let (signer, algorithm, bytes) = (signer.clone(), context.algorithm, input.clone());
                let sign = async move {
                    let signature = signer.sign(algorithm, bytes.as_bytes()).await;
                    signature.map_err(refused_by(SIGNER))
                };
                let signature = io.call(Task::future(SIGNER, || Box::pin(sign))).await?;
                assertion::signed(input, &signature, certificate)?
            }
            Kind::AppTokenProvider(_) | Kind::AsyncAppTokenProvider(_) => {
                return Err(Error::new(ErrorKind::Unsupported("an app token provider")).because(
                    "it serves client credentials only: other flows need a secret, a certificate or an assertion",
                ));
            }
        };
        Ok(ClientAuthentication::Assertion(assertion))
    }

    /// The token of an app token provider; none where the credential is something else, and a request is to be sent.
    pub(crate) async fn app_token(
        &self,
        request: impl FnOnce() -> AppTokenRequest,
        io: &mut Io,
    ) -> Option<Result<AppToken, Error>> {
        let call = match &self.kind {
            Kind::AppTokenProvider(provider) => {
                let (provider, request) = (provider.clone(), request());
                Task::blocking(APP_TOKENS, move || {
                    provider.app_token(&request).map_err(refused_by(APP_TOKENS))
                })
            }
            Kind::AsyncAppTokenProvider(provider) => {
                let (provider, request) = (provider.clone(), request());
                let ask = async move {
                    provider
                        .app_token(request)
                        .await
                        .map_err(refused_by(APP_TOKENS))
                };
                Task::future(APP_TOKENS, || Box::pin(ask))
            }
            _ => return None,
        };
        let token = io.call(call).await;
        Some(
            token.and_then(|token| match token.access_token().expose().is_empty() {
                true => Err(unusable(
                    "the app token provider returned an empty access token",
                )),
                false => Ok(token),
            }),
        )
    }
}

#[cfg(feature = "certificate")]
fn signed_here(
    certificate: &Certificate,
    context: &CredentialContext<'_>,
    io: &Io,
) -> Result<ClientAssertion, Error> {
    let input = UnsignedAssertion::new(context, io.env()).signing_input(certificate.public())?;
    let signature = certificate.sign(context.algorithm, input.as_bytes())?;
    assertion::signed(input, &signature, certificate.public())
}

fn accepted(assertion: ClientAssertion) -> Result<ClientAssertion, Error> {
    let assertion = trimmed(assertion);
    match assertion.expose().is_empty() {
        true => Err(unusable(
            "the assertion provider returned an empty assertion",
        )),
        false => Ok(assertion),
    }
}

fn refused_by(name: &'static str) -> impl Fn(CallbackError) -> Error {
    move |source| unusable(format!("the {name} failed")).with_source(source)
}

const APP_TOKENS: &str = "app token provider";
#[cfg(feature = "certificate")]
const CERTIFICATES: &str = "certificate provider";
const PROVIDER: &str = "assertion provider";
const SIGNER: &str = "assertion signer";
