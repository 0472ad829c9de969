//! A point in time by which something must have ended.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time, or never, which is the default. It does not move when the wall clock is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// Never comes.
    pub const NEVER: Deadline = Deadline(None);

    /// This far from now, or never if the clock cannot represent it.
    pub fn after(timeout: Duration) -> Deadline {
        Deadline(Instant::now().checked_add(timeout))
    }

    /// From milliseconds since 1970, as in `Lambda-Runtime-Deadline-Ms`. Reads the wall clock now; later changes of it have no effect.
    pub fn at_unix_ms(unix_ms: u64) -> Deadline {
        let left = Duration::from_millis(unix_ms).saturating_sub(unix_time());
        Deadline::after(left)
    }

    /// The same deadline, but earlier. Now, if that lies in the past.
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

    /// The time until it comes. `None` if it never comes.
    pub fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether it has come.
    pub fn has_passed(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// The time until it comes, in milliseconds for poll(2), and -1 for never. Rounded up: rounding down would spin through the
    /// last millisecond with timeouts of zero. At most what poll can wait.
    pub fn as_poll_timeout(self) -> libc::c_int {
        let Some(left) = self.left() else { return -1 };
        let ms = left.as_secs().saturating_mul(1000).saturating_add(u64::from(left.subsec_nanos().div_ceil(1_000_000)));
        libc::c_int::try_from(ms).unwrap_or(libc::c_int::MAX)
    }
}

/// The wall clock, in milliseconds since 1970.
pub fn unix_ms() -> u64 {
    u64::try_from(unix_time().as_millis()).unwrap_or_default()
}

/// The wall clock, as the time since 1970.
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
    fn a_deadline_made_earlier_still_has_the_rest() {
        let (hour, deadline) = (Duration::from_secs(3600), Deadline::at_unix_ms(unix_ms() + 7_200_000));
        let left = deadline.earlier_by(hour).left().unwrap();
        assert!(left <= hour && left > hour / 2, "{left:?}");
    }

    #[test]
    fn the_earlier_of_two_counts() {
        let soon = Deadline::after(Duration::ZERO);
        assert!(Deadline::NEVER.or(soon).has_passed());
        assert!(soon.or(Deadline::after(Duration::from_secs(9))).has_passed());
    }
}
