//! The language runtime: the child that runs the handler, and the lines that go to it and come from it.

pub mod exchange;
pub mod language_runtime;
pub mod launch;
pub mod lines;
pub mod protocol;
pub mod restarts;
