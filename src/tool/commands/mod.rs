//! A file for each command: its arguments, its help, and what it does. Uses all other folders but nothing of another command.

pub mod debug_relay;
pub mod event;
mod given_event;
pub mod invoke;
pub mod map;
pub mod middleware;
pub mod serve;
