//! Shows the request, or answers with bytes.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};
use serde_json::json;

async fn answer(request: Request) -> Result<Response<Body>, Error> {
    if request.raw_http_path().ends_with("/binary") {
        let response = Response::builder().header("Content-Type", "application/octet-stream");
        return Ok(response.body(Body::Binary(vec![0, 255, 254]))?);
    }
    let query = request.query_string_parameters();
    let query: Vec<_> = query.iter().map(|(name, value)| json!([name, value])).collect();
    let all = |name| request.headers().get_all(name).iter().map(|value| value.to_str().unwrap_or("")).collect::<Vec<_>>();
    let path_parameters = request.path_parameters();
    let variables: Vec<_> = path_parameters.iter().map(|(name, value)| json!([name, value])).collect();
    let shown = json!({
        "method": request.method().as_str(),
        "path": request.raw_http_path(),
        "variables": variables,
        "query": query,
        "cookies": all("cookie"),
        "probe": all("x-probe"),
        "body": STANDARD.encode(request.body()),
    });
    let response = Response::builder().status(201).header("Content-Type", "application/json");
    let response = response.header("Set-Cookie", "a=b; Path=/").header("Set-Cookie", "c=d").header("X-Multi", "one").header("X-Multi", "two");
    Ok(response.body(Body::Text(shown.to_string()))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}
