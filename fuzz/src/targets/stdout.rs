//! All output of the language runtime during calls.
//!
//! Input: a line with the number of calls, of those at once, and `in-order`, `stream` or neither, then the size of the pieces that arrive
//! at once; then the output.

use open_runtime::child::lines::Lines;
use open_runtime::child::protocol::{self, Message};
use open_runtime::error::InvocationError;
use open_runtime::response::Response;

use crate::input::{number, words_and_rest};
use crate::targets::exchange::{Tried, calls};

/// No line, however it is divided, gives a call the answer of another, or answers a call twice.
pub fn run(input: &[u8]) {
    let (words, said) = words_and_rest(input);
    let calls = calls(&words);
    let mut tried = Tried::new(&calls, number(&words, 1, 9));
    let mut lines = Lines::default();
    'all: for piece in said.chunks(number(&words, 3, 4096)) {
        tried.open();
        tried.write(usize::MAX);
        lines.push(piece);
        while let Some(line) = lines.take_next() {
            if hear(&mut tried, line).is_none() {
                break 'all; // bootstrap ignores everything after a broken line
            }
        }
    }
    tried.end();
}

fn hear(tried: &mut Tried<'_>, line: Vec<u8>) -> Option<()> {
    match Message::parse(&line).ok()? {
        Message::Ready(ready) if ready.protocol == protocol::VERSION => tried.allow(ready.concurrency),
        Message::Ready(_) | Message::InitError(_) => return None,
        Message::Response { is_output: true, .. } => return None,
        Message::Response { id, response, .. } => {
            let (id, expected) = (id.into_owned(), line[response.clone()].to_vec());
            tried.settle(&id, Ok(Response::within(line, response)), Ok(expected));
        }
        Message::Part { id, part } => tried.part(&id, part),
        Message::Error { id, error } => {
            let error_type = error.error_type.clone();
            tried.settle(&id, Err(InvocationError::Handler(error.into())), Err(error_type));
        }
    }
    Some(())
}
