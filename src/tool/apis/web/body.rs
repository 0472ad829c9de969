//! The body of a request, as an event has it.

use super::request::{WebRequest, joined};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CONTENT_TYPE, HeaderMap};

/// A body as text, and whether that is base64.
#[derive(Debug, Default, PartialEq)]
pub struct Text {
    pub text: String,
    pub is_base64: bool,
}

impl WebRequest<'_> {
    /// By its type and its encoding, as an HTTP API, a function URL and a load balancer do it. None: it is empty.
    ///
    /// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>
    pub fn text(&self) -> Option<Text> {
        let as_text = is_text(&self.head.headers).then(|| std::str::from_utf8(self.body).ok()).flatten();
        (!self.body.is_empty()).then(|| as_text.map_or_else(|| self.base64(), as_it_is))
    }

    /// By the binary media types of a REST API. Other bodies are text, and lose what is not UTF-8.
    ///
    /// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html>
    pub fn text_unless(&self, binary_media_types: &[String]) -> Option<Text> {
        let media_type = media_type(&self.head.headers);
        let is_binary = is_among(media_type.as_deref().unwrap_or("application/json"), binary_media_types);
        let text = || as_it_is(&String::from_utf8_lossy(self.body));
        (!self.body.is_empty()).then(|| if is_binary { self.base64() } else { text() })
    }

    fn base64(&self) -> Text {
        Text { text: STANDARD.encode(self.body), is_base64: true }
    }
}

fn as_it_is(text: &str) -> Text {
    Text { text: text.to_owned(), is_base64: false }
}

/// Bodies of these types are text; others are binary. An encoded one is binary.
fn is_text(headers: &HeaderMap) -> bool {
    let known = ["application/json", "application/javascript", "application/xml"];
    let has_type = |name: String| name.starts_with("text/") || known.contains(&name.as_str());
    headers.get("content-encoding").is_none() && media_type(headers).is_some_and(has_type)
}

/// Without parameters, in small letters.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let given = joined(headers, CONTENT_TYPE.as_str())?;
    Some(given.split(';').next().unwrap_or("").trim().to_ascii_lowercase())
}

/// True if one of the types, which may be `image/*` or `*/*`, is this one.
pub fn is_among(media_type: &str, types: &[String]) -> bool {
    let fits = |known: &String| {
        let known = known.trim().to_ascii_lowercase();
        let start = known.strip_suffix('*').filter(|start| start.ends_with('/'));
        known == "*/*" || known == media_type || start.is_some_and(|start| media_type.starts_with(start))
    };
    types.iter().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_may_have_stars() {
        let types = ["image/*".to_owned(), "application/pdf".to_owned()];
        assert!(is_among("image/png", &types) && is_among("application/pdf", &types));
        assert!(!is_among("application/json", &types) && !is_among("imagery/png", &types));
        assert!(is_among("anything/else", &["*/*".to_owned()]));
    }
}
