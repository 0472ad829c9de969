//! A way by which HTTP requests reach a function: its function URL, or a route of an API or a load balancer.

use clap::ValueEnum;

/// What stands between the client and Lambda. It decides the form of the event and what becomes of the response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Api {
    /// A function URL
    #[default]
    Url,
    /// An HTTP API of API Gateway
    Http,
    /// A REST API of API Gateway
    Rest,
    /// An Application Load Balancer
    Alb,
}

/// The payload format of an HTTP API. The others have one form each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadFormat {
    V1,
    #[default]
    V2,
}

/// One route of one function, in the notation of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub api: Api,
    /// In capitals. None: any method.
    pub method: Option<String>,
    /// `/orders/{id}`, `/files/{proxy+}`. An HTTP API may have `$default`: the requests that no other route fits. Of a load
    /// balancer it is a pattern, in which `*` are any characters and `?` is one. Of a function URL it is `$default`.
    pub path: String,
    /// The stage of a REST API, or of an HTTP API if that is not `$default`.
    pub stage: Option<String>,
    pub payload: PayloadFormat,
    /// The client gets the response as the function streams it.
    pub streams: bool,
    /// The function's name.
    pub function: String,
}

impl Route {
    /// A function URL.
    pub fn url(function: &str, streams: bool) -> Route {
        Route { streams, ..Route::new(Api::Url, None, "$default", function) }
    }

    /// Whether requests reach the same function by both.
    pub fn is_same_way(&self, other: &Route) -> bool {
        let way = |route: &Route| (route.api, route.method.clone(), route.path.clone(), route.stage.clone());
        way(self) == way(other) && self.function == other.function
    }

    /// A route whose stage and payload format are the usual ones.
    pub fn new(api: Api, method: Option<&str>, path: &str, function: &str) -> Route {
        let is_suffix = api == Api::Alb && path.starts_with('*'); // every path begins with a slash
        Route {
            api,
            method: method.and_then(method_of),
            path: if is_suffix { format!("/{path}") } else { path.to_owned() },
            stage: None,
            payload: PayloadFormat::default(),
            streams: false,
            function: function.to_owned(),
        }
    }
}

/// A method as files name it: in capitals. None: any method.
fn method_of(text: &str) -> Option<String> {
    let method = text.to_ascii_uppercase();
    (!matches!(method.as_str(), "ANY" | "*" | "X-AMAZON-APIGATEWAY-ANY-METHOD")).then_some(method)
}
