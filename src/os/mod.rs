//! The kernel: processes, signals, sleeping, time. It knows nothing of Lambda.

pub mod deadline;
pub mod heap;
pub mod process;
pub mod signals;
pub mod source;
pub mod sys;
pub mod wait;
