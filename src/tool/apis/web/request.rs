//! A request, and where it goes: what every service's event is made of.

use super::hop_headers;
use super::origin::Origin;
use crate::http::spelling::Spelling;
use bytes::Bytes;
use hyper::header::{COOKIE, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

pub struct WebRequest<'a> {
    pub head: &'a Parts,
    /// How the client writes the names of headers.
    pub spelling: &'a Spelling,
    pub body: &'a Bytes,
    pub origin: &'a Origin,
    pub place: Place<'a>,
}

/// Where a request goes.
pub struct Place<'a> {
    pub stage: &'a str,
    /// Without the stage, as the client sent it.
    pub path: &'a str,
    /// `GET /users/{id}`
    pub route_key: String,
    /// `/users/{id}`
    pub resource: &'a str,
    /// The values of the path's variables.
    pub variables: Vec<(String, String)>,
    /// The function's name.
    pub function: &'a str,
}

/// A header with all its values.
pub type Header = (HeaderName, Vec<String>);

impl WebRequest<'_> {
    pub fn method(&self) -> &str {
        self.head.method.as_str()
    }

    /// With the stage, as the client sent it.
    pub fn path(&self) -> &str {
        self.head.uri.path()
    }

    pub fn query(&self) -> &str {
        self.head.uri.query().unwrap_or("")
    }

    pub fn user_agent(&self) -> Option<String> {
        joined(&self.head.headers, "user-agent")
    }

    /// Those of the client that `is_passed` lets through, and those that a service adds, which replace the client's.
    pub fn headers(&self, is_passed: impl Fn(&HeaderName) -> bool) -> Vec<Header> {
        let given = &self.head.headers;
        let added = self.origin.forwarded(given);
        let is_added = |name: &HeaderName| added.iter().any(|(added, _)| name.as_str() == *added);
        let of_client = given.keys().filter(|name| is_passed(name) && !is_added(name));
        let mut headers: Vec<Header> = of_client.map(|name| (name.clone(), values(given, name.as_str()))).collect();
        headers.extend(added.map(|(name, value)| (HeaderName::from_static(name), vec![value])));
        headers
    }

    pub fn cookies(&self) -> Vec<String> {
        let lists = values(&self.head.headers, COOKIE.as_str());
        let cookies = lists.iter().flat_map(|list| list.split(';')).map(str::trim);
        cookies.filter(|cookie| !cookie.is_empty()).map(str::to_owned).collect()
    }

    /// Names and values of the query, as the client sent them.
    pub fn raw_parameters(&self) -> Vec<(String, String)> {
        let pairs = self.query().split('&').filter(|pair| !pair.is_empty());
        let split = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), value.to_owned())
        };
        pairs.map(split).collect()
    }

    /// Decoded; a plus is a space.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let decode = |text: String| decoded(&text.replace('+', " "));
        self.raw_parameters().into_iter().map(|(name, value)| (decode(name), decode(value))).collect()
    }
}

/// True if the header is for more than this one connection.
pub fn is_of_end_to_end(name: &HeaderName) -> bool {
    !hop_headers::is_of_connection(name)
}

pub fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

pub fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.get_all(name).into_iter().map(text).collect()
}

/// All values of a header.
pub fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = values(headers, name);
    (!values.is_empty()).then(|| values.join(","))
}

/// The values of each name, in a list.
pub fn lists(pairs: &[(String, String)]) -> Map<String, Value> {
    let mut lists = Map::new();
    for (name, value) in pairs {
        let list = lists.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(value.clone().into());
        }
    }
    lists
}

/// One value of each name: the last one.
pub fn last(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()
}

pub fn or_null(map: Map<String, Value>) -> Value {
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}
