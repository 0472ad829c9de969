//! Records of invocations that are run again: reading them, comparing what comes with what was recorded, and rewriting
//! them. What runs the function is in `commands`.

pub mod compare;
pub mod ignore;
pub mod result;
pub mod saved;
pub mod update;
