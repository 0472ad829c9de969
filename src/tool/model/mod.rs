//! What a Lambda consists of: the function, its execution environment, an invocation, and how it may fail. Data and
//! rules; no HTTP, and no starting of processes.

pub mod arguments;
pub mod aws_credentials;
pub mod bootstrap_path;
pub mod env_file;
pub mod environment;
pub mod event;
pub mod extension;
pub mod failure;
pub mod function;
pub mod given_variables;
pub mod ids;
pub mod invocation;
pub mod own_environment;
pub mod package;
pub mod prelude;
pub mod route;
pub mod slots;
pub mod states;
pub mod streaming;
pub mod telemetry;
pub mod time;
#[cfg(feature = "install")]
mod unpacked;
pub mod variables;
