//! `open-runtime.toml`: the functions of a project, in a format of this tool. It is strict: an unknown member is an error.

use super::members::is_variable;
use super::paths;
use super::{Code, FunctionSpec, Project, Settings, Warning};
use crate::model::arguments::seconds;
use crate::model::route::{Api, PayloadFormat, Route};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(3);
const MEMORY_MB: u32 = 128;
/// Without a runtime the function is as on this one.
const RUNTIME: &str = "provided.al2023";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    region: Option<String>,
    #[serde(default)]
    defaults: Members,
    #[serde(default)]
    functions: BTreeMap<String, Members>,
}

/// The members of a function, and of `[defaults]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Members {
    handler: Option<String>,
    runtime: Option<String>,
    folder: Option<String>,
    timeout: Option<Number>,
    memory: Option<u32>,
    environment: BTreeMap<String, Scalar>,
    layers: Option<Vec<String>>,
    snapstart: Option<bool>,
    url: Option<Url>,
    routes: Option<Vec<RouteText>>,
    api: Option<String>,
    stage: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Integer(i64),
    Float(f64),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
}

/// True, or the name of an invoke mode.
#[derive(Deserialize)]
#[serde(untagged)]
enum Url {
    Has(bool),
    Mode(String),
}

/// `GET /path`, or a map.
#[derive(Deserialize)]
#[serde(untagged)]
enum RouteText {
    Text(String),
    Map(RouteMap),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteMap {
    method: Option<String>,
    path: String,
    api: Option<String>,
    stage: Option<String>,
    payload: Option<String>,
    #[serde(default)]
    stream: bool,
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Scalar::Text(text) => text.clone(),
            Scalar::Integer(number) => number.to_string(),
            Scalar::Float(number) => number.to_string(),
            Scalar::Bool(value) => value.to_string(),
        }
    }
}

/// The functions of the file.
///
/// # Errors
/// It is not TOML, it has an unknown member, or a value makes no sense. The text says where.
pub fn read(text: &str, settings: &Settings<'_>) -> Result<Project, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    let mut project = Project { region: file.region, ..Project::default() };
    for (name, members) in &file.functions {
        let reading = Reading { name, members, defaults: &file.defaults, settings };
        let function = reading.function(&mut project.warnings).map_err(|why| format!("function {name}: {why}"))?;
        project.functions.push(function);
    }
    Ok(project)
}

struct Reading<'a> {
    name: &'a str,
    members: &'a Members,
    defaults: &'a Members,
    settings: &'a Settings<'a>,
}

impl Reading<'_> {
    /// A member of the function, or else of `[defaults]`.
    fn own_or_default<T>(&self, member: impl Fn(&Members) -> Option<T>) -> Option<T> {
        member(self.members).or_else(|| member(self.defaults))
    }

    fn function(&self, warnings: &mut Vec<Warning>) -> Result<FunctionSpec, String> {
        let mut path = |member: &str, path: &str| {
            if paths::within(path).is_none() {
                warnings.push(Warning {
                    subjects: vec![self.name.to_owned()],
                    member: member.to_owned(),
                    value: path.to_owned(),
                    why: "it leads out of the project's folder, and is used".to_owned(),
                });
            }
            self.settings.folder.join(path)
        };
        let layers = self.own_or_default(|members| members.layers.clone()).unwrap_or_default();
        let folder = self.own_or_default(|members| members.folder.clone());
        Ok(FunctionSpec {
            id: self.name.to_owned(),
            name: self.name.to_owned(),
            handler: self.own_or_default(|members| members.handler.clone()).ok_or("it has no handler")?,
            runtime: self.own_or_default(|members| members.runtime.clone()).unwrap_or_else(|| RUNTIME.to_owned()),
            code: Code::Path(path("folder", folder.as_deref().unwrap_or("."))),
            layers: layers.iter().map(|layer| path("layers", layer)).collect(),
            variables: self.variables()?,
            timeout: self.timeout()?,
            memory_mb: self.memory()?,
            snapstart: self.own_or_default(|members| members.snapstart).unwrap_or(false),
            routes: self.routes()?,
        })
    }

    fn timeout(&self) -> Result<Duration, String> {
        let text = self.own_or_default(|members| {
            members.timeout.as_ref().map(|timeout| match timeout {
                Number::Integer(number) => number.to_string(),
                Number::Float(number) => number.to_string(),
            })
        });
        text.map_or(Ok(TIMEOUT), |text| seconds(&text).map_err(|why| format!("timeout = {text}: {why}")))
    }

    fn memory(&self) -> Result<u32, String> {
        match self.own_or_default(|members| members.memory).unwrap_or(MEMORY_MB) {
            memory @ 1..=10240 => Ok(memory),
            other => Err(format!("memory = {other}: not a number of MB from 1 to 10240")),
        }
    }

    fn variables(&self) -> Result<Vec<(String, String)>, String> {
        let mut all: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in self.defaults.environment.iter().chain(&self.members.environment) {
            let value = value.text();
            if !is_variable(name) || value.contains('\0') {
                return Err(format!("environment.{name}: not an environment variable"));
            }
            all.insert(name, value);
        }
        Ok(all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn routes(&self) -> Result<Vec<Route>, String> {
        let mut routes = Vec::new();
        match self.members.url.as_ref().or(self.defaults.url.as_ref()) {
            None | Some(Url::Has(false)) => {}
            Some(Url::Has(true)) => routes.push(Route::url(self.name, false)),
            Some(Url::Mode(mode)) => routes.push(Route::url(self.name, streams(mode)?)),
        }
        for route in self.members.routes.iter().flatten() {
            routes.push(self.route(route)?);
        }
        Ok(routes)
    }

    fn route(&self, route: &RouteText) -> Result<Route, String> {
        let of_text;
        let RouteMap { method, path, api, stage, payload, stream } = match route {
            RouteText::Map(map) => map,
            RouteText::Text(text) => {
                let (method, path) = match text.split_once(' ') {
                    Some((method, path)) => (Some(method.to_owned()), path.trim().to_owned()),
                    None => (None, text.clone()),
                };
                of_text = RouteMap { method, path, api: None, stage: None, payload: None, stream: false };
                &of_text
            }
        };
        let api = api.clone().or_else(|| self.own_or_default(|members| members.api.clone()));
        let api = api_of(api.as_deref().unwrap_or("http"))?;
        let has_pattern = api == Api::Alb && path.starts_with('*');
        let is_default = api == Api::Http && path == "$default";
        if !(path.starts_with('/') || has_pattern || is_default) {
            return Err(format!("route {path}: the path begins with /"));
        }
        let payload = match payload.as_deref() {
            None | Some("2.0") => PayloadFormat::V2,
            Some("1.0") => PayloadFormat::V1,
            Some(other) => return Err(format!("payload = {other:?}: it is \"1.0\" or \"2.0\"")),
        };
        let stage = stage.clone().or_else(|| self.own_or_default(|members| members.stage.clone()));
        let stage = stage.filter(|stage| api != Api::Alb && stage != "$default");
        Ok(Route { stage, payload, streams: *stream, ..Route::new(api, method.as_deref(), path, self.name) })
    }
}

fn api_of(name: &str) -> Result<Api, String> {
    match name {
        "http" => Ok(Api::Http),
        "rest" => Ok(Api::Rest),
        "alb" => Ok(Api::Alb),
        other => Err(format!("api = {other:?}: it is \"http\", \"rest\" or \"alb\"; a function URL is url = true")),
    }
}

fn streams(mode: &str) -> Result<bool, String> {
    match mode {
        "buffered" => Ok(false),
        "response-stream" => Ok(true),
        other => Err(format!("url = {other:?}: it is true, \"buffered\" or \"response-stream\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::test::{function, project, try_project, warnings};
    use std::path::PathBuf;

    const WHOLE: &str = r#"
region = "eu-central-1"
[defaults]
runtime = "python3.13"
environment = { A = "d", B = "d" }
[functions.hello]
handler = "app.hello"
folder = "hello"
timeout = 0.5
memory = 256
layers = ["layers/a", "../b.zip"]
environment = { B = "f", C = 1, D = true }
url = "response-stream"
routes = ["GET /a/{id}", "$default", { method = "ANY", path = "/b", api = "rest", stage = "dev" }, { path = "/c", payload = "1.0" }]
[functions.bye]
handler = "bye.bye"
runtime = "nodejs22.x"
"#;

    #[test]
    fn a_function_has_what_it_says_and_the_defaults() {
        let project = project("open-runtime.toml", WHOLE);
        let hello = function(&project, "hello");
        assert_eq!(
            (hello.timeout, hello.memory_mb, hello.runtime.as_str()),
            (Duration::from_millis(500), 256, "python3.13")
        );
        assert_eq!(hello.code, Code::Path(PathBuf::from("/project/hello")));
        assert_eq!(hello.layers, [PathBuf::from("/project/layers/a"), PathBuf::from("/project/../b.zip")]);
        let expected = [("A", "d"), ("B", "f"), ("C", "1"), ("D", "true")];
        assert_eq!(hello.variables, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let rest = Route { stage: Some("dev".to_owned()), ..Route::new(Api::Rest, None, "/b", "hello") };
        let v1 = Route { payload: PayloadFormat::V1, ..Route::new(Api::Http, None, "/c", "hello") };
        let get = Route::new(Api::Http, Some("GET"), "/a/{id}", "hello");
        let expected = [Route::url("hello", true), get, Route::new(Api::Http, None, "$default", "hello"), rest, v1];
        assert_eq!(hello.routes, expected);
        let bye = function(&project, "bye");
        assert_eq!((bye.runtime.as_str(), bye.timeout, bye.memory_mb), ("nodejs22.x", TIMEOUT, MEMORY_MB));
        assert_eq!(project.region.as_deref(), Some("eu-central-1"));
        let warnings = warnings(&project);
        assert!(
            warnings.len() == 1 && warnings[0].starts_with("hello: layers: ../b.zip: it leads out"),
            "{warnings:?}"
        );
    }

    #[test]
    fn a_mistake_is_an_error_that_says_where() {
        for (text, expected) in [
            ("[functions.f]\nhandler = \"a.b\"\nhandlr = 1\n", "unknown field `handlr`"),
            ("[function.f]\n", "unknown field `function`"),
            ("[functions.f]\n", "function f: it has no handler"),
            ("[functions.f]\nhandler = \"a.b\"\ntimeout = 901\n", "function f: timeout = 901"),
            ("[functions.f]\nhandler = \"a.b\"\nmemory = 0\n", "function f: memory = 0"),
            ("[functions.f]\nhandler = \"a.b\"\nurl = \"fast\"\n", "function f: url = \"fast\""),
            ("[functions.f]\nhandler = \"a.b\"\nroutes = [\"GET a\"]\n", "function f: route a: the path begins with /"),
            ("[functions.f]\nhandler = \"a.b\"\napi = \"soap\"\nroutes = [\"GET /\"]\n", "function f: api = \"soap\""),
            ("[functions.f]\nhandler = \"a.b\"\nenvironment = { \"A B\" = 1 }\n", "function f: environment.A B"),
            ("[functions.f]\nhandler = \n", "line 2"),
        ] {
            let error = try_project("open-runtime.toml", text, &[], &[]).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
