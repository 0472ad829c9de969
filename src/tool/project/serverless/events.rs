//! The events of a function that are HTTP requests, and its URL.
//!
//! Source: <https://www.serverless.com/framework/docs/providers/aws/events/http-api>,
//! <https://www.serverless.com/framework/docs/providers/aws/events/apigateway>,
//! <https://www.serverless.com/framework/docs/providers/aws/events/alb>,
//! <https://www.serverless.com/framework/docs/providers/aws/guide/functions#lambda-function-urls>

use crate::model::route::{Api, PayloadFormat, Route};
use crate::project::members::Section;
use crate::project::node::Node;

const LEFT_OUT: &str = "the route is left out";

/// The routes of a function.
pub fn routes(function: &Section<'_>, provider: &Node, name: &str, stage: &str) -> Vec<Route> {
    let mut routes = Vec::new();
    let events = function.get("events").map_or(Vec::new(), |events| {
        function.reader.items(function.subject, "events", events, "its routes are left out")
    });
    for event in &events {
        let Some((kind, node)) = event.only_member() else { continue };
        let Some(node) = function.reader.value(function.subject, &format!("events.{kind}"), node, LEFT_OUT) else {
            continue;
        };
        let event = Event { function, name, node: &node };
        match kind {
            "httpApi" => routes.extend(event.http_api(payload(function, provider))),
            "http" => routes.extend(event.rest(stage)),
            "alb" => routes.extend(event.balancer()),
            _ => {} // not by HTTP
        }
    }
    routes.extend(url(function, name));
    routes
}

fn payload(function: &Section<'_>, provider: &Node) -> PayloadFormat {
    let of_provider = provider.get("httpApi").and_then(|api| api.get("payload"));
    let payload = function.get("httpApi").and_then(|api| api.get("payload")).or(of_provider);
    let text = payload.and_then(|node| function.reader.text(function.subject, "httpApi.payload", node, "2.0 is taken"));
    if text.as_deref() == Some("1.0") { PayloadFormat::V1 } else { PayloadFormat::V2 }
}

fn url(function: &Section<'_>, name: &str) -> Option<Route> {
    let url = function.reader.value(function.subject, "url", function.get("url")?, "it has no URL")?;
    if url.as_bool() == Some(false) {
        return None;
    }
    let mode = url
        .get("invokeMode")
        .and_then(|mode| function.reader.text(function.subject, "url.invokeMode", mode, "BUFFERED is taken"));
    Some(Route::url(name, mode.as_deref() == Some("RESPONSE_STREAM")))
}

/// One event of a function.
struct Event<'a> {
    function: &'a Section<'a>,
    name: &'a str,
    node: &'a Node,
}

impl Event<'_> {
    fn text(&self, member: &str, node: &Node) -> Option<String> {
        self.function.reader.text(self.function.subject, &format!("events.{member}"), node, LEFT_OUT)
    }

    /// `GET /path`, or a map with `method` and `path`. The path begins with `/`.
    fn method_and_path(&self, kind: &str) -> Option<(Option<String>, String)> {
        let (method, path) = match self.node {
            Node::Text(both) => match both.trim().split_once(char::is_whitespace) {
                Some((method, path)) => (Some(method.to_owned()), path.trim().to_owned()),
                None => (None, both.trim().to_owned()),
            },
            map => {
                let method = map.get("method").map(|node| self.text(&format!("{kind}.method"), node));
                (
                    method.map_or(Some(None), |method| method.map(Some))?,
                    self.text(&format!("{kind}.path"), map.get("path")?)?,
                )
            }
        };
        let path = if path.starts_with('/') || path == "*" { path } else { format!("/{path}") };
        Some((method, path))
    }

    fn http_api(&self, payload: PayloadFormat) -> Option<Route> {
        if self.node.get("authorizer").is_some() {
            self.function.warn("events.httpApi.authorizer", "…", "authorizers are not run: every request passes");
        }
        let (method, path) = self.method_and_path("httpApi")?;
        let path = if path == "*" || path == "/*" { "$default" } else { &path };
        Some(Route { payload, ..Route::new(Api::Http, method.as_deref(), path, self.name) })
    }

    fn rest(&self, stage: &str) -> Option<Route> {
        let integration = self.node.get("integration").and_then(|node| self.text("http.integration", node));
        if let Some(other) = integration.filter(|other| !is_proxy(other)) {
            self.function.warn("events.http.integration", other, format!("only lambda-proxy is played; {LEFT_OUT}"));
            return None;
        }
        if self.node.get("authorizer").is_some() {
            self.function.warn("events.http.authorizer", "…", "authorizers are not run: every request passes");
        }
        let (method, path) = self.method_and_path("http")?;
        let mode = self.node.get("response").and_then(|response| response.get("transferMode"));
        let streams = mode.and_then(Node::as_text).is_some_and(|mode| mode.eq_ignore_ascii_case("stream"));
        let stage = Some(stage.to_owned());
        Some(Route { stage, streams, ..Route::new(Api::Rest, method.as_deref(), &path, self.name) })
    }

    /// A route for each path and method of the conditions.
    fn balancer(&self) -> Vec<Route> {
        let conditions = self.node.get("conditions").map_or(&[][..], Node::members);
        let values = |wanted: &str| {
            let found = conditions.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
            let member = format!("events.alb.conditions.{wanted}");
            let items = found.map(|list| self.function.reader.items(self.function.subject, &member, list, LEFT_OUT));
            let texts = items.map(|items| items.iter().filter_map(Node::as_text).map(str::to_owned).collect());
            texts.unwrap_or_else(|| vec!["*".to_owned()])
        };
        for (name, value) in conditions.iter().filter(|(name, _)| !matches!(name.as_str(), "path" | "method")) {
            let member = format!("events.alb.conditions.{name}");
            self.function.warn(&member, value, "the condition is not checked: requests pass without it");
        }
        let methods = values("method");
        let route = |path: &String| {
            methods.iter().map(|method| Route::new(Api::Alb, Some(method), path, self.name)).collect::<Vec<_>>()
        };
        values("path").iter().flat_map(route).collect()
    }
}

fn is_proxy(integration: &str) -> bool {
    matches!(integration.to_ascii_lowercase().replace('_', "-").as_str(), "lambda-proxy" | "aws-proxy")
}
