//! SAM's events of a function that are HTTP requests, and function URLs.
//!
//! Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html>

use super::resources::Function;
use super::template::Template;
use crate::model::route::{Api, PayloadFormat, Route};
use crate::project::node::Node;

/// The stage of SAM's implicit REST API.
const IMPLICIT_STAGE: &str = "Prod";
const LEFT_OUT: &str = "the route is left out";

/// The routes of `Events`, `FunctionUrlConfig` and `AWS::Lambda::Url`.
pub fn routes(template: &Template<'_>) -> Vec<Route> {
    let mut routes = Vec::new();
    for function in template.functions {
        let events = function.properties.get("Events").map_or(&[][..], Node::members);
        routes.extend(events.iter().filter_map(|(name, event)| route(template, function, name, event)));
        let url = function.properties.get("FunctionUrlConfig").or_else(|| function.globals.get("FunctionUrlConfig"));
        routes.extend(url.map(|url| url_route(template, function, url)));
    }
    for (id, properties) in template.resources("AWS::Lambda::Url") {
        match properties.get("TargetFunctionArn").and_then(|target| template.function_in(target)) {
            Some(function) => routes.push(url_route(template, function, properties)),
            None => template.reader.warn(id, "TargetFunctionArn", properties, format!("no function here; {LEFT_OUT}")),
        }
    }
    routes
}

fn url_route(template: &Template<'_>, function: &Function<'_>, url: &Node) -> Route {
    let mode = url
        .get("InvokeMode")
        .and_then(|mode| template.reader.text(function.id, "FunctionUrlConfig.InvokeMode", mode, "BUFFERED is taken"));
    Route::url(&function.name, mode.as_deref() == Some("RESPONSE_STREAM"))
}

fn route(template: &Template<'_>, function: &Function<'_>, name: &str, event: &Node) -> Option<Route> {
    let api = match event.get("Type").and_then(Node::as_text)? {
        "Api" => Api::Rest,
        "HttpApi" => Api::Http,
        _ => return None, // not by HTTP
    };
    let properties = event.get("Properties").unwrap_or(&Node::Null);
    let text = |member: &str| {
        let node = properties.get(member)?;
        Some(template.reader.text(function.id, &format!("Events.{name}.{member}"), node, LEFT_OUT))
    };
    let (path, method) = match (api, text("Path"), text("Method")) {
        (Api::Http, None, None) => ("$default".to_owned(), None),
        (_, path, method) => (path??, Some(method.unwrap_or_else(|| Some("any".to_owned()))?)),
    };
    let stage = stage(template, function, name, properties, api);
    let is_v1 = text("PayloadFormatVersion").flatten().as_deref() == Some("1.0");
    let payload = if is_v1 { PayloadFormat::V1 } else { PayloadFormat::V2 };
    Some(Route { stage, payload, ..Route::new(api, method.as_deref(), &path, &function.name) })
}

/// The stage of the API to which an event belongs. `$default` of an HTTP API is none.
fn stage(template: &Template<'_>, function: &Function<'_>, event: &str, properties: &Node, api: Api) -> Option<String> {
    let member = if api == Api::Rest { "RestApiId" } else { "ApiId" };
    let stage = match properties.get(member) {
        None if api == Api::Rest => return Some(IMPLICIT_STAGE.to_owned()),
        None => template.template.get("Globals")?.get("HttpApi")?.get("StageName"),
        Some(id) => match template.referred(id) {
            Some((_, api)) => api.get("StageName"),
            None => {
                let member = format!("Events.{event}.{member}");
                template.reader.warn(function.id, &member, id, "this API is not in the file; the route has no stage");
                None
            }
        },
    }?;
    let stage = template.reader.text(function.id, "StageName", stage, "the route has no stage");
    stage.filter(|stage| stage != "$default")
}
