//! Finds the route of a request, in the order of precedence that API Gateway documents.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>

use super::request::decoded;
use crate::model::route::Api;
use std::fmt;

/// Matches every method.
const ANY: &str = "ANY";

/// The route that takes what no other one takes.
const DEFAULT: &str = "$default";

/// A method and a path, and what is behind them.
pub struct Route<T> {
    method: String,
    path: String,
    pattern: Pattern,
    pub target: T,
}

/// What a path looks like.
enum Pattern {
    /// `$default`
    Everything,
    /// Of API Gateway.
    Segments(Vec<Segment>),
    /// Of a load balancer: `*` is any text, `?` any character.
    Wildcards(String),
}

#[derive(Debug, PartialEq)]
enum Segment {
    Literal(String),
    /// `{id}`
    Variable(String),
    /// `{proxy+}`
    Greedy(String),
}

/// This is not a route.
#[derive(Debug, PartialEq)]
pub struct BadRoute {
    route: String,
    why: &'static str,
}

impl fmt::Display for BadRoute {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BadRoute { route, why } = self;
        write!(
            out,
            "cannot use the route {route:?}: {why}. A route is METHOD /path, ANY /path/{{name}}, ANY /{{name+}} or $default"
        )
    }
}

impl<T> Route<T> {
    /// # Errors
    /// What is wrong with the method or the path.
    pub fn new(api: Api, method: &str, path: &str, target: T) -> Result<Route<T>, BadRoute> {
        let bad = |why| BadRoute { route: format!("{method} {path}").trim().to_owned(), why };
        if path == DEFAULT {
            return Ok(Route { method: ANY.to_owned(), path: path.to_owned(), pattern: Pattern::Everything, target });
        }
        let method = if method == "*" { ANY.to_owned() } else { method.to_ascii_uppercase() };
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(bad("it has no method"));
        }
        let segments = path.strip_prefix('/').ok_or_else(|| bad("its path does not begin with /"))?;
        if api == Api::Alb {
            let pattern = Pattern::Wildcards(path.to_owned());
            return Ok(Route { method, path: path.to_owned(), pattern, target });
        }
        let segments = segments.strip_suffix('/').unwrap_or(segments);
        let pattern = Pattern::Segments(segments_of(segments).map_err(bad)?);
        Ok(Route { method, path: format!("/{segments}"), pattern, target })
    }

    /// `GET /users/{id}`, or `$default`.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(api: Api, text: &str, target: T) -> Result<Route<T>, BadRoute> {
        let (method, path) = text.trim().split_once(char::is_whitespace).unwrap_or(("", text));
        Route::new(api, method, path.trim(), target)
    }

    /// `GET /users/{id}`
    pub fn key(&self) -> String {
        match self.pattern {
            Pattern::Everything => DEFAULT.to_owned(),
            Pattern::Segments(_) | Pattern::Wildcards(_) => format!("{} {}", self.method, self.path),
        }
    }

    /// `/users/{id}`
    pub fn path(&self) -> &str {
        &self.path
    }

    fn takes(&self, method: &str) -> bool {
        self.method == ANY || self.method == method
    }

    /// The smaller, the better the match: a full match comes before one with variables, a greedy one after these, and
    /// `$default` last; then a method before `ANY`. The rules of a load balancer stay in their order.
    fn rank(&self) -> (Vec<u8>, bool) {
        let rank = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Variable(_) => 1,
            Segment::Greedy(_) => 2,
        };
        let path = match &self.pattern {
            Pattern::Everything => vec![3],
            Pattern::Segments(segments) => segments.iter().map(rank).collect(),
            Pattern::Wildcards(_) => return (Vec::new(), false),
        };
        (path, self.method == ANY)
    }
}

fn segments_of(path: &str) -> Result<Vec<Segment>, &'static str> {
    let segments: Option<Vec<Segment>> = path.split('/').filter(|_| !path.is_empty()).map(Segment::parse).collect();
    let segments = segments.ok_or("a segment of its path is empty, or is not {name} or {name+}")?;
    let last = segments.len().saturating_sub(1);
    let is_misplaced = |(at, segment): (usize, &Segment)| at < last && matches!(segment, Segment::Greedy(_));
    if segments.iter().enumerate().any(is_misplaced) {
        return Err("{name+} must be the last segment of a path");
    }
    Ok(segments)
}

impl Segment {
    fn parse(text: &str) -> Option<Segment> {
        let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
            return (!text.is_empty() && !text.contains(['{', '}'])).then(|| Segment::Literal(text.to_owned()));
        };
        let (name, is_greedy) = inner.strip_suffix('+').map_or((inner, false), |name| (name, true));
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':');
        let make = if is_greedy { Segment::Greedy } else { Segment::Variable };
        (!name.is_empty() && name.bytes().all(is_name)).then(|| make(name.to_owned()))
    }
}

/// The routes of an API.
pub struct Router<T> {
    api: Api,
    routes: Vec<Route<T>>,
}

/// The route of a request, and the variables of its path.
pub struct Match<'a, T> {
    pub route: &'a Route<T>,
    pub variables: Vec<(String, String)>,
}

impl<T> Router<T> {
    pub fn new(api: Api, mut routes: Vec<Route<T>>) -> Router<T> {
        routes.sort_by_key(Route::rank); // those of the same rank stay in their order
        Router { api, routes }
    }

    /// The path is without a stage, and as the client sent it.
    pub fn find(&self, method: &str, path: &str) -> Option<Match<'_, T>> {
        let mut fitting = self
            .routes
            .iter()
            .filter_map(|route| self.variables(&route.pattern, path).map(|variables| Match { route, variables }));
        if self.api != Api::Rest {
            return fitting.find(|found| found.route.takes(method));
        }
        // a REST API finds the resource first: another method of it is not looked for elsewhere
        let first = fitting.next()?;
        let resource = first.route.path.clone();
        let mut of_resource = [first].into_iter().chain(fitting.filter(|found| found.route.path == resource));
        of_resource.find(|found| found.route.takes(method))
    }

    /// None if the path does not fit. A REST API ignores a slash at the end. An HTTP API decodes variables.
    fn variables(&self, pattern: &Pattern, path: &str) -> Option<Vec<(String, String)>> {
        let segments = match pattern {
            Pattern::Segments(segments) => segments,
            Pattern::Wildcards(wildcards) => return fits(wildcards.as_bytes(), path.as_bytes()).then(Vec::new),
            Pattern::Everything => return Some(Vec::new()),
        };
        let path = path.strip_prefix('/')?;
        let is_rest = self.api == Api::Rest;
        let path = if is_rest { path.strip_suffix('/').unwrap_or(path) } else { path };
        let mut rest = (!path.is_empty() || !is_rest && !segments.is_empty()).then_some(path);
        let mut variables = Vec::new();
        for segment in segments {
            let (head, tail) = split(rest?);
            match segment {
                Segment::Greedy(name) => {
                    variables.push((name.clone(), self.value(rest?)));
                    return Some(variables);
                }
                Segment::Variable(name) if !head.is_empty() => variables.push((name.clone(), self.value(head))),
                Segment::Literal(literal) if head == literal || *literal == decoded(head) => {}
                Segment::Variable(_) | Segment::Literal(_) => return None,
            }
            rest = tail;
        }
        rest.is_none().then_some(variables)
    }

    fn value(&self, raw: &str) -> String {
        if self.api == Api::Rest { raw.to_owned() } else { decoded(raw) }
    }
}

/// In time that is the product of both lengths, whatever the pattern.
fn fits(wildcards: &[u8], text: &[u8]) -> bool {
    let (mut at, mut star) = ((0, 0), None); // where in both; after the last star, where in both
    while let Some(byte) = text.get(at.1) {
        match wildcards.get(at.0) {
            Some(b'*') => star = Some((at.0 + 1, at.1)),
            Some(wildcard) if *wildcard == b'?' || wildcard == byte => {
                at = (at.0 + 1, at.1 + 1);
                continue;
            }
            _ => match &mut star {
                Some(star) => star.1 += 1,
                None => return false,
            },
        }
        at = star.unwrap_or_default();
    }
    wildcards.get(at.0..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once('/').map_or((path, None), |(head, tail)| (head, Some(tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(api: Api, routes: &[&str]) -> Router<()> {
        Router::new(api, routes.iter().map(|route| Route::parse(api, route, ()).unwrap()).collect())
    }

    fn found(router: &Router<()>, method: &str, path: &str) -> Option<(String, Vec<(String, String)>)> {
        router.find(method, path).map(|found| (found.route.key(), found.variables))
    }

    /// The example of API Gateway's page on routes.
    #[test]
    fn the_documented_example_has_the_documented_routes() {
        let routes = ["$default", "ANY /{proxy+}", "GET /pets/{proxy+}", "GET /pets/dog/{id}", "GET /pets/dog/1"];
        let router = router(Api::Http, &routes);
        for (method, path, expected) in [
            ("GET", "/pets/dog/1", "GET /pets/dog/1"),
            ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
            ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
            ("POST", "/test/5", "ANY /{proxy+}"),
        ] {
            assert_eq!(found(&router, method, path).unwrap().0, expected, "{method} {path}");
        }
    }

    #[test]
    fn a_method_comes_before_any_and_a_rest_resource_before_its_methods() {
        let routes = ["ANY /{proxy+}", "ANY /a", "GET /a", "POST /b"];
        let http = router(Api::Http, &routes);
        assert_eq!(found(&http, "GET", "/a").unwrap().0, "GET /a");
        assert_eq!(found(&http, "PUT", "/a").unwrap().0, "ANY /a");
        assert_eq!(found(&http, "GET", "/b").unwrap().0, "ANY /{proxy+}");
        let rest = router(Api::Rest, &routes);
        assert_eq!(found(&rest, "GET", "/a").unwrap().0, "GET /a");
        assert_eq!(found(&rest, "GET", "/b"), None);
        assert_eq!(found(&rest, "GET", "/c").unwrap().0, "ANY /{proxy+}");
    }

    #[test]
    fn an_http_api_decodes_variables_and_a_rest_api_does_not() {
        let routes = ["GET /u/{id}", "GET /f/{path+}"];
        let value = |api, path: &str| found(&router(api, &routes), "GET", path).unwrap().1[0].1.clone();
        assert_eq!(value(Api::Http, "/u/a%20b"), "a b");
        assert_eq!(value(Api::Rest, "/u/a%20b"), "a%20b");
        assert_eq!(value(Api::Http, "/f/a/b%2Fc/"), "a/b/c/");
        assert_eq!(value(Api::Rest, "/f/a/b%2Fc/"), "a/b%2Fc");
    }

    #[test]
    fn a_slash_at_the_end_is_another_path_for_an_http_api() {
        let routes = ["GET /", "GET /a", "GET /a/{x+}"];
        let (http, rest) = (router(Api::Http, &routes), router(Api::Rest, &routes));
        assert_eq!(found(&http, "GET", "/").unwrap().0, "GET /");
        assert_eq!(found(&rest, "GET", "/").unwrap().0, "GET /");
        assert_eq!(found(&http, "GET", "/a").unwrap().0, "GET /a");
        assert_eq!(found(&http, "GET", "/a/").unwrap().0, "GET /a/{x+}");
        assert_eq!(found(&rest, "GET", "/a/").unwrap().0, "GET /a");
        assert_eq!(found(&http, "GET", "/b"), None);
    }

    /// The example of a load balancer's page on conditions, and their order.
    #[test]
    fn the_first_rule_of_a_load_balancer_that_fits_has_the_request() {
        let router = router(Api::Alb, &["ANY /img/*/pics", "POST /img/*", "ANY /a?c", "ANY /*/z"]);
        for (method, path, expected) in [
            ("GET", "/img/a/b/pics", "ANY /img/*/pics"),
            ("POST", "/img/", "POST /img/*"),
            ("GET", "/abc", "ANY /a?c"),
            ("GET", "/img/z/z", "ANY /*/z"),
        ] {
            assert_eq!(found(&router, method, path).unwrap().0, expected, "{method} {path}");
        }
        for (method, path) in
            [("GET", "/img/"), ("GET", "/ac"), ("GET", "/abbc"), ("GET", "/z"), ("GET", "/IMG/a/pics")]
        {
            assert_eq!(found(&router, method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn other_texts_are_no_routes() {
        for bad in ["", "GET", "/a", "GET a", "GET /a//b", "GET /{}", "GET /a{b}", "GET /{a+}/b", "GET /{a b}", "G-T /"]
        {
            assert!(Route::parse(Api::Http, bad, ()).is_err(), "{bad}");
        }
        assert_eq!(Route::parse(Api::Http, "get /a/", ()).unwrap().key(), "GET /a");
        assert_eq!(Route::parse(Api::Http, "* /", ()).unwrap().key(), "ANY /");
    }
}
