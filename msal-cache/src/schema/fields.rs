#![warn(clippy::arithmetic_side_effects)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use msal_core::Timestamp;
use msal_core::store::Members;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of one entry, borrowed from the file. What is taken is known; the rest is kept as it is.
pub(super) struct Fields<'a>(Vec<Field<'a>>);

struct Field<'a> {
    name: Cow<'a, str>,
    value: &'a RawValue,
    taken: bool,
}

/// Why an entry cannot be read: what is wrong, and with which member.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Defect {
    /// Two spellings, or two members of one name, say different things.
    Ambiguous(&'static str),
    Missing(&'static str),
    NotAnObject,
    /// The member is of another type, or its text means nothing.
    Unreadable(&'static str),
}

impl<'a> Fields<'a> {
    pub(super) fn parse(entry: &'a RawValue) -> Result<Self, Defect> {
        serde_json::from_str(entry.get()).map_err(|_| Defect::NotAnObject)
    }

    /// A text that must be there, and not be empty.
    pub(super) fn required(&mut self, name: &'static str) -> Result<Cow<'a, str>, Defect> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or(Defect::Missing(name))
    }

    /// A text; null is as good as none.
    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<Cow<'a, str>>, Defect> {
        let Some(value) = self.take(name)? else {
            return Ok(None);
        };
        text(value).map(Some).ok_or(Defect::Unreadable(name))
    }

    /// A text under several spellings, none of them empty.
    pub(super) fn spelled(
        &mut self,
        names: &[&'static str],
    ) -> Result<Option<Cow<'a, str>>, Defect> {
        let mut found: Option<Cow<'a, str>> = None;
        for name in names {
            let Some(text) = self.text(name)?.filter(|text| !text.is_empty()) else {
                continue;
            };
            if found.as_ref().is_some_and(|known| *known != text) {
                return Err(Defect::Ambiguous(name));
            }
            found = Some(text);
        }
        Ok(found)
    }

    /// Seconds since the epoch, as a decimal text or a number. What is neither stays among the unknown members.
    pub(super) fn epoch(&mut self, name: &'static str) -> Result<Option<Timestamp>, Defect> {
        let Some(field) = self.find(name)? else {
            return Ok(None);
        };
        let seconds = seconds(field.value);
        field.taken = seconds.is_some();
        Ok(seconds.map(Timestamp::from_secs))
    }

    /// An object of texts.
    pub(super) fn texts(
        &mut self,
        name: &'static str,
    ) -> Result<Option<BTreeMap<String, String>>, Defect> {
        let Some(value) = self.take(name)? else {
            return Ok(None);
        };
        let texts = serde_json::from_str(value.get());
        texts.map(Some).map_err(|_| Defect::Unreadable(name))
    }

    /// What was not taken so far.
    pub(super) fn take_rest(&mut self) -> Members {
        let rest = self.0.drain(..).filter(|field| !field.taken);
        Members::new(
            rest.map(|field| (field.name.into_owned(), field.value.to_owned()))
                .collect(),
        )
    }

    fn take(&mut self, name: &'static str) -> Result<Option<&'a RawValue>, Defect> {
        let Some(field) = self.find(name)? else {
            return Ok(None);
        };
        field.taken = true;
        Ok(Some(field.value).filter(|value| value.get() != "null"))
    }

    fn find(&mut self, name: &'static str) -> Result<Option<&mut Field<'a>>, Defect> {
        let mut named = self.0.iter_mut().filter(|field| field.name == name);
        let field = named.next();
        if named.next().is_some() {
            return Err(Defect::Ambiguous(name));
        }
        Ok(field)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(16);
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push(Field {
                        name,
                        value,
                        taken: false,
                    });
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// The name of a member, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Name<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous(name) => write!(f, "`{name}` is given twice, and differently"),
            Self::Missing(name) => write!(f, "`{name}` is missing"),
            Self::NotAnObject => f.write_str("it is not an object"),
            Self::Unreadable(name) => write!(f, "`{name}` cannot be read"),
        }
    }
}

fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let json = value.get();
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

fn seconds(value: &RawValue) -> Option<u64> {
    let text = text(value);
    let digits = text.as_deref().unwrap_or_else(|| value.get()).trim();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        // More digits than fit are as good as the largest.
        return Some(digits.parse().unwrap_or(u64::MAX));
    }
    // Not what any library writes: a fraction.
    let (whole, fraction) = digits.split_once('.')?;
    let is_fraction = !whole.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_fraction.then(|| whole.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn epochs_are_texts_or_numbers() {
        let table = [
            (r#""1750000000""#, Some(1_750_000_000)),
            ("1750000000", Some(1_750_000_000)),
            ("1750000000.9", Some(1_750_000_000)),
            (r#"" 17 ""#, Some(17)),
            ("0", Some(0)),
            (r#""99999999999999999999999""#, Some(u64::MAX)),
            (r#""""#, None),
            ("-1", None),
            ("1e9", None),
            ("null", None),
            ("true", None),
            (r#""soon""#, None),
            ("[1]", None),
        ];
        for (json, expected) in table {
            assert_eq!(seconds(&raw(json)), expected, "{json}");
        }
    }

    #[test]
    fn a_known_member_given_twice_is_no_answer() {
        let entry = raw(r#"{"secret":"a","secret":"b","x":1,"x":2}"#);
        let mut fields = Fields::parse(&entry).unwrap();
        assert_eq!(fields.text("secret"), Err(Defect::Ambiguous("secret")));
        let entry = raw(r#"{"kid":"a","key_id":"a","keyid":""}"#);
        let mut fields = Fields::parse(&entry).unwrap();
        let id = fields.spelled(&["key_id", "kid", "keyid"]).unwrap();
        assert_eq!(id.as_deref(), Some("a"));
    }

    #[test]
    fn escapes_are_undone_and_what_is_left_is_kept() {
        let entry = raw(r#"{"a":"\u0041\"","b":null,"c":{"d":[1e400]},"e\u0041":0}"#);
        let mut fields = Fields::parse(&entry).unwrap();
        assert_eq!(fields.text("a").unwrap().as_deref(), Some("A\""));
        assert_eq!(fields.text("b").unwrap(), None);
        let rest = fields.take_rest();
        let rest: Vec<_> = rest.iter().map(|(name, raw)| (name, raw.get())).collect();
        assert_eq!(rest, [("c", r#"{"d":[1e400]}"#), ("eA", "0")]);
    }
}
