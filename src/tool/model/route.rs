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
