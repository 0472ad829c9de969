//! The memory that parsers allocate for large inputs.
//!
//! Input: a line with a number of bytes; then the text that is repeated until it has this many.

use std::hint::black_box;

use open_runtime::child::lines::Lines;
use open_runtime::child::protocol::Message;
use open_runtime::cloudevents::formats::{base64, uri};
use open_runtime::cloudevents::json::append_text;
use open_runtime::cloudevents::json::{Document, validate};
use open_runtime::cloudevents::{Options, map, percent_decoded};
use open_runtime::error::LambdaError;
use open_runtime::json_line::on_one_line;
use serde_json::value::RawValue;

use crate::allocations::limited;
use crate::input::{number, words_and_rest};
use crate::targets::events::INVOCATION;

/// No parser allocates more than three times its input plus 32 KiB. For the mapping, input and output count.
pub fn run(input: &[u8]) {
    let (words, unit) = words_and_rest(input);
    let count = number(&words, 0, 100_000).div_ceil(unit.len().max(1));
    let repeated = unit.repeat(count);
    let list = vec![unit; count].join(&b',');
    bytes(&repeated);
    let texts =
        [&b"["[..], b"{\"a\":[", b"{\"Records\":[", b"{"].map(|start| [start, &list, end(start).as_bytes()].concat());
    texts.iter().for_each(|text| json(text));
}

fn end(start: &[u8]) -> &'static str {
    match start {
        b"[" => "]",
        b"{" => "}",
        _ => "]}",
    }
}

fn bytes(text: &[u8]) {
    let length = text.len();
    limited("lines", length, || {
        let mut lines = Lines::default();
        text.chunks(4096).for_each(|piece| {
            lines.push(piece);
            while lines.take_next().is_some() {}
        });
    });
    limited("base64", length, || base64::decode(text));
    limited("percent-decoding", length, || percent_decoded(text));
    limited("a reference", 2 * length, || uri::is_reference(text, false)); // the result is up to three times as long
    limited("a line", length, || on_one_line(text).len());
}

fn json(json: &[u8]) {
    let length = json.len();
    let _ = limited("validating", length, || validate(json));
    if let Ok(document) = limited("JSON", length, || Document::parse(json)) {
        let root = document.root();
        limited("look-ups", length, || black_box(root.elements().count() + root.members().count()));
        limited("text", length, || append_text(root, &mut Vec::new()));
    }
    let response = [b"{\"id\":\"r#0\",\"response\":", json, b"}"].concat();
    limited("a response", length, || drop(black_box(Message::parse(&response))));
    if let Ok(error) = serde_json::from_slice::<&RawValue>(json) {
        // An error keeps a copy of its input.
        limited("an error", 2 * length, || drop(black_box(LambdaError::parse(error.get()))));
    }
    maps(json);
}

fn maps(json: &[u8]) {
    for unwrap in [false, true] {
        let options = Options { unwrap, ..Options::default() };
        let Ok(mapping) = map(json, &INVOCATION, &options) else { return };
        let written: usize = mapping.events().map(|event| event.head.len()).sum();
        limited("the mapping", json.len() + written, || map(json, &INVOCATION, &options).is_ok());
    }
}
