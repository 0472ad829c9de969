//! The mapping of an event to CloudEvents, and the answer that is made of their outcomes.
//!
//! Input: a line of words, then the event. Of the words, `raw wrap unwrap batch report turned` are switches. The others are the
//! outcomes of the calls, in turn: `bad`, `late`, or a response.

use open_runtime::cloudevents::{Answer, Batch, CallOutcome, EventFacts, Options, json, map};

use crate::input::{is_json, words_and_rest};

/// The facts of the invocation.
pub const INVOCATION: EventFacts<'static> = EventFacts {
    request_id: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    function_arn: "arn:aws:lambda:us-east-1:123456789012:function:my-function",
    trace_id: Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"),
    received_ms: 1_700_000_000_123,
};

const SWITCHES: [&[u8]; 6] = [b"raw", b"wrap", b"unwrap", b"batch", b"report", b"turned"];

/// JSON is mapped to JSON, and anything else is refused. The answer is JSON, and never reports a failure as a success.
pub fn run(input: &[u8]) {
    let (words, event) = words_and_rest(input);
    let has = |word: &[u8]| words.contains(&word);
    let options = Options {
        raw: has(b"raw"),
        wrap: has(b"wrap"),
        unwrap: has(b"unwrap"),
        batch: has(b"batch"),
        report: has(b"report"),
    };
    let is_empty = event.iter().all(|byte| b" \t\n\r".contains(byte));
    assert_eq!(json::validate(event).is_ok(), is_json(event));
    let Ok(mapping) = map(event, &INVOCATION, &options) else {
        assert!(!is_json(event) && !is_empty);
        return;
    };
    assert!(is_json(event) || is_empty);
    assert!(mapping.events().all(|event| is_json(&event.parts().concat())));
    let mut text = Vec::new();
    mapping.append_to(&mut text);
    assert!(is_json(&text));
    let turned = turned(&text);
    let changed = if has(b"turned") { Some(&*turned) } else { options.batch.then_some(&*text) };
    let outcomes: Vec<&[u8]> = words.iter().copied().filter(|word| !SWITCHES.contains(word)).collect();
    answer(&Batch::new(&mapping, changed, &options), &outcomes);
}

/// The array with its elements in reverse order. Any other JSON is unchanged.
fn turned(text: &[u8]) -> Vec<u8> {
    let document = json::Document::parse(text).expect("it is JSON");
    let mut elements: Vec<&[u8]> = document.root().elements().map(json::Value::raw).collect();
    elements.reverse();
    if text.trim_ascii_start().starts_with(b"[") {
        [b"[", &*elements.join(&b','), b"]"].concat()
    } else {
        text.to_vec()
    }
}

fn answer(batch: &Batch<'_>, words: &[&[u8]]) {
    let outcome = |word: &&[u8]| match *word {
        b"bad" => Some(Err(())),
        b"late" => None,
        _ => Some(Ok(&b"null"[..])),
    };
    let words = if words.is_empty() { &[&b"null"[..]] } else { words };
    let outcomes: Vec<CallOutcome<&[u8], ()>> = words.iter().cycle().take(batch.events().len()).map(outcome).collect();
    let has_failed = outcomes.iter().any(|outcome| !matches!(outcome, Some(Ok(_))));
    let report = batch.report(&outcomes);
    assert!(has_failed || report.is_none());
    if let Some(report) = report {
        assert!(is_json(&report) && report.starts_with(br#"{"batchItemFailures":[{"itemIdentifier":"#));
    }
    match batch.answer(outcomes) {
        Answer::AsIs(response) => assert!(!has_failed && response == b"null"),
        Answer::Made(text) => assert!(!has_failed && is_json(&text)),
        Answer::Failed(failure, _) => assert!(has_failed && failure.failed + failure.not_reached > 0),
    }
}
