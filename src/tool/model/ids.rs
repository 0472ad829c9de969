//! Identifiers in Lambda's forms.

use super::function::VERSION;
use super::time::{civil_date, now_ms};
use crate::os::sys;
use std::cell::RefCell;

/// The kernel is asked for so many random bytes at once, which it gives in one piece.
const STOCK: usize = 256;

thread_local! {
    /// Random bytes, and how many of them have been used.
    static RANDOM: RefCell<([u8; STOCK], usize)> = const { RefCell::new(([0; STOCK], STOCK)) };
}

/// Random bytes, at most 256, from the kernel.
fn random<const BYTES: usize>() -> [u8; BYTES] {
    RANDOM.with_borrow_mut(|(stock, used)| {
        if *used + BYTES > STOCK {
            sys::random(stock);
            *used = 0;
        }
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(&stock[*used..*used + BYTES]);
        *used += BYTES;
        bytes
    })
}

/// Random lower-case hexadecimal digits, two for each byte.
pub fn hex<const BYTES: usize>() -> String {
    to_hex(&random::<BYTES>())
}

pub fn to_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
    }
    text
}

/// A random UUID, for a request id or for the identifier of an extension.
pub fn uuid() -> String {
    let mut bytes = random::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = to_hex(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

pub fn is_uuid(text: &str) -> bool {
    let is_dash = |at| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, byte): (usize, u8)| {
        if is_dash(at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// An X-Ray trace header that is not sampled.
///
/// Source: <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>
pub fn trace_id() -> String {
    let (seconds, random) = (now_ms() / 1000, hex::<20>());
    let (trace, parent) = random.split_at(24);
    format!("Root=1-{seconds:08x}-{trace};Parent={parent};Sampled=0")
}

/// A new name for a log stream, in Lambda's form, with today's date. Each execution environment has its own.
pub fn log_stream() -> String {
    let days = now_ms() / 86_400_000;
    let (year, month, day) = civil_date(days);
    format!("{year:04}/{month:02}/{day:02}/[{VERSION}]{}", hex::<16>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_uuid_has_its_form_and_is_new() {
        assert!(is_uuid(&uuid()));
        let many: HashSet<String> = (0..1000).map(|_| uuid()).collect();
        assert_eq!(many.len(), 1000);
        assert!(!is_uuid("nonsense"));
    }

    #[test]
    fn a_trace_header_has_xrays_form() {
        let id = trace_id();
        assert!(id.starts_with("Root=1-") && id.ends_with(";Sampled=0"));
        assert_eq!(id.len(), "Root=1-01234567-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0".len());
    }
}
