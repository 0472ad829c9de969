//! Events of CloudWatch Logs. They hold a JSON document, compressed by gzip or zlib, in base64.
//!
//! Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample>

use super::formats::{base64, inflate};

use super::json::{Document, Value, append_text};

/// The largest document that is unpacked, in bytes. An event has at most 6 MB, and real logs do not compress much
/// better than 7 to 1.
const MAX_UNPACKED: usize = 32 << 20;

/// Unpacks the document of an event. Returns `None` if there is no document, or if it is not a JSON object.
pub fn unpack(event: Value<'_, '_>) -> Option<Vec<u8>> {
    let mut packed = Vec::new();
    append_text(event.path("awslogs.data")?, &mut packed).then_some(())?;
    let document = inflate::unpack(&base64::decode(&packed)?, MAX_UNPACKED)?;
    let is_object = Document::parse(&document).is_ok_and(|document| document.root().first() == b'{');
    is_object.then_some(document)
}
