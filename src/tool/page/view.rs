//! What is known at one moment, as JSON: functions, execution environments, and invocations without events and responses.

use crate::model::time::{iso, now_ms};
use crate::report::history::Hub;
use serde_json::json;

/// The request id in a query `after=ID`.
pub fn after(query: Option<&str>) -> Option<&str> {
    query?.split('&').find_map(|pair| pair.strip_prefix("after="))
}

/// `{"version", "at", "functions", "environments", "invocations", "isWhole"}`. The invocations that have ended come first, the
/// oldest first. If the one with the request id `after` is still kept, only later ones come, and `isWhole` is false.
pub fn json(hub: &Hub, functions: &[String], after: Option<&str>) -> String {
    let records = hub.records();
    let known = after.and_then(|id| records.iter().position(|record| record.request_id == id));
    let new = known.map_or(0, |at| at + 1);
    let ended = records.iter().skip(new).map(|record| record.summary());
    let invocations: Vec<String> = ended.chain(hub.with_live(|live| live.invocations())).collect();
    let environments = hub.with_live(|live| live.environments());
    let functions: Vec<_> = functions.iter().map(|name| json!({"name": name})).collect();
    format!(
        r#"{{"version":{},"at":{},"functions":{},"environments":[{}],"invocations":[{}],"isWhole":{}}}"#,
        json!(env!("CARGO_PKG_VERSION")),
        json!(iso(now_ms())),
        json!(functions),
        environments.join(","),
        invocations.join(","),
        known.is_none(),
    )
}
