//! What the environment asks for, and where things are. Read once, in Init.

pub mod config;
pub mod debug;
pub mod lookup;
