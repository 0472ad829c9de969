//! A template, and what evaluates it.

use super::intrinsics::Scope;
use super::resources::{self, Function};
use crate::project::Settings;
use crate::project::members::Reader;
use crate::project::node::Node;

/// A template, and what evaluates it.
pub struct Template<'a> {
    pub template: &'a Node,
    pub settings: &'a Settings<'a>,
    pub scope: &'a Scope<'a>,
    pub reader: &'a Reader<'a>,
    pub functions: &'a [Function<'a>],
}

impl Template<'_> {
    /// Each resource of a type, by its logical id, with its properties. Those whose condition does not hold are left out.
    pub fn resources<'t>(&'t self, kind: &'t str) -> impl Iterator<Item = (&'t str, &'t Node)> {
        let all = self.template.get("Resources").map_or(&[][..], Node::members);
        all.iter().filter_map(move |(id, resource)| {
            let fits = resource.get("Type").and_then(Node::as_text) == Some(kind);
            (fits && resources::is_wanted(id, resource, self.scope, self.reader))
                .then(|| (id.as_str(), resource.get("Properties").unwrap_or(&Node::Null)))
        })
    }

    /// The properties of the resource to which a `!Ref` leads.
    pub fn referred(&self, node: &Node) -> Option<(&str, &Node)> {
        let (_, id) = node.only_member().filter(|(name, _)| *name == "Ref")?;
        let all = self.template.get("Resources")?.members();
        let (id, resource) = all.iter().find(|(other, _)| Some(other.as_str()) == id.as_text())?;
        Some((id, resource.get("Properties").unwrap_or(&Node::Null)))
    }

    /// The function whose ARN, name or logical id is in the text. None also if it is not known.
    pub fn function_in(&self, node: &Node) -> Option<&Function<'_>> {
        let text = self.scope.text(node).ok()?;
        let names = |function: &&Function<'_>| {
            let end = text.find(&function.arn).map(|start| &text[start + function.arn.len()..]);
            text == function.name
                || end.is_some_and(|end| !end.starts_with(|c: char| c.is_alphanumeric() || "-_".contains(c)))
        };
        self.functions.iter().find(names)
    }
}
