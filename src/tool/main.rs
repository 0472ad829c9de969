//! `open-runtime`: the developer's tool, a Lambda on this machine.

fn main() {}
