//! The system calls that std does not offer, or not without much more. Beside the allocator the only `unsafe` of this package: one job
//! per function, every call checked at once, `io::Result` out.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr;

use crate::os::source::Source;

/// Makes an end of a pipe non-blocking: the other side may be slow.
pub fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: fcntl with F_SETFL touches no memory of ours. O_NONBLOCK is the only flag that matters on a pipe.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) }).map(drop)
}

/// A descriptor that this process was started with, such as 1. To be called once for each: dropping it closes it.
pub fn inherited(descriptor: RawFd) -> File {
    // SAFETY: nothing else owns it. If it is not open, reading and writing say so.
    unsafe { File::from_raw_fd(descriptor) }
}

/// Asks for a pipe that holds `bytes`. The kernel may refuse (its limit for users is 1 MiB). Then the pipe keeps its size.
pub fn enlarge_pipe(fd: BorrowedFd<'_>, bytes: libc::c_int) {
    // SAFETY: fcntl with F_SETPIPE_SZ touches no memory of ours.
    let _ = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETPIPE_SZ, bytes) }; // a small pipe is only slower
}

/// Sleeps until one of `sources` is ready, a signal comes, or `timeout_ms` is over (-1: never). If a signal comes, it returns
/// without an error, and none of `sources` is ready.
pub fn poll(sources: &mut [Source], timeout_ms: libc::c_int) -> io::Result<()> {
    // SAFETY: the pointer and the length are those of one slice of Source, each of which is a pollfd.
    let polled = unsafe { libc::poll(sources.as_mut_ptr().cast(), sources.len() as libc::nfds_t, timeout_ms) };
    match check(polled) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            sources.iter_mut().for_each(Source::clear);
            Ok(())
        }
        other => other.map(drop),
    }
}

/// A pipe for [`write_on_signal`]: neither end blocks, and no child inherits it.
pub fn self_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds = [-1; 2];
    // SAFETY: the pointer is to an array of two.
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) })?;
    // SAFETY: the kernel has just given us this one, and nobody else has it.
    let reader = unsafe { OwnedFd::from_raw_fd(fds[0]) };
    // SAFETY: the same.
    let writer = unsafe { OwnedFd::from_raw_fd(fds[1]) };
    Ok((reader, writer))
}

/// From now on, each `signal` writes a byte to `pipe`, which must not block. If it is full, it is readable anyway.
/// (signal-hook's own registration for pipes takes seven more system calls, which a cold start waits for.)
pub fn write_on_signal(signal: libc::c_int, pipe: &'static OwnedFd) -> io::Result<()> {
    let fd = pipe.as_raw_fd();
    let action = move || {
        // SAFETY: write is async-signal-safe, the byte is static, and the descriptor is never closed.
        let _ = unsafe { libc::write(fd, c"".as_ptr().cast(), 1) };
    };
    // SAFETY: all that the action does is async-signal-safe.
    unsafe { signal_hook::low_level::register(signal, action) }.map(drop)
}

/// Unblocks every signal that a parent has blocked.
pub fn unblock_all_signals() -> io::Result<()> {
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset writes to a sigset_t of ours.
    check(unsafe { libc::sigemptyset(none.as_mut_ptr()) })?;
    // SAFETY: the set has been written, and no old one is asked for.
    check(unsafe { libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut()) }).map(drop)
}

/// Reads what fits into `buffer`, for nobody. It is not an error if there is nothing.
pub fn discard(fd: BorrowedFd<'_>, buffer: &mut [u8]) {
    // SAFETY: the pointer and the length are those of one slice.
    let _ = unsafe { libc::read(fd.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
}

/// How many bytes in a pipe nobody has read, seen from any of its ends. 0 if that cannot be known.
pub fn unread(pipe: BorrowedFd<'_>) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: FIONREAD writes to an integer of ours.
    let asked = unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &mut bytes) };
    if asked == 0 { bytes.unsigned_abs() as usize } else { 0 }
}

/// Signals a whole process group. It is not an error if the group has gone.
pub fn signal_group(leader: u32, signal: libc::c_int) -> io::Result<()> {
    kill(-(leader as libc::pid_t), signal)
}

/// Signals one process. It is not an error if the process has gone.
pub fn signal_process(pid: u32, signal: libc::c_int) -> io::Result<()> {
    kill(pid as libc::pid_t, signal)
}

fn kill(whom: libc::pid_t, signal: libc::c_int) -> io::Result<()> {
    // SAFETY: kill touches no memory of ours.
    match check(unsafe { libc::kill(whom, signal) }) {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        other => other.map(drop),
    }
}

/// Whether a child that was made the leader of a group has joined another one.
pub fn has_left_its_group(pid: u32) -> bool {
    // SAFETY: getpgid touches no memory of ours.
    let group = unsafe { libc::getpgid(pid as libc::pid_t) };
    group > 0 && group != pid as libc::pid_t
}

/// Whether a child has ended. It stays a zombie, so that the kernel cannot give its pid, which is also the id of its group, to
/// another process before the group has been killed.
pub fn has_ended(pid: u32) -> io::Result<bool> {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    // SAFETY: the pointer is to a siginfo_t of ours.
    check(unsafe { libc::waitid(libc::P_PID, pid, info.as_mut_ptr(), options) })?;
    // SAFETY: all zeroes is a valid siginfo_t, and waitid writes valid ones.
    let info = unsafe { info.assume_init() };
    Ok(info.si_signo == libc::SIGCHLD) // zero if nothing has ended
}

/// Reads at most `room` bytes to the end of `buffer`. It does not clear the memory before: for large events that costs as much as
/// reading them.
pub fn read_to_end_of(buffer: &mut Vec<u8>, room: usize, fd: BorrowedFd<'_>) -> io::Result<usize> {
    buffer.reserve(room);
    let spare = buffer.spare_capacity_mut();
    let room = room.min(spare.len());
    // SAFETY: the pointer is to `room` bytes of ours that nobody else looks at.
    let length = unsafe { libc::read(fd.as_raw_fd(), spare.as_mut_ptr().cast(), room) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: read has written so many bytes after those that were there, within the capacity.
    unsafe { buffer.set_len(buffer.len() + length) };
    Ok(length)
}

unsafe extern "C" {
    static environ: *const *const libc::c_char;
}

/// The environment that bootstrap was started with, as `NAME=VALUE`. Nothing is copied.
pub fn environment() -> impl Iterator<Item = &'static CStr> {
    // SAFETY: the C library has set it, and nothing in this program changes a variable.
    let mut next = unsafe { environ };
    std::iter::from_fn(move || {
        // SAFETY: it points into the array, which ends with a null pointer, and is not moved past that.
        let entry = unsafe { next.as_ref() }.copied().filter(|entry| !entry.is_null())?;
        // SAFETY: this entry is not the last one, for it is not null.
        next = unsafe { next.add(1) };
        // SAFETY: each entry is a string that ends with a null byte, and stays where it is.
        Some(unsafe { CStr::from_ptr(entry) })
    })
}

/// Pointers to the texts, and a null pointer behind them, as execve(2) takes them. Good as long as the texts are.
fn pointers<'a>(texts: impl Iterator<Item = &'a CStr>) -> Vec<*mut libc::c_char> {
    texts.map(|text| text.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
}

/// Descriptors of ours, and what numbers they have in a child.
pub type Descriptors<'a> = &'a [(BorrowedFd<'a>, libc::c_int)];

/// Starts `program`, a path, with these arguments, of which the first is its name, with these descriptors beside ours, and with what
/// SIGPIPE does by default, which std turned off for us. Without `variables` it gets ours. It leads a process group of its own, or is
/// in ours.
pub fn spawn(
    program: &CStr,
    arguments: &[CString],
    variables: Option<&[&CStr]>,
    descriptors: Descriptors<'_>,
    leads_group: bool,
) -> io::Result<u32> {
    let arguments = pointers(arguments.iter().map(CString::as_c_str));
    let variables = variables.map(|variables| pointers(variables.iter().copied()));
    // SAFETY: the C library has set it, and nothing in this program changes a variable.
    let ours = unsafe { environ };
    let environment = variables.as_ref().map_or(ours.cast(), |variables| variables.as_ptr());
    let actions = FileActions::new(descriptors)?;
    let attributes = attributes(leads_group)?;
    let mut pid = 0;
    // SAFETY: both arrays end with a null pointer, and all that is pointed to lives until the call returns; nothing is changed.
    let error = unsafe {
        libc::posix_spawn(&mut pid, program.as_ptr(), &actions.0, &attributes, arguments.as_ptr(), environment)
    };
    check_number(error)?;
    Ok(pid as u32)
}

/// What becomes of the descriptors of a child.
struct FileActions(libc::posix_spawn_file_actions_t);

impl FileActions {
    fn new(descriptors: Descriptors<'_>) -> io::Result<FileActions> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the pointer is to a value of ours.
        check_number(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: it has been written.
        let mut actions = FileActions(unsafe { actions.assume_init() });
        for &(fd, number) in descriptors {
            // SAFETY: it has been initialized.
            check_number(unsafe { libc::posix_spawn_file_actions_adddup2(&mut actions.0, fd.as_raw_fd(), number) })?;
        }
        Ok(actions)
    }
}

impl Drop for FileActions {
    fn drop(&mut self) {
        // SAFETY: it has been initialized, and is not used again.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

/// A process group of its own or not, and SIGPIPE as it is by default. It owns nothing that would have to be given back.
fn attributes(leads_group: bool) -> io::Result<libc::posix_spawnattr_t> {
    let mut sigpipe = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset writes to a sigset_t of ours.
    check(unsafe { libc::sigemptyset(sigpipe.as_mut_ptr()) })?;
    // SAFETY: the set has been written.
    check(unsafe { libc::sigaddset(sigpipe.as_mut_ptr(), libc::SIGPIPE) })?;
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: the pointer is to a value of ours.
    check_number(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
    // SAFETY: it has been written, and so has the set.
    check_number(unsafe { libc::posix_spawnattr_setsigdefault(attributes.as_mut_ptr(), sigpipe.as_ptr()) })?;
    let group = if leads_group { libc::POSIX_SPAWN_SETPGROUP } else { 0 }; // the group is 0 from init on: the child's own
    let flags = group | libc::POSIX_SPAWN_SETSIGDEF;
    // SAFETY: it has been initialized.
    check_number(unsafe { libc::posix_spawnattr_setflags(attributes.as_mut_ptr(), flags as libc::c_short) })?;
    // SAFETY: the same.
    Ok(unsafe { attributes.assume_init() })
}

/// Takes the exit status of a child that has ended. `options` is 0 to wait for that, or `WNOHANG` for `None` if it has not.
pub fn reap(pid: u32, options: libc::c_int) -> io::Result<Option<ExitStatus>> {
    let mut status = 0;
    loop {
        // SAFETY: the pointer is to an integer of ours.
        match check(unsafe { libc::waitpid(pid as libc::pid_t, &mut status, options) }) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map(|reaped| (reaped != 0).then(|| ExitStatus::from_raw(status))),
        }
    }
}

/// Takes the exit status of any child that has ended. `None` if there is none.
pub fn reap_any() -> io::Result<Option<(u32, ExitStatus)>> {
    let mut status = 0;
    // SAFETY: the pointer is to an integer of ours.
    match check(unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) }) {
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(None),
        reaped => reaped.map(|pid| (pid > 0).then(|| (pid as u32, ExitStatus::from_raw(status)))),
    }
}

/// Takes over a descriptor that our parent has opened for us, and keeps it from our children. Call it once for each.
pub fn take_inherited(fd: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: fcntl with F_SETFD touches no memory of ours, and fails if the descriptor is not open.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    // SAFETY: it is open, and nobody else in this program knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Opens a file for its place alone, which needs no right to read it and waits for nobody. Not close-on-exec, which is a call more:
/// it is to be closed before any child starts. (std's `OpenOptions` leaves `O_PATH` out with musl.)
pub fn open_place(path: &CStr) -> io::Result<OwnedFd> {
    // SAFETY: the path ends with a NUL byte, and open keeps nothing of it.
    let fd = check(unsafe { libc::open(path.as_ptr(), libc::O_PATH) })?;
    // SAFETY: it is open, and nobody else in this program knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Becomes the program that the first argument names, which is looked for in `PATH` where it is no path. Returns with the reason
/// if it cannot.
pub fn exec(arguments: &[CString], variables: &[&CStr]) -> io::Error {
    let Some(program) = arguments.first() else { return io::ErrorKind::InvalidInput.into() };
    let arguments = pointers(arguments.iter().map(CString::as_c_str));
    let variables = pointers(variables.iter().copied());
    // SAFETY: signal touches no memory of ours, and there is no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) }; // std ignores it
    // SAFETY: both arrays end with a null pointer, and all that is pointed to lives until the call returns.
    unsafe { libc::execvpe(program.as_ptr(), arguments.as_ptr().cast(), variables.as_ptr().cast()) };
    io::Error::last_os_error()
}

/// Begins to connect a socket that does not block. When the socket is writable, the connection stands, or the next write returns why
/// it does not.
pub fn start_to_connect(address: &SocketAddr) -> io::Result<TcpStream> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: socket touches no memory of ours.
    let fd = check(unsafe { libc::socket(family, kind, 0) })?;
    // SAFETY: the kernel has just given us this one, and nobody else has it.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let begun = match address {
        SocketAddr::V4(address) => connect(
            &socket,
            &libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: address.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
                sin_zero: [0; 8],
            },
        ),
        SocketAddr::V6(address) => connect(
            &socket,
            &libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: address.flowinfo(),
                sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
                sin6_scope_id: address.scope_id(),
            },
        ),
    };
    match begun {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(TcpStream::from(socket)),
    }
}

/// `Address` is one of the kernel's types of addresses.
fn connect<Address>(socket: &OwnedFd, address: &Address) -> io::Result<()> {
    let length = size_of::<Address>() as libc::socklen_t;
    // SAFETY: the pointer is to an address of this length.
    check(unsafe { libc::connect(socket.as_raw_fd(), ptr::from_ref(address).cast(), length) }).map(drop)
}

fn check(returned: libc::c_int) -> io::Result<libc::c_int> {
    if returned < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(returned)
}

/// For the functions that return their error.
fn check_number(error: libc::c_int) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// How many bytes a pipe holds.
#[cfg(test)]
pub fn pipe_size(fd: BorrowedFd<'_>) -> libc::c_int {
    // SAFETY: fcntl with F_GETPIPE_SZ touches no memory of ours.
    unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETPIPE_SZ) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, id};

    use super::*;

    /// No process has this id: the kernel's largest is 4,194,304.
    const NOBODY: u32 = libc::pid_t::MAX as u32;

    #[test]
    fn no_child_inherits_a_self_pipe_and_neither_end_blocks() {
        let (reader, writer) = self_pipe().unwrap();
        for fd in [&reader, &writer] {
            let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd())).unwrap();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
            let flags = libc::c_int::from_str_radix(flags.trim(), 8).unwrap();
            let wanted = libc::O_CLOEXEC | libc::O_NONBLOCK;
            assert_eq!(flags & wanted, wanted);
        }
    }

    #[test]
    fn a_process_that_has_gone_is_no_error_and_a_signal_that_does_not_exist_is_one() {
        assert!(signal_process(NOBODY, libc::SIGTERM).is_ok());
        assert!(signal_process(id(), 9999).is_err());
    }

    #[test]
    fn a_child_has_left_its_group_if_it_is_alive_and_in_another() {
        let sleep = |group: u32| Command::new("sleep").arg("60").process_group(group as i32).spawn().unwrap();
        let mut leader = sleep(0);
        let mut other = sleep(leader.id());
        let have_left = [&leader, &other].map(|child| has_left_its_group(child.id()));
        for child in [&mut leader, &mut other] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(have_left, [false, true]);
        assert!(!has_left_its_group(NOBODY));
    }
}
