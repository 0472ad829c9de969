//! The variables of the Serverless Framework: `${self:custom.name}`, `${opt:stage, 'dev'}` …
//!
//! Source: <https://www.serverless.com/framework/docs/providers/aws/guide/variables>

use crate::model::env_file;
use crate::project::Settings;
use crate::project::node::Node;
use crate::project::resolve::Unresolved;
use crate::project::{paths, yaml};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;

/// Variables within the values of variables.
const MAX_DEPTH: usize = 24;
/// Variables of one file. A file can make them grow faster than itself.
const MAX_STEPS: usize = 50_000;
const MAX_TEXT: usize = 64 * 1024;
/// Files that are read for `${file(…)}`.
const MAX_FILES: usize = 200;

/// The service, and what its variables refer to.
pub struct Variables<'a> {
    service: &'a Node,
    settings: &'a Settings<'a>,
    dotenv: HashMap<String, String>,
    depth: Cell<usize>,
    steps: Cell<usize>,
    files: Cell<usize>,
}

type Found = Result<Option<Node>, Unresolved>;

impl<'a> Variables<'a> {
    pub fn new(service: &'a Node, settings: &'a Settings<'a>) -> Variables<'a> {
        let (depth, steps, files) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let mut variables = Variables { service, settings, dotenv: HashMap::new(), depth, steps, files };
        variables.dotenv = variables.dotenv();
        variables
    }

    /// The variables of `.env.STAGE` and `.env`, if the framework reads them: version 4, or `useDotenv`.
    fn dotenv(&self) -> HashMap<String, String> {
        let version = self.service.get("frameworkVersion").and_then(Node::as_text).unwrap_or_default();
        let is_version_4 = version.trim_start_matches(['^', '~', '=', '>', ' ']).starts_with('4');
        if !is_version_4 && self.service.get("useDotenv").and_then(Node::as_bool) != Some(true) {
            return HashMap::new();
        }
        let text = |name: String| (self.settings.read)(Path::new(&name)).ok().flatten();
        let files = [".env".to_owned(), format!(".env.{}", self.stage())].map(text);
        let entries = files.into_iter().flatten().filter_map(|text| env_file::parse(&text).ok()).flatten();
        entries.filter_map(|entry| Some((entry.name, entry.value?))).collect()
    }

    /// The value of a text with variables. Anything else is returned as it is, with what it contains. None: there is no
    /// such value.
    ///
    /// # Errors
    /// A value is not known on this machine.
    pub fn resolve(&self, node: &Node) -> Found {
        let Node::Text(text) = node else { return Ok(Some(node.clone())) };
        if !text.contains("${") {
            return Ok(Some(node.clone()));
        }
        self.deeper(text, |text| self.text_of(text))
    }

    fn deeper(&self, text: &str, then: impl FnOnce(&str) -> Found) -> Found {
        self.steps.set(self.steps.get() + 1);
        if self.depth.get() > MAX_DEPTH || self.steps.get() > MAX_STEPS {
            return Err(Unresolved::new(Node::text(text), "it refers to itself, or to too much"));
        }
        self.depth.set(self.depth.get() + 1);
        let found = then(text);
        self.depth.set(self.depth.get() - 1);
        found
    }

    /// One variable alone may be a list or a map. Within a text it must be a text.
    fn text_of(&self, text: &str) -> Found {
        let mut whole = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, variable) = rest.split_at(start);
            whole.push_str(before);
            let Some(end) = closing(variable) else { break };
            let (inner, after) = (&variable[2..end], &variable[end + 1..]);
            rest = after;
            if !is_variable(inner) {
                whole.push_str(&variable[..=end]); // one of CloudFormation
                continue;
            }
            let value = self.variable(inner)?;
            if whole.is_empty() && after.is_empty() && before.is_empty() && text.len() == end + 1 {
                return Ok(value);
            }
            match value {
                Some(Node::Text(value)) => whole.push_str(&value),
                Some(Node::Null | Node::List(_) | Node::Map(_)) | None => {
                    return Err(Unresolved::new(&variable[..=end], "it has no value, or it is not a text"));
                }
            }
            if whole.len() > MAX_TEXT {
                return Err(Unresolved::new(Node::text(text), "it is too long"));
            }
        }
        Ok(Some(Node::Text(whole + rest)))
    }

    /// The first of the alternatives that has a value.
    fn variable(&self, inner: &str) -> Found {
        // variables within its address come first; a variable that has no value leaves the address without one
        let inner = match self.resolve(&Node::text(inner))? {
            Some(Node::Text(inner)) => inner,
            _ => return Ok(None),
        };
        let alternatives = alternatives(&inner);
        for alternative in &alternatives {
            if let Some(value) = self.alternative(alternative.trim())? {
                return self.resolve(&value);
            }
        }
        if alternatives.len() > 1 { Ok(None) } else { Err(self.missing(&inner)) }
    }

    fn missing(&self, variable: &str) -> Unresolved {
        let why = match variable.split_once(':') {
            Some(("env", name)) => format!("the environment variable {name} is not set"),
            Some(("opt" | "param", name)) => format!("give --param {name}=VALUE"),
            _ => "there is no such value".to_owned(),
        };
        Unresolved::new(format!("${{{variable}}}"), why)
    }

    fn alternative(&self, text: &str) -> Found {
        if let Some(literal) = quoted(text) {
            return Ok(Some(Node::text(literal)));
        }
        if let Some(arguments) = text.strip_prefix("file(") {
            let unreadable = || Unresolved::new(format!("${{{text}}}"), "it is not written as ${file(PATH):MEMBER}");
            let (path, address) = arguments.split_once(')').ok_or_else(unreadable)?;
            return self.file(text, path.trim(), address.strip_prefix(':').unwrap_or_default());
        }
        let Some((source, address)) = text.split_once(':') else {
            return Ok(Some(Node::text(text))); // a number, true, false
        };
        match source.split_once('(').map_or(source, |(name, _)| name) {
            "self" => self.member(self.service, address),
            "opt" => Ok(self.settings.parameter(address).map(Node::text)),
            "param" => self.param(address),
            "env" => {
                Ok((self.settings.environment)(address).or_else(|| self.dotenv.get(address).cloned()).map(Node::Text))
            }
            "sls" if address == "stage" => Ok(Some(Node::Text(self.stage()))),
            "aws" if address == "region" => Ok(Some(Node::Text(self.region()))),
            "aws" if address == "accountId" => Ok(Some(Node::text(self.settings.account))),
            "strToBool" => Ok(source.split_once('(').map(|(_, value)| Node::text(value.trim_end_matches(')')))),
            _ => Err(Unresolved::new(format!("${{{text}}}"), "its value is not on this machine")),
        }
    }

    /// The stage: `--param stage=`, or the provider's, or `dev`.
    pub fn stage(&self) -> String {
        let own = || {
            self.member(self.service, "provider.stage")
                .ok()
                .flatten()
                .and_then(|stage| stage.as_text().map(str::to_owned))
        };
        self.settings.parameter("stage").map(str::to_owned).or_else(own).unwrap_or_else(|| "dev".to_owned())
    }

    /// The region: `--param region=`, or the provider's, or that of the environment.
    pub fn region(&self) -> String {
        let named = self.service.get("provider").and_then(|provider| provider.get("region"));
        let own = || {
            named
                .and_then(|region| self.resolve(region).ok().flatten())
                .and_then(|region| region.as_text().map(str::to_owned))
        };
        self.settings
            .parameter("region")
            .map(str::to_owned)
            .or_else(own)
            .unwrap_or_else(|| self.settings.region.clone())
    }

    fn param(&self, name: &str) -> Found {
        if let Some(given) = self.settings.parameter(name) {
            return Ok(Some(Node::text(given)));
        }
        let stage = self.stage();
        let of_stage = |name: &str| self.service.get("stages")?.get(name)?.get("params");
        let all = self.service.get("params");
        let places = [
            all.and_then(|all| all.get(&stage)),
            of_stage(&stage),
            all.and_then(|all| all.get("default")),
            of_stage("default"),
        ];
        places.into_iter().flatten().find_map(|params| params.get(name)).map_or(Ok(None), |value| self.resolve(value))
    }

    /// A member by its names with dots between them. Values on the way may be variables.
    fn member(&self, root: &Node, address: &str) -> Found {
        if let Some(known) = self.known_member(address) {
            return Ok(Some(known));
        }
        let mut found = Cow::Borrowed(root);
        for name in address.split('.').filter(|name| !name.is_empty()) {
            let next = match found.as_ref() {
                Node::List(items) => name.parse().ok().and_then(|index: usize| items.get(index)),
                other => other.get(name),
            };
            let Some(next) = next else { return Ok(None) };
            match self.resolve(next)? {
                Some(value) => found = Cow::Owned(value),
                None => return Ok(None),
            }
        }
        Ok(Some(found.into_owned()).filter(|value| *value != Node::Null))
    }

    /// What the framework adds to the service.
    fn known_member(&self, address: &str) -> Option<Node> {
        let provider = self.service.get("provider");
        match address {
            "provider.stage" if provider.and_then(|all| all.get("stage")).is_none() => Some(Node::text("dev")),
            "provider.region" if provider.and_then(|all| all.get("region")).is_none() => {
                Some(Node::Text(self.region()))
            }
            "service" => self.service.get("service")?.get("name").cloned(),
            _ => None,
        }
    }

    fn file(&self, text: &str, path: &str, address: &str) -> Found {
        let unreadable = |why: &str| Unresolved::new(format!("${{{text}}}"), why);
        let inner =
            paths::within(path).ok_or_else(|| unreadable("it leads out of the project's folder, and is not read"))?;
        let extension = inner.extension().unwrap_or_default().to_string_lossy().into_owned();
        if matches!(extension.as_str(), "js" | "cjs" | "mjs" | "ts") {
            return Err(unreadable("programs are not run to read a file"));
        }
        self.files.set(self.files.get() + 1);
        if self.files.get() > MAX_FILES {
            return Err(unreadable("too many files"));
        }
        let Some(content) = (self.settings.read)(&inner).map_err(|why| unreadable(&why))? else { return Ok(None) };
        if !matches!(extension.as_str(), "yml" | "yaml" | "json") {
            return Ok(Some(Node::text(content.trim_end())));
        }
        let root = yaml::parse(&content).map_err(|why| unreadable(&why))?;
        match self.resolve(&root)? {
            Some(root) if address.is_empty() => Ok(Some(root)),
            Some(root) => self.member(&root, address),
            None => Ok(None),
        }
    }
}

/// Where the `}` of a text that begins with `${` is.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (index, letter) in text.char_indices() {
        match letter {
            '{' if previous == '$' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
        previous = letter;
    }
    None
}

/// A variable has a source, or it has literals alone. `${AWS::Region}` and `${Name}` are CloudFormation's.
fn is_variable(inner: &str) -> bool {
    let inner = inner.trim();
    !inner.starts_with("AWS::") && (inner.contains(':') || inner.contains('(') || inner.starts_with(['\'', '"']))
}

/// The parts between the commas that are neither quoted nor in brackets.
fn alternatives(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quote, mut brackets) = (Vec::new(), 0, None, 0_usize);
    for (index, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(') => brackets += 1,
            (None, ')') => brackets = brackets.saturating_sub(1),
            (None, ',') if brackets == 0 => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn quoted(text: &str) -> Option<&str> {
    ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}
