//! When a language runtime that died is started again, and when no more. Pure: it counts what it is told.

use std::time::Duration;

/// Failed starts in a row after which it is not started again.
const MAX_FAILED_STARTS: u32 = 2;

/// Deaths while idle after which it is not started again. An answer to a call resets the count.
const MAX_IDLE_DEATHS: u32 = 5;

/// Boot limit after a restart, so that one hung boot cannot time out every later invocation: what Lambda gives the Init phase,
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib>. Only the time that
/// invocations wait counts, because Lambda freezes the environment in between.
pub const BOOT_LIMIT: Duration = Duration::from_secs(10);

/// The history of one language runtime, as far as it decides about the next start.
#[derive(Debug, Default)]
pub struct Restarts {
    was_ever_ready: bool,
    failed_starts: u32,
    idle_deaths: u32,
    waited_for_boot: Duration,
}

impl Restarts {
    /// Whether it may be started again.
    pub fn are_allowed(&self) -> bool {
        self.failed_starts < MAX_FAILED_STARTS && self.idle_deaths < MAX_IDLE_DEATHS
    }

    /// It has been started, and boots.
    pub fn note_start(&mut self) {
        self.waited_for_boot = Duration::ZERO;
    }

    /// It has loaded the handler.
    pub fn note_ready(&mut self) {
        self.was_ever_ready = true;
        self.failed_starts = 0;
    }

    /// It has answered a call.
    pub fn note_answer(&mut self) {
        self.idle_deaths = 0;
    }

    /// It died while idle.
    pub fn note_idle_death(&mut self) {
        self.idle_deaths += 1;
    }

    /// It died before it was ready. If it said itself that it cannot load the handler (`is_definite`), a second try would fail
    /// the same way; but not if it has loaded the handler before.
    pub fn note_failed_start(&mut self, is_definite: bool) {
        self.failed_starts += if is_definite && !self.was_ever_ready { MAX_FAILED_STARTS } else { 1 };
    }

    /// Whether the Init phase fails with its last death, and so reports it.
    pub fn fail_init(&self) -> bool {
        !self.was_ever_ready && self.failed_starts >= MAX_FAILED_STARTS
    }

    /// How much longer an invocation may wait for it to boot. The first boot has no limit of ours: Lambda limits the Init phase.
    pub fn boot_time_left(&self) -> Option<Duration> {
        self.was_ever_ready.then(|| BOOT_LIMIT.saturating_sub(self.waited_for_boot))
    }

    /// An invocation has waited so long for it to boot. True if that was all the time there is.
    pub fn note_wait_for_boot(&mut self, waited: Duration) -> bool {
        self.waited_for_boot += waited;
        self.boot_time_left() == Some(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready() -> Restarts {
        let mut restarts = Restarts::default();
        restarts.note_ready();
        restarts
    }

    #[test]
    fn the_second_failed_start_in_a_row_is_the_last() {
        let mut restarts = Restarts::default();
        restarts.note_failed_start(false);
        assert!(restarts.are_allowed() && !restarts.fail_init());
        restarts.note_failed_start(false);
        assert!(!restarts.are_allowed() && restarts.fail_init());
    }

    #[test]
    fn a_ready_one_resets_failed_starts() {
        let mut restarts = Restarts::default();
        for _ in 0..9 {
            restarts.note_failed_start(false);
            assert!(restarts.are_allowed());
            restarts.note_ready();
        }
    }

    #[test]
    fn an_init_error_is_believed_at_once_unless_the_handler_was_loaded_before() {
        let mut restarts = Restarts::default();
        restarts.note_failed_start(true);
        assert!(!restarts.are_allowed() && restarts.fail_init());
        let mut restarts = ready();
        restarts.note_failed_start(true);
        assert!(restarts.are_allowed());
        restarts.note_failed_start(true);
        assert!(!restarts.are_allowed() && !restarts.fail_init());
    }

    #[test]
    fn the_fifth_death_while_idle_without_an_answer_in_between_is_the_last() {
        let mut restarts = ready();
        for _ in 0..4 {
            restarts.note_idle_death();
        }
        assert!(restarts.are_allowed());
        restarts.note_answer();
        for _ in 0..4 {
            restarts.note_idle_death();
        }
        restarts.note_ready(); // does not count: it has answered nothing
        assert!(restarts.are_allowed());
        restarts.note_idle_death();
        assert!(!restarts.are_allowed());
    }

    #[test]
    fn only_a_restart_has_a_boot_limit_and_each_has_its_own() {
        let mut restarts = Restarts::default();
        assert_eq!(restarts.boot_time_left(), None);
        assert!(!restarts.note_wait_for_boot(BOOT_LIMIT * 2));
        let mut restarts = ready();
        restarts.note_start();
        assert!(!restarts.note_wait_for_boot(Duration::from_secs(4)));
        assert_eq!(restarts.boot_time_left(), Some(Duration::from_secs(6)));
        assert!(restarts.note_wait_for_boot(Duration::from_secs(6)));
        restarts.note_start();
        assert_eq!(restarts.boot_time_left(), Some(BOOT_LIMIT));
    }
}
