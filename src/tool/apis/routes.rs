//! The endpoints of the Runtime API and the Extensions API.

use crate::faults::FaultPoint;
use hyper::{Method, StatusCode};

/// An endpoint, with the request id of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint<'a> {
    Next,
    Response(&'a str),
    Error(&'a str),
    InitError,
    RestoreNext,
    RestoreError,
    Register,
    ExtensionNext,
    ExtensionInitError,
    ExtensionExitError,
    Telemetry,
    LogsApi,
    Metadata,
}

/// A pattern of paths, the method, and the endpoint.
type Route = (&'static str, Method, fn(&str) -> Endpoint<'_>);

/// In a pattern `*` stands for a request id.
static ROUTES: [Route; 13] = [
    ("/2018-06-01/runtime/invocation/next", Method::GET, |_| Endpoint::Next),
    ("/2018-06-01/runtime/invocation/*/response", Method::POST, |id| Endpoint::Response(id)),
    ("/2018-06-01/runtime/invocation/*/error", Method::POST, |id| Endpoint::Error(id)),
    ("/2018-06-01/runtime/init/error", Method::POST, |_| Endpoint::InitError),
    ("/2018-06-01/runtime/restore/next", Method::GET, |_| Endpoint::RestoreNext),
    ("/2018-06-01/runtime/restore/error", Method::POST, |_| Endpoint::RestoreError),
    ("/2020-01-01/extension/register", Method::POST, |_| Endpoint::Register),
    ("/2020-01-01/extension/event/next", Method::GET, |_| Endpoint::ExtensionNext),
    ("/2020-01-01/extension/init/error", Method::POST, |_| Endpoint::ExtensionInitError),
    ("/2020-01-01/extension/exit/error", Method::POST, |_| Endpoint::ExtensionExitError),
    ("/2022-07-01/telemetry", Method::PUT, |_| Endpoint::Telemetry),
    ("/2026-01-15/metadata/execution-environment", Method::GET, |_| Endpoint::Metadata),
    ("/2020-08-15/logs", Method::PUT, |_| Endpoint::LogsApi),
];

impl<'a> Endpoint<'a> {
    /// Its name in a script of faults, if faults can happen there.
    pub fn fault_point(self) -> Option<FaultPoint> {
        match self {
            Endpoint::Next => Some(FaultPoint::Next),
            Endpoint::Response(_) => Some(FaultPoint::Response),
            Endpoint::Error(_) => Some(FaultPoint::Error),
            Endpoint::InitError => Some(FaultPoint::InitError),
            Endpoint::Register => Some(FaultPoint::Register),
            Endpoint::ExtensionNext => Some(FaultPoint::ExtensionNext),
            Endpoint::RestoreNext | Endpoint::RestoreError => None,
            Endpoint::ExtensionInitError | Endpoint::ExtensionExitError => None,
            Endpoint::Telemetry | Endpoint::LogsApi | Endpoint::Metadata => None,
        }
    }

    /// The request id in its path, if there is one.
    pub fn request_id(self) -> Option<&'a str> {
        match self {
            Endpoint::Response(id) | Endpoint::Error(id) => Some(id),
            _ => None,
        }
    }
}

/// The endpoint of a request.
///
/// # Errors
/// 404 if there is no such path, 405 if it needs another method.
pub fn route<'a>(method: &Method, path: &'a str) -> Result<Endpoint<'a>, StatusCode> {
    let fitting =
        ROUTES.iter().find_map(|(pattern, wanted, endpoint)| Some((wanted, endpoint(matched(pattern, path)?))));
    match fitting {
        None => Err(StatusCode::NOT_FOUND),
        Some((wanted, _)) if wanted != method => Err(StatusCode::METHOD_NOT_ALLOWED),
        Some((_, endpoint)) => Ok(endpoint),
    }
}

/// The part of the path for which the pattern has `*`. Empty if the pattern has none. None if the path does not match.
fn matched<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, after)) = pattern.split_once('*') else {
        return (pattern == path).then_some("");
    };
    let part = path.strip_prefix(before)?.strip_suffix(after)?;
    (!part.is_empty() && !part.contains('/')).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_find_their_endpoint() {
        let base = "/2018-06-01/runtime";
        assert_eq!(route(&Method::GET, &format!("{base}/invocation/next")), Ok(Endpoint::Next));
        assert_eq!(route(&Method::POST, &format!("{base}/invocation/a-1/response")), Ok(Endpoint::Response("a-1")));
        assert_eq!(route(&Method::POST, &format!("{base}/invocation/next")), Err(StatusCode::METHOD_NOT_ALLOWED));
        for path in ["/restore/nothing", "/invocation//response", "/invocation/a/b/response", "/init/error/"] {
            assert_eq!(route(&Method::POST, &format!("{base}{path}")), Err(StatusCode::NOT_FOUND));
        }
    }
}
