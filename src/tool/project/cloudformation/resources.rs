//! The resources of a template: which are functions, and which have a name before they are deployed.

use super::intrinsics::{Resource, Scope};
use crate::project::Settings;
use crate::project::members::Reader;
use crate::project::node::Node;
use crate::project::resolve::Resolve;

/// The types whose `!Ref` is this property.
///
/// Source: "Return values" of each in <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/>
const NAMED: [(&str, &str); 6] = [
    ("AWS::DynamoDB::GlobalTable", "TableName"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::Events::EventBus", "Name"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::S3::Bucket", "BucketName"),
    ("AWS::Serverless::SimpleTable", "TableName"),
];

/// A function of the template.
pub struct Function<'a> {
    pub id: &'a str,
    pub name: String,
    pub arn: String,
    pub properties: &'a Node,
    /// Those of SAM's `Globals`, or nothing.
    pub globals: Node,
}

fn is_function(kind: &str) -> bool {
    matches!(kind, "AWS::Serverless::Function" | "AWS::Lambda::Function")
}

/// What is known of each resource. A function's name is its logical id, unless the file gives another.
pub fn known(resolver: &dyn Resolve, settings: &Settings<'_>, template: &Node) -> Vec<Resource> {
    let text = |node: &Node| resolver.resolve(node).ok().flatten().and_then(|node| node.as_text().map(str::to_owned));
    let known = |(id, resource): &(String, Node)| {
        let resource = resolver.resolve(resource).ok().flatten().unwrap_or(Node::Null);
        let kind = resource.get("Type").and_then(text).unwrap_or_default();
        let named = |member: &str| resource.get("Properties").and_then(|all| all.get(member));
        let name = match NAMED.iter().find(|(named, _)| *named == kind) {
            Some((_, member)) => named(member).and_then(text),
            None if is_function(&kind) => Some(named("FunctionName").and_then(text).unwrap_or_else(|| id.clone())),
            None => None,
        };
        let arn = name.as_ref().filter(|_| is_function(&kind)).map(|name| settings.function_arn(name));
        Resource { id: id.clone(), kind, name, arn }
    };
    template.get("Resources").map_or(&[][..], Node::members).iter().map(known).collect()
}

/// The functions that are deployed.
pub fn functions<'a>(
    template: &'a Node,
    settings: &Settings<'_>,
    scope: &Scope<'_>,
    reader: &Reader<'_>,
) -> Vec<Function<'a>> {
    let globals = template.get("Globals").and_then(|globals| globals.get("Function"));
    let all = template.get("Resources").map_or(&[][..], Node::members);
    let function = |(id, resource): &'a (String, Node)| {
        let kind = resource.get("Type").and_then(Node::as_text).filter(|kind| is_function(kind))?;
        if !is_wanted(id, resource, scope, reader) {
            return None;
        }
        let properties = resource.get("Properties").unwrap_or(&Node::Null);
        let given = properties
            .get("FunctionName")
            .and_then(|name| reader.text(id, "FunctionName", name, "the logical id is the name"));
        let name = given.unwrap_or_else(|| id.clone());
        let arn = settings.function_arn(&name);
        let globals = globals.filter(|_| kind.starts_with("AWS::Serverless")).cloned().unwrap_or(Node::Null);
        Some(Function { id, name, arn, properties, globals })
    };
    all.iter().filter_map(function).collect()
}

/// Whether the resource's condition holds. If that is not known, it does.
pub fn is_wanted(id: &str, resource: &Node, scope: &Scope<'_>, reader: &Reader<'_>) -> bool {
    let Some(condition) = resource.get("Condition").and_then(Node::as_text) else { return true };
    scope.condition(condition).unwrap_or_else(|unresolved| {
        let why = format!("{}; the resource is taken as if the condition holds", unresolved.why);
        reader.warn(id, "Condition", condition, why);
        true
    })
}
