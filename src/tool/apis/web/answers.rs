//! What each service answers by itself, when the function gives no answer that it can use.
//!
//! Sources: a function URL <https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html>; API Gateway
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html>; a load balancer
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>

use super::service::Service;
use crate::http::reply::{Refusal, Reply};
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderName, SERVER};
use serde_json::json;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Why there is no answer of the function.
#[derive(Debug, PartialEq)]
pub enum Trouble {
    NoStage,
    NoRoute,
    /// The body of the request.
    TooLarge,
    /// The event is larger than Lambda accepts.
    EventTooLarge,
    /// Lambda does not run the function: too many invocations, or the tool is shutting down.
    Refused(Refusal),
    /// An error of the function, which its log has.
    Failed,
    /// The response is not what the service expects, and why.
    Malformed(String),
    /// The body of the response ought to be base64, and is not.
    NotBase64(String),
    /// The integration timeout has passed. The function goes on.
    Late,
    /// The client asks for a WebSocket.
    Upgrade,
    /// The method TRACE.
    Trace,
}

impl Trouble {
    pub fn answer(&self, service: Service) -> Reply {
        match service {
            Service::Url => self.of_url(),
            Service::HttpV1 | Service::HttpV2 => self.of_http_api(),
            Service::Rest => self.of_rest_api(),
            Service::Alb => self.of_load_balancer(),
        }
    }

    /// What the log says of it, as the client is not told.
    pub fn reason(&self) -> Option<String> {
        match self {
            Trouble::Malformed(why) | Trouble::NotBase64(why) => Some(format!("it cannot use the response: {why}")),
            Trouble::EventTooLarge => Some("the event is larger than Lambda's 6 MB".to_owned()),
            Trouble::Late => Some("the function has not answered within the integration timeout".to_owned()),
            Trouble::NoStage => Some("the path does not begin with the stage".to_owned()),
            Trouble::NoRoute => Some("no route takes the request".to_owned()),
            Trouble::Refused(_) | Trouble::TooLarge | Trouble::Failed | Trouble::Upgrade | Trouble::Trace => None,
        }
    }

    fn of_url(&self) -> Reply {
        let (status, message) = match self {
            Trouble::TooLarge | Trouble::EventTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Trouble::Refused(refusal) => (refusal.status, refusal.message.as_str()),
            _ => (StatusCode::BAD_GATEWAY, "Internal Server Error"),
        };
        Reply::new(status, message.to_owned()).with(CONTENT_TYPE, "application/json")
    }

    fn of_http_api(&self) -> Reply {
        let (status, message) = match self {
            Trouble::NoStage | Trouble::NoRoute => (StatusCode::NOT_FOUND, "Not Found"),
            Trouble::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Trouble::Late => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        };
        Reply::json(status, &json!({"message": message}))
    }

    /// The bodies have a space where API Gateway writes one.
    fn of_rest_api(&self) -> Reply {
        let (status, error_type, body) = match self {
            Trouble::NoStage => (StatusCode::FORBIDDEN, "ForbiddenException", r#"{"message":"Forbidden"}"#),
            Trouble::NoRoute => (
                StatusCode::FORBIDDEN,
                "MissingAuthenticationTokenException",
                r#"{"message":"Missing Authentication Token"}"#,
            ),
            Trouble::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", r#"{"message":"Request Too Long"}"#)
            }
            Trouble::Late => (
                StatusCode::GATEWAY_TIMEOUT,
                "InternalServerErrorException",
                r#"{"message": "Endpoint request timed out"}"#,
            ),
            Trouble::Failed | Trouble::Malformed(_) => {
                (StatusCode::BAD_GATEWAY, "InternalServerErrorException", r#"{"message": "Internal server error"}"#)
            }
            _ => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalServerErrorException",
                r#"{"message": "Internal server error"}"#,
            ),
        };
        Reply::new(status, body).with(CONTENT_TYPE, "application/json").with(ERROR_TYPE, error_type)
    }

    fn of_load_balancer(&self) -> Reply {
        let status = match self {
            Trouble::NoRoute => StatusCode::NOT_FOUND, // the default action is the user's; this is ours
            Trouble::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Trouble::Upgrade => StatusCode::BAD_REQUEST,
            Trouble::Trace => StatusCode::METHOD_NOT_ALLOWED,
            _ => StatusCode::BAD_GATEWAY,
        };
        let reason = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
            StatusCode::METHOD_NOT_ALLOWED => "Not Allowed",
            status => status.canonical_reason().unwrap_or(""),
        };
        let title = format!("{} {reason}", status.as_u16());
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
        );
        Reply::new(status, page).with(CONTENT_TYPE, "text/html").with(SERVER, "awselb/2.0")
    }
}
