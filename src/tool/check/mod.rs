//! The conformance kit: claims about a language runtime, each tried over pipes as bootstrap would use it.
//!
//! `table` has the claims, `claims` their tests by subject, `runtime` plays bootstrap, `runner` runs them side by side.

mod call;
pub mod claim;
mod claims;
mod line;
mod notes;
mod pipes;
mod problem;
mod processes;
pub mod runner;
mod runtime;
pub mod table;
mod tap;
pub mod trial;
mod values;

pub use processes::end_all;
