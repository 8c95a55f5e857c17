use serde::Deserialize;
use serde_json::value::RawValue;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::Timestamp;

/// When a token ends, by what a service says: `expires_on`, or else `expires_in`. None where neither can be read.
///
/// Services differ: a number, the text of one, or a date in one of several spellings. A small `expires_on` is a lifetime,
/// and a large `expires_in` a time.
pub(super) fn expiry(
    expires_on: Option<&RawValue>,
    expires_in: Option<&RawValue>,
    now: Timestamp,
) -> Option<Timestamp> {
    let on = expires_on.and_then(|value| Value::read(value));
    let value = on.or_else(|| expires_in.and_then(|value| Value::read(value)))?;
    Some(match value {
        Value::Seconds(seconds) if seconds < SMALLEST_TIME => {
            Timestamp::from_secs(now.as_secs().saturating_add(seconds))
        }
        Value::Seconds(time) | Value::Date(time) => Timestamp::from_secs(time),
    })
}

enum Value {
    Date(u64),
    Seconds(u64),
}

impl Value {
    fn read(value: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Number(f64),
            Text(String),
        }
        let wire: Option<Wire> = serde_json::from_str(value.get()).ok()?;
        match wire? {
            Wire::Number(number) => seconds(number).map(Self::Seconds),
            Wire::Text(text) => {
                let text = text.trim();
                match text.parse() {
                    Ok(number) => seconds(number).map(Self::Seconds),
                    Err(_) => date(text).map(Self::Date),
                }
            }
        }
    }
}

fn seconds(number: f64) -> Option<u64> {
    let fits = number.is_finite() && (0.0..LATEST).contains(&number);
    // Checked above: whatever is after the point does not count.
    fits.then_some(number as u64)
}

fn date(text: &str) -> Option<u64> {
    let time = match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(time) => time,
        Err(_) => {
            let local = text
                .strip_suffix("+00:00")
                .or_else(|| text.strip_suffix('Z'))
                .unwrap_or(text)
                .trim_end();
            let read = |format| PrimitiveDateTime::parse(local, format).ok();
            SPELLINGS.iter().find_map(read)?.assume_utc()
        }
    };
    u64::try_from(time.unix_timestamp()).ok()
}

const SPELLINGS: &[&[BorrowedFormatItem<'_>]] = &[
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]"),
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]"),
    format_description!("[month]/[day]/[year] [hour]:[minute]:[second]"),
    format_description!(
        "[month padding:none]/[day padding:none]/[year] [hour repr:12 padding:none]:[minute]:[second] [period]"
    ),
    // Of midnight some write `00:00:00 AM`.
    format_description!(
        "[month padding:none]/[day padding:none]/[year] [hour padding:none]:[minute]:[second] [period]"
    ),
];

/// 2001-01-01: what is less is no time of a token.
const SMALLEST_TIME: u64 = 978_307_200;

/// The year 9999.
const LATEST: f64 = 253_402_300_800.0;
