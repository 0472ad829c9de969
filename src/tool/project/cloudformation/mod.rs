//! The template of AWS SAM or of CloudFormation.
//!
//! Source: <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html>

mod apis;
mod balancers;
mod events;
mod functions;
mod intrinsics;
mod resources;
mod template;
#[cfg(test)]
mod tests;

pub use functions::read;
pub use intrinsics::{Resource, Scope};
pub use resources::known;
