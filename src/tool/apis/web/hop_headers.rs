//! Headers that belong to one connection, and are not passed on.

use hyper::header::HeaderName;

/// True for those of RFC 9110, 7.6.1, and for the length of a body, which HTTP's server sets.
pub fn is_of_connection(name: &HeaderName) -> bool {
    let known = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"];
    known.contains(&name.as_str()) || name.as_str().starts_with("proxy-")
}
