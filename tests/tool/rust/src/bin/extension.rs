//! An extension with AWS's crate. It writes each event, and each record of telemetry that the crate could read, as a line of JSON to
//! the file $SEEN. What the crate cannot read, it refuses.
use lambda_extension::{Error, Extension, LambdaEvent, LambdaTelemetry, LogBuffering, NextEvent, SharedService, service_fn};
use std::fs::OpenOptions;
use std::io::Write;

fn saw(line: &serde_json::Value) -> Result<(), Error> {
    let mut file = OpenOptions::new().append(true).create(true).open(std::env::var("SEEN")?)?;
    Ok(file.write_all(format!("{line}\n").as_bytes())?)
}

async fn event(event: LambdaEvent) -> Result<(), Error> {
    match event.next {
        NextEvent::Shutdown(event) => {
            saw(&serde_json::json!({"shutdown": event.shutdown_reason, "deadlineMs": event.deadline_ms}))?;
            std::process::exit(0);
        }
        NextEvent::Invoke(event) => saw(&serde_json::json!({"invoke": event.request_id, "tracing": event.tracing.value})),
    }
}

async fn telemetry(records: Vec<LambdaTelemetry>) -> Result<(), Error> {
    records.iter().try_for_each(|record| saw(&serde_json::json!({"telemetry": record})))
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let buffering = LogBuffering { timeout_ms: 25, ..LogBuffering::default() };
    Extension::new()
        .with_events_processor(service_fn(event))
        .with_telemetry_types(&["platform", "function", "extension"])
        .with_telemetry_buffering(buffering)
        .with_telemetry_port_number(std::env::var("PORT")?.parse()?)
        .with_telemetry_processor(SharedService::new(service_fn(telemetry)))
        .run()
        .await
}
