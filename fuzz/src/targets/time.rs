//! Points in time, compared with the crate `time`.
//!
//! Input: a text that may be a point in time.

use open_runtime::cloudevents::append_timestamp;
use open_runtime::cloudevents::formats::time::{MinuteCache, Unit, append_time, is_rfc3339};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const UNITS: [(Unit, i128); 3] =
    [(Unit::Seconds, 1_000_000_000), (Unit::Milliseconds, 1_000_000), (Unit::Microseconds, 1_000)];

/// Both read the same point in time, both read what bootstrap writes, and both accept the same texts as RFC 3339.
pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let expected = OffsetDateTime::parse(&text, &Rfc3339).ok();
    assert_eq!(is_rfc3339(text.as_bytes()), expected.is_some_and(|_| is_taken(&text)), "{text}");
    for (unit, nanoseconds) in UNITS {
        let Some(written) = ours(&text, unit) else { continue };
        match expected.filter(|_| is_taken(&text)) {
            Some(expected) => assert_eq!(read(&written), expected, "{text}"),
            None => number(&text, unit, nanoseconds, &written),
        }
        assert_eq!(ours(&written, unit).as_deref(), Some(&*written));
    }
    integer(&text);
}

/// The crate accepts any byte in place of the `T`, and leap seconds at the end of months. bootstrap refuses years that
/// CloudEvents' readers refuse.
fn is_taken(text: &str) -> bool {
    let separator = text.as_bytes().get(10);
    let is_leap = text.get(17..19) == Some("60");
    matches!(separator, Some(b'T' | b't')) && !is_leap && ours(text, Unit::Seconds).is_some()
}

fn ours(text: &str, unit: Unit) -> Option<String> {
    let mut out = Vec::new();
    let is_time = append_time(text.as_bytes(), unit, &mut MinuteCache::default(), &mut out);
    assert_eq!(is_time, !out.is_empty());
    is_time.then(|| String::from_utf8(out).expect("ASCII"))
}

fn read(written: &str) -> OffsetDateTime {
    assert!(is_rfc3339(written.as_bytes()), "{written}");
    OffsetDateTime::parse(written, &Rfc3339).expect("RFC 3339")
}

/// A number with a point or an exponent, to the precision of a floating-point number.
fn number(text: &str, unit: Unit, nanoseconds: i128, written: &str) {
    let read = read(written).unix_timestamp_nanos() as f64;
    if text.as_bytes().get(4) == Some(&b'-') {
        return; // a date in a form other than RFC 3339
    }
    let number: f64 = text.parse().expect("a number");
    let expected = number * nanoseconds as f64;
    if unit != Unit::Seconds || expected < 1e20 {
        assert!((read - expected).abs() < 1e6, "{text}: {written}");
    }
}

/// Whole numbers are read exactly. Those that are not times are refused.
fn integer(text: &str) {
    let Some(number) = text.parse::<i128>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())) else {
        return;
    };
    for (unit, nanoseconds) in &UNITS[1..] {
        let expected = number.checked_mul(*nanoseconds);
        let expected = expected.and_then(|number| OffsetDateTime::from_unix_timestamp_nanos(number).ok());
        assert_eq!(ours(text, *unit).map(|written| read(&written)), expected, "{text}");
    }
    if let (Some(written), Ok(ms)) = (ours(text, Unit::Milliseconds), text.parse()) {
        let mut out = Vec::new();
        append_timestamp(ms, &mut out);
        assert_eq!(out, written.as_bytes());
    }
}
