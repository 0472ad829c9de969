//! HTTP requests and responses in the JSON of API Gateway, function URLs, load balancers and VPC Lattice.
//!
//! If a handler answers a request with a CloudEvent, the response is in the binary mode of the HTTP binding.
//!
//! Source: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#31-binary-content-mode>

use super::formats::uri::append_triplet;
use super::json::append_text;
use super::json::text::append_string;
use super::json::{Document, Value};
use super::kinds::{Http, Kind};
use super::recognise::is_cloud_event;

/// The format of the response to an HTTP request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseFormat {
    /// It has `multiValueHeaders` instead of `headers`.
    has_lists: bool,
    /// It has a `statusDescription`.
    has_description: bool,
}

impl ResponseFormat {
    /// Returns the format of the response to this request. Returns `None` if the event is not an HTTP request.
    pub fn of_request(kind: &Kind, request: Value<'_, '_>) -> Option<ResponseFormat> {
        let is_alb = kind.http == Http::Alb;
        let has_lists = is_alb && request.path("headers").is_none() && request.path("multiValueHeaders").is_some();
        (kind.http != Http::No).then_some(ResponseFormat { has_lists, has_description: is_alb })
    }

    /// Makes an HTTP response from a CloudEvent. Returns `None` if the handler's response is not a CloudEvent.
    pub fn convert(self, response: &[u8]) -> Option<Vec<u8>> {
        let document = Document::parse(response).ok()?;
        let event = document.root();
        if !is_cloud_event(event) {
            return None;
        }
        let mut headers = Vec::new();
        for (name, value) in event.members() {
            let mut text = Vec::new();
            let is_attribute = !matches!(name, b"data" | b"data_base64" | b"datacontenttype");
            if is_attribute && append_attribute_text(value, &mut text) {
                headers.push(([b"ce-", name].concat(), percent_encoded(&text)));
            }
        }
        let (body, is_base64) = Body::of(event).into_json_string();
        let content_type = text_at(event, "datacontenttype");
        if content_type.is_some() || body.len() > 2 {
            headers.push((b"content-type".to_vec(), content_type.unwrap_or_else(|| b"application/json".to_vec())));
        }
        Some(self.write(b"200 OK", &headers, &body, is_base64))
    }

    pub fn no_content(self) -> Vec<u8> {
        self.write(b"204 No Content", &[], b"\"\"", false)
    }

    /// Makes the response to a request that carried several CloudEvents. Its body is the list of the handler's
    /// responses. If all of them are CloudEvents, the list is a batch of CloudEvents.
    pub fn convert_all(self, responses: &[&[u8]]) -> Vec<u8> {
        let responses: Vec<&[u8]> = responses.iter().copied().filter(|response| *response != b"null").collect();
        if responses.is_empty() {
            return self.no_content();
        }
        let is_event = |text: &&[u8]| Document::parse(text).is_ok_and(|document| is_cloud_event(document.root()));
        let are_events = responses.iter().all(is_event);
        let content_type: &[u8] = if are_events { b"application/cloudevents-batch+json" } else { b"application/json" };
        let mut body = Vec::new();
        append_string(&[b"[", &*responses.join(&b","[..]), b"]"].concat(), &mut body);
        self.write(b"200 OK", &[(b"content-type".to_vec(), content_type.to_vec())], &body, false)
    }

    /// Writes a response. `body` is a JSON string.
    fn write(self, status: &[u8], headers: &[(Vec<u8>, Vec<u8>)], body: &[u8], is_base64: bool) -> Vec<u8> {
        let mut out = br#"{"statusCode":"#.to_vec();
        out.extend_from_slice(status.get(..3).unwrap_or_default());
        if self.has_description {
            out.extend_from_slice(br#","statusDescription":"#);
            append_string(status, &mut out);
        }
        out.extend_from_slice(if self.has_lists { br#","multiValueHeaders":{"# } else { br#","headers":{"# });
        for (index, (name, value)) in headers.iter().enumerate() {
            out.extend_from_slice(if index > 0 { b"," } else { b"" });
            append_string(name, &mut out);
            out.extend_from_slice(if self.has_lists { b":[" } else { b":" });
            append_string(value, &mut out);
            out.extend_from_slice(if self.has_lists { b"]" } else { b"" });
        }
        out.extend_from_slice(br#"},"body":"#);
        out.extend_from_slice(body);
        out.extend_from_slice(if is_base64 { br#","isBase64Encoded":true}"# } else { br#","isBase64Encoded":false}"# });
        out
    }
}

/// The data of a CloudEvent.
enum Body<'a> {
    None,
    /// Bytes, as a JSON string in base64.
    Base64(&'a [u8]),
    /// Text, as a JSON string.
    Text(&'a [u8]),
    Json(&'a [u8]),
}

impl<'a> Body<'a> {
    fn of(event: Value<'_, 'a>) -> Body<'a> {
        if let Some(bytes) = event.path("data_base64") {
            return Body::Base64(bytes.raw());
        }
        match event.get(b"data") {
            None => Body::None,
            Some(data)
                if data.first() == b'"' && !text_at(event, "datacontenttype").is_none_or(|text| is_json(&text)) =>
            {
                Body::Text(data.raw())
            }
            Some(data) => Body::Json(data.raw()),
        }
    }

    /// Returns the data as a JSON string, and whether the string is base64.
    fn into_json_string(self) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        match self {
            Body::None => append_string(b"", &mut out),
            Body::Base64(string) => return (string.to_vec(), true),
            Body::Text(string) => out.extend_from_slice(string),
            Body::Json(text) => append_string(text, &mut out),
        }
        (out, false)
    }
}

/// True for the media types whose content is JSON.
pub fn is_json(media_type: &[u8]) -> bool {
    let essence = media_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
    essence.ends_with(b"/json") || essence.ends_with(b"+json")
}

fn text_at(value: Value<'_, '_>, path: &str) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    append_text(value.path(path)?, &mut text).then_some(text)
}

/// Appends the text of an attribute. Returns false for `null`: the attribute does not have a value.
fn append_attribute_text(value: Value<'_, '_>, out: &mut Vec<u8>) -> bool {
    let is_boolean = matches!(value.first(), b't' | b'f');
    if is_boolean {
        out.extend_from_slice(value.raw());
    }
    is_boolean || append_text(value, out)
}

/// Encodes text as the value of a header. Printable ASCII is unchanged, except for the space, the quote and the percent
/// sign.
pub fn percent_encoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'"' | b'%' => append_triplet(*byte, &mut out),
            b'!'..=b'~' => out.push(*byte),
            _ => append_triplet(*byte, &mut out),
        }
    }
    out
}

/// Decodes the value of a header. Removes quotes around it, and resolves `%XX` once.
pub fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let is_quoted = matches!(value, [b'"', .., b'"']);
    let mut rest = if is_quoted { value.get(1..value.len() - 1).unwrap_or_default() } else { value };
    let mut out = Vec::with_capacity(rest.len());
    loop {
        rest = match rest {
            [b'\\', byte, behind @ ..] if is_quoted => {
                out.push(*byte);
                behind
            }
            [b'%', high, low, behind @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: &u8| (*byte as char).to_digit(16).unwrap_or(0) as u8;
                out.push(digit(high) << 4 | digit(low));
                behind
            }
            [byte, behind @ ..] => {
                out.push(*byte);
                behind
            }
            [] => return out,
        };
    }
}

/// Returns the headers of a request, with names in lower case. For a list of values, returns the first value.
pub fn headers(request: Value<'_, '_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let lists = || request.path("multiValueHeaders");
    let members = request.path("headers").or_else(lists).into_iter().flat_map(Value::members);
    members.filter_map(|(name, value)| Some((name.to_ascii_lowercase(), first_text(value)?))).collect()
}

fn first_text(value: Value<'_, '_>) -> Option<Vec<u8>> {
    let value = if value.first() == b'[' { value.elements().next()? } else { value };
    let mut text = Vec::new();
    append_text(value, &mut text).then_some(text)
}

/// Returns the value of a header, whose name may be in any case. Returns `None` if the header has several values.
pub fn header(headers: Value<'_, '_>, wanted: &str) -> Option<Vec<u8>> {
    let is_wanted = |(name, _): &(&[u8], Value<'_, '_>)| name.eq_ignore_ascii_case(wanted.as_bytes());
    let (_, value) = headers.members().find(is_wanted)?;
    if value.elements().nth(1).is_some() { None } else { first_text(value) }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::KINDS;
    use super::*;

    const FORMAT: ResponseFormat = ResponseFormat { has_lists: false, has_description: false };

    fn answer(format: ResponseFormat, event: &str) -> Option<String> {
        format.convert(event.as_bytes()).map(|answer| String::from_utf8(answer).unwrap())
    }

    #[test]
    fn a_cloud_event_becomes_headers_and_a_body() {
        let event = r#"{"specversion":"1.0","id":"a b\"%é","source":"/s","type":"t","n":7,"yes":true,"gone":null,"data":{"x": 1}}"#;
        let expected = r#"{"statusCode":200,"headers":{"ce-specversion":"1.0","ce-id":"a%20b%22%25%C3%A9","ce-source":"/s","ce-type":"t","ce-n":"7","ce-yes":"true","content-type":"application/json"},"body":"{\"x\": 1}","isBase64Encoded":false}"#;
        assert_eq!(answer(FORMAT, event).as_deref(), Some(expected));
    }

    #[test]
    fn the_media_type_decides_how_data_is_written() {
        for (data, body, is_base64) in [
            (r#""datacontenttype":"text/plain","data":"a\nb""#, r#""a\nb""#, false),
            (r#""datacontenttype":"text/plain","data":{"a":1}"#, r#""{\"a\":1}""#, false),
            (r#""datacontenttype":"application/x+json; charset=utf-8","data":"a""#, r#""\"a\"""#, false),
            (r#""datacontenttype":"application/json","data":"a""#, r#""\"a\"""#, false),
            (r#""data":"a""#, r#""\"a\"""#, false),
            (r#""data":null"#, r#""null""#, false),
            (r#""datacontenttype":"image/png","data_base64":"AAEC""#, r#""AAEC""#, true),
            (r#""subject":"none""#, r#""""#, false),
        ] {
            let event = format!(r#"{{"specversion":"1.0","id":"1","source":"/s","type":"t",{data}}}"#);
            let answer = answer(FORMAT, &event).unwrap();
            assert!(answer.ends_with(&format!(r#""body":{body},"isBase64Encoded":{is_base64}}}"#)), "{answer}");
            assert_eq!(answer.contains("content-type"), body != r#""""#);
            assert!(!answer.contains("ce-data"), "{answer}");
        }
        let event = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"text/plain"}"#;
        assert!(answer(FORMAT, event).unwrap().contains(r#""content-type":"text/plain""#)); // also of no data
    }

    #[test]
    fn several_responses_are_a_list_and_cloud_events_are_a_batch() {
        let event = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#;
        for (responses, media_type) in [
            (&[event, event][..], "application/cloudevents-batch+json"),
            (&[event, "1"], "application/json"),
            (&[event, "null"], "application/cloudevents-batch+json"),
        ] {
            let responses: Vec<&[u8]> = responses.iter().map(|text| text.as_bytes()).collect();
            let all = String::from_utf8(FORMAT.convert_all(&responses)).unwrap();
            assert!(all.contains(&format!(r#""headers":{{"content-type":"{media_type}"}}"#)), "{all}");
        }
        assert_eq!(FORMAT.convert_all(&[b"null", b"null"]), FORMAT.no_content());
    }

    #[test]
    fn a_header_with_several_values_has_no_single_one() {
        let headers = Document::parse(br#"{"A":["1"],"B":["1","2"],"C":"3","D":[]}"#).unwrap();
        for (name, expected) in [("a", Some("1")), ("b", None), ("c", Some("3")), ("d", None), ("e", None)] {
            assert_eq!(header(headers.root(), name).as_deref(), expected.map(str::as_bytes), "{name}");
        }
    }

    #[test]
    fn load_balancers_get_the_format_that_they_sent() {
        let event = r#"{"specversion":"1.0","id":"1","source":"/s","type":"t"}"#;
        let expected = r#"{"statusCode":200,"statusDescription":"200 OK","multiValueHeaders":{"ce-specversion":["1.0"],"ce-id":["1"],"ce-source":["/s"],"ce-type":["t"]},"body":"","isBase64Encoded":false}"#;
        assert_eq!(answer(ResponseFormat { has_lists: true, has_description: true }, event).as_deref(), Some(expected));
    }

    #[test]
    fn a_request_says_the_format_of_its_response() {
        let format = |kind: &str, members: &str| {
            let kind = KINDS.iter().find(|one| one.name() == kind).unwrap();
            let request = format!("{{{members}}}");
            ResponseFormat::of_request(kind, Document::parse(request.as_bytes()).unwrap().root())
        };
        let (plain, lists) = (r#""headers":{"a":"b"}"#, r#""multiValueHeaders":{"a":["b"]}"#);
        let both = format!("{plain},{lists}");
        for (members, has_lists) in [(plain, false), (lists, true), (&*both, false), ("", false)] {
            assert_eq!(format("alb", members), Some(ResponseFormat { has_lists, has_description: true }), "{members}");
            assert_eq!(format("apigw-rest", members), Some(FORMAT), "{members}");
            assert_eq!(format("sqs", members), None);
        }
    }

    #[test]
    fn any_other_response_is_unchanged() {
        for response in
            ["null", "{}", r#"{"statusCode":200}"#, r#"{"specversion":"1.0","id":"","source":"/s","type":"t"}"#, "{"]
        {
            assert_eq!(answer(FORMAT, response), None, "{response}");
        }
    }

    #[test]
    fn header_values_are_decoded_once() {
        for (value, expected) in [
            ("a%20b%2525", "a b%25"),
            (r#""a \"b\" %41""#, r#"a "b" A"#),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("%4z", "%4z"),
            ("%z4", "%z4"),
            (r"a\b", r"a\b"),
            ("\"", "\""),
        ] {
            assert_eq!(percent_decoded(value.as_bytes()), expected.as_bytes(), "{value}");
        }
    }
}
