//! HTTP in front of functions: each request is an invocation, with the event that the service makes of it, and the
//! response becomes the answer that the service makes of it. Authentication, authorizers, CORS and TLS are not there.
//!
//! | service | `--api` | event | answers of its own |
//! | --- | --- | --- | --- |
//! | a function URL | `url` | [`event_v2`] | [`answers`] |
//! | an HTTP API of API Gateway | `http` | [`event_v2`], or [`event_v1`] by `--payload 1.0` | |
//! | a REST API of API Gateway | `rest` | [`event_v1`] | |
//! | an Application Load Balancer | `alb` | [`event_alb`] | |
//!
//! [`router`] finds the route of a request, [`response`] makes the answer, and [`server`] is the way between.

mod answers;
mod body;
mod event_alb;
mod event_v1;
mod event_v2;
pub mod health;
mod hop_headers;
mod origin;
mod pairs;
mod request;
mod response;
pub mod router;
pub mod server;
pub mod service;
mod stage;
mod stream;
