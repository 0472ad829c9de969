//! Rules of Application Load Balancers that forward to functions.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-listenerrule.html>

use super::template::Template;
use crate::model::route::{Api, Route};
use crate::project::node::Node;

/// The routes of listener rules by their priority, then those of listeners themselves.
pub fn routes(template: &Template<'_>) -> Vec<Route> {
    let mut rules: Vec<(u32, &str, &Node)> = template
        .resources("AWS::ElasticLoadBalancingV2::ListenerRule")
        .map(|(id, rule)| (priority(template, rule), id, rule))
        .collect();
    rules.sort_by_key(|(priority, _, _)| *priority);
    let mut routes = Vec::new();
    for (_, id, rule) in rules {
        let Some(function) = target(template, rule.get("Actions")) else { continue };
        for path in values(template, id, rule, "path-pattern", "PathPatternConfig") {
            for method in values(template, id, rule, "http-request-method", "HttpRequestMethodConfig") {
                routes.push(Route::new(Api::Alb, Some(&method), &path, &function));
            }
        }
    }
    for (_, listener) in template.resources("AWS::ElasticLoadBalancingV2::Listener") {
        if let Some(function) = target(template, listener.get("DefaultActions")) {
            routes.push(Route::new(Api::Alb, None, "*", &function));
        }
    }
    routes
}

fn priority(template: &Template<'_>, rule: &Node) -> u32 {
    let priority = rule.get("Priority").and_then(|priority| template.scope.text(priority).ok());
    priority.and_then(|priority| priority.parse().ok()).unwrap_or(u32::MAX)
}

/// The name of the function to which the actions forward.
fn target(template: &Template<'_>, actions: Option<&Node>) -> Option<String> {
    let group = actions?.items().iter().find_map(|action| {
        let first = || action.get("ForwardConfig")?.get("TargetGroups")?.items().first()?.get("TargetGroupArn");
        template.referred(action.get("TargetGroupArn").or_else(first)?)
    });
    let (_, group) = group?;
    let function = group.get("Targets")?.items().iter().find_map(|target| template.function_in(target.get("Id")?));
    function.map(|function| function.name.clone())
}

/// The values of one kind of conditions; `*` if there is none. Other kinds are warned of.
fn values(template: &Template<'_>, id: &str, rule: &Node, field: &str, config: &str) -> Vec<String> {
    let mut values = Vec::new();
    for condition in rule.get("Conditions").map_or(&[][..], Node::items) {
        match condition.get("Field").and_then(Node::as_text) {
            Some(name) if name == field => {
                let list = condition.get(config).and_then(|config| config.get("Values")).or(condition.get("Values"));
                let items = list.map_or(Vec::new(), |list| template.reader.items(id, field, list, "it is left out"));
                values.extend(items.iter().filter_map(Node::as_text).map(str::to_owned));
            }
            Some("path-pattern" | "http-request-method") => {}
            other => {
                let kind = other.unwrap_or("none");
                template.reader.warn(id, "Conditions", kind, "the condition is not checked: requests pass without it");
            }
        }
    }
    if values.is_empty() { vec!["*".to_owned()] } else { values }
}
