//! Routes that a template gives apart from its functions: in the OpenAPI definition of an API, and as routes of an HTTP API.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-route.html>

use super::template::Template;
use crate::model::route::{Api, PayloadFormat, Route};
use crate::project::node::Node;
use crate::project::{paths, yaml};
use std::borrow::Cow;

const INTEGRATION: &str = "x-amazon-apigateway-integration";
const NOT_READ: &str = "the routes of the definition are not read";

pub fn routes(template: &Template<'_>) -> Vec<Route> {
    let mut routes = Vec::new();
    for (kind, api) in [("AWS::Serverless::Api", Api::Rest), ("AWS::Serverless::HttpApi", Api::Http)] {
        for (id, properties) in template.resources(kind) {
            if properties.get("Auth").is_some() {
                template.reader.warn(id, "Auth", "…", "authorizers are not run: every request passes");
            }
            let Some(definition) = definition(template, id, properties) else { continue };
            let stage = properties.get("StageName").and_then(|stage| template.scope.text(stage).ok());
            let stage = stage.filter(|stage| stage != "$default");
            let found = defined(template, api, &definition);
            routes.extend(found.into_iter().map(|route| Route { stage: stage.clone(), ..route }));
        }
    }
    let plain = template.resources("AWS::ApiGatewayV2::Route");
    routes.extend(plain.filter_map(|(id, properties)| plain_route(template, id, properties)));
    routes
}

/// The OpenAPI definition: in the template itself, or in a file beside it.
fn definition<'t>(template: &Template<'_>, id: &str, properties: &'t Node) -> Option<Cow<'t, Node>> {
    let included = |body: &Node| body.get("Fn::Transform")?.get("Parameters")?.get("Location").cloned();
    let (member, file) = match (properties.get("DefinitionBody"), properties.get("DefinitionUri")) {
        (Some(body), _) => match included(body) {
            Some(file) => ("DefinitionBody", file),
            None => return Some(Cow::Borrowed(body)),
        },
        (None, Some(file)) => ("DefinitionUri", file.clone()),
        (None, None) => return None,
    };
    let path = template.reader.text(id, member, &file, NOT_READ)?;
    let warn = |why: &str| {
        template.reader.warn(id, member, &path, format!("{why}; {NOT_READ}"));
        None
    };
    let Some(inner) = paths::within(&path).filter(|_| !paths::is_remote(&path)) else {
        return warn("it is not in the project's folder");
    };
    match (template.settings.read)(&inner) {
        Ok(Some(text)) => match yaml::parse(&text) {
            Ok(definition) => Some(Cow::Owned(definition)),
            Err(why) => warn(&why),
        },
        Ok(None) => warn("there is no such file"),
        Err(why) => warn(&why),
    }
}

fn defined(template: &Template<'_>, api: Api, definition: &Node) -> Vec<Route> {
    let mut routes = Vec::new();
    for (path, methods) in definition.get("paths").map_or(&[][..], Node::members) {
        for (method, operation) in methods.members() {
            let Some(integration) = operation.get(INTEGRATION) else { continue };
            let Some(function) = integration.get("uri").and_then(|uri| template.function_in(uri)) else { continue };
            let is_proxy = integration.get("type").and_then(Node::as_text);
            if !is_proxy.is_some_and(|kind| kind.eq_ignore_ascii_case("aws_proxy")) {
                let member = format!("{method} {path}");
                template.reader.warn(
                    function.id,
                    &member,
                    integration,
                    "only proxy integrations are played; the route is left out",
                );
                continue;
            }
            let payload = payload(template, integration.get("payloadFormatVersion"));
            routes.push(Route { payload, ..Route::new(api, Some(method), path, &function.name) });
        }
    }
    routes
}

/// Without a version an HTTP API that is defined so has 1.0, as API Gateway's own API.
fn payload(template: &Template<'_>, version: Option<&Node>) -> PayloadFormat {
    match version.and_then(|version| template.scope.text(version).ok()).as_deref() {
        Some("2.0") => PayloadFormat::V2,
        _ => PayloadFormat::V1,
    }
}

/// `AWS::ApiGatewayV2::Route` with its integration.
fn plain_route(template: &Template<'_>, id: &str, properties: &Node) -> Option<Route> {
    let left_out = "the route is left out";
    let api = properties.get("ApiId").and_then(|api| template.referred(api));
    if api.is_some_and(|(_, api)| api.get("ProtocolType").and_then(Node::as_text) == Some("WEBSOCKET")) {
        return None;
    }
    let key = template.reader.text(id, "RouteKey", properties.get("RouteKey")?, left_out)?;
    let integration = integration(template, properties.get("Target")?);
    let function = integration.and_then(|found| template.function_in(found.get("IntegrationUri")?));
    let (Some(integration), Some(function)) = (integration, function) else {
        template.reader.warn(id, "Target", properties.get("Target")?, format!("no function of this file; {left_out}"));
        return None;
    };
    let payload = payload(template, integration.get("PayloadFormatVersion"));
    let (method, path) = match key.split_once(' ') {
        Some((method, path)) => (Some(method), path),
        None if key == "$default" => (None, "$default"),
        None => return None, // of a WebSocket API
    };
    let api = api.map(|(id, _)| id);
    let stage = template
        .resources("AWS::ApiGatewayV2::Stage")
        .find(|(_, stage)| stage.get("ApiId").and_then(|api| template.referred(api)).map(|(id, _)| id) == api);
    let stage = stage.and_then(|(_, stage)| template.scope.text(stage.get("StageName")?).ok());
    let stage = stage.filter(|stage| stage != "$default");
    Some(Route { payload, stage, ..Route::new(Api::Http, method, path, &function.name) })
}

/// The integration to which the target `integrations/ID` leads, in whatever way it refers to it.
fn integration<'t>(template: &'t Template<'_>, target: &Node) -> Option<&'t Node> {
    template
        .resources("AWS::ApiGatewayV2::Integration")
        .find(|(id, _)| names(target, id))
        .map(|(_, properties)| properties)
}

/// Whether a value refers to a resource: `!Ref ID`, or `${ID}` in a `!Sub`.
fn names(node: &Node, id: &str) -> bool {
    match node {
        Node::Null => false,
        Node::Text(text) => text == id || text.contains(&format!("${{{id}}}")),
        Node::List(items) => items.iter().any(|item| names(item, id)),
        Node::Map(members) => members.iter().any(|(_, value)| names(value, id)),
    }
}
