//! JSON as text: its tokens, and how a file of it is laid out. Numbers, names that come twice and the order of members
//! stay as they came, at any depth.

/// A token. Names and texts have their quotation marks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    /// `{` or `[`.
    Open(char),
    /// `}` or `]`.
    Close(char),
    Comma,
    Colon,
    Name(&'a str),
    Text(&'a str),
    /// A number, true, false or null.
    Scalar(&'a str),
}

/// Beyond this depth lines are not indented further: a deep event would be written as spaces only.
const MAX_INDENT: usize = 40;

/// The tokens of a text that is known to be JSON.
pub fn tokens(json: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = json.trim_start();
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = match first {
            '"' => string_length(rest),
            '{' | '[' | '}' | ']' | ',' | ':' => 1,
            _ => rest.find([',', '}', ']', ' ', '\t', '\r', '\n']).unwrap_or(rest.len()).max(first.len_utf8()),
        };
        let (token, after) = rest.split_at(length);
        rest = after.trim_start();
        Some(match first {
            '{' | '[' => Token::Open(first),
            '}' | ']' => Token::Close(first),
            ',' => Token::Comma,
            ':' => Token::Colon,
            '"' if rest.starts_with(':') => Token::Name(token),
            '"' => Token::Text(token),
            _ => Token::Scalar(token),
        })
    })
}

/// The length of the string with which the text begins, with both quotation marks.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !is_escaped => return at + 1,
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

/// The text of a string.
pub fn unquoted(string: &str) -> String {
    serde_json::from_str(string).unwrap_or_else(|_| string.to_owned()) // a lone surrogate is no text
}

/// A string of JSON with this text.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The same JSON with a line for each member and element, indented by two spaces. Takes JSON only.
pub fn pretty(json: &str) -> String {
    let (mut out, mut depth, mut before) = (String::with_capacity(json.len() * 2), 0_usize, None);
    for token in tokens(json) {
        if let Token::Close(_) = token {
            depth = depth.saturating_sub(1);
        }
        let is_empty = matches!((before, token), (Some(Token::Open(_)), Token::Close(_)));
        let begins = matches!(before, Some(Token::Open(_) | Token::Comma)) || matches!(token, Token::Close(_));
        if begins && !is_empty {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth.min(MAX_INDENT)));
        }
        push(&mut out, token);
        if token == Token::Colon {
            out.push(' ');
        }
        if let Token::Open(_) = token {
            depth += 1;
        }
        before = Some(token);
    }
    out
}

/// The same JSON without white space between its tokens. Takes JSON only.
pub fn compact(json: &str) -> String {
    tokens(json).fold(String::with_capacity(json.len()), |mut out, token| {
        push(&mut out, token);
        out
    })
}

/// Appends a token.
pub fn push(out: &mut String, token: Token<'_>) {
    match token {
        Token::Open(bracket) | Token::Close(bracket) => out.push(bracket),
        Token::Comma => out.push(','),
        Token::Colon => out.push(':'),
        Token::Name(text) | Token::Text(text) | Token::Scalar(text) => out.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_keeps_numbers_order_and_names() {
        let json = r#" {"b":1.0e+9,"a":[ ],"a":{"x":[12345678901234567890123,"\\\"]{"]},"":{}} "#;
        let expected = "{\n  \"b\": 1.0e+9,\n  \"a\": [],\n  \"a\": {\n    \"x\": [\n      12345678901234567890123,\n      \"\\\\\\\"]{\"\n    ]\n  },\n  \"\": {}\n}";
        assert_eq!(pretty(json), expected);
        assert_eq!(pretty("null"), "null");
        assert_eq!(compact(&pretty(json)), json.replace(' ', ""));
    }

    #[test]
    fn a_deep_event_does_not_become_spaces() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(pretty(&deep).len() < deep.len() * (MAX_INDENT * 2 + 2));
    }

    #[test]
    fn what_is_not_json_ends_all_the_same() {
        for broken in ["\"abc", "\"\\", "{\"a", "ä", "]]", "\u{a0}"] {
            assert!(tokens(broken).count() <= broken.len());
        }
    }
}
