//! Points in time. Reads each form that AWS uses, and writes RFC 3339 in UTC.

/// The unit of a plain number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds since 1970. A number that is too large for seconds counts milliseconds, microseconds or nanoseconds.
    Seconds,
    Milliseconds,
    Microseconds,
}

/// Appends a point in time as RFC 3339 in UTC. Keeps up to nine digits of a second. Returns false and appends nothing
/// if `text` is not a point in time, is a negative number, or is outside the years 1 to 9999.
///
/// Accepts dates such as `2018-01-26T15:58:33.475+0000`. The offset may also be `Z`, `+00:00` or `+00`. A space may
/// replace the `T`, and there may be spaces between the parts. Also accepts numbers such as `1545082649183`,
/// `1545084650.987` and `1.4E9`.
pub fn append_time(text: &[u8], unit: Unit, minute_cache: &mut MinuteCache, out: &mut Vec<u8>) -> bool {
    let is_date = text.get(4) == Some(&b'-');
    let moment =
        if is_date { Reader { rest: text }.date() } else { Decimal::read(text).and_then(|number| number.moment(unit)) };
    match moment.filter(|moment| (FIRST_SECOND..=LAST_SECOND).contains(&moment.seconds)) {
        Some(moment) => moment.append(minute_cache, out),
        None => return false,
    }
    true
}

/// Appends a point in time, in milliseconds since 1970, as RFC 3339 with three digits of a second.
pub fn append_timestamp(unix_ms: u64, out: &mut Vec<u8>) {
    append_time(unix_ms.to_string().as_bytes(), Unit::Milliseconds, &mut MinuteCache::default(), out);
}

/// True if `text` is a point in time in the exact form of RFC 3339. Refuses leap seconds, as many parsers do.
pub fn is_rfc3339(text: &[u8]) -> bool {
    let has_zone = matches!(text, [.., b'Z' | b'z'] | [.., b'+' | b'-', _, _, b':', _, _]);
    let is_separated = matches!(text.get(10), Some(b'T' | b't')) && text.get(17) != Some(&b'6');
    has_zone
        && is_separated
        && !text.contains(&b' ')
        && append_time(text, Unit::Seconds, &mut MinuteCache::default(), &mut Vec::new())
}

/// The first second of the year 1, and the last second of the year 9999. They are counted from 1970.
const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;

/// The number of digits of a second that are kept.
const FRACTION_DIGITS: usize = 9;

struct Moment {
    /// Counted from 1970, in UTC.
    seconds: i64,
    fraction: [u8; FRACTION_DIGITS],
    /// The number of digits that were given.
    precision: usize,
}

impl Moment {
    fn append(&self, minute_cache: &mut MinuteCache, out: &mut Vec<u8>) {
        let (minute, second) = (self.seconds.abs_diff(FIRST_SECOND) / 60, self.seconds.abs_diff(FIRST_SECOND) % 60);
        if minute_cache.minute != Some(minute) {
            *minute_cache = MinuteCache::at(minute);
        }
        out.extend_from_slice(&minute_cache.text);
        out.extend_from_slice(&two_digits(second as u32));
        if let Some(fraction @ [_, ..]) = self.fraction.get(..self.precision) {
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
        out.push(b'Z');
    }
}

/// The text of the last minute that was written. The next time is often in the same minute.
#[derive(Default)]
pub struct MinuteCache {
    /// Counted from the start of the year 1. `None` if no minute was written yet.
    minute: Option<u64>,
    text: [u8; 17],
}

impl MinuteCache {
    fn at(minute: u64) -> MinuteCache {
        let (year, month, day) = date_of((minute / 1_440) as u32);
        let of_day = (minute % 1_440) as u32;
        let [a, b] = two_digits(year / 100);
        let [c, d] = two_digits(year % 100);
        let [e, f] = two_digits(month);
        let [g, h] = two_digits(day);
        let [i, j] = two_digits(of_day / 60);
        let [k, l] = two_digits(of_day % 60);
        let text = [a, b, c, d, b'-', e, f, b'-', g, h, b'T', i, j, b':', k, l, b':'];
        MinuteCache { minute: Some(minute), text }
    }
}

fn two_digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

/// Days from March 1 of the year 0 to January 1 of the year 1. If a year starts in March, the leap day is its last day.
const DAYS_TO_YEAR_1: u32 = 306;

/// Returns the year, month and day of a day. Days are counted from January 1 of the year 1.
fn date_of(day: u32) -> (u32, u32, u32) {
    let day = day + DAYS_TO_YEAR_1;
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (era * 400 + year + u32::from(month <= 2), month, day)
}

/// Returns the day of a date, counted from January 1 of the year 1. Returns `None` if the date does not exist.
fn day_of(year: u32, month: u32, day: u32) -> Option<u32> {
    let since_march = year.checked_sub(u32::from(month <= 2))?;
    let days = since_march * 365 + since_march / 4 - since_march / 100 + since_march / 400;
    let found = (days + (153 * ((month + 9) % 12) + 2) / 5 + day).checked_sub(DAYS_TO_YEAR_1 + 1)?;
    (date_of(found) == (year, month, day)).then_some(found)
}

/// Reads a date, a time of day, and an offset from UTC.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn date(&mut self) -> Option<Moment> {
        let year = self.number(4, 0..=9999)?;
        let month = self.take(b"-").and_then(|_| self.number(2, 1..=12))?;
        let day = self.take(b"-").and_then(|_| self.number(2, 1..=31))?;
        let days = day_of(year, month, day)?;
        let _ = self.take(b"Tt"); // a space is accepted too
        let hour = self.number(2, 0..=23)?;
        let minute = self.take(b":").and_then(|_| self.number(2, 0..=59))?;
        let second = self.take(b":").and_then(|_| self.number(2, 0..=60))?; // 60 is a leap second
        let (fraction, precision) = self.fraction()?;
        let offset = self.offset()?;
        self.skip_spaces();
        let seconds = FIRST_SECOND + i64::from(days) * 86_400 + i64::from(hour * 3_600 + minute * 60 + second) - offset;
        self.rest.is_empty().then_some(Moment { seconds, fraction, precision })
    }

    fn skip_spaces(&mut self) {
        while let [b' ', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn take(&mut self, allowed: &[u8]) -> Option<u8> {
        self.skip_spaces();
        let (first, rest) = self.rest.split_first().filter(|(first, _)| allowed.contains(first))?;
        self.rest = rest;
        Some(*first)
    }

    fn digit(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first().filter(|(first, _)| first.is_ascii_digit())?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self, width: usize, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        self.skip_spaces();
        let mut number = 0;
        for _ in 0..width {
            number = number * 10 + u32::from(self.digit()? - b'0');
        }
        range.contains(&number).then_some(number)
    }

    fn fraction(&mut self) -> Option<([u8; FRACTION_DIGITS], usize)> {
        let (mut fraction, mut precision) = ([b'0'; FRACTION_DIGITS], 0);
        if self.take(b".").is_some() {
            fraction[0] = self.digit()?;
            precision = 1;
            while let Some(digit) = self.digit() {
                if let Some(place) = fraction.get_mut(precision) {
                    *place = digit;
                    precision += 1;
                }
            }
        }
        Some((fraction, precision))
    }

    /// Reads the offset from UTC, in seconds to the east.
    fn offset(&mut self) -> Option<i64> {
        let east = match self.take(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.number(2, 0..=23)?;
        let _ = self.take(b":");
        let minutes = if self.rest.is_empty() { 0 } else { self.number(2, 0..=59)? };
        Some(east * i64::from(hours * 3_600 + minutes * 60))
    }
}

/// A decimal number that is not negative. `digits` may contain a point. `point` is the number of digits before the
/// point, after the exponent is applied. Floating point would change digits, and a division would take long: neither is
/// used.
struct Decimal<'a> {
    digits: &'a [u8],
    point: i32,
}

impl<'a> Decimal<'a> {
    /// Reads a number as JSON writes it. Also accepts leading zeros, and a point without digits on one side.
    fn read(text: &'a [u8]) -> Option<Decimal<'a>> {
        let (mut length, mut point, mut exponent) = (0, None, 0);
        for byte in text {
            match byte {
                b'0'..=b'9' => (),
                b'.' if point.is_none() => point = Some(length),
                b'e' | b'E' => {
                    exponent = std::str::from_utf8(text.get(length + 1..)?).ok()?.parse().ok()?;
                    break;
                }
                _ => return None,
            }
            length += 1;
        }
        let point = i32::try_from(point.unwrap_or(length)).ok()?;
        let exponent = Some(exponent).filter(|exponent| (-99..=99).contains(exponent))?;
        Some(Decimal {
            digits: text.get(..length).filter(|digits| !matches!(digits, [] | [b'.']))?,
            point: point + exponent,
        })
    }

    fn moment(&self, unit: Unit) -> Option<Moment> {
        match unit {
            Unit::Milliseconds => self.moment_from(3),
            Unit::Microseconds => self.moment_from(6),
            Unit::Seconds => {
                let moment = self.moment_from(0)?;
                match moment.seconds {
                    100_000_000_000_000_000.. => self.moment_from(9),
                    100_000_000_000_000..=99_999_999_999_999_999 => self.moment_from(6),
                    100_000_000_000..=99_999_999_999_999 => self.moment_from(3),
                    _ => Some(moment),
                }
            }
        }
    }

    /// Returns the point in time. `precision` is 0 if the number counts seconds, 3 for milliseconds, 6 for
    /// microseconds, and 9 for nanoseconds.
    fn moment_from(&self, precision: i32) -> Option<Moment> {
        let mut moment = Moment { seconds: 0, fraction: [b'0'; FRACTION_DIGITS], precision: precision as usize };
        let mut place = precision - self.point; // of the digit, counted from the point
        for byte in self.digits.iter().filter(|byte| **byte != b'.') {
            if place < 0 {
                moment.seconds = moment.seconds.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?;
            } else if let Some(digit) = moment.fraction.get_mut(place as usize) {
                *digit = *byte;
                if *byte != b'0' {
                    moment.precision = moment.precision.max(place as usize + 1);
                }
            }
            place += 1;
        }
        while place < 0 {
            moment.seconds = moment.seconds.checked_mul(10)?;
            place += 1;
        }
        Some(moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_has_three_digits_of_a_second() {
        let mut out = Vec::new();
        append_timestamp(1_790_000_000_007, &mut out);
        assert_eq!(out, b"2026-09-21T14:13:20.007Z");
    }

    fn time(text: &str, unit: Unit) -> Option<String> {
        let mut out = Vec::new();
        append_time(text.as_bytes(), unit, &mut MinuteCache::default(), &mut out)
            .then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn dates_become_utc() {
        for (text, expected) in [
            ("2018-01-26T15:58:33.475+0000", "2018-01-26T15:58:33.475Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2023-08-04T12:36:15.490+05:30", "2023-08-04T07:06:15.490Z"),
            ("2024-02-29 23:59:60-01", "2024-03-01T01:00:00Z"),
            ("2023-08-04T12: 36:15.490 + 0000 ", "2023-08-04T12:36:15.490Z"),
            ("0001-01-01t00:00:00.1234567891z", "0001-01-01T00:00:00.123456789Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"),
        ] {
            assert_eq!(time(text, Unit::Seconds).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn numbers_become_utc() {
        for (text, unit, expected) in [
            ("1480642020", Unit::Seconds, "2016-12-02T01:27:00Z"),
            ("1480642020000", Unit::Seconds, "2016-12-02T01:27:00.000Z"),
            ("1480642020000000", Unit::Seconds, "2016-12-02T01:27:00.000000Z"),
            ("1480642020000000000", Unit::Seconds, "2016-12-02T01:27:00.000000000Z"),
            ("1545084650.987", Unit::Seconds, "2018-12-17T22:10:50.987Z"),
            ("1607497475.0", Unit::Seconds, "2020-12-09T07:04:35Z"),
            ("1.4E9", Unit::Seconds, "2014-05-13T16:53:20Z"),
            ("14e+8", Unit::Seconds, "2014-05-13T16:53:20Z"),
            ("1.545084650987E9", Unit::Seconds, "2018-12-17T22:10:50.987Z"),
            ("1545082649183", Unit::Milliseconds, "2018-12-17T21:37:29.183Z"),
            ("1", Unit::Milliseconds, "1970-01-01T00:00:00.001Z"),
            ("0", Unit::Milliseconds, "1970-01-01T00:00:00.000Z"),
            ("1690497599177430", Unit::Microseconds, "2023-07-27T22:39:59.177430Z"),
            ("253402300799999", Unit::Milliseconds, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(time(text, unit).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn invalid_times_are_refused() {
        for text in [
            "",
            "-1",
            "x",
            "now",
            "1e999",
            "1e-999",
            ".5x",
            ".",
            ".e3",
            "1.2.3",
            "--",
            "2023-02-30T00:00:00Z",
            "2023-08-04T12:36:15",
            "2023-08-04",
            "2023-08-04T12:36:15.Z",
            "2023-08-04T12:36:15ZZ",
            "2023-08-04T24:00:00Z",
            "1e39",
            "Jan 1, 1970, 12:33:41 AM",
            "09/Apr/2015:12:34:56 +0000",
            "0001-01-01T00:00:00+23:59",
            "0000-12-31T00:00:00Z",
            "253402300800000",
            "99999999999999999999999999999999999999999999999",
        ] {
            assert_eq!(time(text, Unit::Milliseconds), None, "{text}");
        }
    }

    #[test]
    fn rfc3339_is_distinguished_from_other_times() {
        for (text, expected) in [
            ("2018-04-05T17:31:00Z", true),
            ("2018-04-05t17:31:00.5+01:00", true),
            ("2018-04-05 17:31:00Z", false),
            ("2018-04-05T17:31:00+0100", false),
            ("2018-04-05T17:31:60Z", false),
            ("2018-04-05T17:31:00 Z", false),
            ("2018-04-05x17:31:00Z", false),
            ("2018-04-05T17:31Z", false),
            ("20180405T173100Z", false),
            ("2018-13-05T17:31:00Z", false),
            ("1545082649", false),
        ] {
            assert_eq!(is_rfc3339(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn days_and_dates_agree() {
        for day in (0..3_652_059).step_by(97) {
            let (year, month, of_month) = date_of(day);
            assert_eq!(day_of(year, month, of_month), Some(day));
        }
        assert_eq!((date_of(0), date_of(719_162), date_of(3_652_058)), ((1, 1, 1), (1970, 1, 1), (9999, 12, 31)));
        assert_eq!((day_of(1900, 2, 29), day_of(2000, 2, 30), day_of(0, 12, 31)), (None, None, None));
    }
}
