//! What the kernel offers: system calls, pipes, and the processes below this one. Knows nothing of Lambda.

pub mod pipe;
pub mod process_tree;
pub mod sys;
