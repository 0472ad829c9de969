//! Which request goes where.

use crate::faults::FaultPoint;
use hyper::{Method, StatusCode};

/// A request that the APIs know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint<'a> {
    Next,
    Response(&'a str),
    Error(&'a str),
    InitError,
    Register,
    ExtensionNext,
    ExtensionInitError,
    ExtensionExitError,
}

/// A path, its method, and what it is.
type Route = (&'static str, Method, fn(&str) -> Endpoint<'_>);

/// Paths with the method that they want; `*` stands for a request id.
static ROUTES: [Route; 8] = [
    ("/2018-06-01/runtime/invocation/next", Method::GET, |_| Endpoint::Next),
    ("/2018-06-01/runtime/invocation/*/response", Method::POST, |id| Endpoint::Response(id)),
    ("/2018-06-01/runtime/invocation/*/error", Method::POST, |id| Endpoint::Error(id)),
    ("/2018-06-01/runtime/init/error", Method::POST, |_| Endpoint::InitError),
    ("/2020-01-01/extension/register", Method::POST, |_| Endpoint::Register),
    ("/2020-01-01/extension/event/next", Method::GET, |_| Endpoint::ExtensionNext),
    ("/2020-01-01/extension/init/error", Method::POST, |_| Endpoint::ExtensionInitError),
    ("/2020-01-01/extension/exit/error", Method::POST, |_| Endpoint::ExtensionExitError),
];

impl<'a> Endpoint<'a> {
    /// What a script of faults calls it.
    pub fn fault_point(self) -> Option<FaultPoint> {
        match self {
            Endpoint::Next => Some(FaultPoint::Next),
            Endpoint::Response(_) => Some(FaultPoint::Response),
            Endpoint::Error(_) => Some(FaultPoint::Error),
            Endpoint::InitError => Some(FaultPoint::InitError),
            Endpoint::Register => Some(FaultPoint::Register),
            Endpoint::ExtensionNext => Some(FaultPoint::ExtensionNext),
            Endpoint::ExtensionInitError | Endpoint::ExtensionExitError => None,
        }
    }

    /// The request id in its path.
    pub fn request_id(self) -> Option<&'a str> {
        match self {
            Endpoint::Response(id) | Endpoint::Error(id) => Some(id),
            _ => None,
        }
    }
}

/// What a request asks for.
///
/// # Errors
/// 404 for a path that does not exist, 405 for one that wants another method.
pub fn route<'a>(method: &Method, path: &'a str) -> Result<Endpoint<'a>, StatusCode> {
    let fitting =
        ROUTES.iter().find_map(|(pattern, wanted, endpoint)| Some((wanted, endpoint(matched(pattern, path)?))));
    match fitting {
        None => Err(StatusCode::NOT_FOUND),
        Some((wanted, _)) if wanted != method => Err(StatusCode::METHOD_NOT_ALLOWED),
        Some((_, endpoint)) => Ok(endpoint),
    }
}

/// What stands for the pattern's `*`, which is one part of the path; empty if it has none.
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
        for path in ["/restore/next", "/invocation//response", "/invocation/a/b/response", "/init/error/"] {
            assert_eq!(route(&Method::POST, &format!("{base}{path}")), Err(StatusCode::NOT_FOUND));
        }
    }
}
