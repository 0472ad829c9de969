//! System calls for which std has no safe function. One job per function; every result is checked at once.
#![allow(unsafe_code)]

use std::ffi::{CString, OsString, c_int};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A pipe, (read end, write end), close-on-exec.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds = [0; 2];
    // SAFETY: the kernel writes two descriptors into an array of two.
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: a new descriptor that nothing else owns.
    let read_end = unsafe { OwnedFd::from_raw_fd(fds[0]) };
    // SAFETY: as above.
    let write_end = unsafe { OwnedFd::from_raw_fd(fds[1]) };
    Ok((read_end, write_end))
}

/// Reads the data that is available. 0 is the end of file. The error `WouldBlock` means that there is no data.
pub fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the kernel writes at most buffer.len() bytes into the buffer.
    let count = unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Fills the buffer from the kernel's random number generator.
pub fn random(buffer: &mut [u8]) {
    // SAFETY: the kernel writes at most buffer.len() bytes into the buffer. It fills up to 256 bytes in one call.
    let _ = unsafe { libc::getrandom(buffer.as_mut_ptr().cast(), buffer.len(), 0) };
}

/// How many descriptors this process may have open at once.
pub fn max_descriptors() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes one rlimit to the pointer.
    let done = check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) });
    done.map_or(256, |_| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
}

/// The types of file systems on which inotify does not see what other machines do, or the host of a virtual machine.
///
/// Source: statfs(2), and `include/uapi/linux/magic.h`
const REMOTE: [u32; 6] = [
    0x6969,      // NFS
    0x517b,      // SMB
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB2
    0x0102_1997, // 9P: Windows' disks under WSL, and shared folders of QEMU
    0x786f_4256, // shared folders of VirtualBox
];

/// True if inotify does not see all changes of the folder. A folder that does not exist is not such a one.
pub fn is_on_remote_file_system(folder: &Path) -> bool {
    let Ok(path) = CString::new(folder.as_os_str().as_encoded_bytes()) else { return false };
    let mut found = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the path ends with NUL, and the kernel writes one statfs to the pointer.
    if check(unsafe { libc::statfs(path.as_ptr(), found.as_mut_ptr()) }).is_err() {
        return false;
    }
    // SAFETY: statfs succeeded, so that it has written all of it.
    let kind = unsafe { found.assume_init() }.f_type;
    REMOTE.contains(&(kind as u32)) // the numbers have 32 bits, the type of the field has 32 or 64
}

/// Makes this process adopt all orphans below it, so that it can end them.
pub fn adopt_orphans() -> io::Result<()> {
    // SAFETY: sets an attribute of this process, touches no memory.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }).map(|_| ())
}

/// Starts the command in its own session, with these environment variables and an empty STDIN. Returns its id.
///
/// # Errors
/// Those of fork and exec.
pub fn spawn_in_own_session(
    mut command: Command,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> io::Result<i32> {
    command.env_clear().envs(variables).stdin(Stdio::null());
    in_own_session(&mut command);
    let child = command.spawn()?;
    Ok(i32::try_from(child.id()).unwrap_or(i32::MAX)) // pids are below 2^22
}

/// Starts the command in its own session, and with SIGTERM as the signal for the death of this process. On SIGTERM
/// bootstrap ends the processes that it has started. SIGKILL would leave them running: they have process groups of
/// their own.
fn in_own_session(command: &mut Command) {
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

/// Makes the command die when this thread does, however that ends.
pub fn die_with_this_thread(command: &mut Command) {
    // SAFETY: async-signal-safe, touches no memory.
    let prepare = || check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) }).map(|_| ());
    // SAFETY: between fork and exec it makes only the system call above.
    unsafe { command.pre_exec(prepare) };
}

/// Makes an end of a pipe non-blocking.
pub fn set_nonblocking(pipe: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: touches no memory. A pipe has no other flag that matters.
    check(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) }).map(|_| ())
}

/// Sets how many bytes a pipe holds, rounded up to pages.
pub fn set_pipe_size(pipe: BorrowedFd<'_>, bytes: c_int) -> io::Result<()> {
    // SAFETY: touches no memory.
    check(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, bytes) }).map(|_| ())
}

/// A descriptor to wait for, with `POLLIN` or `POLLOUT`. `None` is never ready.
pub fn awaited(fd: Option<BorrowedFd<'_>>, events: libc::c_short) -> libc::pollfd {
    libc::pollfd { fd: fd.map_or(-1, |fd| fd.as_raw_fd()), events, revents: 0 }
}

/// Waits until one of them is ready, or that long. Which ones are ready is in `revents`.
pub fn poll(awaited: &mut [libc::pollfd], timeout: Duration) -> io::Result<()> {
    match poll_once(awaited, timeout.as_millis()) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Returns how many are ready.
fn poll_once(awaited: &mut [libc::pollfd], timeout_ms: u128) -> io::Result<c_int> {
    let timeout = c_int::try_from(timeout_ms).unwrap_or(c_int::MAX);
    // SAFETY: the pointer and the length are those of one slice.
    check(unsafe { libc::poll(awaited.as_mut_ptr(), awaited.len() as libc::nfds_t, timeout) })
}

/// Waits for data or the end of file, until the limit. False if neither has come.
pub fn is_readable_until(fd: BorrowedFd<'_>, limit: Instant) -> io::Result<bool> {
    loop {
        // rounded up: rounded down, the last millisecond would be a busy loop
        let left = limit.saturating_duration_since(Instant::now()).as_millis() + 1;
        match poll_once(&mut [awaited(Some(fd), libc::POLLIN)], left) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map(|count| count > 0),
        }
    }
}

/// Signals a process, or with a negative number a process group. It is not an error if there is none.
pub fn signal(pid: i32, signal: c_int) -> io::Result<()> {
    // SAFETY: kill touches no memory.
    match check(unsafe { libc::kill(pid, signal) }) {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Reaps a child that has exited, if there is one.
pub fn reap() -> Option<(i32, ExitStatus)> {
    let mut status = 0;
    // SAFETY: the kernel writes one int to the pointer.
    let pid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) };
    (pid > 0).then(|| (pid, ExitStatus::from_raw(status)))
}
