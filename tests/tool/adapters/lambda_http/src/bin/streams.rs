//! Streams its response: a chunk, a pause, and bytes. After the first chunk the body breaks off at the path /fails, and the
//! process ends at /crashes.
use lambda_http::lambda_runtime::streaming::{Body, channel};
use lambda_http::{Error, Request, RequestExt, Response, run_with_streaming_response, service_fn};
use std::time::Duration;
use tokio::time::sleep;

async fn answer(request: Request) -> Result<Response<Body>, Error> {
    let (mut sender, body) = channel();
    let path = request.raw_http_path().to_owned();
    tokio::spawn(async move {
        let _ = sender.send_data("data: one\n\n".into()).await;
        sleep(Duration::from_millis(700)).await;
        match path.as_str() {
            "/fails" => sender.abort(),
            "/crashes" => std::process::exit(1),
            _ => drop(sender.send_data(vec![0, 255, 10].into()).await),
        }
    });
    let response = Response::builder().status(201).header("Content-Type", "text/event-stream").header("X-A", "b");
    Ok(response.header("Set-Cookie", "a=b; Path=/").header("Set-Cookie", "c=d").body(body)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_with_streaming_response(service_fn(answer)).await
}
