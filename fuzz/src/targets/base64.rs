//! Base64, against the crate `base64`.
//!
//! Input: bytes, which are encoded, and decoded.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use open_runtime::cloudevents::formats::base64::{decode, encode};

use crate::allocations::limited;

/// Both write the same, and read the same, with and without padding.
pub fn run(bytes: &[u8]) {
    let mut text = Vec::new();
    encode(bytes, &mut text);
    assert_eq!(text, engine(DecodePaddingMode::RequireCanonical).encode(bytes).as_bytes());
    assert_eq!(decode(&text).as_deref(), Some(bytes));
    let read = |padding| engine(padding).decode(bytes).ok();
    let expected = read(DecodePaddingMode::RequireCanonical).or_else(|| read(DecodePaddingMode::RequireNone));
    assert_eq!(limited("base64", bytes.len(), || decode(bytes)), expected);
}

/// Ignores the trailing bits that belong to no byte.
fn engine(padding: DecodePaddingMode) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(padding).with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, config)
}
