//! How a client writes the names of headers: hyper has them in small letters, and a REST API of API Gateway passes them
//! as they are.

use hyper::header::HeaderName;
use std::cell::RefCell;
use std::rc::Rc;

/// So many bytes of a head are kept, in which the names are looked for.
const MAX: usize = 64 * 1024;

/// Bytes that come while the connection waits for a request.
#[derive(Clone, Default)]
pub struct Listening(Rc<RefCell<Vec<u8>>>);

/// The head of one request as it came.
#[derive(Debug, Default)]
pub struct Spelling(Vec<u8>);

impl Listening {
    pub fn add(&self, bytes: &[u8]) {
        let mut heard = self.0.borrow_mut();
        let room = MAX.saturating_sub(heard.len());
        heard.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The head that has come. The head of a request that was sent before the answer to the one before it is not there:
    /// then names have small letters.
    pub fn take(&self) -> Spelling {
        Spelling(std::mem::take(&mut *self.0.borrow_mut()))
    }
}

impl Spelling {
    /// The name as the client writes it, or in small letters.
    pub fn of(&self, name: &HeaderName) -> String {
        let lines = self.0.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let mut names = lines.skip(1).take_while(|line| !line.is_empty()).map(|line| line.split(|byte| *byte == b':'));
        let spelled = names.find_map(|mut line| line.next().filter(|spelled| is_same(spelled, name)));
        spelled.map_or_else(|| name.as_str().to_owned(), |spelled| String::from_utf8_lossy(spelled).into_owned())
    }
}

fn is_same(spelled: &[u8], name: &HeaderName) -> bool {
    spelled.eq_ignore_ascii_case(name.as_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_the_client_writes_them() {
        let listening = Listening::default();
        listening.add(b"POST / HTTP/1.1\r\nHost: a\r\nX-myHeader: B");
        listening.add(b"\r\n\r\nx-MYheader: in the body");
        let spelling = listening.take();
        assert_eq!(spelling.of(&HeaderName::from_static("x-myheader")), "X-myHeader");
        assert_eq!(spelling.of(&HeaderName::from_static("x-other")), "x-other");
        assert_eq!(listening.take().of(&HeaderName::from_static("host")), "host");
    }
}
