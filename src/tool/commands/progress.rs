//! Says on a terminal what is waited for, if that takes longer than a second.

use std::io::{self, IsTerminal};
use std::time::Duration;

const NOTICE_AFTER: Duration = Duration::from_secs(1);

/// Waits for the work. After a second a line on stderr says what is waited for, if stderr is a terminal.
pub async fn told<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = tokio::time::sleep(NOTICE_AFTER) => {}
    }
    if io::stderr().is_terminal() {
        eprintln!("open-runtime: {what}");
    }
    work.await
}
