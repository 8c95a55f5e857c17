use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use crate::{Error, ErrorKind};

/// Who signed in, as the `client_info` member of a token response tells: the ids of user and home tenant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ClientInfo {
    /// The user's object id in the home tenant; in B2C followed by the policy.
    pub(crate) uid: String,
    /// The home tenant's id.
    pub(crate) utid: String,
}

impl ClientInfo {
    /// Reads base64url of a JSON object. None where it tells neither id, as it may.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, Error> {
        #[derive(Deserialize)]
        struct Wire {
            uid: Option<String>,
            utid: Option<String>,
        }

        let malformed = |why| Error::new(ErrorKind::InvalidResponse("client info")).because(why);
        let bytes = LENIENT
            .decode(text)
            .map_err(|_| malformed("it is no base64url"))?;
        let wire: Wire = serde_json::from_slice(&bytes)
            .map_err(|_| malformed("it is no JSON object with `uid` and `utid`"))?;
        let (Some(uid), utid) = (wire.uid.filter(|uid| !uid.is_empty()), wire.utid) else {
            return Ok(None);
        };
        // A tenant that is not named is the user itself, as in MSAL Go.
        let utid = utid.filter(|utid| !utid.is_empty());
        let utid = utid.unwrap_or_else(|| uid.clone());
        Ok(Some(Self { uid, utid }))
    }

    /// What identifies the user in every tenant.
    pub(crate) fn home_account_id(&self) -> String {
        [&*self.uid, ".", &*self.utid].concat()
    }
}

/// Some services pad what should not be.
pub(crate) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Option<ClientInfo>, Error> {
        ClientInfo::parse(&LENIENT.encode(json))
    }

    #[test]
    fn both_ids_make_the_home_account_id() {
        let info = read(r#"{"uid":"u","utid":"t","x":1}"#).unwrap().unwrap();
        assert_eq!(info.home_account_id(), "u.t");
        let alone = read(r#"{"uid":"u"}"#).unwrap().unwrap();
        assert_eq!(alone.home_account_id(), "u.u");
    }

    #[test]
    fn what_tells_nobody_is_none_and_nonsense_an_error() {
        for nobody in ["{}", r#"{"utid":"t"}"#, r#"{"uid":"","utid":"t"}"#] {
            assert_eq!(read(nobody).unwrap(), None, "{nobody}");
        }
        for nonsense in ["", "[]", "1", r#"{"uid":1}"#, r#"{"uid":"a","uid":"b"}"#] {
            assert!(read(nonsense).is_err(), "{nonsense}");
        }
        assert!(ClientInfo::parse("!").is_err());
    }
}
