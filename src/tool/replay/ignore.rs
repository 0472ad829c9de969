//! Paths to the parts of a result, such as `response.items[0].id`, and patterns for those that are not compared.

/// A step from a value to a part of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Member(String),
    Element(usize),
}

/// Shows a path: `response.items[0].id`, `response.headers["x.y"]`.
pub fn show(path: &[Step]) -> String {
    path.iter().fold(String::new(), |mut text, step| {
        match step {
            Step::Element(at) => text.push_str(&format!("[{at}]")),
            Step::Member(name) if is_plain(name) => {
                text.push_str(if text.is_empty() { "" } else { "." });
                text.push_str(name);
            }
            Step::Member(name) => text.push_str(&format!("[{}]", serde_json::Value::from(name.as_str()))),
        }
        text
    })
}

/// True if a name needs no quotation marks in a path.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(|each: char| each.is_control() || " .[]*\"".contains(each))
}

/// What `--ignore` gives: a path in which `*` stands for any one member or element, and `**` for any number of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Exactly(Step),
    Any,
    AnyNumber,
}

/// Reads a pattern.
///
/// # Errors
/// What is wrong with it.
pub fn pattern(text: &str) -> Result<Pattern, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, after) = if let Some(inside) = rest.strip_prefix('[') { bracket(inside)? } else { member(rest)? };
        parts.push(part);
        rest = after;
        if let Some(next) = rest.strip_prefix('.') {
            if next.is_empty() || next.starts_with(['.', '[']) {
                return Err("a name is missing after a full stop".to_owned());
            }
            rest = next;
        }
    }
    let is_known = match parts.first() {
        Some(Part::Exactly(Step::Member(name))) => MEMBERS.contains(&name.as_str()),
        Some(Part::Any | Part::AnyNumber) => true,
        Some(Part::Exactly(Step::Element(_))) | None => false,
    };
    if is_known { Ok(Pattern(parts)) } else { Err(format!("it begins with one of {}", MEMBERS.join(", "))) }
}

/// All names of members that an answer may have: what is compared.
pub const MEMBERS: [&str; 5] = ["response", "responseText", "responseBase64", "streamed", "error"];

fn member(text: &str) -> Result<(Part, &str), String> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    match name {
        "" => Err("a name is missing".to_owned()),
        "*" => Ok((Part::Any, after)),
        "**" => Ok((Part::AnyNumber, after)),
        _ => Ok((Part::Exactly(Step::Member(name.to_owned())), after)),
    }
}

/// What is between brackets: a number, `*`, or a name in quotation marks.
fn bracket(text: &str) -> Result<(Part, &str), String> {
    let unclosed = || "a bracket is not closed".to_owned();
    if text.starts_with('"') {
        let mut names = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let name = names.next().and_then(Result::ok).ok_or("a name in brackets is not a JSON string")?;
        let after = text.get(names.byte_offset()..).and_then(|after| after.strip_prefix(']')).ok_or_else(unclosed)?;
        return Ok((Part::Exactly(Step::Member(name)), after));
    }
    let (inside, after) = text.split_once(']').ok_or_else(unclosed)?;
    let part = match inside {
        "*" => Part::Any,
        number => Part::Exactly(Step::Element(number.parse().map_err(|_| format!("[{number}] is no index"))?)),
    };
    Ok((part, after))
}

impl Pattern {
    /// True if this path, or a part of which it is a part, is ignored.
    pub fn covers(&self, path: &[Step]) -> bool {
        covers(&self.0, path)
    }
}

fn covers(parts: &[Part], path: &[Step]) -> bool {
    match (parts, path) {
        ([], _) => true,
        ([Part::AnyNumber, rest @ ..], [_, below @ ..]) => covers(rest, path) || covers(parts, below),
        ([Part::AnyNumber, rest @ ..], []) => covers(rest, path),
        ([Part::Any, rest @ ..], [_, below @ ..]) => covers(rest, below),
        ([Part::Exactly(step), rest @ ..], [first, below @ ..]) => step == first && covers(rest, below),
        ([Part::Any | Part::Exactly(_), ..], []) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> Vec<Step> {
        let member = |name: &str| Step::Member(name.to_owned());
        vec![member("response"), member("items"), Step::Element(2), member("created.at")]
    }

    #[test]
    fn a_path_is_shown_as_it_can_be_given() {
        let shown = show(&path());
        assert_eq!(shown, "response.items[2][\"created.at\"]");
        assert!(pattern(&shown).unwrap().covers(&path()));
    }

    #[test]
    fn wildcards_stand_for_steps() {
        for (text, expected) in [
            ("response", true),
            ("response.items", true),
            ("response.items[*]", true),
            ("response.*[2]", true),
            ("response.items.*.*", true),
            ("response.**[\"created.at\"]", true),
            ("**", true),
            ("**[2]", true),
            ("response.items[1]", false),
            ("response.item", false),
            ("response.*.created", false),
            ("error", false),
            ("response.items[2].*.*", false),
        ] {
            assert_eq!(pattern(text).unwrap().covers(&path()), expected, "{text}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_fit_is_refused() {
        for text in [
            "",
            "items",
            "response.",
            "response..a",
            "response[",
            "response[x]",
            "response[\"a]",
            "response.[0]",
            "[0]",
        ] {
            assert!(pattern(text).is_err(), "{text}");
        }
    }
}
