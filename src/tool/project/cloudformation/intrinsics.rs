//! Evaluates CloudFormation's intrinsic functions, as far as their value is known before a deployment.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html>

use crate::project::Settings;
use crate::project::node::Node;
use crate::project::resolve::{Resolve, Unresolved};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::cell::Cell;

/// References that lead to references, conditions that name conditions.
const MAX_DEPTH: usize = 32;
/// Evaluations of one file. A file can make them grow faster than itself.
const MAX_STEPS: usize = 200_000;
const MAX_TEXT: usize = 256 * 1024;

/// What a resource is known by before it is deployed.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    pub id: String,
    pub kind: String,
    /// The value of `!Ref`.
    pub name: Option<String>,
    /// The value of `!GetAtt ID.Arn`.
    pub arn: Option<String>,
}

/// What intrinsic functions refer to.
pub struct Scope<'a> {
    template: &'a Node,
    settings: &'a Settings<'a>,
    pub resources: Vec<Resource>,
    depth: Cell<usize>,
    steps: Cell<usize>,
}

impl Resolve for Scope<'_> {
    /// The value of an intrinsic function. Anything else is returned as it is. None: it is `AWS::NoValue`.
    fn resolve(&self, node: &Node) -> Result<Option<Node>, Unresolved> {
        self.steps.set(self.steps.get() + 1);
        if self.depth.get() > MAX_DEPTH || self.steps.get() > MAX_STEPS {
            return Err(Unresolved::new(node, "it refers to itself, or to too much"));
        }
        self.depth.set(self.depth.get() + 1);
        let resolved = self.evaluate(node);
        self.depth.set(self.depth.get() - 1);
        resolved
    }
}

impl<'a> Scope<'a> {
    pub fn new(template: &'a Node, settings: &'a Settings<'a>) -> Scope<'a> {
        Scope { template, settings, resources: Vec::new(), depth: Cell::new(0), steps: Cell::new(0) }
    }

    fn evaluate(&self, node: &Node) -> Result<Option<Node>, Unresolved> {
        match node {
            Node::Null => return Ok(None),
            Node::Text(text) if text.contains("{{resolve:") => {
                return Err(Unresolved::new(text, "CloudFormation reads it from AWS"));
            }
            Node::Text(_) | Node::List(_) | Node::Map(_) => {}
        }
        let Some((name, argument)) = node.only_member() else { return Ok(Some(node.clone())) };
        if name == "Ref" {
            return self.reference(argument);
        }
        let Some(function) = name.strip_prefix("Fn::") else { return Ok(Some(node.clone())) };
        let bad = || Unresolved::new(node, format!("{name} is not evaluated in this form"));
        let text = match function {
            "If" => return self.choose(argument).ok_or_else(bad)?,
            "FindInMap" => return self.find_in_map(argument).map(Some),
            "Select" => return self.select(argument).map(|found| found.ok_or_else(bad))?.map(Some),
            "Split" => return self.split(argument)?.ok_or_else(bad).map(Some),
            "Sub" => self.substitute(argument)?,
            "Join" => self.join(argument)?,
            "GetAtt" => Some(self.attribute(argument)?),
            "Base64" => Some(STANDARD.encode(self.text(argument)?)),
            _ => None,
        };
        let text = text.ok_or_else(bad)?;
        if text.len() > MAX_TEXT {
            return Err(Unresolved::new(node, "it is too long"));
        }
        Ok(Some(Node::Text(text)))
    }

    /// The text that an intrinsic function or a scalar is.
    ///
    /// # Errors
    /// It is not known, or it is no text.
    pub fn text(&self, node: &Node) -> Result<String, Unresolved> {
        match self.resolve(node)? {
            Some(Node::Text(text)) => Ok(text),
            Some(Node::Null | Node::List(_) | Node::Map(_)) | None => Err(Unresolved::new(node, "it is not a text")),
        }
    }

    fn reference(&self, argument: &Node) -> Result<Option<Node>, Unresolved> {
        let name = self.text(argument)?;
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self.pseudo_parameter(&name) {
            return Ok(Some(Node::Text(value)));
        }
        if let Some(parameter) = self.template.get("Parameters").and_then(|all| all.get(&name)) {
            return self.parameter(&name, parameter).map(Some);
        }
        let why = match self.resource(&name) {
            Some(Resource { name: Some(name), .. }) => return Ok(Some(Node::text(name))),
            Some(Resource { kind, .. }) => format!("the name of this {kind} is known after the deployment"),
            None => "the file has no such parameter or resource".to_owned(),
        };
        Err(Unresolved::new(format!("!Ref {name}"), why))
    }

    fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.id == id)
    }

    fn pseudo_parameter(&self, name: &str) -> Option<String> {
        let Settings { region, account, .. } = self.settings;
        Some(match name {
            "AWS::Region" => region.clone(),
            "AWS::AccountId" => (*account).to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => "local".to_owned(),
            "AWS::StackId" => format!("arn:aws:cloudformation:{region}:{account}:stack/local/local"),
            _ => return None,
        })
    }

    fn parameter(&self, name: &str, parameter: &Node) -> Result<Node, Unresolved> {
        let kind = parameter.get("Type").and_then(Node::as_text).unwrap_or("String");
        let given = self.settings.parameter(name).map(Node::text);
        let is_looked_up = kind.starts_with("AWS::SSM::");
        let value = given.or_else(|| parameter.get("Default").filter(|_| !is_looked_up).cloned());
        let value = value.map(|value| if value == Node::Null { Node::text("") } else { value });
        match value {
            Some(Node::Text(list)) if kind == "CommaDelimitedList" || kind.starts_with("List<") => {
                Ok(Node::List(list.split(',').map(|item| Node::text(item.trim())).collect()))
            }
            Some(value) => Ok(value),
            None if is_looked_up => Err(Unresolved::new(
                format!("!Ref {name}"),
                format!("the Parameter Store has its value; give one with --param {name}=VALUE"),
            )),
            None => Err(Unresolved::new(
                format!("!Ref {name}"),
                format!("the parameter has no default; give --param {name}=VALUE"),
            )),
        }
    }

    fn attribute(&self, argument: &Node) -> Result<String, Unresolved> {
        let joined = match argument {
            Node::List(parts) => parts.iter().map(|part| self.text(part)).collect::<Result<Vec<_>, _>>()?.join("."),
            other => self.text(other)?,
        };
        let (id, attribute) = joined.split_once('.').unwrap_or((&joined, ""));
        let why = match self.resource(id) {
            Some(Resource { arn: Some(arn), .. }) if attribute == "Arn" => return Ok(arn.clone()),
            Some(Resource { kind, .. }) => format!("this attribute of the {kind} is known after the deployment"),
            None => "the file has no such resource".to_owned(),
        };
        Err(Unresolved::new(format!("!GetAtt {joined}"), why))
    }

    /// `${…}` within a text. `${!…}` stands for `${…}`.
    fn substitute(&self, argument: &Node) -> Result<Option<String>, Unresolved> {
        let (template, own) = match argument {
            Node::List(parts) => match parts.as_slice() {
                [Node::Text(template), own] => (template, Some(own)),
                _ => return Ok(None),
            },
            Node::Text(template) => (template, None),
            Node::Null | Node::Map(_) => return Ok(None),
        };
        let mut text = String::new();
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            text.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                text.push_str("${");
                rest = after;
                break;
            };
            text.push_str(&self.substitution(name, own)?);
            rest = after;
            if text.len() > MAX_TEXT {
                break;
            }
        }
        Ok(Some(text + rest))
    }

    fn substitution(&self, name: &str, own: Option<&Node>) -> Result<String, Unresolved> {
        let name = name.trim();
        if let Some(literal) = name.strip_prefix('!') {
            return Ok(format!("${{{literal}}}"));
        }
        if let Some(value) = own.and_then(|own| own.get(name)) {
            return self.text(value);
        }
        if name.contains('.') {
            return self.attribute(&Node::text(name));
        }
        match self.reference(&Node::text(name))? {
            Some(Node::Text(text)) => Ok(text),
            Some(Node::Null | Node::List(_) | Node::Map(_)) | None => {
                Err(Unresolved::new(format!("${{{name}}}"), "it is not a text"))
            }
        }
    }

    fn join(&self, argument: &Node) -> Result<Option<String>, Unresolved> {
        let [separator, list] = argument.items() else { return Ok(None) };
        let separator = self.text(separator)?;
        let Some(Node::List(items)) = self.resolve(list)? else { return Ok(None) };
        let mut texts = Vec::new();
        for item in &items {
            if let Some(item) = self.resolve(item)? {
                texts.push(self.text(&item)?);
            }
        }
        Ok(Some(texts.join(&separator)))
    }

    fn split(&self, argument: &Node) -> Result<Option<Node>, Unresolved> {
        let [separator, text] = argument.items() else { return Ok(None) };
        let (separator, text) = (self.text(separator)?, self.text(text)?);
        Ok((!separator.is_empty()).then(|| Node::List(text.split(&separator).map(Node::text).collect())))
    }

    fn select(&self, argument: &Node) -> Result<Option<Node>, Unresolved> {
        let [index, list] = argument.items() else { return Ok(None) };
        let index = self.text(index)?.parse::<usize>();
        let Some(Node::List(items)) = self.resolve(list)? else { return Ok(None) };
        match index.ok().and_then(|index| items.get(index)) {
            Some(item) => self.resolve(item),
            None => Ok(None),
        }
    }

    fn find_in_map(&self, argument: &Node) -> Result<Node, Unresolved> {
        let unknown = || Unresolved::new(format!("!FindInMap {argument}"), "the file has no such mapping");
        let keys = argument.items().iter().take(3).map(|key| self.text(key)).collect::<Result<Vec<_>, _>>()?;
        let mut found = self.template.get("Mappings").ok_or_else(unknown)?;
        if keys.len() < 3 {
            return Err(unknown());
        }
        for key in &keys {
            found = found.get(key).ok_or_else(unknown)?;
        }
        Ok(found.clone())
    }

    fn choose(&self, argument: &Node) -> Option<Result<Option<Node>, Unresolved>> {
        let [condition, then, otherwise] = argument.items() else { return None };
        let name = condition.as_text()?;
        Some(self.condition(name).and_then(|holds| self.resolve(if holds { then } else { otherwise })))
    }

    /// Whether a condition of the file holds.
    ///
    /// # Errors
    /// It is not known before the deployment.
    pub fn condition(&self, name: &str) -> Result<bool, Unresolved> {
        let unknown = || Unresolved::new(format!("condition {name}"), "the file has no such condition");
        let condition = self.template.get("Conditions").and_then(|all| all.get(name)).ok_or_else(unknown)?;
        self.holds(condition)
    }

    fn holds(&self, condition: &Node) -> Result<bool, Unresolved> {
        self.steps.set(self.steps.get() + 1);
        if self.depth.get() > MAX_DEPTH || self.steps.get() > MAX_STEPS {
            return Err(Unresolved::new(condition, "the condition refers to itself, or to too much"));
        }
        self.depth.set(self.depth.get() + 1);
        let holds = self.evaluate_condition(condition);
        self.depth.set(self.depth.get() - 1);
        holds
    }

    fn evaluate_condition(&self, condition: &Node) -> Result<bool, Unresolved> {
        let all = |argument: &Node| argument.items().iter().map(|part| self.holds(part)).collect::<Result<Vec<_>, _>>();
        match condition.only_member() {
            Some(("Fn::Equals", argument)) if argument.items().len() == 2 => {
                Ok(self.text(&argument.items()[0])? == self.text(&argument.items()[1])?)
            }
            Some(("Fn::And", argument)) => Ok(all(argument)?.into_iter().all(|holds| holds)),
            Some(("Fn::Or", argument)) => Ok(all(argument)?.into_iter().any(|holds| holds)),
            Some(("Fn::Not", argument)) if argument.items().len() == 1 => Ok(!self.holds(&argument.items()[0])?),
            Some(("Condition", Node::Text(name))) => self.condition(name),
            _ => Err(Unresolved::new(condition, "the condition is not evaluated in this form")),
        }
    }
}
