//! The machine: processes, signals, sleeping, time, and comparing many bytes. It knows nothing of Lambda.

pub mod deadline;
pub mod heap;
pub mod process;
pub mod signals;
pub mod simd;
pub mod source;
pub mod sys;
pub mod wait;
