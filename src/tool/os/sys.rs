//! What std has no safe function for. One job per function, every call checked at once.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::time::Instant;

fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A pipe, (read end, write end), close-on-exec.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds = [0; 2];
    // SAFETY: the kernel writes two descriptors into an array of two.
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: a new descriptor that nobody else owns.
    let read_end = unsafe { OwnedFd::from_raw_fd(fds[0]) };
    // SAFETY: as above.
    let write_end = unsafe { OwnedFd::from_raw_fd(fds[1]) };
    Ok((read_end, write_end))
}

/// Reads what is there. 0 is the end of the file; `WouldBlock` says that nothing is there.
pub fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the kernel writes at most buffer.len() bytes into the buffer.
    let count = unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Fills the buffer from the kernel's random number generator.
pub fn random(buffer: &mut [u8]) {
    // SAFETY: the kernel writes at most buffer.len() bytes into the buffer. Up to 256 bytes come whole.
    let _ = unsafe { libc::getrandom(buffer.as_mut_ptr().cast(), buffer.len(), 0) };
}

/// How many descriptors this process may have open.
pub fn most_descriptors() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes one rlimit to where we point.
    let done = check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) });
    done.map_or(256, |_| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

/// Makes orphans below this process its children, so that none gets away.
pub fn adopt_orphans() -> io::Result<()> {
    // SAFETY: sets an attribute of this process, touches no memory.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }).map(|_| ())
}

/// The command will run in a session of its own, and get SIGTERM should this process die: bootstrap then ends what it has
/// started, which SIGKILL would leave behind, being in process groups of their own.
pub fn in_own_session(command: &mut Command) {
    let prepare = || {
        // SAFETY: async-signal-safe, touches no memory.
        check(unsafe { libc::setsid() })?;
        // SAFETY: async-signal-safe, touches no memory.
        check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM, 0, 0, 0) })?;
        Ok(())
    };
    // SAFETY: between fork and exec it makes only the two system calls above.
    unsafe { command.pre_exec(prepare) };
}

/// Waits until there is something to read, or the end of the file; false if there is neither by then.
pub fn is_readable_until(fd: BorrowedFd<'_>, limit: Instant) -> io::Result<bool> {
    loop {
        let left = limit.saturating_duration_since(Instant::now()).as_millis() + 1; // rounded up: no spinning at the end
        let mut polled = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: the pointer is to one pollfd.
        let count = unsafe { libc::poll(&mut polled, 1, c_int::try_from(left).unwrap_or(c_int::MAX)) };
        match check(count) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map(|count| count > 0),
        }
    }
}

/// Signals one process. One that has gone is no error.
pub fn signal(pid: i32, signal: c_int) -> io::Result<()> {
    // SAFETY: kill touches no memory of ours.
    match check(unsafe { libc::kill(pid, signal) }) {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Takes the exit status of a child that has ended, if there is one.
pub fn reap() -> Option<(i32, ExitStatus)> {
    let mut status = 0;
    // SAFETY: the kernel writes one int to where we point.
    let pid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) };
    (pid > 0).then(|| (pid, ExitStatus::from_raw(status)))
}
