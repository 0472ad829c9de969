//! Reads the functions of a template.

use super::apis;
use super::balancers;
use super::events;
use super::intrinsics::{Scope, Unresolved};
use super::resources::{self, Function, known};
use crate::model::route::Route;
use crate::project::members::{Reader, Resolve, Section};
use crate::project::node::Node;
use crate::project::paths;
use crate::project::{Code, FunctionSpec, Project, Settings};
use std::path::PathBuf;

/// Lambda's defaults: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
const TIMEOUT_S: u64 = 3;
const MEMORY_MB: u32 = 128;

impl Resolve for Scope<'_> {
    fn resolve(&self, node: &Node) -> Result<Option<Node>, Unresolved> {
        Scope::resolve(self, node)
    }
}

/// The functions of a template, and their routes.
///
/// # Errors
/// It is not a template.
pub fn read(template: &Node, settings: &Settings<'_>) -> Result<Project, String> {
    if template.get("Resources").is_none_or(|resources| resources.members().is_empty()) {
        return Err("it has no Resources, so that it is not a template".to_owned());
    }
    let mut scope = Scope::new(template, settings);
    scope.resources = known(&scope, settings, template);
    let reader = Reader::new(&scope);
    let functions = resources::functions(template, settings, &scope, &reader);
    let reading = Template { template, settings, scope: &scope, reader: &reader, functions: &functions };
    let mut routes: Vec<Route> = Vec::new();
    for route in events::routes(&reading).into_iter().chain(apis::routes(&reading)).chain(balancers::routes(&reading)) {
        if routes.iter().all(|other| !other.is_same_way(&route)) {
            routes.push(route); // a definition repeats the events of functions
        }
    }
    let specs: Vec<FunctionSpec> =
        functions.iter().filter_map(|function| reading.function(function, &mut routes)).collect();
    reading.warn_of_what_is_not_read();
    Ok(Project { region: None, functions: specs, warnings: reader.into_warnings() })
}

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
            text == function.name || end.is_some_and(|end| !end.starts_with(|c: char| c.is_alphanumeric() || "-_".contains(c)))
        };
        self.functions.iter().find(names)
    }

    fn function(&self, function: &Function<'_>, routes: &mut Vec<Route>) -> Option<FunctionSpec> {
        let Function { id, name, properties, globals, .. } = function;
        let section = self.reader.section(id, vec![(*properties).clone(), globals.clone()]);
        if section.text("PackageType", "Zip is taken").as_deref() == Some("Image") || section.get("ImageUri").is_some() {
            section.warn("PackageType", "Image", "container images are not run; the function is not served");
            return None;
        }
        let code = self.code(&section)?;
        let variables = section.variables("Environment", |map| map.get("Environment")?.get("Variables").cloned());
        let spec = FunctionSpec {
            id: (*id).to_owned(),
            name: name.clone(),
            runtime: section.needed("Runtime")?,
            handler: self.handler(&section)?,
            code,
            variables,
            timeout: section.timeout("Timeout", TIMEOUT_S),
            memory_mb: section.memory("MemorySize", MEMORY_MB),
            layers: self.layers(function, &section),
            snapstart: self.has_snapstart(&section),
            routes: routes.extract_if(.., |route| route.function == *name).collect(),
        };
        Some(spec)
    }

    /// A function in a compiled language on `provided` may go without a handler.
    fn handler(&self, section: &Section<'_>) -> Option<String> {
        let is_provided = section.text("Runtime", "").is_some_and(|runtime| runtime.starts_with("provided"));
        if is_provided && section.get("Handler").is_none() {
            return Some("bootstrap".to_owned());
        }
        section.needed("Handler")
    }

    fn has_snapstart(&self, section: &Section<'_>) -> bool {
        let on = section.get("SnapStart").and_then(|snapstart| snapstart.get("ApplyOn"));
        on.and_then(|on| self.scope.text(on).ok()).as_deref() == Some("PublishedVersions")
    }

    /// `CodeUri` and `InlineCode` of SAM, `Code` of CloudFormation.
    fn code(&self, section: &Section<'_>) -> Option<Code> {
        let not_served = "the function is not served";
        let inline = section.get("InlineCode").or_else(|| section.get("Code").and_then(|code| code.get("ZipFile")));
        if let Some(inline) = inline {
            return self.reader.text(section.subject, "InlineCode", inline, not_served).map(Code::Inline);
        }
        let member = if section.get("Code").is_some() { "Code" } else { "CodeUri" };
        let Some(node) = section.get(member) else { return Some(Code::Path(self.settings.folder.clone())) };
        let path = match node {
            Node::Map(_) if node.get("S3Bucket").or(node.get("Bucket")).or(node.get("ImageUri")).is_some() => {
                section.warn(member, node, format!("the code is not on this machine; {not_served}"));
                return None;
            }
            _ => self.reader.text(section.subject, member, node, not_served)?,
        };
        self.path(section.subject, member, &path, not_served).map(Code::Path)
    }

    /// An absolute path, with a warning if it leads out of the project's folder.
    pub fn path(&self, subject: &str, member: &str, path: &str, instead: &str) -> Option<PathBuf> {
        if paths::is_remote(path) {
            self.reader.warn(subject, member, path, format!("it is not on this machine; {instead}"));
            return None;
        }
        if paths::within(path).is_none() {
            self.reader.warn(subject, member, path, "it leads out of the project's folder, and is used");
        }
        Some(self.settings.folder.join(path))
    }

    fn layers(&self, function: &Function<'_>, section: &Section<'_>) -> Vec<PathBuf> {
        let instead = "the layer is left out";
        // SAM: the layers of Globals come first
        let lists = [&function.globals, function.properties].map(|map| map.get("Layers").cloned());
        let mut layers = Vec::new();
        for node in lists.into_iter().flatten() {
            let Ok(Some(Node::List(items))) = self.scope.resolve(&node) else {
                self.reader.items(section.subject, "Layers", &node, instead);
                continue;
            };
            for item in &items {
                layers.extend(self.layer(section.subject, item, instead));
            }
        }
        layers
    }

    fn layer(&self, subject: &str, item: &Node, instead: &str) -> Option<PathBuf> {
        let Some((id, properties)) = self.referred(item) else {
            let layer = self.reader.text(subject, "Layers", item, instead)?;
            return self.path(subject, "Layers", &layer, instead);
        };
        let content = properties.get("ContentUri").or_else(|| properties.get("Content"));
        let member = format!("{id}.ContentUri");
        match content {
            Some(node @ Node::Map(_)) if node.get("S3Bucket").or(node.get("Bucket")).is_some() => {
                self.reader.warn(subject, &member, node, format!("it is not on this machine; {instead}"));
                None
            }
            Some(node) => {
                let path = self.reader.text(subject, &member, node, instead)?;
                self.path(subject, &member, &path, instead)
            }
            None => {
                self.reader.warn(subject, "Layers", format!("!Ref {id}"), format!("it has no ContentUri; {instead}"));
                None
            }
        }
    }

    fn warn_of_what_is_not_read(&self) {
        for (id, _) in self.resources("AWS::Serverless::Application") {
            self.reader.warn(id, "Type", "AWS::Serverless::Application", "the functions of nested applications are not read");
        }
        if self.resources("AWS::ApiGateway::Method").next().is_some() {
            let why = "its routes are not read; SAM's events of the type Api are";
            self.reader.warn("Resources", "Type", "AWS::ApiGateway::Method", why);
        }
        let all = self.template.get("Resources").map_or(&[][..], Node::members);
        for (name, _) in all.iter().filter(|(name, _)| name.starts_with("Fn::")) {
            self.reader.warn("Resources", name, "…", "it is not expanded, and the functions in it are not read");
        }
    }
}
