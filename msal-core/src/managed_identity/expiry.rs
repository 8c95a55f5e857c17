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
    let on = expires_on.and_then(Value::read);
    let value = on.or_else(|| expires_in.and_then(Value::read))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_750_000_000;

    fn read(on: Option<&str>, within: Option<&str>) -> Option<u64> {
        let raw =
            |text: Option<&str>| text.map(|text| RawValue::from_string(text.to_owned()).unwrap());
        let (on, within) = (raw(on), raw(within));
        let now = Timestamp::from_secs(NOW);
        expiry(on.as_deref(), within.as_deref(), now).map(Timestamp::as_secs)
    }

    fn text(text: &str) -> Option<u64> {
        read(Some(&serde_json::to_string(text).unwrap()), None)
    }

    #[test]
    fn a_date_is_read_in_each_spelling_of_the_services() {
        // 2030-09-04 03:04:05 UTC
        let time = Some(1_914_721_445);
        let noon = |hours: u64| time.map(|time| time + hours * 3600);
        for (spelling, expected) in [
            ("2030-09-04T03:04:05Z", time),
            ("2030-09-04T03:04:05.1Z", time),
            ("2030-09-04T03:04:05.1234567+00:00", time),
            ("2030-09-04T05:34:05+02:30", time),
            ("2030-09-04t03:04:05z", time),
            ("2030-09-04T03:04:05", time),
            ("2030-09-04 03:04:05", time),
            ("2030-09-04 03:04:05 +00:00", time),
            ("2030-09-04 03:04:05Z", time),
            ("09/04/2030 03:04:05", time),
            ("09/04/2030 03:04:05 +00:00", time),
            ("9/4/2030 3:04:05 AM", time),
            ("9/4/2030 3:04:05 AM +00:00", time),
            ("9/4/2030 3:04:05 PM +00:00", noon(12)),
            ("09/04/2030 03:04:05 PM", noon(12)),
            ("9/4/2030 12:04:05 PM", noon(9)),
            ("9/4/2030 15:04:05 PM", noon(12)),
            ("  2030-09-04 03:04:05\t", time),
        ] {
            assert_eq!(text(spelling), expected, "{spelling}");
        }
        // As App Service once wrote midnight.
        assert_eq!(text("9/14/2017 00:00:00 PM +00:00"), Some(1_505_347_200));
        assert_eq!(text("06/20/2021 02:57:58 +00:00"), Some(1_624_157_878));
    }

    #[test]
    fn what_is_no_date_is_nothing() {
        for spelling in [
            "",
            " ",
            "soon",
            "2030-13-04T03:04:05Z",
            "2030-02-30 03:04:05",
            "2030-09-04",
            "03:04:05",
            "9/4/2030",
            "9/4/2030 3:04:05 XM",
            "9/4/2030 25:04:05 AM",
            "2030-09-04 03:04:05 +01:00",
            "1969-12-31T23:59:59Z",
            "0x70000000",
            "-1",
            "NaN",
            "inf",
            "1e300",
        ] {
            assert_eq!(text(spelling), None, "{spelling}");
        }
    }

    #[test]
    fn a_small_number_is_a_lifetime_wherever_it_stands() {
        for (number, expected) in [
            ("3600", NOW + 3600),
            ("3600.9", NOW + 3600),
            ("978307199", NOW + 978_307_199),
            ("978307200", 978_307_200),
            ("1750003600", NOW + 3600),
            ("1750003600.5", NOW + 3600),
            ("1.7500036e9", NOW + 3600),
            ("0", NOW),
            ("-0.0", NOW),
        ] {
            assert_eq!(read(Some(number), None), Some(expected), "{number}");
            assert_eq!(read(None, Some(number)), Some(expected), "{number}");
            let quoted = format!("\" {number} \"");
            assert_eq!(read(Some(&quoted), None), Some(expected), "{number}");
        }
    }

    #[test]
    fn the_end_outranks_the_lifetime_unless_it_cannot_be_read() {
        assert_eq!(read(Some("1750000060"), Some("3600")), Some(NOW + 60));
        for unreadable in ["null", "true", "[]", "{}", "\"\"", "-1"] {
            let found = read(Some(unreadable), Some("3600"));
            assert_eq!(found, Some(NOW + 3600), "{unreadable}");
        }
        assert_eq!(read(None, None), None);
    }
}
