//! A local Lambda: takes execution environments through Init, Invoke and Shutdown, and starts and ends their processes.
//! Uses `apis`, `faults`, `http`, `model`, `os` and `report`.

pub mod phases;
mod processes;
