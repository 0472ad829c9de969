//! Which service is in front of the function, and its settings: what one configures at AWS.

use crate::model::invocation::Source;
use crate::model::route::{Api, PayloadFormat};
use clap::{Args, ValueEnum};
use std::time::Duration;

/// The largest body of a request to an HTTP API or a REST API, in bytes.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>
const MAX_GATEWAY_BODY: usize = 10 * 1024 * 1024;

/// The largest body of a request to a load balancer, and its largest response, in bytes.
///
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>
pub const MAX_ALB: usize = 1024 * 1024;

/// How a function URL invokes the function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum InvokeMode {
    /// A response is an object with statusCode, headers, cookies and body, or any other JSON
    #[default]
    Buffered,
    /// A response is sent as it comes
    ResponseStream,
}

/// The command line.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "HTTP")]
pub struct WebArguments {
    /// The service whose events and answers --http has
    #[arg(long, value_enum, default_value_t, requires = "http")]
    pub api: Api,

    /// How the function URL invokes the function
    #[arg(long, value_name = "MODE", value_enum, default_value_t, requires = "http")]
    pub invoke_mode: InvokeMode,

    /// The payload format version of the HTTP API. Default: 2.0
    #[arg(long, value_name = "VERSION", value_parser = payload, requires = "http")]
    pub payload: Option<PayloadFormat>,

    /// A route of the HTTP API or the REST API: 'GET /users/{id}', 'ANY /files/{path+}', '$default'; or a rule of the load
    /// balancer: 'ANY /img/*'. Without any, all requests invoke the function. Can be repeated
    #[arg(long = "route", value_name = "ROUTE", requires = "http")]
    pub routes: Vec<String>,

    /// The stage of the HTTP API or the REST API, which is then the first segment of the path. Without it the API is at
    /// the root, as with a domain name of your own
    #[arg(long, value_name = "NAME", requires = "http")]
    pub stage: Option<String>,

    /// The load balancer's attribute lambda.multi_value_headers.enabled is true
    #[arg(long, requires = "http")]
    pub multi_value_headers: bool,

    /// A media type whose bodies the REST API treats as binary: image/png, image/*, */*. Can be repeated
    #[arg(long = "binary-media-type", value_name = "TYPE", requires = "http")]
    pub binary_media_types: Vec<String>,

    /// The integration timeout of the HTTP API or the REST API in seconds. Default: 30 or 29, the longest there is
    #[arg(long, value_name = "S", value_parser = integration_timeout, requires = "http")]
    pub integration_timeout: Option<Duration>,

    /// The load balancer checks the health of the function at this path, every 35 s
    #[arg(long, value_name = "PATH", requires = "http")]
    pub health_check: Option<String>,

    /// Seconds between two health checks
    #[arg(long, value_name = "S", default_value = "35", value_parser = health_interval, requires = "health_check")]
    pub health_check_interval: Duration,
}

fn payload(text: &str) -> Result<PayloadFormat, String> {
    match text {
        "1.0" => Ok(PayloadFormat::V1),
        "2.0" => Ok(PayloadFormat::V2),
        _ => Err("not 1.0 or 2.0".to_owned()),
    }
}

/// API Gateway's range.
fn integration_timeout(text: &str) -> Result<Duration, String> {
    seconds(text, 0.05, 30.0)
}

fn health_interval(text: &str) -> Result<Duration, String> {
    seconds(text, 0.05, 300.0)
}

fn seconds(text: &str, least: f64, most: f64) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (least..=most).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| format!("not a number of seconds from {least} to {most}"))
}

/// A service and the format that it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Url,
    HttpV1,
    HttpV2,
    Rest,
    Alb,
}

impl Service {
    pub fn new(api: Api, payload: PayloadFormat) -> Service {
        match (api, payload) {
            (Api::Url, _) => Service::Url,
            (Api::Http, PayloadFormat::V1) => Service::HttpV1,
            (Api::Http, PayloadFormat::V2) => Service::HttpV2,
            (Api::Rest, _) => Service::Rest,
            (Api::Alb, _) => Service::Alb,
        }
    }

    /// The largest body of a request, in bytes. The event has a limit, too.
    pub fn max_body(self) -> usize {
        match self {
            Service::Url | Service::HttpV1 | Service::HttpV2 | Service::Rest => MAX_GATEWAY_BODY,
            Service::Alb => MAX_ALB,
        }
    }

    /// How long it waits for the function. None: as long as the function may run.
    fn timeout(self) -> Option<Duration> {
        match self {
            Service::Url | Service::Alb => None,
            Service::HttpV1 | Service::HttpV2 => Some(Duration::from_secs(30)),
            Service::Rest => Some(Duration::from_secs(29)),
        }
    }

    /// Who invokes the function, in records.
    pub fn source(self) -> Source {
        match self {
            Service::Url => Source::Url,
            Service::HttpV1 | Service::HttpV2 => Source::Http,
            Service::Rest => Source::Rest,
            Service::Alb => Source::Alb,
        }
    }

    /// In a sentence: "the HTTP API".
    pub fn name(self) -> &'static str {
        match self {
            Service::Url => "the function URL",
            Service::HttpV1 | Service::HttpV2 => "the HTTP API",
            Service::Rest => "the REST API",
            Service::Alb => "the load balancer",
        }
    }
}

/// The settings of an API. Those of its routes, if there are others, are beside their targets.
#[derive(Clone, Debug)]
pub struct Settings {
    pub api: Api,
    /// What answers if there is no route, and that of a route that says nothing else.
    pub service: Service,
    pub mode: InvokeMode,
    /// A stage that is in the path.
    pub stage: Option<String>,
    /// Headers and parameters are lists. Of a load balancer.
    pub is_multi_value: bool,
    /// Media types whose bodies are binary. Of a REST API.
    pub binary_media_types: Vec<String>,
    pub timeout: Option<Duration>,
}

impl Settings {
    /// # Errors
    /// An option is not one of this service.
    pub fn new(given: &WebArguments) -> Result<Settings, String> {
        let service = Service::new(given.api, given.payload.unwrap_or_default());
        let (is_gateway, is_alb) = (matches!(given.api, Api::Http | Api::Rest), given.api == Api::Alb);
        let misplaced = [
            (
                given.invoke_mode != InvokeMode::Buffered && given.api != Api::Url,
                "--invoke-mode response-stream",
                "url",
            ),
            (given.payload.is_some() && given.api != Api::Http, "--payload", "http"),
            (!given.routes.is_empty() && given.api == Api::Url, "--route", "http, rest or alb"),
            (given.stage.is_some() && !is_gateway, "--stage", "http or rest"),
            (given.integration_timeout.is_some() && !is_gateway, "--integration-timeout", "http or rest"),
            (given.multi_value_headers && !is_alb, "--multi-value-headers", "alb"),
            (!given.binary_media_types.is_empty() && given.api != Api::Rest, "--binary-media-type", "rest"),
            (given.health_check.is_some() && !is_alb, "--health-check", "alb"),
        ];
        if let Some((_, option, api)) = misplaced.into_iter().find(|(is_misplaced, ..)| *is_misplaced) {
            return Err(format!("{option} needs --api {api}"));
        }
        if let Some(stage) = given.stage.as_deref().filter(|stage| !is_stage(stage, given.api)) {
            return Err(format!("--stage {stage}: a stage's name has letters, digits, _ and -"));
        }
        Ok(Settings {
            api: given.api,
            service,
            mode: given.invoke_mode,
            stage: given.stage.clone().filter(|stage| stage != "$default"),
            is_multi_value: given.multi_value_headers,
            binary_media_types: given.binary_media_types.clone(),
            timeout: given.integration_timeout.or_else(|| service.timeout()),
        })
    }
}

fn is_stage(name: &str, api: Api) -> bool {
    let is_word = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (api == Api::Http && name == "$default") || (!name.is_empty() && is_word(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_of_another_service_is_refused() {
        let given = WebArguments { multi_value_headers: true, ..WebArguments::default() };
        assert_eq!(Settings::new(&given).unwrap_err(), "--multi-value-headers needs --api alb");
        let given = WebArguments { api: Api::Alb, stage: Some("dev".to_owned()), ..WebArguments::default() };
        assert_eq!(Settings::new(&given).unwrap_err(), "--stage needs --api http or rest");
        let given = WebArguments { api: Api::Rest, stage: Some("$default".to_owned()), ..WebArguments::default() };
        assert!(Settings::new(&given).is_err());
    }
}
