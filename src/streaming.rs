//! What a response that is a stream begins with, and a response that is not one as a stream.
//!
//! Lambda has two forms. A raw stream has a content type, and its bytes are the body. An HTTP response begins with a prelude: its
//! status, headers and cookies in JSON, and eight NUL bytes; the body follows.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming>,
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html>

use crate::cloudevents::formats::base64;
use crate::cloudevents::json::text::read_text;
use crate::cloudevents::json::{Document, Value};

/// The content type of a stream with a prelude.
const HTTP_RESPONSE: &str = "application/vnd.awslambda.http-integration-response";

/// The content type of a raw stream that has none of its own.
const BYTES: &str = "application/octet-stream";

/// The members of a prelude. API Gateway refuses others.
const PRELUDE: [&[u8]; 4] = [b"statusCode", b"headers", b"multiValueHeaders", b"cookies"];

/// Ends a prelude.
const DELIMITER: [u8; 8] = [0; 8];

/// API Gateway finds the delimiter only if it ends within so many bytes.
const LONGEST_PRELUDE: usize = 16 << 10;

/// No content type may be longer, in bytes: the head of the request must stay small.
const LONGEST_CONTENT_TYPE: usize = 1 << 10;

/// The head of a stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// The content type of the stream.
    pub content_type: String,
    /// The first bytes of the stream: nothing, or the prelude and its delimiter.
    pub prelude: Vec<u8>,
}

impl Head {
    /// Reads the head of a stream from JSON: `{"contentType":…}`, or an HTTP response without its body. Members that Lambda does not
    /// know are left out.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(json: &[u8]) -> Result<Head, &'static str> {
        let document = Document::parse(json).map_err(|_| "it is not JSON")?;
        let root = document.root();
        if root.first() != b'{' {
            return Err("it is not an object");
        }
        if root.get(b"body").is_some() {
            return Err("it has a body, but the body is a stream");
        }
        if root.get(b"statusCode").is_some() {
            return Head::of_http(root);
        }
        let content_type = match root.get(b"contentType").filter(|value| !value.is_null()) {
            None => BYTES.to_owned(),
            Some(value) => read_text(value.raw()).ok_or("its contentType is not a text")?.into_owned(),
        };
        let is_printable = content_type.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !is_printable || content_type.trim().is_empty() || content_type.len() > LONGEST_CONTENT_TYPE {
            return Err("its contentType is not one that a header can have");
        }
        Ok(Head { content_type, prelude: Vec::new() })
    }

    fn of_http(root: Value<'_, '_>) -> Result<Head, &'static str> {
        let mut prelude = b"{".to_vec();
        for (name, kind) in PRELUDE.into_iter().zip(*b"#{{[") {
            let Some(value) = root.get(name).filter(|value| kind == b'#' || !value.is_null()) else { continue };
            let value =
                if kind == b'#' { status(value.raw()) } else { Some(value.raw()).filter(|_| value.first() == kind) };
            let wrong = "its statusCode is not a status, its headers are not objects, or its cookies are not an array";
            let value = value.ok_or(wrong)?;
            prelude.extend_from_slice(if prelude.len() > 1 { b",\"" } else { b"\"" });
            prelude.extend_from_slice(name);
            prelude.extend_from_slice(b"\":");
            prelude.extend_from_slice(value);
        }
        prelude.push(b'}');
        prelude.extend_from_slice(&DELIMITER);
        Ok(Head { content_type: HTTP_RESPONSE.to_owned(), prelude })
    }

    /// Whether it is that of an HTTP response.
    pub fn is_http(&self) -> bool {
        !self.prelude.is_empty()
    }

    /// Why API Gateway will refuse it, if it will.
    pub fn warning(&self) -> Option<&'static str> {
        let is_long = self.prelude.len() > LONGEST_PRELUDE;
        is_long.then_some(
            "status, headers and cookies of the response are more than the 16 KiB that API Gateway takes of a stream",
        )
    }
}

/// What a response in JSON is as a stream: its head and its body.
///
/// # Errors
/// What is wrong with it.
pub fn whole(response: &[u8]) -> Result<(Head, Vec<u8>), &'static str> {
    let document = Document::parse(response).map_err(|_| "it is not JSON")?;
    let root = document.root();
    if root.first() != b'{' || root.get(b"statusCode").is_none() {
        return Ok((Head { content_type: "application/json".to_owned(), prelude: Vec::new() }, response.to_vec()));
    }
    let is_base64 = root.get(b"isBase64Encoded").is_some_and(|value| value.raw() == b"true");
    let body = match root.get(b"body") {
        None => Vec::new(),
        Some(body) if body.is_null() => Vec::new(),
        Some(body) => match read_text(body.raw()) {
            Some(text) if is_base64 => {
                base64::decode(text.as_bytes()).ok_or("its body is not base64, as isBase64Encoded says")?
            }
            Some(text) => text.into_owned().into_bytes(),
            None => body.raw().to_vec(),
        },
    };
    Ok((Head::of_http(root)?, body))
}

/// An HTTP status as a number. Some languages make a text of it.
fn status(json: &[u8]) -> Option<&[u8]> {
    let number = if let [b'"', number @ .., b'"'] = json { number } else { json };
    let is_status = matches!(number, [b'1'..=b'5', _, _]) && number.iter().all(u8::is_ascii_digit);
    is_status.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prelude(json: &str) -> String {
        let head = Head::parse(json.as_bytes()).unwrap();
        assert_eq!(head.content_type, HTTP_RESPONSE);
        let text = String::from_utf8(head.prelude).unwrap();
        text.strip_suffix("\0\0\0\0\0\0\0\0").unwrap().to_owned()
    }

    #[test]
    fn the_head_of_an_http_response_is_a_prelude_of_what_lambda_knows() {
        let head = r#"{"x":1,"cookies":["a=b"],"headers":{"a":"b"},"statusCode":201,"multiValueHeaders":{"c":["d"]},"isBase64Encoded":false}"#;
        let expected = r#"{"statusCode":201,"headers":{"a":"b"},"multiValueHeaders":{"c":["d"]},"cookies":["a=b"]}"#;
        assert_eq!(prelude(head), expected);
        assert_eq!(prelude(r#"{"statusCode":"404","headers":null}"#), r#"{"statusCode":404}"#);
    }

    #[test]
    fn a_raw_stream_has_a_content_type() {
        let longest = "x".repeat(LONGEST_CONTENT_TYPE);
        for (json, content_type) in [
            ("{}", BYTES),
            (r#"{"contentType":null}"#, BYTES),
            (r#"{"contentType":"text/x; a=\u0062"}"#, "text/x; a=b"),
            (&*format!(r#"{{"contentType":"{longest}"}}"#), &*longest),
        ] {
            let head = Head::parse(json.as_bytes()).unwrap();
            assert_eq!((&*head.content_type, head.is_http()), (content_type, false), "{json}");
        }
    }

    #[test]
    fn a_head_that_lambda_would_refuse_is_refused() {
        let long = format!(r#"{{"contentType":"{}"}}"#, "x".repeat(LONGEST_CONTENT_TYPE + 1));
        for json in [
            "",
            "[]",
            "null",
            r#"{"body":"x"}"#,
            r#"{"statusCode":200,"body":""}"#,
            r#"{"statusCode":null}"#,
            r#"{"statusCode":99}"#,
            r#"{"statusCode":600}"#,
            r#"{"statusCode":2e2}"#,
            r#"{"statusCode":20}"#,
            r#"{"statusCode":200,"headers":[]}"#,
            r#"{"statusCode":200,"cookies":{}}"#,
            r#"{"statusCode":200,"multiValueHeaders":1}"#,
            r#"{"contentType":1}"#,
            r#"{"contentType":" "}"#,
            r#"{"contentType":"a\r\nb: c"}"#,
            r#"{"contentType":"\u00e9"}"#,
            &long,
        ] {
            assert!(Head::parse(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn a_long_prelude_is_warned_of() {
        let head = |length| {
            Head::parse(format!(r#"{{"statusCode":200,"headers":{{"a":"{}"}}}}"#, "x".repeat(length)).as_bytes())
        };
        let rest = head(0).unwrap().prelude.len();
        assert!(head(LONGEST_PRELUDE - rest).unwrap().warning().is_none());
        assert!(head(LONGEST_PRELUDE - rest + 1).unwrap().warning().is_some());
    }

    #[test]
    fn a_whole_response_is_a_prelude_and_its_body_or_json() {
        for (response, expected, body) in [
            (r#"{"statusCode":401,"body":"n\u006f"}"#, Some(r#"{"statusCode":401}"#), &b"no"[..]),
            (
                r#"{"statusCode":200,"headers":{"a":"b"},"body":"AP8=","isBase64Encoded":true}"#,
                Some(r#"{"statusCode":200,"headers":{"a":"b"}}"#),
                b"\0\xff",
            ),
            (r#"{"statusCode":204}"#, Some(r#"{"statusCode":204}"#), b""),
            (r#"{"statusCode":204,"body":null}"#, Some(r#"{"statusCode":204}"#), b""),
            (r#"{"statusCode":200,"body":{"a":1}}"#, Some(r#"{"statusCode":200}"#), br#"{"a":1}"#),
            (r#"{"a":1}"#, None, br#"{"a":1}"#),
            ("null", None, b"null"),
        ] {
            let (head, got) = whole(response.as_bytes()).unwrap();
            assert_eq!(got, body, "{response}");
            match expected {
                Some(expected) => {
                    let prelude = [expected.as_bytes(), &DELIMITER].concat();
                    assert_eq!((&head.prelude, head.is_http()), (&prelude, true), "{response}");
                }
                None => assert_eq!((&*head.content_type, head.is_http()), ("application/json", false)),
            }
        }
        assert!(whole(br#"{"statusCode":200,"body":"?","isBase64Encoded":true}"#).is_err());
        assert!(whole(br#"{"statusCode":"ok"}"#).is_err());
    }
}
