//! A local Lambda: takes execution environments through Init, Invoke and Shutdown, and starts and ends their processes.

pub mod environments;
mod extension_processes;
mod managed;
pub mod phases;
pub mod platform;
pub mod pool;
mod processes;
mod registry;
mod starting;
mod worker;
