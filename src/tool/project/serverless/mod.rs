//! The service of the Serverless Framework (version 3 or 4, or osls).
//!
//! Source: <https://www.serverless.com/framework/docs/providers/aws/guide/serverless.yml>

mod events;
mod service;
#[cfg(test)]
mod tests;
mod variables;

pub use service::read;
