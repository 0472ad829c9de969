//! Reads the members of a function, and keeps a warning of each whose value is not known here.

use super::Warning;
use super::node::Node;
use super::paths;
use super::resolve::{Resolve, Unresolved};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Lambda's longest timeout.
const MAX_TIMEOUT_S: u64 = 900;
/// Lambda's largest memory.
const MAX_MEMORY_MB: u32 = 10240;
const NOT_SERVED: &str = "the function is not served";

/// A resolver, and the warnings so far.
pub struct Reader<'a> {
    resolver: &'a dyn Resolve,
    /// The project's folder.
    folder: &'a Path,
    warnings: RefCell<Vec<Warning>>,
}

impl<'a> Reader<'a> {
    pub fn new(resolver: &'a dyn Resolve, folder: &'a Path) -> Reader<'a> {
        Reader { resolver, folder, warnings: RefCell::default() }
    }

    pub fn into_warnings(self) -> Vec<Warning> {
        self.warnings.into_inner()
    }

    /// The members of a function. If several maps have one, that of the first holds.
    pub fn section<'r>(&'r self, subject: &'r str, maps: Vec<Node>) -> Section<'r> {
        Section { reader: self, subject, maps }
    }

    /// Keeps a warning. If other functions have the same, it is one with theirs.
    pub fn warn(&self, subject: &str, member: &str, value: impl ToString, why: impl Into<String>) {
        let (value, why, mut warnings) = (value.to_string(), why.into(), self.warnings.borrow_mut());
        let is_same = |other: &&mut Warning| other.member == member && other.value == value && other.why == why;
        match warnings.iter_mut().find(is_same) {
            Some(same) if same.subjects.iter().any(|other| other == subject) => {}
            Some(same) => same.subjects.push(subject.to_owned()),
            None => {
                warnings.push(Warning { subjects: vec![subject.to_owned()], member: member.to_owned(), value, why })
            }
        }
    }

    /// None if it is not there, or not known: then there is a warning, which ends with `instead`.
    pub fn value(&self, subject: &str, member: &str, node: &Node, instead: &str) -> Option<Node> {
        self.resolver.resolve(node).unwrap_or_else(|Unresolved { value, why }| {
            self.warn(subject, member, value, format!("{why}; {instead}"));
            None
        })
    }

    pub fn text(&self, subject: &str, member: &str, node: &Node, instead: &str) -> Option<String> {
        match self.value(subject, member, node, instead)? {
            Node::Text(text) => Some(text),
            Node::Null => None,
            other @ (Node::List(_) | Node::Map(_)) => {
                self.warn(subject, member, other, format!("it is not a text; {instead}"));
                None
            }
        }
    }

    /// An absolute path, with a warning if it leads out of the project's folder. None if it is not on this machine.
    pub fn path(&self, subject: &str, member: &str, path: &str, instead: &str) -> Option<PathBuf> {
        if paths::is_remote(path) {
            self.warn(subject, member, path, format!("it is not on this machine; {instead}"));
            return None;
        }
        if paths::within(path).is_none() {
            self.warn(subject, member, path, "it leads out of the project's folder, and is used");
        }
        Some(self.folder.join(path))
    }

    /// The items of a list. Those that are not known are left out, with a warning.
    pub fn items(&self, subject: &str, member: &str, node: &Node, instead: &str) -> Vec<Node> {
        match self.value(subject, member, node, instead) {
            Some(Node::List(items)) => {
                items.iter().filter_map(|item| self.value(subject, member, item, instead)).collect()
            }
            Some(Node::Null) | None => Vec::new(),
            Some(one) => vec![one],
        }
    }

    /// The members of a map whose own values are not resolved yet.
    pub fn map(&self, subject: &str, member: &str, node: &Node, instead: &str) -> Vec<(String, Node)> {
        match self.value(subject, member, node, instead) {
            Some(Node::Map(members)) => members,
            Some(Node::Null) | None => Vec::new(),
            Some(other @ (Node::Text(_) | Node::List(_))) => {
                self.warn(subject, member, other, format!("it is not a map; {instead}"));
                Vec::new()
            }
        }
    }
}

/// The members of one function, and their defaults.
pub struct Section<'r> {
    pub reader: &'r Reader<'r>,
    pub subject: &'r str,
    maps: Vec<Node>,
}

impl Section<'_> {
    pub fn get(&self, member: &str) -> Option<&Node> {
        self.maps.iter().find_map(|map| map.get(member).filter(|value| **value != Node::Null))
    }

    pub fn warn(&self, member: &str, value: impl ToString, why: impl Into<String>) {
        self.reader.warn(self.subject, member, value, why);
    }

    pub fn text(&self, member: &str, instead: &str) -> Option<String> {
        self.reader.text(self.subject, member, self.get(member)?, instead)
    }

    /// A member without which the function cannot be served.
    pub fn needed(&self, member: &str) -> Option<String> {
        let text = self.get(member).and_then(|node| self.reader.text(self.subject, member, node, NOT_SERVED));
        if text.is_none() && self.get(member).is_none() {
            self.warn(member, "none", format!("it is needed; {NOT_SERVED}"));
        }
        text
    }

    /// The timeout, in whole seconds in the file.
    pub fn timeout(&self, member: &str, default_s: u64) -> Duration {
        let instead = format!("{default_s} s are taken");
        let text = self.text(member, &instead);
        let seconds = text.as_ref().and_then(|text| text.parse().ok()).filter(|s| (1..=MAX_TIMEOUT_S).contains(s));
        if let (Some(text), None) = (&text, seconds) {
            self.warn(member, text, format!("not a number of seconds from 1 to {MAX_TIMEOUT_S}; {instead}"));
        }
        Duration::from_secs(seconds.unwrap_or(default_s))
    }

    /// The memory in MB.
    pub fn memory(&self, member: &str, default_mb: u32) -> u32 {
        let instead = format!("{default_mb} MB are taken");
        let text = self.text(member, &instead);
        let memory = text.as_ref().and_then(|text| text.parse().ok()).filter(|mb| (128..=MAX_MEMORY_MB).contains(mb));
        if let (Some(text), None) = (&text, memory) {
            self.warn(member, text, format!("not a number of MB from 128 to {MAX_MEMORY_MB}; {instead}"));
        }
        memory.unwrap_or(default_mb)
    }

    /// The environment variables: those of the last map first, so that those of the first win. `find` takes them out of a map.
    pub fn variables(&self, prefix: &str, find: impl Fn(&Node) -> Option<Node>) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = Vec::new();
        for map in self.maps.iter().rev() {
            let Some(node) = find(map) else { continue };
            for (name, value) in self.reader.map(self.subject, prefix, &node, "its variables are not set") {
                variables.retain(|(other, _)| *other != name);
                let member = format!("{prefix}.{name}");
                let instead = format!("the variable is not set, give it with --env {name}=VALUE");
                match self.reader.text(self.subject, &member, &value, &instead) {
                    Some(value) if is_variable(&name) && !value.contains('\0') => variables.push((name, value)),
                    Some(_) => self.warn(&member, "…", "not an environment variable; it is not set"),
                    None => {}
                }
            }
        }
        variables
    }
}

/// Lambda's rule: <https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html>
pub fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
