//! The head of an HTTP request, where the bytes after it are not for hyper: a debugger's connection goes on as
//! WebSocket.

use hyper::Uri;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

const END: &[u8] = b"\r\n\r\n";

/// True for `METHOD PATH HTTP/…`, with or without the line's end.
pub fn is_request_line(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.trim_ascii_end().split(|byte| *byte == b' ').collect();
    matches!(words.as_slice(), [method, .., version] if !method.is_empty() && version.starts_with(b"HTTP/"))
}

/// True if the end of the head has come.
pub fn is_whole(bytes: &[u8]) -> bool {
    bytes.windows(END.len()).any(|window| window == END)
}

/// The target and the headers, or None if this is not a whole, valid head.
pub fn parse(bytes: &[u8]) -> Option<(Uri, HeaderMap)> {
    let end = bytes.windows(END.len()).position(|window| window == END)?;
    let mut lines = bytes.get(..end)?.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let target = lines.next()?.split(|byte| *byte == b' ').nth(1)?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?.trim_ascii());
        headers.append(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
    }
    Some((Uri::try_from(target).ok()?, headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_a_target_and_headers_and_an_end() {
        let (uri, headers) = parse(b"GET /t?a=b HTTP/1.1\r\nHost: one\r\nX:two \r\nHost: three\r\n\r\nbody").unwrap();
        assert_eq!((uri.path(), uri.query()), ("/t", Some("a=b")));
        assert_eq!(headers["x"], "two");
        assert!(headers.get_all("host").into_iter().eq(["one", "three"]));
        for bad in [
            &b"GET / HTTP/1.1\r\nHost: one\r\n"[..],
            b"GET\r\n\r\n",
            b"GET / HTTP/1.1\r\nno header\r\n\r\n",
            b"\r\n\r\n",
        ] {
            assert!(parse(bad).is_none(), "{}", bad.escape_ascii());
        }
        assert!(is_whole(b"a\r\n\r\nb") && !is_whole(b"a\r\n\r"));
    }

    #[test]
    fn a_request_line_ends_with_a_version_of_http() {
        assert!(is_request_line(b"GET / HTTP/1.1\r") && is_request_line(b"x HTTP/"));
        assert!(!is_request_line(b" / HTTP/1.1") && !is_request_line(b"HTTP/1.1") && !is_request_line(b"GET / HTTPS"));
    }
}
