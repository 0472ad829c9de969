//! Takes secrets out of records. What it finds, and what it cannot find, is in docs/regression-tests.md.
//!
//! A secret becomes `[redacted]`, or `[redacted:NAME]` if it is the value of the function's environment variable NAME.

use super::json_text::{self, Token, tokens};
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::{Captures, Regex};
use serde::de::IgnoredAny;

/// What stands in place of a secret.
pub const MARK: &str = "[redacted]";

/// The value of a member, header, cookie, parameter or variable is secret if its name ends like this. Names are compared
/// in small letters, without anything but letters and digits, and with or without an `s` at the end.
const SECRET_ENDS: [&str; 16] = [
    "accesskey",
    "accesskeyid",
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "secretstring",
    "signature",
    "signingkey",
    "token",
];

/// Names of environment variables may end like this, too.
const SECRET_VARIABLE_ENDS: [&str; 3] = ["connectionstring", "dsn", "key"];

/// The value of a variable that is shorter than this is not looked for: it may be anything.
const MIN_VALUE: usize = 6;

/// JSON in a string in JSON …: so deep.
const MAX_NESTING: usize = 4;

/// What is secret by its form.
const PATTERNS: [&str; 7] = [
    // an access key id and a session token of AWS
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"\bIQoJb3JpZ2lu[A-Za-z0-9+/=_%-]{60,}",
    // a JSON Web Token, a private key
    r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
    // tokens of GitHub, Stripe, Slack
    r"\bgh[opsur]_[A-Za-z0-9]{36,}\b",
    r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}\b",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
];

/// `name=value`, `name: value`, `"name": "value"` in the middle of a text.
const ASSIGNMENT: &str = r#"([A-Za-z0-9_.-]+)(["']?\s*[=:]\s*)((?i:(?:Bearer|Basic|Token|Digest)\s+)?)("[^"\r\n]*"|'[^'\r\n]*'|[^\s&;,"'<>{}]+)"#;

/// The password of `scheme://user:password@host`.
const URL_PASSWORD: &str = r"(://[^/\s:@]*:)([^/\s@]+)(@)";

/// The parameters of a cookie that are not its value.
const COOKIE_ATTRIBUTES: [&str; 5] = ["domain", "expires", "max-age", "path", "samesite"];

/// Knows what is secret.
pub struct Redaction {
    /// Names that the user gave, in the form in which names are compared.
    names: Vec<String>,
    /// Finds secret values. Of two at the same place the longer one is found.
    values: AhoCorasick,
    /// The mark for each value.
    marks: Vec<String>,
    patterns: Regex,
    assignment: Regex,
    url_password: Regex,
}

impl Redaction {
    /// Finds what is secret by itself, values of members with these names, and those of these environment variables whose
    /// names are secret.
    pub fn new<'a>(names: &[String], variables: impl Iterator<Item = (&'a str, &'a str)>) -> Redaction {
        let names: Vec<String> = names.iter().map(|name| squashed(name)).collect();
        let is_secret = |name: &str| names.contains(&squashed(name)) || is_secret_variable(name);
        let secrets = variables.filter(|(name, _)| is_secret(name));
        let (values, marks): (Vec<_>, Vec<_>) = secrets.flat_map(|(name, value)| marked(name, value)).unzip();
        let values = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(values);
        let values = values.expect("the kernel limits the environment to a few MB");
        let regex = |pattern: &str| Regex::new(pattern).expect("a constant pattern is valid");
        let (assignment, url_password) = (regex(ASSIGNMENT), regex(URL_PASSWORD));
        Redaction { names, values, marks, patterns: regex(&PATTERNS.join("|")), assignment, url_password }
    }

    /// JSON without secrets. It takes JSON only.
    pub fn json(&self, json: &str) -> String {
        self.nested_json(json, 0)
    }

    fn nested_json(&self, json: &str, nesting: usize) -> String {
        let mut walk = Walk { redaction: self, nesting, out: String::with_capacity(json.len()), levels: Vec::new() };
        let mut name = None;
        for token in tokens(json) {
            walk.take(token, &mut name);
        }
        walk.out
    }

    fn is_secret(&self, name: &str) -> bool {
        let name = squashed(name);
        self.names.contains(&name) || ends_like(&name, &SECRET_ENDS)
    }

    /// A text without secrets. None: it has none.
    fn text(&self, text: &str, nesting: usize) -> Option<String> {
        if nesting < MAX_NESTING && is_json(text) {
            let redacted = self.nested_json(text, nesting + 1);
            return (redacted != json_text::compact(text)).then_some(redacted);
        }
        if let Some(redacted) = self.base64(text, nesting) {
            return Some(redacted);
        }
        let without_values = self.without_values(text);
        let assigned = self.assignment.replace_all(&without_values, |found: &Captures<'_>| self.assigned(found));
        let urls = self.url_password.replace_all(&assigned, |found: &Captures<'_>| {
            let password = if found[2].starts_with("[redacted") { &found[2] } else { MARK };
            format!("{}{password}{}", &found[1], &found[3])
        });
        let all = self.patterns.replace_all(&urls, MARK);
        (all != text).then(|| all.into_owned())
    }

    /// Base64 of a text or of bytes with secrets. None: it is not base64, or has none.
    fn base64(&self, text: &str, nesting: usize) -> Option<String> {
        if nesting >= MAX_NESTING || text.len() < 8 || !text.len().is_multiple_of(4) {
            return None;
        }
        let bytes = STANDARD.decode(text).ok()?;
        let redacted = match String::from_utf8(bytes) {
            Ok(text) => self.text(&text, nesting + 1)?.into_bytes(),
            Err(error) => self.bytes(error.as_bytes())?,
        };
        Some(STANDARD.encode(redacted))
    }

    /// Bytes without the values of variables. None: they have none.
    fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.values.is_match(bytes).then(|| self.values.replace_all_bytes(bytes, &self.marks))
    }

    fn without_values(&self, text: &str) -> String {
        self.values.replace_all(text, &self.marks)
    }

    /// The name of a member without secrets. None: it has none.
    fn name(&self, name: &str) -> Option<String> {
        let without_values = self.without_values(name);
        let redacted = self.patterns.replace_all(&without_values, MARK);
        (redacted != name).then(|| redacted.into_owned())
    }

    /// What stands in place of `name=value`.
    fn assigned(&self, found: &Captures<'_>) -> String {
        let [name, between, scheme, value] = [1, 2, 3, 4].map(|at| &found[at]);
        let bare = value.trim_matches(['"', '\'']);
        if bare.is_empty() || bare.starts_with("[redacted") || is_literal(bare) || !self.is_secret(name) {
            return found[0].to_owned();
        }
        let quote =
            value.chars().next().filter(|first| matches!(first, '"' | '\'')).map_or(String::new(), String::from);
        format!("{name}{between}{scheme}{quote}{MARK}{quote}")
    }

    /// The text of a member with a secret name.
    fn secret(&self, name: &str, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let without_values = self.without_values(text);
        let bare = without_values.split_once(' ').map_or(without_values.as_str(), |(scheme, rest)| {
            if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) { rest } else { &without_values }
        });
        if bare.starts_with("[redacted") && bare.find(']') == Some(bare.len() - 1) {
            return without_values;
        }
        if ends_like(&squashed(name), &["cookie"]) { without_cookies(text) } else { MARK.to_owned() }
    }
}

/// Passes through JSON, and writes it without secrets.
struct Walk<'a> {
    redaction: &'a Redaction,
    nesting: usize,
    out: String,
    levels: Vec<Level>,
}

/// An object or an array.
#[derive(Clone, Default)]
struct Level {
    /// All of it is the value of a member with this secret name.
    secret: Option<String>,
    /// Its member `name` or `key` is a secret name: then its `value` is secret.
    names: Option<String>,
}

impl Walk<'_> {
    /// `name` is the name of the member whose value comes next.
    fn take(&mut self, token: Token<'_>, name: &mut Option<String>) {
        match token {
            Token::Name(text) => {
                let plain = json_text::unquoted(text);
                let redacted = self.redaction.name(&plain).map(|name| json_text::quoted(&name));
                self.out.push_str(redacted.as_deref().unwrap_or(text));
                *name = Some(plain);
            }
            Token::Colon | Token::Comma => json_text::push(&mut self.out, token),
            Token::Open(_) => {
                let secret = self.secret_name(name.take().as_deref());
                self.levels.push(Level { secret, names: None });
                json_text::push(&mut self.out, token);
            }
            Token::Close(_) => {
                self.levels.pop();
                json_text::push(&mut self.out, token);
            }
            Token::Text(quoted) => self.text(quoted, name.take().as_deref()),
            Token::Scalar(text) => match self.secret_name(name.take().as_deref()) {
                Some(_) if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                    self.out.push_str(&json_text::quoted(MARK));
                }
                _ => json_text::push(&mut self.out, token),
            },
        }
    }

    /// Why a value is secret: the name of the member that it is, or is in.
    fn secret_name(&self, name: Option<&str>) -> Option<String> {
        let level = self.levels.last();
        let of_level = || level.and_then(|level| level.secret.clone());
        let of_pair = || match name {
            Some("value" | "Value" | "values") => level.and_then(|level| level.names.clone()),
            _ => None,
        };
        let own = name.filter(|name| self.redaction.is_secret(name)).map(str::to_owned);
        own.or_else(of_level).or_else(of_pair)
    }

    fn text(&mut self, quoted: &str, name: Option<&str>) {
        let text = json_text::unquoted(quoted);
        if let (Some("name" | "key" | "Name" | "Key"), Some(level)) = (name, self.levels.last_mut()) {
            level.names = Some(text.clone()).filter(|name| self.redaction.is_secret(name));
        }
        let redacted = match self.secret_name(name) {
            Some(name) => Some(self.redaction.secret(&name, &text)),
            None => self.redaction.text(&text, self.nesting),
        };
        match redacted {
            Some(redacted) => self.out.push_str(&json_text::quoted(&redacted)),
            None => self.out.push_str(quoted),
        }
    }
}

/// Small letters and digits.
fn squashed(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|each| each.to_ascii_lowercase()).collect()
}

fn ends_like(squashed: &str, ends: &[&str]) -> bool {
    let singular = squashed.strip_suffix('s').unwrap_or(squashed);
    ends.iter().any(|end| squashed.ends_with(end) || singular.ends_with(end))
}

fn is_secret_variable(name: &str) -> bool {
    let name = squashed(name);
    ends_like(&name, &SECRET_ENDS) || ends_like(&name, &SECRET_VARIABLE_ENDS)
}

/// A secret value and its lines, which the log shows one by one, with the mark for it.
fn marked(name: &str, value: &str) -> Vec<(String, String)> {
    let mark = format!("[redacted:{name}]");
    let lines = value.lines().filter(|line| *line != value);
    let all = std::iter::once(value).chain(lines).filter(|part| part.len() >= MIN_VALUE);
    all.map(|part| (part.to_owned(), mark.clone())).collect()
}

fn is_literal(value: &str) -> bool {
    matches!(value, "null" | "true" | "false" | "None" | "nil" | "undefined" | "True" | "False")
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// A cookie's header or the line of one, with names and attributes.
fn without_cookies(text: &str) -> String {
    let pairs = text.split(';').map(|pair| match pair.split_once('=') {
        Some((name, _)) if !COOKIE_ATTRIBUTES.contains(&name.trim().to_ascii_lowercase().as_str()) => {
            format!("{name}={MARK}")
        }
        Some(_) => pair.to_owned(),
        None if matches!(pair.trim().to_ascii_lowercase().as_str(), "secure" | "httponly" | "partitioned") => {
            pair.to_owned()
        }
        None => MARK.to_owned(),
    });
    pairs.collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn redaction() -> Redaction {
        let variables = [("API_KEY", "k-123456789"), ("TABLE", "orders-table"), ("PEM", "x"), ("SHORT_KEY", "abc")];
        Redaction::new(&["pin".to_owned()], variables.into_iter())
    }

    fn redacted(value: Value) -> Value {
        serde_json::from_str(&redaction().json(&value.to_string())).unwrap()
    }

    #[test]
    fn values_of_secret_names_are_taken_out() {
        let event = json!({
            "headers": {"Authorization": "Bearer abc", "X-Api-Key": "abc", "x-amz-security-token": "t", "Accept": "*/*"},
            "dbPassword": 12345, "client_secret": {"a": ["x", 1, true, null, ""]}, "tokenCount": 3, "PIN": "1", "pinned": "1",
        });
        let expected = json!({
            "headers": {"Authorization": MARK, "X-Api-Key": MARK, "x-amz-security-token": MARK, "Accept": "*/*"},
            "dbPassword": MARK, "client_secret": {"a": [MARK, MARK, true, null, ""]}, "tokenCount": 3, "PIN": MARK, "pinned": "1",
        });
        assert_eq!(redacted(event), expected);
    }

    #[test]
    fn pairs_of_name_and_value_are_known() {
        let event = json!({"h": [{"name": "password", "value": "x"}, {"name": "color", "value": "red"}],
            "cf": {"authorization": [{"key": "Authorization", "value": "Basic x"}]}});
        let got = redacted(event);
        assert_eq!(got["h"], json!([{"name": "password", "value": MARK}, {"name": "color", "value": "red"}]));
        assert_eq!(got["cf"]["authorization"][0]["value"], MARK);
    }

    #[test]
    fn cookies_keep_their_names() {
        let event = json!({"cookies": ["a=b", "c=d=e"], "Set-Cookie": "id=1; Path=/; HttpOnly"});
        let expected =
            json!({"cookies": ["a=[redacted]", "c=[redacted]"], "Set-Cookie": "id=[redacted]; Path=/; HttpOnly"});
        assert_eq!(redacted(event), expected);
    }

    #[test]
    fn values_of_secret_variables_are_taken_out_wherever_they_are() {
        let event = json!({"url": "https://h/?q=k-123456789&t=orders-table", "authorization": "Bearer k-123456789", "abc": "abc",
            "raw": STANDARD.encode(b"\xff k-123456789")});
        let got = redacted(event);
        assert_eq!(got["url"], "https://h/?q=[redacted:API_KEY]&t=orders-table");
        assert_eq!((&got["authorization"], &got["abc"]), (&json!("Bearer [redacted:API_KEY]"), &json!("abc")));
        assert_eq!(STANDARD.decode(got["raw"].as_str().unwrap()).unwrap(), b"\xff [redacted:API_KEY]");
    }

    #[test]
    fn names_of_members_may_be_secret_and_marks_are_not_read_again() {
        assert_eq!(
            redacted(json!({"k-123456789": 1, "AKIAIOSFODNN7EXAMPLE": 2})),
            json!({"[redacted:API_KEY]": 1, "[redacted]": 2})
        );
        let variables = [("MY_TOKEN", "redacted"), ("YOUR_TOKEN", "a redacted text")];
        let redaction = Redaction::new(&[], variables.into_iter());
        assert_eq!(redaction.without_values("a redacted text, redacted"), "[redacted:YOUR_TOKEN], [redacted:MY_TOKEN]");
        let bytes = redaction.bytes(b"\xff redacted").unwrap();
        assert_eq!(bytes, b"\xff [redacted:MY_TOKEN]");
    }

    #[test]
    fn a_hostile_text_is_read_once() {
        let parts = [
            "a",
            "a.",
            "\"",
            "password=",
            "password: '",
            "eyJa.",
            "eyJaaaaaaaaa.eyJaaaaaaaaa.",
            "://a:",
            "-----BEGIN PRIVATE KEY-----",
            "[redacted",
            "AKIA",
            "=",
        ];
        for part in parts {
            let cost_of = |bytes: usize| {
                let text = Value::from(part.repeat(bytes / part.len())).to_string();
                let cost = || {
                    let before = own_processor_ns();
                    redaction().json(&text);
                    own_processor_ns() - before
                };
                cost().min(cost())
            };
            let (once, twice) = (cost_of(250_000), cost_of(500_000));
            assert!(twice < 3 * once, "{part}: {once} ns, and {twice} ns for the double"); // 4 times if it grew with the square
        }
    }

    /// How long this thread has run: what others do meanwhile does not count.
    fn own_processor_ns() -> u64 {
        let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        told.split(' ').next().unwrap().parse().unwrap()
    }

    #[test]
    fn a_body_may_be_json_or_base64_or_a_form() {
        let body = json!({"user": "a", "password": "b"}).to_string();
        let got = redacted(
            json!({"a": body, "b": STANDARD.encode(&body), "c": "user=a&password=b&x=1", "d": "{\"a\": [ 1 ]}"}),
        );
        let without = json!({"user": "a", "password": MARK}).to_string();
        assert_eq!((&got["a"], &got["b"]), (&json!(without), &json!(STANDARD.encode(&without))));
        assert_eq!((&got["c"], &got["d"]), (&json!("user=a&password=[redacted]&x=1"), &json!("{\"a\": [ 1 ]}")));
    }

    #[test]
    fn lines_of_a_log_are_read() {
        let log = [
            ("password: 'a b' ok", "password: '[redacted]' ok"),
            ("{'token': 'abc', 'n': 1}", "{'token': '[redacted]', 'n': 1}"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
            ("postgres://me:pass@host/db", "postgres://me:[redacted]@host/db"),
            ("key AKIAIOSFODNN7EXAMPLE used", "key [redacted] used"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", MARK),
            ("token=null; token = None", "token=null; token = None"),
            ("at 12:30:00 tokens: many", "at 12:30:00 tokens: [redacted]"),
        ];
        for (line, expected) in log {
            assert_eq!(redacted(json!([line])), json!([expected]));
        }
    }

    #[test]
    fn what_is_no_secret_stays_as_it_came() {
        let json = r#"{"b": 1.0e+9,"a":"\u00e4","a":["AKIA","x=1","\ud800"],"deep":[[[[]]]]}"#;
        assert_eq!(redaction().json(json), json.replace(": ", ":"));
        let deep = "[".repeat(50_000) + &"]".repeat(50_000);
        assert_eq!(redaction().json(&deep), deep);
    }
}
