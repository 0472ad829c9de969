//! Reads the functions of a template.

use super::intrinsics::Scope;
use super::resources::{self, Function, known};
use super::template::Template;
use super::{apis, balancers, events};
use crate::model::route::Route;
use crate::project::members::{Reader, Section};
use crate::project::node::Node;
use crate::project::resolve::Resolve;
use crate::project::{Code, FunctionSpec, Project, Settings};
use std::path::PathBuf;

/// Lambda's defaults: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
const TIMEOUT_S: u64 = 3;
const MEMORY_MB: u32 = 128;

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
    let reader = Reader::new(&scope, &settings.folder);
    let functions = resources::functions(template, settings, &scope, &reader);
    let reading = Template { template, settings, scope: &scope, reader: &reader, functions: &functions };
    let mut routes: Vec<Route> = Vec::new();
    for route in events::routes(&reading).into_iter().chain(apis::routes(&reading)).chain(balancers::routes(&reading)) {
        if routes.iter().all(|other| !other.is_same_way(&route)) {
            routes.push(route); // a definition repeats the events of functions
        }
    }
    let reading = Functions(&reading);
    let specs = functions.iter().filter_map(|function| reading.function(function, &mut routes)).collect();
    reading.warn_of_what_is_not_read();
    Ok(Project { region: None, functions: specs, warnings: reader.into_warnings() })
}

/// Makes functions of resources.
struct Functions<'a>(&'a Template<'a>);

impl Functions<'_> {
    fn function(&self, function: &Function<'_>, routes: &mut Vec<Route>) -> Option<FunctionSpec> {
        let Function { id, name, properties, globals, .. } = function;
        let section = self.0.reader.section(id, vec![(*properties).clone(), globals.clone()]);
        if section.text("PackageType", "Zip is taken").as_deref() == Some("Image") || section.get("ImageUri").is_some()
        {
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
        on.and_then(|on| self.0.scope.text(on).ok()).as_deref() == Some("PublishedVersions")
    }

    /// `CodeUri` and `InlineCode` of SAM, `Code` of CloudFormation.
    fn code(&self, section: &Section<'_>) -> Option<Code> {
        let not_served = "the function is not served";
        let inline = section.get("InlineCode").or_else(|| section.get("Code").and_then(|code| code.get("ZipFile")));
        if let Some(inline) = inline {
            return self.0.reader.text(section.subject, "InlineCode", inline, not_served).map(Code::Inline);
        }
        let member = if section.get("Code").is_some() { "Code" } else { "CodeUri" };
        let Some(node) = section.get(member) else { return Some(Code::Path(self.0.settings.folder.clone())) };
        let path = match node {
            Node::Map(_) if node.get("S3Bucket").or(node.get("Bucket")).or(node.get("ImageUri")).is_some() => {
                section.warn(member, node, format!("the code is not on this machine; {not_served}"));
                return None;
            }
            _ => self.0.reader.text(section.subject, member, node, not_served)?,
        };
        self.0.reader.path(section.subject, member, &path, not_served).map(Code::Path)
    }

    fn layers(&self, function: &Function<'_>, section: &Section<'_>) -> Vec<PathBuf> {
        let instead = "the layer is left out";
        // SAM: the layers of Globals come first
        let lists = [&function.globals, function.properties].map(|map| map.get("Layers").cloned());
        let mut layers = Vec::new();
        for node in lists.into_iter().flatten() {
            let Ok(Some(Node::List(items))) = self.0.scope.resolve(&node) else {
                self.0.reader.items(section.subject, "Layers", &node, instead);
                continue;
            };
            for item in &items {
                layers.extend(self.layer(section.subject, item, instead));
            }
        }
        layers
    }

    fn layer(&self, subject: &str, item: &Node, instead: &str) -> Option<PathBuf> {
        let Some((id, properties)) = self.0.referred(item) else {
            let layer = self.0.reader.text(subject, "Layers", item, instead)?;
            return self.0.reader.path(subject, "Layers", &layer, instead);
        };
        let content = properties.get("ContentUri").or_else(|| properties.get("Content"));
        let member = format!("{id}.ContentUri");
        match content {
            Some(node @ Node::Map(_)) if node.get("S3Bucket").or(node.get("Bucket")).is_some() => {
                self.0.reader.warn(subject, &member, node, format!("it is not on this machine; {instead}"));
                None
            }
            Some(node) => {
                let path = self.0.reader.text(subject, &member, node, instead)?;
                self.0.reader.path(subject, &member, &path, instead)
            }
            None => {
                self.0.reader.warn(subject, "Layers", format!("!Ref {id}"), format!("it has no ContentUri; {instead}"));
                None
            }
        }
    }

    fn warn_of_what_is_not_read(&self) {
        for (id, _) in self.0.resources("AWS::Serverless::Application") {
            self.0.reader.warn(
                id,
                "Type",
                "AWS::Serverless::Application",
                "the functions of nested applications are not read",
            );
        }
        if self.0.resources("AWS::ApiGateway::Method").next().is_some() {
            let why = "its routes are not read; SAM's events of the type Api are";
            self.0.reader.warn("Resources", "Type", "AWS::ApiGateway::Method", why);
        }
        let all = self.0.template.get("Resources").map_or(&[][..], Node::members);
        for (name, _) in all.iter().filter(|(name, _)| name.starts_with("Fn::")) {
            self.0.reader.warn("Resources", name, "…", "it is not expanded, and the functions in it are not read");
        }
    }
}
