//! Remote debugging: which debugger an event asks for, and whether `SLSDEBUG` permits it. The language runtime connects to it;
//! the call's context says where it is.
//!
//! A debugger may run any code in the handler, so an event gets one only if the environment variable permits it.

use std::fmt;

/// The debuggers that `SLSDEBUG` permits: hosts and ports, either of which may be `*`. None if it is not set.
#[derive(Debug, Default)]
pub struct Permitted(Vec<String>);

/// The debugger that the language runtime is to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name or an address, without brackets. It holds nothing that JSON would escape.
    pub host: String,
    pub port: u16,
    /// `/break` was added: the handler stops at its first line.
    pub stops_at_first_line: bool,
}

/// Why an event that asks for a debugger does not get one. It does not quote the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `SLSDEBUG` is not set.
    Off,
    /// The value does not have the form of a target.
    Malformed,
    /// `SLSDEBUG` does not list the target.
    NotPermitted,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event asks for a debugger, and goes on without one: ")?;
        f.write_str(match self {
            Refusal::Off => "SLSDEBUG is not set",
            Refusal::Malformed => "what it names is not \"host:port\"",
            Refusal::NotPermitted => "SLSDEBUG does not list the host and port that it names",
        })
    }
}

impl Permitted {
    /// Takes the items of `SLSDEBUG`: `host:port`, `host:*`, or `*`.
    ///
    /// # Errors
    /// The item that is invalid.
    pub fn new(items: Vec<String>) -> Result<Permitted, String> {
        let is_valid =
            |item: &str| item == "*" || split(item).is_some_and(|(_, port)| port == "*" || number(port).is_some());
        match items.iter().find(|item| !is_valid(item)) {
            Some(item) => Err(item.clone()),
            None => Ok(Permitted(items)),
        }
    }

    /// Whether every host is permitted.
    pub fn is_unlimited(&self) -> bool {
        self.0.iter().any(|item| item.starts_with('*'))
    }

    /// The target that this JSON value of an event names.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check(&self, value: &[u8]) -> Result<Target, Refusal> {
        if self.0.is_empty() {
            return Err(Refusal::Off);
        }
        let text = std::str::from_utf8(value).ok().and_then(|value| value.strip_prefix('"')?.strip_suffix('"'));
        let target = text.and_then(Target::parse).ok_or(Refusal::Malformed)?;
        if self.0.iter().any(|item| target.is_listed(item)) { Ok(target) } else { Err(Refusal::NotPermitted) }
    }
}

impl Target {
    /// Reads `host:port`, or `host:port/break`.
    pub fn parse(text: &str) -> Option<Target> {
        let (address, stops_at_first_line) = match text.strip_suffix("/break") {
            Some(address) => (address, true),
            None => (text, false),
        };
        let (host, port) = split(address).filter(|(host, _)| *host != "*")?;
        Some(Target { host: host.to_owned(), port: number(port)?, stops_at_first_line })
    }

    fn is_listed(&self, item: &str) -> bool {
        let (host, port) = split(item).unwrap_or(("*", "*"));
        (host == "*" || host.eq_ignore_ascii_case(&self.host)) && (port == "*" || number(port) == Some(self.port))
    }
}

/// A host and a port. An IPv6 address is in brackets.
fn split(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_in = |host: &str, more: &[u8]| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    match bare {
        Some(address) => is_in(address, b":.").then_some((address, port)),
        None => (host == "*" || is_in(host, b"-._")).then_some((host, port)),
    }
}

fn number(port: &str) -> Option<u16> {
    let is_digits = port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|port| *port > 0 && is_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted(list: &str) -> Permitted {
        Permitted::new(list.split(',').map(str::to_owned).collect()).unwrap()
    }

    #[test]
    fn what_is_listed_is_permitted_and_nothing_else() {
        for (list, value, expected) in [
            ("1.1.1.1:4444", r#""1.1.1.1:4444""#, true),
            ("1.1.1.1:4444", r#""1.1.1.1:4445""#, false),
            ("1.1.1.1:4444", r#""11.1.1.1:4444""#, false),
            ("1.1.1.1:4444,debug.example.com:*", r#""Debug.Example.com:1""#, true),
            ("debug.example.com:*", r#""x.debug.example.com:1""#, false),
            ("[::1]:9", r#""[::1]:9""#, true),
            ("*:9", r#""a:9""#, true),
            ("*:9", r#""a:8""#, false),
            ("*", r#""a:8/break""#, true),
        ] {
            let checked = permitted(list).check(value.as_bytes());
            assert_eq!(
                checked.clone().err(),
                (!expected).then_some(Refusal::NotPermitted),
                "{list} {value} {checked:?}"
            );
        }
    }

    #[test]
    fn without_a_list_nothing_is_permitted() {
        assert_eq!(Permitted::default().check(br#""1.1.1.1:4444""#), Err(Refusal::Off));
    }

    #[test]
    fn what_is_no_target_is_refused() {
        let values = [
            "3",
            "null",
            r#""""#,
            r#""a""#,
            r#""a:""#,
            r#""a:0""#,
            r#""a:65536""#,
            r#""a:+1""#,
            r#"":1""#,
            r#""*:1""#,
            r#""a b:1""#,
            r#""a\u0020:1""#,
            r#""::1:9""#,
            r#""a:1/x""#,
            r#"["a:1"]"#,
            r#""a:*""#,
        ];
        for value in values {
            assert_eq!(permitted("*").check(value.as_bytes()), Err(Refusal::Malformed), "{value}");
        }
    }

    #[test]
    fn a_target_may_ask_to_stop_at_the_first_line() {
        let target = |host: &str, stops_at_first_line| Target { host: host.to_owned(), port: 9, stops_at_first_line };
        assert_eq!(Target::parse("[::1]:9/break"), Some(target("::1", true)));
        assert_eq!(Target::parse("a.b:9"), Some(target("a.b", false)));
    }

    #[test]
    fn a_list_that_makes_no_sense_says_which_item() {
        for item in ["nonsense", "a:b", "a:99999", "on", ":1", "a/b:1"] {
            assert_eq!(Permitted::new(vec!["a:1".to_owned(), item.to_owned()]).unwrap_err(), item);
        }
        assert!(
            permitted("*").is_unlimited() && permitted("a:1,*:2").is_unlimited() && !permitted("a:*").is_unlimited()
        );
    }
}
