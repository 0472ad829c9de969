//! A point in time by which something must have ended.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time, or never. Steady: a clock that is set does not move it.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// Never comes.
    pub const NEVER: Deadline = Deadline(None);

    /// This far from now; never, if that is beyond what the clock can say.
    pub fn after(timeout: Duration) -> Deadline {
        Deadline(Instant::now().checked_add(timeout))
    }

    /// From milliseconds since 1970, as in `Lambda-Runtime-Deadline-Ms`. The wall clock is read here and nowhere later.
    pub fn at_unix_ms(unix_ms: u64) -> Deadline {
        let left = Duration::from_millis(unix_ms).saturating_sub(unix_time());
        Deadline::after(left)
    }

    /// The same deadline, earlier; now, if that lies in the past.
    pub fn earlier_by(self, margin: Duration) -> Deadline {
        Deadline(self.0.map(|at| at.checked_sub(margin).unwrap_or_else(Instant::now)))
    }

    /// Whichever comes first.
    pub fn or(self, other: Deadline) -> Deadline {
        match (self.0, other.0) {
            (Some(one), Some(two)) => Deadline(Some(one.min(two))),
            (one, two) => Deadline(one.or(two)),
        }
    }

    /// What is left of it; `None` if it never comes.
    pub fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// True from that moment on.
    pub fn has_passed(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// What is left, in whole milliseconds for poll(2), rounded up: rounding down would spin through the last
    /// millisecond with a timeout of zero. -1 for never; what is longer than poll can wait is cut to that.
    pub fn as_poll_timeout(self) -> libc::c_int {
        let Some(left) = self.left() else { return -1 };
        let ms = left.as_nanos().div_ceil(1_000_000);
        libc::c_int::try_from(ms).unwrap_or(libc::c_int::MAX)
    }
}

/// What the wall clock says, as the time since 1970.
pub fn unix_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_the_past_has_passed() {
        assert!(Deadline::at_unix_ms(1).has_passed());
        assert_eq!(Deadline::at_unix_ms(1).as_poll_timeout(), 0);
    }

    #[test]
    fn a_deadline_beyond_all_clocks_never_comes() {
        assert!(!Deadline::at_unix_ms(u64::MAX).has_passed());
        assert!(!Deadline::at_unix_ms(9_999_999_999_999).has_passed());
        assert_eq!(Deadline::at_unix_ms(9_999_999_999_999).as_poll_timeout(), libc::c_int::MAX);
    }

    #[test]
    fn never_waits_for_ever() {
        assert_eq!(Deadline::NEVER.as_poll_timeout(), -1);
        assert!(!Deadline::NEVER.earlier_by(Duration::from_secs(1)).has_passed());
    }

    #[test]
    fn a_poll_timeout_is_rounded_up() {
        assert_eq!(Deadline::after(Duration::from_micros(999_100)).as_poll_timeout(), 1000);
    }

    #[test]
    fn the_earlier_of_two_counts() {
        let soon = Deadline::after(Duration::ZERO);
        assert!(Deadline::NEVER.or(soon).has_passed());
        assert!(soon.or(Deadline::after(Duration::from_secs(9))).has_passed());
    }
}
