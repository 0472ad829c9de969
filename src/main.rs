//! `bootstrap`: what Lambda starts in an execution environment.

fn main() {}
