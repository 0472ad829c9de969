//! A file for each command: its arguments, its help, and what it does. No command uses another one.

pub mod debug_relay;
pub mod event;
mod given_event;
pub mod invoke;
pub mod map;
pub mod middleware;
mod printed_stream;
pub mod serve;
