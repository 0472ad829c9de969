//! What the connection adds to a request: where it comes from, when, and its identifiers.

use crate::model::{ids, time};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderMap;
use std::net::IpAddr;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const TRACE_ID: &str = "x-amzn-trace-id";

pub struct Origin {
    pub region: String,
    pub client: IpAddr,
    /// Of the listener.
    pub port: u16,
    /// Of the invocation.
    pub request_id: String,
    /// API Gateway's own: base64.
    pub gateway_id: String,
    /// As the function gets it, for X-Ray.
    pub trace_id: String,
    /// As the event has it among the headers: what the client sent, or the root alone.
    pub trace_header: String,
    /// Milliseconds since 1970.
    pub time_ms: i64,
}

impl Origin {
    /// A request that comes now.
    pub fn new(region: &str, client: IpAddr, port: u16, headers: &HeaderMap) -> Origin {
        let given = headers.get(TRACE_ID).and_then(|value| value.to_str().ok()).filter(|value| value.contains("Root="));
        let trace_id = given.map_or_else(ids::trace_id, str::to_owned);
        let root = trace_id.split(';').next().unwrap_or_default().to_owned();
        Origin {
            region: region.to_owned(),
            client,
            port,
            request_id: ids::uuid(),
            gateway_id: STANDARD.encode(&ids::hex::<6>()[..11]),
            trace_header: given.map_or(root, str::to_owned),
            trace_id,
            time_ms: time::now_ms(),
        }
    }

    /// The headers that each service adds. What the client has said of other addresses stays before its own.
    pub fn forwarded(&self, headers: &HeaderMap) -> [(&'static str, String); 4] {
        let before =
            headers.get_all("x-forwarded-for").into_iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let addresses: Vec<String> = before.map(String::from).chain([self.client.to_string()]).collect();
        [
            (TRACE_ID, self.trace_header.clone()),
            ("x-forwarded-for", addresses.join(", ")),
            ("x-forwarded-port", self.port.to_string()),
            ("x-forwarded-proto", "http".to_owned()),
        ]
    }

    /// `31/May/2024:16:08:37 +0000`
    pub fn clf_time(&self) -> String {
        let (days, seconds) = (self.time_ms.div_euclid(86_400_000), self.time_ms.rem_euclid(86_400_000) / 1000);
        let (year, month, day) = time::civil_date(days);
        let month = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"");
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        format!("{day:02}/{month}/{year:04}:{hours:02}:{minutes:02}:{seconds:02} +0000")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn a_trace_of_the_client_goes_on_and_a_new_one_shows_its_root() {
        let new = Origin::new("eu-west-1", [127, 0, 0, 1].into(), 80, &HeaderMap::new());
        assert!(new.trace_id.starts_with(&new.trace_header) && !new.trace_header.contains(';'));
        assert_eq!(new.gateway_id.len(), 16);
        let mut headers = HeaderMap::new();
        headers.insert(TRACE_ID, HeaderValue::from_static("Root=1-2-3;Sampled=1"));
        headers.insert("x-forwarded-for", HeaderValue::from_static("10.0.0.1"));
        let given = Origin::new("eu-west-1", [127, 0, 0, 1].into(), 80, &headers);
        assert_eq!(
            (given.trace_id.as_str(), given.trace_header.as_str()),
            ("Root=1-2-3;Sampled=1", "Root=1-2-3;Sampled=1")
        );
        assert_eq!(given.forwarded(&headers)[1].1, "10.0.0.1, 127.0.0.1");
    }

    #[test]
    fn times_are_in_the_common_log_format() {
        let mut origin = Origin::new("eu-west-1", [127, 0, 0, 1].into(), 80, &HeaderMap::new());
        origin.time_ms = 1_717_171_717_123;
        assert_eq!(origin.clf_time(), "31/May/2024:16:08:37 +0000");
    }
}
