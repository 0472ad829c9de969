//! A response that is sent while the handler makes it: one request with a chunked body on a connection of its own, and an error in its
//! trailers if the handler fails in between.
//!
//! ureq cannot do this: it writes no trailers, and it pulls a body while it looks at nothing else.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming>

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;

use super::transport::{self, Address};
use crate::child::exchange::Exchange;
use crate::child::supervised::Supervised;
use crate::cloudevents::formats::base64;
use crate::error::{InvocationError, header_error_type};
use crate::os::deadline::Deadline;
use crate::os::signals::Signals;
use crate::os::wait::{self, Source};

/// While so many bytes wait to be sent, nothing is read from the child, which blocks when its pipe is full.
const MAX_PENDING: usize = 64 << 10;

const MIB: usize = 1 << 20;

/// The kernel's buffers, ours and that of Lambda's end, hold no more, in bytes.
const MAX_BUFFERED: usize = 16 * MIB;

/// The trailers together must be shorter, in bytes: more is refused by the HTTP server of Lambda, which is Go's.
/// (net/http reads trailers within its buffer of 4 KiB.)
const MAX_TRAILERS: usize = 4000;

/// The headers that all streams have, after the end of a line. They end the head of the request.
pub const HEADERS: &str = "\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
    Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\nConnection: close\r\n\r\n";

/// A longer type of an error is cut, in bytes.
const MAX_TYPE: usize = 256;

const ERROR_TYPE: &str = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY: &str = "Lambda-Runtime-Function-Error-Body";

/// Why a stream did not arrive.
pub enum Broken {
    /// Lambda closed the connection, or did not answer in time.
    Connection(io::Error),
    /// Lambda answered with this HTTP status before the end.
    Refused(u16),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Broken {
        Broken::Connection(error)
    }
}

/// A stream under way.
#[derive(Debug)]
pub struct Upload {
    socket: TcpStream,
    signals: Signals,
    /// What is to be written, from `written` on.
    output: Vec<u8>,
    written: usize,
    /// So much of it the kernel has taken. Lambda may not have read it yet.
    sent: usize,
    /// What has come of the answer.
    answer: Vec<u8>,
}

impl Upload {
    /// Connects. `head` is that of the request, which ends with [`HEADERS`]. `first` are the first bytes of the stream. Blocks for at
    /// most 2 s.
    ///
    /// # Errors
    /// Those of connecting.
    pub fn open(address: Address, signals: Signals, head: String, first: &[u8]) -> io::Result<Upload> {
        let socket = transport::connect(address)?;
        socket.set_nodelay(true)?; // a small chunk must not wait for the acknowledgement of the one before
        let mut output = head.into_bytes();
        push_chunk(&mut output, first);
        Ok(Upload { socket, signals, output, written: 0, sent: 0, answer: Vec::new() })
    }

    /// Sends what comes of the stream as it comes. Blocks until the stream is over, complete or not.
    ///
    /// # Errors
    /// [`Broken`]: nothing more can be sent.
    pub fn run(&mut self, runtime: &mut Supervised, exchange: &mut Exchange<'_>) -> Result<(), Broken> {
        loop {
            if let Some(body) = exchange.body() {
                push_chunk(&mut self.output, body);
                body.clear();
            }
            self.write()?;
            if exchange.is_over() {
                return Ok(());
            }
            exchange.is_paused = self.pending() >= MAX_PENDING;
            let mut sources = self.sources();
            runtime.advance_stream(exchange, &mut sources);
            let [readable, _] = sources;
            if readable.is_ready()
                && let Some(status) = self.read()?
            {
                let is_accepted = (200..300).contains(&status); // half of it
                return Err(if is_accepted {
                    io::Error::from(ErrorKind::InvalidData).into()
                } else {
                    Broken::Refused(status)
                });
            }
        }
    }

    /// Sends the end, with the error that ended the stream if there was one, and waits for the answer. Blocks for at most `patience`
    /// after the last byte that the kernel took, and as long again for each MiB that may be in its buffers: Lambda reads them no
    /// faster than the caller. SIGTERM shortens that.
    ///
    /// # Errors
    /// [`Broken::Connection`].
    pub fn finish(mut self, error: Option<&InvocationError>, patience: std::time::Duration) -> io::Result<u16> {
        self.output.extend_from_slice(b"0\r\n");
        if let Some(error) = error {
            push_trailers(&mut self.output, error);
        }
        self.output.extend_from_slice(b"\r\n");
        let mut deadline = Deadline::after(patience);
        loop {
            let before = self.sent;
            self.write()?;
            if self.sent > before {
                deadline = Deadline::after(patience * patiences(self.sent));
            }
            let [readable, writable] = self.sources();
            let mut sources = [readable, writable, Source::readable(self.signals.termination())];
            let limit = deadline.or(self.signals.shutdown_deadline());
            if !wait::for_any(&mut sources, limit)? {
                return Err(ErrorKind::TimedOut.into());
            }
            let [readable, _, termination] = sources;
            if termination.is_ready() {
                self.signals.notice_termination();
            }
            if readable.is_ready()
                && let Some(status) = self.read()?
            {
                return Ok(status);
            }
        }
    }

    fn pending(&self) -> usize {
        self.output.len() - self.written
    }

    /// An answer, and room for what waits to be written.
    fn sources(&self) -> [Source; 2] {
        let socket = self.socket.as_fd();
        [Source::readable(socket), Source::writable(Some(socket).filter(|_| self.pending() > 0))]
    }

    /// Writes what the socket takes now.
    fn write(&mut self) -> io::Result<()> {
        while let Some(rest @ [_, ..]) = self.output.get(self.written..) {
            match self.socket.write(rest) {
                Ok(bytes) => {
                    self.written += bytes;
                    self.sent += bytes;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // It does not read any more, but may have answered: the answer is read next, or the end of file.
                Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                    self.written = self.output.len();
                }
                Err(error) => return Err(error),
            }
        }
        if self.written >= self.pending() {
            // what is left is moved no more often than it is written
            self.output.drain(..self.written);
            self.written = 0;
        }
        Ok(())
    }

    /// Reads what has come of the answer, and returns its status when that is there.
    fn read(&mut self) -> io::Result<Option<u16>> {
        let mut piece = [0; 64];
        match self.socket.read(&mut piece) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(bytes) => self.answer.extend_from_slice(piece.get(..bytes).unwrap_or_default()),
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(error) => return Err(error),
        }
        status(&self.answer).map_err(|()| ErrorKind::InvalidData.into())
    }
}

/// The status of an answer, if it has come.
///
/// # Errors
/// It is not an answer of HTTP/1.
fn status(answer: &[u8]) -> Result<Option<u16>, ()> {
    match answer {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', _, b' ', digits @ ..] => match digits {
            [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
                let digits = [*a, *b, *c].map(|digit| u16::from(digit - b'0'));
                Ok(Some(digits.iter().fold(0, |status, digit| status * 10 + digit)))
            }
            _ if digits.len() < 3 => Ok(None),
            _ => Err(()),
        },
        _ if answer.len() < 9 => Ok(None),
        _ => Err(()),
    }
}

/// Appends a chunk. An empty one would be the end, and nothing is appended for it.
fn push_chunk(output: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    output.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
    output.extend_from_slice(bytes);
    output.extend_from_slice(b"\r\n");
}

fn push_trailers(output: &mut Vec<u8>, error: &InvocationError) {
    let mut error_type = header_error_type(error.error_type());
    error_type.truncate(MAX_TYPE);
    let room = MAX_TRAILERS.saturating_sub(ERROR_TYPE.len() + ERROR_BODY.len() + error_type.len());
    output.extend_from_slice([ERROR_TYPE, ": ", &error_type, "\r\n", ERROR_BODY, ": "].concat().as_bytes());
    base64::encode(&error.to_short_json(room / 4 * 3), output);
    output.extend_from_slice(b"\r\n");
}

/// How many times the patience is waited for an answer when so many bytes have been sent.
fn patiences(sent: usize) -> u32 {
    1 + (sent.min(MAX_BUFFERED) / MIB) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::LambdaError;

    #[test]
    fn an_answer_has_its_status_in_its_first_line() {
        for (answer, expected) in [
            ("", Ok(None)),
            ("HTTP/1.1 20", Ok(None)),
            ("HTTP/1.1 202", Ok(Some(202))),
            ("HTTP/1.0 413 Too Large\r\n", Ok(Some(413))),
            ("HTTP/2 200 OK", Err(())),
            ("HTTP/1.1 2x2", Err(())),
            ("HTTP/1.1 02", Ok(None)),
            ("HTTP/1.1 020", Err(())),
            ("nonsense of any kind", Err(())),
            ("nonsense", Ok(None)),
            ("nonsense.", Err(())),
        ] {
            assert_eq!(status(answer.as_bytes()), expected, "{answer}");
        }
    }

    #[test]
    fn each_mebibyte_that_may_be_in_buffers_is_waited_for() {
        for (sent, expected) in [(0, 1), (MIB - 1, 1), (MIB, 2), (5 * MIB, 6), (16 * MIB, 17), (200 * MIB, 17)] {
            assert_eq!(patiences(sent), expected);
        }
    }

    #[test]
    fn no_chunk_is_the_end_of_the_body() {
        let mut output = Vec::new();
        push_chunk(&mut output, b"");
        push_chunk(&mut output, &[b'x'; 26]);
        assert_eq!(output, b"1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
    }

    #[test]
    fn trailers_are_never_longer_than_a_server_reads() {
        for text in ["short", &"long ".repeat(5_000), &"\u{1}".repeat(50_000), &"ü".repeat(9_000)] {
            let stack = Some(format!("[{}\"end\"]", "\"frame\",".repeat(text.len())));
            let (error_type, error_message) = (text.to_owned(), text.to_owned());
            let error = LambdaError { error_type, error_message, stack_trace: stack, ..LambdaError::default() };
            let mut output = Vec::new();
            push_trailers(&mut output, &InvocationError::Handler(error.into()));
            assert!(output.len() < 4096 - 2, "{} bytes", output.len());
            let room = 3_800..=MAX_TRAILERS + 2 * ": \r\n".len();
            assert!(room.contains(&output.len()) || text == "short", "{} bytes, and not {room:?}", output.len());
            let text = String::from_utf8(output).unwrap();
            let body = text.lines().find_map(|line| line.strip_prefix(ERROR_BODY)).unwrap().trim_start_matches(": ");
            let error: serde_json::Value = serde_json::from_slice(&base64::decode(body.as_bytes()).unwrap()).unwrap();
            assert!(
                error["errorMessage"].is_string() && error["errorType"].is_string() && error["stackTrace"].is_array()
            );
        }
    }
}
