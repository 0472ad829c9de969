//! A child in a process group of its own, with non-blocking pipes on its STDIN and STDOUT. Dropping it kills the group and reaps
//! the child.

use std::ffi::{CStr, CString, NulError, OsStr, OsString};
use std::fmt;
use std::io::{self, ErrorKind, IoSlice, PipeReader, PipeWriter, Write, pipe};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use crate::os::sys;

/// What the kernel lets an ordinary user have in one pipe, in bytes.
const MAX_PIPE: libc::c_int = 1 << 20;

/// What follows the input of a program, as in the output of echo(1).
const LINE_END: &[u8] = b"\n";

/// A read asks for at least this many bytes.
const PIECE: usize = 16 << 10;

/// Becomes this command, without that variable. Returns only if it cannot, with the reason.
pub fn become_command(command: impl Iterator<Item = OsString>, without: &str) -> io::Error {
    match command.map(|argument| CString::new(argument.into_vec())).collect::<Result<Vec<_>, _>>() {
        Ok(arguments) if arguments.is_empty() => io::Error::other("it has not passed on its arguments, \"$@\""),
        Ok(arguments) => sys::exec(&arguments, &inherited(&[[without, "="].concat().as_bytes()])),
        Err(error) => error.into(),
    }
}

/// Starts a program in our process group, with these arguments, of which the first is its name, with these variables beside our own
/// and these descriptors beside ours. Returns its id.
pub fn start_beside_us(
    program: &Path,
    arguments: Vec<OsString>,
    variables: &[(&str, &OsStr)],
    descriptors: sys::Descriptors<'_>,
) -> io::Result<u32> {
    let program = CString::new(program.as_os_str().as_bytes())?;
    let arguments =
        arguments.into_iter().map(|argument| CString::new(argument.into_vec())).collect::<Result<Vec<_>, _>>()?;
    let variables = variables.iter().copied().map(variable).collect::<Result<Vec<_>, _>>()?;
    sys::spawn(&program, &arguments, Some(&environment_with(&variables)), descriptors, false)
}

fn variable((name, value): (&str, &OsStr)) -> Result<CString, NulError> {
    CString::new([name.as_bytes(), b"=", value.as_bytes()].concat())
}

/// Our environment, with these variables in place of ours of the same names.
fn environment_with(variables: &[CString]) -> Vec<&CStr> {
    let mut environment: Vec<&CStr> = inherited(&variables.iter().map(start_of).collect::<Vec<_>>());
    environment.extend(variables.iter().map(CString::as_c_str));
    environment
}

/// The name, and `=`.
fn start_of(variable: &CString) -> &[u8] {
    variable.to_bytes().split_inclusive(|byte| *byte == b'=').next().unwrap_or_default()
}

/// Our environment, but for what begins like one of these: each a name and `=`.
fn inherited(but: &[&[u8]]) -> Vec<&'static CStr> {
    let is_handed_on = |entry: &&CStr| !but.iter().any(|start| entry.to_bytes().starts_with(start));
    sys::environment().filter(is_handed_on).collect()
}

/// A child and our ends of its pipes. Its stderr is ours: the log.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    stdin: Option<PipeWriter>,
    stdout: PipeReader,
    has_large_stdin: bool,
    has_large_stdout: bool,
    status: Option<ExitStatus>,
}

/// How much a read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// This many bytes.
    Bytes(usize),
    /// There is nothing now.
    WouldBlock,
    /// There will be nothing any more.
    Closed,
}

impl Process {
    /// Starts `program` in the current folder, with these arguments, and with these variables beside our own.
    ///
    /// # Errors
    /// [`CannotStart`]: it is missing, not executable, or has no interpreter; there is no memory, or there are too many processes.
    pub fn start<'a>(
        program: &Path,
        arguments: &[&OsStr],
        variables: &mut dyn Iterator<Item = (&'a str, &'a OsStr)>,
    ) -> Result<Process, CannotStart> {
        Process::spawn(program, arguments, variables, None).map_err(|cause| CannotStart::new(program, cause))
    }

    /// The same in our process group, with this stderr, and without arguments.
    ///
    /// # Errors
    /// As [`start`](Process::start).
    pub fn start_in_our_group<'a>(
        program: &Path,
        variables: &mut dyn Iterator<Item = (&'a str, &'a OsStr)>,
        stderr: BorrowedFd<'_>,
    ) -> Result<Process, CannotStart> {
        Process::spawn(program, &[], variables, Some(stderr)).map_err(|cause| CannotStart::new(program, cause))
    }

    /// With a stderr of its own it is in our group.
    fn spawn<'a>(
        program: &Path,
        arguments: &[&OsStr],
        variables: &mut dyn Iterator<Item = (&'a str, &'a OsStr)>,
        stderr: Option<BorrowedFd<'_>>,
    ) -> io::Result<Process> {
        let arguments = [program.as_os_str()].into_iter().chain(arguments.iter().copied());
        let arguments = arguments.map(|argument| CString::new(argument.as_bytes())).collect::<Result<Vec<_>, _>>()?;
        let variables = variables.map(variable).collect::<Result<Vec<_>, _>>()?;
        let environment = (!variables.is_empty()).then(|| environment_with(&variables));
        let ((its_stdin, stdin), (stdout, its_stdout)) = (pipe()?, pipe()?);
        let program = arguments.first().ok_or(ErrorKind::InvalidInput)?;
        let pipes = [(its_stdin.as_fd(), 0), (its_stdout.as_fd(), 1), (stderr.unwrap_or(its_stdout.as_fd()), 2)];
        let pipes = pipes.get(..if stderr.is_some() { 3 } else { 2 }).unwrap_or_default();
        let pid = sys::spawn(program, &arguments, environment.as_deref(), pipes, stderr.is_none())?;
        let stdin = Some(stdin);
        let process = Process { pid, stdin, stdout, has_large_stdin: false, has_large_stdout: false, status: None };
        process.never_block()?;
        Ok(process)
    }

    fn never_block(&self) -> io::Result<()> {
        sys::set_nonblocking(self.stdout.as_fd())?;
        self.stdin.iter().try_for_each(|stdin| sys::set_nonblocking(stdin.as_fd()))
    }

    /// The descriptor to wait on for [`read`](Process::read).
    pub fn stdout(&self) -> BorrowedFd<'_> {
        self.stdout.as_fd()
    }

    /// The descriptor to wait on for [`write`](Process::write), until it is closed.
    pub fn stdin(&self) -> Option<BorrowedFd<'_>> {
        self.stdin.as_ref().map(AsFd::as_fd)
    }

    /// How many bytes that were written the child has not read. After its end they are never read.
    pub fn unread_input(&self) -> usize {
        self.stdin().map_or(0, sys::unread)
    }

    /// The child reads end of file when it has read what was written.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Writes what the pipe takes now, and returns how much that was: 0 if it is full. An error means that nobody reads.
    pub fn write(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let Some(stdin) = &mut self.stdin else { return Err(ErrorKind::BrokenPipe.into()) };
        loop {
            match stdin.write_vectored(parts) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if std::mem::replace(&mut self.has_large_stdin, true) {
                        return Ok(0);
                    }
                    sys::enlarge_pipe(stdin.as_fd(), MAX_PIPE); // a large event: fewer switches between the two processes
                }
                other => return other,
            }
        }
    }

    /// Writes what the pipe takes of a line and the line feed behind it, of which so much was written before. Closes it after the last
    /// byte, or when nobody reads: it is not an error if a program does not read its input.
    pub fn write_line(&mut self, line: &[u8], written: &mut usize) {
        let length = line.len() + LINE_END.len();
        while self.stdin.is_some() {
            let rest = IoSlice::new(line.get(*written..).unwrap_or_default());
            match self.write(&[rest, IoSlice::new(LINE_END)]) {
                Ok(0) => return,
                Ok(bytes) => *written += bytes,
                Err(_) => *written = length, // EPIPE: it wants no more
            }
            if *written >= length {
                self.close_stdin();
            }
        }
    }

    /// Reads to the end of `buffer`. Asks for at least 16 KiB, and for as much as `buffer` holds already, so that an output of any
    /// size costs few reads.
    pub fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Progress> {
        let room = PIECE.max(buffer.len()).max(buffer.capacity() - buffer.len());
        loop {
            match sys::read_to_end_of(buffer, room, self.stdout.as_fd()) {
                Ok(0) => return Ok(Progress::Closed),
                Ok(length) => {
                    if length == room && !std::mem::replace(&mut self.has_large_stdout, true) {
                        sys::enlarge_pipe(self.stdout.as_fd(), MAX_PIPE);
                    }
                    return Ok(Progress::Bytes(length));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::WouldBlock),
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads what is left in the pipe of a child that has ended to the end of `buffer`, but no more than a pipe holds: its
    /// grandchildren may hold the pipe open and write for ever.
    pub fn drain(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        let end = buffer.len() + MAX_PIPE as usize;
        while buffer.len() < end && matches!(self.read(buffer)?, Progress::Bytes(_)) {}
        Ok(())
    }

    /// Whether the child has ended; its grandchildren may live on and hold its pipes. Does not block.
    pub fn has_ended(&self) -> io::Result<bool> {
        sys::has_ended(self.pid)
    }

    /// Signals all of its group, and the child itself if it has left the group.
    pub fn signal(&self, signal: libc::c_int) -> io::Result<()> {
        sys::signal_group(self.pid, signal)?;
        if sys::has_left_its_group(self.pid) {
            sys::signal_process(self.pid, signal)?;
        }
        Ok(())
    }

    /// Kills what is left of a group of its own, and returns how the child ended. Blocks for as long as the kernel takes to end a killed
    /// process.
    pub fn end(&mut self) -> io::Result<End> {
        self.kill_and_reap().map(End)
    }

    /// The group is killed before the child is reaped: after that its id may belong to other processes.
    fn kill_and_reap(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        sys::signal_group(self.pid, libc::SIGKILL)?;
        if let Some(status) = sys::reap(self.pid, libc::WNOHANG)? {
            return Ok(*self.status.insert(status));
        }
        sys::signal_process(self.pid, libc::SIGKILL)?; // it may have left the group; it is not reaped, so the id is still its own
        let status = sys::reap(self.pid, 0)?.ok_or(ErrorKind::NotFound)?;
        Ok(*self.status.insert(status))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill_and_reap(); // nobody is left to be told
    }
}

/// An executable could not be started. Displayed with what helps.
#[derive(Debug)]
pub struct CannotStart {
    program: String,
    cause: io::Error,
}

impl CannotStart {
    /// This program could not be started, for this reason.
    pub fn new(program: &Path, cause: io::Error) -> CannotStart {
        CannotStart { program: program.display().to_string(), cause }
    }
}

impl fmt::Display for CannotStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CannotStart { program, cause } = self;
        write!(f, "cannot start {program}: {cause}{}", hint(cause))
    }
}

/// What helps against those failures of execve(2) whose text does not say it.
fn hint(cause: &io::Error) -> &'static str {
    match cause.raw_os_error() {
        Some(libc::ENOEXEC) => "; a script needs a first line with #! and its interpreter",
        Some(libc::ENOENT) => "; the file, or the interpreter that its first line names, is missing",
        Some(libc::EACCES) => "; it needs the execute bit",
        _ => "",
    }
}

/// How a child ended, in words.
#[derive(Clone, Copy, Debug)]
pub struct End(pub ExitStatus);

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.code(), self.0.signal()) {
            (Some(code), _) => write!(f, "exited with status {code}"),
            (None, Some(signal)) => write!(f, "was killed by signal {}", SignalName(signal)),
            (None, None) => f.write_str("ended"),
        }
    }
}

struct SignalName(libc::c_int);

impl fmt::Display for SignalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            libc::SIGHUP => "SIGHUP",
            libc::SIGINT => "SIGINT",
            libc::SIGQUIT => "SIGQUIT",
            libc::SIGILL => "SIGILL",
            libc::SIGTRAP => "SIGTRAP",
            libc::SIGABRT => "SIGABRT",
            libc::SIGBUS => "SIGBUS",
            libc::SIGFPE => "SIGFPE",
            libc::SIGKILL => "SIGKILL, as when memory runs out",
            libc::SIGSEGV => "SIGSEGV",
            libc::SIGPIPE => "SIGPIPE",
            libc::SIGALRM => "SIGALRM",
            libc::SIGTERM => "SIGTERM",
            libc::SIGXCPU => "SIGXCPU",
            libc::SIGSYS => "SIGSYS",
            number => return write!(f, "{number}"),
        };
        write!(f, "{} ({name})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn sh(script: &str) -> Process {
        Process::start(Path::new("/bin/sh"), &["-c".as_ref(), script.as_ref()], &mut std::iter::empty()).unwrap()
    }

    fn ended(script: &str) -> Process {
        let process = sh(script);
        while !process.has_ended().unwrap() {
            std::thread::sleep(Duration::from_millis(1));
        }
        process
    }

    #[test]
    fn a_variable_takes_the_place_of_ours() {
        let ours: Vec<&CStr> = inherited(&[]);
        let name = ours.iter().find_map(|entry| entry.to_bytes().strip_prefix(b"PATH=")).map(|_| "PATH").unwrap();
        let new = [variable((name, OsStr::new("x=y"))).unwrap()];
        let environment = environment_with(&new);
        assert_eq!(environment.len(), ours.len());
        let values: Vec<_> = environment.iter().filter(|entry| entry.to_bytes().starts_with(b"PATH=")).collect();
        assert_eq!(values, [&c"PATH=x=y"]);
    }

    #[test]
    fn what_cannot_be_started_is_told_with_what_helps() {
        for (errno, hint) in [
            (libc::ENOEXEC, "; a script needs a first line with #! and its interpreter"),
            (libc::ENOENT, "; the file, or the interpreter that its first line names, is missing"),
            (libc::EACCES, "; it needs the execute bit"),
            (libc::ENOMEM, ""),
        ] {
            let cause = io::Error::from_raw_os_error(errno);
            let expected = format!("cannot start /x: {cause}{hint}");
            assert_eq!(CannotStart { program: "/x".to_owned(), cause }.to_string(), expected);
        }
    }

    #[test]
    fn it_is_an_error_to_write_where_nobody_reads() {
        assert!(ended("exit 0").write(&[IoSlice::new(b"x")]).is_err());
    }

    #[test]
    fn a_full_stdin_is_enlarged_once_and_then_takes_nothing() {
        let mut process = sh("exec sleep 60");
        let mut written = 0;
        loop {
            match process.write(&[IoSlice::new(&[0; 4096])]).unwrap() {
                0 => break,
                bytes => written += bytes,
            }
        }
        assert_eq!(written, MAX_PIPE as usize);
        assert_eq!(process.write(&[IoSlice::new(b"x")]).unwrap(), 0);
    }

    #[test]
    fn only_a_read_that_fills_its_room_enlarges_stdout() {
        let size = |process: &Process| sys::pipe_size(process.stdout());
        let mut process = ended("echo few bytes");
        let before = size(&process);
        assert_eq!(process.read(&mut Vec::new()).unwrap(), Progress::Bytes(10));
        assert_eq!(size(&process), before);
        let mut process = ended("head -c 40000 /dev/zero");
        assert_eq!(process.read(&mut Vec::new()).unwrap(), Progress::Bytes(PIECE));
        assert_eq!(size(&process), MAX_PIPE);
    }
}
