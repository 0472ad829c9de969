//! URI-references and percent-coding, compared with iri-string and percent-encoding.
//!
//! Input: the text.

use iri_string::types::{UriReferenceStr, UriStr};
use open_runtime::cloudevents::formats::uri::{append_reference, is_reference};
use open_runtime::cloudevents::{percent_decoded, percent_encoded};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};

/// The characters that the HTTP binding of CloudEvents encodes in addition to control characters and non-ASCII.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// A text becomes a URI-reference that decodes to the text, and a URI-reference is unchanged.
pub fn run(text: &[u8]) {
    let mut reference = Vec::new();
    append_reference(text, &mut reference);
    let written = std::str::from_utf8(&reference).expect("ASCII");
    assert!(UriReferenceStr::new(written).is_ok(), "{written}");
    assert!(percent_decode(&reference).eq(percent_decode(text)), "{written}");
    let given = std::str::from_utf8(text).unwrap_or(" ");
    let is_plain = !text.is_empty() && !text.contains(&b'['); // bootstrap accepts no IPv6 addresses
    assert_eq!(is_reference(text, false), is_plain && UriReferenceStr::new(given).is_ok(), "{given}");
    assert_eq!(is_reference(text, true), is_plain && UriStr::new(given).is_ok(), "{given}");
    assert_eq!(percent_encoded(text), percent_encode(text, ENCODED).to_string().into_bytes());
    assert_eq!(percent_decoded(&percent_encoded(text)), text);
    if !text.starts_with(b"\"") {
        assert!(percent_decode(text).eq(percent_decoded(text)));
    }
}
