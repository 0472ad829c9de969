//! A file for each command: its arguments, its help, and what it does. No command uses another one.

pub mod check;
pub mod completions;
pub mod debug_relay;
pub mod event;
mod given_event;
mod given_functions;
mod hook_report;
pub mod init;
pub mod invoke;
pub mod layer;
pub mod man;
pub mod map;
pub mod middleware;
mod nearest;
mod page;
mod printed_stream;
mod progress;
mod record_arguments;
pub mod replay;
mod rerun;
mod rerun_function;
pub mod serve;
mod serve_http;
mod served_project;
mod stdout;
pub mod test;
mod watching;
