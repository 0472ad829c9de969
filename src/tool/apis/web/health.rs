//! The health checks of a load balancer. They change nothing here, as there is no other target; the log says how they end.
//!
//! Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>

use super::server::{Target, WebServer};
use super::{event_alb, response};
use crate::model::ids;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// So long a check waits for the answer: a load balancer's default for functions.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Checks the health of the function for ever, and says when it changes.
pub async fn check(server: Rc<WebServer>, path: String, interval: Duration) {
    let mut was_healthy = None;
    loop {
        let router = server.router.borrow().clone();
        let Some(found) = router.find("GET", &path) else {
            return; // a load balancer has no routes
        };
        let found = ask(&server, &found.route.target, &path).await;
        if was_healthy.replace(found.is_ok()) != Some(found.is_ok()) {
            let health = found.map_or_else(|why| format!("unhealthy: {why}"), |()| "healthy".to_owned());
            server.say(&format!("the load balancer's check of {path} says that the function is {health}"));
        }
        sleep(interval).await;
    }
}

/// A load balancer expects the status 200.
async fn ask(server: &WebServer, target: &Target, path: &str) -> Result<(), String> {
    let settings = &server.settings;
    let function = &target.callee.function;
    let event = event_alb::health_check(path, &function.region, &function.name, settings.is_multi_value);
    let invoked = target.invoke(Bytes::from(event.to_string()), ids::uuid(), ids::trace_id());
    let response = timeout(TIMEOUT, invoked).await.map_err(|_| format!("no answer within {} s", TIMEOUT.as_secs()))?;
    let answer = response.and_then(|response| response::answer(&response, target.service, settings, &HeaderMap::new()));
    match answer {
        Ok(answer) if answer.status == StatusCode::OK => Ok(()),
        Ok(answer) => Err(format!("its status is {}", answer.status.as_u16())),
        Err(trouble) => Err(trouble.reason().unwrap_or_else(|| "the invocation failed".to_owned())),
    }
}
