//! The table of kinds for its readers: `open-runtime event --columns` prints it, and `make docs` makes a page of that.
//!
//! A template is shown by its first alternative, with each member in braces, whole: `{a!s3:}` and `{a<:}` become `{a}`.

use super::kinds::{Column, KINDS, Kind, Records};

/// Returns a row for each row of the table: the kind, its type, its source, its subject, and what a call of the handler is for,
/// `event` or `record`. A subject may be empty.
pub fn rows() -> impl Iterator<Item = [String; 5]> {
    KINDS.iter().map(row)
}

fn row(kind: &Kind) -> [String; 5] {
    let calls = if kind.records == Records::None { "event" } else { "record" };
    let [event_type, source, subject] =
        [Column::Type, Column::Source, Column::Subject].map(|column| readable(kind.column(column)));
    let own = || "its own".to_owned();
    let [event_type, source, subject] = if event_type.is_empty() {
        [own(), own(), own()]
    } else {
        [format!("com.amazonaws.{event_type}"), or_function(source), subject]
    };
    [kind.name().to_owned(), event_type, source, subject, calls.to_owned()]
}

fn or_function(source: String) -> String {
    if source.is_empty() { "the function's ARN".to_owned() } else { source }
}

fn readable(template: &str) -> String {
    let first = template.split('|').next().unwrap_or_default();
    let parts = first.split(['{', '}']).enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { part.to_owned() } else { member(part) }).collect()
}

/// What is in braces. Names in capitals stand for texts that are no member of the event.
fn member(braces: &str) -> String {
    let path = braces.split(',').next().unwrap_or_default().trim_start_matches('^');
    match path {
        "@P" => "aws".to_owned(),
        "@R" => "REGION".to_owned(),
        "@A" => "ACCOUNT".to_owned(),
        "@onlyref" => "REF".to_owned(),
        "eventID<:" => "SHARD".to_owned(),
        _ if path.ends_with("#3") => "REGION".to_owned(), // of an ARN
        "@key" | "@broker" | "@operation" => path.trim_start_matches('@').to_uppercase(),
        _ => format!("{{{}}}", path.split(['!', '<']).next().unwrap_or_default().replace(['>', '/'], ".")),
    }
}
