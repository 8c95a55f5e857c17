use der::asn1::{AnyRef, BitStringRef, GeneralizedTime, ObjectIdentifier, UintRef, UtcTime};
use der::{DateTime, Decode, Reader, SliceReader, Tag};

/// What is read of an X.509 certificate, RFC 5280 section 4.1. No signature is checked: the server does that.
pub(super) struct X509<'a> {
    pub(super) der: &'a [u8],
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) not_after: DateTime,
    /// The `RSAPublicKey` of RFC 8017, if the certificate's key is one.
    pub(super) rsa_public_key: Option<&'a [u8]>,
}

impl<'a> X509<'a> {
    pub(super) fn parse(der: &'a [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let parsed = reader.sequence(|certificate| -> der::Result<_> {
            let parsed = certificate.sequence(|tbs| Self::parse_tbs(der, tbs))?;
            AnyRef::decode(certificate)?;
            BitStringRef::decode(certificate)?;
            Ok(parsed)
        })?;
        reader.finish()?;
        Ok(parsed)
    }

    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    fn parse_tbs(der: &'a [u8], tbs: &mut impl Reader<'a>) -> der::Result<Self> {
        if Tag::peek(tbs)?.is_context_specific() {
            tbs.tlv_bytes()?;
        }
        let _serial_number = AnyRef::decode(tbs)?;
        let _signature = AnyRef::decode(tbs)?;
        let issuer = tbs.tlv_bytes()?;
        let not_after = tbs.sequence(|validity| -> der::Result<_> {
            time(validity)?;
            time(validity)
        })?;
        let subject = tbs.tlv_bytes()?;
        let rsa_public_key = tbs.sequence(|info| -> der::Result<_> {
            let algorithm = info.sequence(|algorithm| -> der::Result<_> {
                let id = ObjectIdentifier::decode(algorithm)?;
                Option::<AnyRef<'_>>::decode(algorithm)?;
                Ok(id)
            })?;
            let key = BitStringRef::decode(info)?;
            Ok(key.as_bytes().filter(|_| algorithm == RSA))
        })?;
        while !tbs.is_finished() {
            tbs.tlv_bytes()?;
        }
        Ok(Self {
            der,
            issuer,
            subject,
            not_after,
            rsa_public_key,
        })
    }
}

/// The length of an `RSAPublicKey`'s modulus, and so of its signatures, in bytes.
pub(super) fn modulus_len(rsa_public_key: &[u8]) -> der::Result<usize> {
    let mut reader = SliceReader::new(rsa_public_key)?;
    reader.sequence(|key| -> der::Result<_> {
        let modulus = UintRef::decode(key)?;
        UintRef::decode(key)?;
        Ok(modulus.as_bytes().len())
    })
}

fn time<'a>(reader: &mut impl Reader<'a>) -> der::Result<DateTime> {
    match Tag::peek(reader)? {
        Tag::UtcTime => Ok(UtcTime::decode(reader)?.to_date_time()),
        _ => DateTime::from_unix_duration(GeneralizedTime::decode(reader)?.to_unix_duration()),
    }
}

/// `rsaEncryption`, RFC 8017 appendix C.
pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
