//! Reads the functions of a service.

use super::events;
use super::variables::Variables;
use crate::project::cloudformation::{Resource, Scope, known};
use crate::project::members::{Reader, Section};
use crate::project::node::Node;
use crate::project::resolve::{Resolve, Unresolved};
use crate::project::{Code, FunctionSpec, Project, Settings};
use std::path::PathBuf;

/// The framework's defaults.
const TIMEOUT_S: u64 = 6;
const MEMORY_MB: u32 = 1024;
const RUNTIME: &str = "nodejs20.x";
const NOT_SERVED: &str = "the function is not served";

/// First the variables of the framework, then CloudFormation's functions.
struct Both<'a>(&'a Variables<'a>, &'a Scope<'a>);

impl Resolve for Both<'_> {
    fn resolve(&self, node: &Node) -> Result<Option<Node>, Unresolved> {
        let Some(node) = self.0.resolve(node)? else {
            return Err(Unresolved::new(node, "it has no value"));
        };
        match self.with_variables(&node)? {
            Some(node) => self.1.resolve(&node),
            None => Ok(None),
        }
    }
}

impl Both<'_> {
    /// The argument of an intrinsic function may have variables of the framework.
    fn with_variables(&self, node: &Node) -> Result<Option<Node>, Unresolved> {
        let is_intrinsic = |name: &str| name == "Ref" || name.starts_with("Fn::");
        match node.only_member() {
            Some((name, argument)) if is_intrinsic(name) => {
                Ok(Some(Node::Map(vec![(name.to_owned(), self.all_resolved(argument)?)])))
            }
            _ => Ok(Some(node.clone())),
        }
    }

    fn all_resolved(&self, node: &Node) -> Result<Node, Unresolved> {
        match self.0.resolve(node)? {
            None => Ok(Node::Null),
            Some(Node::List(items)) => {
                Ok(Node::List(items.iter().map(|item| self.all_resolved(item)).collect::<Result<_, _>>()?))
            }
            Some(Node::Map(members)) => {
                let resolved = |(name, value): &(String, Node)| Ok((name.clone(), self.all_resolved(value)?));
                Ok(Node::Map(members.iter().map(resolved).collect::<Result<_, _>>()?))
            }
            Some(scalar) => Ok(scalar),
        }
    }
}

/// The functions of a service, and their routes.
///
/// # Errors
/// It is not a service of the framework on AWS.
pub fn read(service: &Node, settings: &Settings<'_>) -> Result<Project, String> {
    if service.get("service").is_none() || service.get("provider").is_none() {
        return Err(
            "it has no service and no provider, so that it is no service of the Serverless Framework".to_owned()
        );
    }
    let variables = Variables::new(service, settings);
    let region = variables.region();
    let in_region = Settings {
        region: region.clone(),
        parameters: settings.parameters.clone(),
        folder: settings.folder.clone(),
        ..*settings
    };
    let template = resolved(&variables, service.get("resources"));
    let mut scope = Scope::new(&template, &in_region);
    let stage = variables.stage();
    let service_name = service_name(&variables, service)?;
    let functions = functions(&variables, service.get("functions"));
    let name = |id: &str, function: &Node| {
        let given = function.get("name").and_then(|name| variables.resolve(name).ok().flatten());
        given
            .and_then(|name| name.as_text().map(str::to_owned))
            .unwrap_or_else(|| format!("{service_name}-{stage}-{id}"))
    };
    let others = Scope::new(&template, &in_region);
    scope.resources = known(&Both(&variables, &others), &in_region, &template);
    scope.resources.extend(functions.iter().map(|(id, function)| resource(&in_region, id, &name(id, function))));
    let both = Both(&variables, &scope);
    let reader = Reader::new(&both, &settings.folder);
    let reading = Service { settings: &in_region, service, stage: &stage, reader: &reader };
    let specs =
        functions.iter().filter_map(|(id, function)| reading.function(id, name(id, function), function)).collect();
    if functions.is_empty() {
        reader.warn("serverless", "functions", "none", "it has none, or they are not known here");
    }
    Ok(Project { region: Some(region), functions: specs, warnings: reader.into_warnings() })
}

/// The parts of a member that may be one map, a list of maps, and files. Those that are not known here are left out.
fn parts(variables: &Variables<'_>, node: Option<&Node>) -> Vec<Node> {
    let known = |node: &Node| variables.resolve(node).ok().flatten();
    match node.and_then(known) {
        Some(Node::List(parts)) => parts.iter().filter_map(known).collect(),
        part => part.into_iter().collect(),
    }
}

/// The resources of the service as a template. Those that are not known here are left out.
fn resolved(variables: &Variables<'_>, resources: Option<&Node>) -> Node {
    let known = |node: &Node| variables.resolve(node).ok().flatten();
    let parts = parts(variables, resources);
    let section = |name: &str| {
        let all = parts.iter().filter_map(|part| known(part.get(name)?));
        (name.to_owned(), Node::Map(all.flat_map(|all| all.members().to_vec()).collect()))
    };
    Node::Map(["Parameters", "Mappings", "Conditions", "Resources"].map(section).into())
}

fn service_name(variables: &Variables<'_>, service: &Node) -> Result<String, String> {
    let node = service.get("service").map(|node| node.get("name").unwrap_or(node));
    let name = node.map(|node| variables.resolve(node));
    match name {
        Some(Ok(Some(Node::Text(name)))) => Ok(name),
        Some(Err(Unresolved { value, why })) => Err(format!("service: {value}: {why}")),
        _ => Err("its service has no name".to_owned()),
    }
}

/// By their keys. `functions` may be a map, a list of maps, and files.
fn functions(variables: &Variables<'_>, node: Option<&Node>) -> Vec<(String, Node)> {
    let known = |node: &Node| variables.resolve(node).ok().flatten();
    let parts = parts(variables, node);
    let members = parts.iter().flat_map(|part| part.members());
    members.filter_map(|(id, function)| Some((id.clone(), known(function)?))).collect()
}

/// The logical id that the framework gives a function.
///
/// Source: <https://www.serverless.com/framework/docs/providers/aws/guide/resources>
fn resource(settings: &Settings<'_>, id: &str, name: &str) -> Resource {
    Resource {
        id: format!("{}LambdaFunction", normalized(id)),
        kind: "AWS::Lambda::Function".to_owned(),
        name: Some(name.to_owned()),
        arn: Some(settings.function_arn(name)),
    }
}

/// A name as part of a logical id: `send-mail_now` is `SendDashmailUnderscorenow`.
fn normalized(name: &str) -> String {
    let name = name.replace('-', "Dash").replace('_', "Underscore");
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A service, and what evaluates it.
struct Service<'a> {
    settings: &'a Settings<'a>,
    service: &'a Node,
    stage: &'a str,
    reader: &'a Reader<'a>,
}

impl Service<'_> {
    fn function(&self, id: &str, name: String, function: &Node) -> Option<FunctionSpec> {
        let provider = self.service.get("provider").cloned().unwrap_or(Node::Null);
        let section = self.reader.section(id, vec![function.clone(), provider.clone()]);
        if let Some(image) = function.get("image") {
            section.warn("image", image, format!("container images are not run; {NOT_SERVED}"));
            return None;
        }
        let runtime = section.text("runtime", NOT_SERVED);
        if section.get("runtime").is_some() && runtime.is_none() {
            return None;
        }
        let own = self.reader.section(id, vec![function.clone()]);
        Some(FunctionSpec {
            id: id.to_owned(),
            handler: own.needed("handler")?,
            runtime: runtime.unwrap_or_else(|| RUNTIME.to_owned()),
            code: Code::Path(self.code(&own)?),
            variables: section.variables("environment", |map| map.get("environment").cloned()),
            timeout: section.timeout("timeout", TIMEOUT_S),
            memory_mb: section.memory("memorySize", MEMORY_MB),
            layers: self.layers(&section),
            snapstart: own.text("snapStart", "it has none").is_some_and(|on| on == "true"),
            routes: events::routes(&own, &provider, &name, self.stage),
            name,
        })
    }

    /// The service's folder, or the package that was built before.
    fn code(&self, own: &Section<'_>) -> Option<PathBuf> {
        let artifact = |node: &Node| node.get("package")?.get("artifact").cloned();
        let of_function = own.get("package").and_then(|package| package.get("artifact")).cloned();
        let individually = self.service.get("package").and_then(|package| package.get("individually"));
        let is_individual = individually.and_then(Node::as_bool).unwrap_or(false);
        match of_function.or_else(|| artifact(self.service).filter(|_| !is_individual)) {
            Some(node) => {
                let path = self.reader.text(own.subject, "package.artifact", &node, NOT_SERVED)?;
                self.reader.path(own.subject, "package.artifact", &path, NOT_SERVED)
            }
            None => Some(self.settings.folder.clone()),
        }
    }

    fn layers(&self, section: &Section<'_>) -> Vec<PathBuf> {
        let instead = "the layer is left out";
        let Some(list) = section.get("layers") else { return Vec::new() };
        // the items of the list may be references, which are not resolved to names but looked up
        let items = match list {
            Node::List(items) => items.clone(),
            other => self.reader.items(section.subject, "layers", other, instead),
        };
        items.iter().filter_map(|item| self.layer(section.subject, item, instead)).collect()
    }

    fn layer(&self, subject: &str, item: &Node, instead: &str) -> Option<PathBuf> {
        let referred = item.only_member().filter(|(name, _)| *name == "Ref").and_then(|(_, id)| id.as_text());
        let layers = self.service.get("layers").map_or(&[][..], Node::members);
        let own =
            referred.and_then(|id| layers.iter().find(|(key, _)| id == format!("{}LambdaLayer", normalized(key))));
        let Some((key, layer)) = own else {
            let layer = self.reader.text(subject, "layers", item, instead)?;
            return self.reader.path(subject, "layers", &layer, instead);
        };
        let artifact = layer.get("package").and_then(|package| package.get("artifact"));
        let (member, node) = match (artifact, layer.get("path")) {
            (Some(artifact), _) => (format!("layers.{key}.package.artifact"), artifact),
            (None, Some(path)) => (format!("layers.{key}.path"), path),
            (None, None) => {
                self.reader.warn(subject, &format!("layers.{key}"), layer, format!("it has no path; {instead}"));
                return None;
            }
        };
        let path = self.reader.text(subject, &member, node, instead)?;
        self.reader.path(subject, &member, &path, instead)
    }
}
