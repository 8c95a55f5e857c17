//! Whether an id token's signature is right, where the application wants that checked.

#[cfg(not(feature = "certificate"))]
pub(crate) use absent::{check, prepare};
#[cfg(feature = "certificate")]
pub(crate) use present::{check, prepare};

#[cfg(feature = "certificate")]
mod present {
    use url::Url;

    use crate::authority::Endpoints;
    use crate::flow::Io;
    use crate::flows::finish::{SignIn, Whose};
    use crate::{Error, ErrorKind, IdTokenClaims, RawIdToken};

    use crate::app::App;

    /// Has the keys at hand, before anything is spent that cannot be had twice.
    pub(crate) async fn prepare(
        app: &App,
        endpoints: &Endpoints,
        io: &mut Io,
    ) -> Result<(), Error> {
        let keys = app.directory.keys(keys_url(endpoints)?, None, io);
        keys.await.map(drop)
    }

    /// Checks the signature. Who has just signed in must come with an id token.
    pub(crate) async fn check(
        token: Option<(&RawIdToken, &IdTokenClaims)>,
        sign_in: &SignIn<'_>,
        io: &mut Io,
    ) -> Result<(), Error> {
        let Some((token, claims)) = token else {
            return match sign_in.whose {
                Whose::New { .. } => Err(wrong("there is none whose signature could be checked")),
                _ => Ok(()),
            };
        };
        let (url, key_id) = (keys_url(sign_in.endpoints)?, claims.header().key_id());
        let keys = sign_in.app.directory.keys(url, key_id, io).await?;
        let kind = sign_in.authority.kind();
        keys.check(token, claims, kind).map_err(wrong)
    }

    fn keys_url(endpoints: &Endpoints) -> Result<&Url, Error> {
        let url = endpoints.jwks.as_ref();
        url.ok_or_else(|| wrong("the authority names no keys to check its signature by"))
    }

    fn wrong(why: &'static str) -> Error {
        Error::new(ErrorKind::InvalidResponse("id token")).because(why)
    }
}

/// An application that wants signatures checked is not built without the feature.
#[cfg(not(feature = "certificate"))]
mod absent {
    use crate::app::App;
    use crate::authority::Endpoints;
    use crate::flow::Io;
    use crate::flows::finish::SignIn;
    use crate::{Error, ErrorKind, IdTokenClaims, RawIdToken};

    pub(crate) async fn prepare(
        _app: &App,
        _endpoints: &Endpoints,
        _io: &mut Io,
    ) -> Result<(), Error> {
        Err(unsupported())
    }

    pub(crate) async fn check(
        _token: Option<(&RawIdToken, &IdTokenClaims)>,
        _sign_in: &SignIn<'_>,
        _io: &mut Io,
    ) -> Result<(), Error> {
        Err(unsupported())
    }

    fn unsupported() -> Error {
        Error::new(ErrorKind::Unsupported(crate::app::SIGNATURES))
    }
}
