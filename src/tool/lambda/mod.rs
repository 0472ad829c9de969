//! A local Lambda: takes execution environments through Init, Invoke and Shutdown, and starts and ends their processes.

pub mod phases;
mod processes;
