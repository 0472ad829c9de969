//! Points in time and lengths of time, in milliseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A length of time in milliseconds, cut off at whole microseconds.
pub fn ms(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
