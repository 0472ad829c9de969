//! AWS's client with several invocations at once. An event is [MILLISECONDS, VALUE]: the answer is the value, after that time.
use lambda_runtime::{Error, LambdaEvent, run_concurrent, service_fn};
use serde_json::Value;
use std::time::Duration;

async fn wait(event: LambdaEvent<(u64, Value)>) -> Result<Value, Error> {
    let (ms, value) = event.payload;
    tokio::time::sleep(Duration::from_millis(ms)).await;
    if value == "fail" { Err("as it was asked to".into()) } else { Ok(value) }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    run_concurrent(service_fn(wait)).await
}
