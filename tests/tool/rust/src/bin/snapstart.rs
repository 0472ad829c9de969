//! AWS's client with hooks around a snapshot. The answer says what has run. With $FAILS, that hook fails.
use lambda_runtime::{BoxFuture, Error, LambdaEvent, Runtime, SnapStartResource, service_fn};
use serde_json::Value;
use std::sync::{Arc, Mutex};

static SAID: Mutex<Vec<&str>> = Mutex::new(Vec::new());

fn say(what: &'static str) -> BoxFuture<'static, Result<(), Error>> {
    Box::pin(async move {
        SAID.lock().unwrap().push(what);
        if std::env::var("FAILS").is_ok_and(|fails| fails == what) { Err("as it was asked to".into()) } else { Ok(()) }
    })
}

struct Hooks;

impl SnapStartResource for Hooks {
    fn before_snapshot(&self) -> BoxFuture<'_, Result<(), Error>> {
        say("before")
    }

    fn after_restore(&self) -> BoxFuture<'_, Result<(), Error>> {
        say("after")
    }
}

async fn answer(_: LambdaEvent<Value>) -> Result<Vec<&'static str>, Error> {
    Ok(SAID.lock().unwrap().clone())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    Runtime::new(service_fn(answer)).register_snapstart_resource(Arc::new(Hooks)).run().await
}
