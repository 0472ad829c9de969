//! AWS events as CloudEvents 1.0.
