//! A Lambda with one function: the phases of its execution environments, and the processes in them. Uses `apis`, `faults`, `http`,
//! `model`, `os` and `report`.

pub mod phases;
mod processes;
