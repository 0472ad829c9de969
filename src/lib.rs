//! What `bootstrap` and `open-runtime` are made of.

pub mod cloudevents;
