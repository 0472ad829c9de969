//! The client as its documents show it: tokio's threads, one for each CPU.
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::value::RawValue;

async fn same(event: LambdaEvent<Box<RawValue>>) -> Result<Box<RawValue>, Error> {
    Ok(event.payload)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    run(service_fn(same)).await
}
