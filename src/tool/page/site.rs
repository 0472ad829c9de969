//! Which request gets what, and the headers that keep others out.

use super::shown::{Names, Shown, Submit, refused};
use super::{assets, send, view, viewers};
use crate::http::reply::{NoAnswer, Reply};
use crate::report::history::Hub;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, LOCATION};
use hyper::{Method, Request, StatusCode};
use open_runtime::cloudevents::samples;
use serde_json::json;
use std::rc::Rc;

/// All that the page has is below.
pub const PATH: &str = "/_open-runtime/";

/// Its own files and its own port, and nothing else. No script can make HTML of a text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// The page.
pub struct Page(Rc<Shown>);

impl Page {
    /// From now on the last records are kept. `functions` gives the names of the functions.
    pub fn new(hub: Rc<Hub>, functions: Names, submit: Submit) -> Rc<Page> {
        hub.keep_records();
        Rc::new(Page(Rc::new(Shown { hub, functions, submit, viewers: Rc::default() })))
    }

    /// True if a request with this path is for the page.
    pub fn owns(path: &str) -> bool {
        path.starts_with(PATH) || PATH.strip_suffix('/') == Some(path)
    }

    /// Answers a request that is for the page.
    ///
    /// # Errors
    /// The body of the request did not come whole.
    pub async fn answer(&self, request: Request<Incoming>) -> Result<Reply, NoAnswer> {
        let path = request.uri().path().to_owned();
        let reply = match (request.method(), path.strip_prefix(PATH)) {
            (_, None) => Reply::new(StatusCode::PERMANENT_REDIRECT, "").with(LOCATION, PATH),
            (&Method::POST, Some("invoke")) => send::answer(&self.0, request).await?,
            (&Method::GET, Some("events")) => viewers::tell(&self.0, request.headers(), request.uri().query()),
            (&Method::GET, Some(name)) => self.get(name, request.uri().query()),
            (_, Some(_)) => refused(
                StatusCode::METHOD_NOT_ALLOWED,
                "the page is read by GET, and events are sent by POST to invoke",
            ),
        };
        Ok(secured(reply))
    }

    fn get(&self, name: &str, query: Option<&str>) -> Reply {
        if let Some((content_type, text)) = assets::file(name) {
            return Reply::new(StatusCode::OK, text).with(CONTENT_TYPE, content_type);
        }
        let text = match name {
            "history" => Some(view::json(&self.0.hub, &(self.0.functions)(), view::after(query))),
            "samples" => Some(json!(samples()).to_string()),
            _ => name.strip_prefix("history/").and_then(|id| self.0.hub.record(id)).map(|record| record.json()),
        };
        match text {
            Some(text) => Reply::new(StatusCode::OK, text).with(CONTENT_TYPE, "application/json"),
            None => refused(StatusCode::NOT_FOUND, "there is no such thing, or it is no longer kept"),
        }
    }
}

/// With headers that keep other pages and other types of content out.
fn secured(reply: Reply) -> Reply {
    let headers = [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    let reply = reply.with(CACHE_CONTROL, "no-store");
    headers.into_iter().fold(reply, |reply, (name, value)| reply.with(HeaderName::from_static(name), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_owns_what_is_below_its_path_and_nothing_else() {
        for own in ["/_open-runtime", "/_open-runtime/", "/_open-runtime/history/a", "/_open-runtime/../x"] {
            assert!(Page::owns(own), "{own}");
        }
        for other in ["/", "/_open-runtimes", "/x/_open-runtime/", "/2015-03-31/functions/f/invocations"] {
            assert!(!Page::owns(other), "{other}");
        }
    }
}
