//! A response that comes as a stream: what its caller is given while the function still runs, and Lambda's limits for it.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html>

use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The largest response that is streamed, in bytes, unless the user sets another limit.
pub const MAX_STREAM: u64 = 200 * MIB;

/// So many bytes are not throttled.
const FREE: u64 = 6 * MIB;

/// The bytes of a second after that.
const RATE: u64 = 2 * MIB;

pub const MIB: u64 = 1024 * 1024;

/// What comes, in this order: one head, then any number of bytes. How the stream ended is the result of the invocation.
pub enum Part {
    /// With the type that the function names.
    Head {
        content_type: Option<String>,
    },
    Bytes(Bytes),
}

pub type PartSender = mpsc::Sender<Part>;
pub type PartReceiver = mpsc::Receiver<Part>;

/// Holds one part: a caller that does not read stops the function's writing.
pub fn channel() -> (PartSender, PartReceiver) {
    mpsc::channel(1)
}

/// What a stream held, for the record of its invocation.
pub struct StreamCopy {
    /// The most bytes that are kept.
    limit: usize,
    size: Cell<usize>,
    start: RefCell<Vec<u8>>,
    /// None: no stream has begun.
    head: RefCell<Option<Option<String>>>,
}

impl StreamCopy {
    pub fn new(limit: usize) -> StreamCopy {
        StreamCopy { limit, size: Cell::new(0), start: RefCell::default(), head: RefCell::default() }
    }

    /// The stream begins, with this content type.
    pub fn begin(&self, content_type: Option<String>) {
        *self.head.borrow_mut() = Some(content_type);
    }

    pub fn add(&self, chunk: &[u8]) {
        let mut start = self.start.borrow_mut();
        let room = self.limit - start.len();
        start.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        self.size.set(self.size.get() + chunk.len());
    }

    /// Content type, first bytes, and number of all bytes. None: no stream has begun.
    pub fn take(&self) -> Option<(Option<String>, Bytes, usize)> {
        let content_type = self.head.borrow_mut().take()?;
        Some((content_type, self.start.take().into(), self.size.get()))
    }
}

/// Lambda's limits for a stream.
#[derive(Clone, Copy)]
pub struct StreamLimits {
    pub max_bytes: u64,
    /// 6 MB at once, then 2 MB/s.
    pub is_throttled: bool,
}

impl Default for StreamLimits {
    fn default() -> StreamLimits {
        StreamLimits { max_bytes: MAX_STREAM, is_throttled: false }
    }
}

/// Slows one stream down as Lambda does.
#[derive(Default)]
pub struct Throttle {
    /// When the free bytes were used up.
    since: Option<Instant>,
}

impl Throttle {
    /// When more may come after these bytes. None: at once.
    pub fn until(&mut self, bytes_so_far: u64) -> Option<Instant> {
        let throttled = bytes_so_far.checked_sub(FREE).filter(|bytes| *bytes > 0)?;
        let since = *self.since.get_or_insert_with(Instant::now);
        Some(since + Duration::from_secs_f64(throttled as f64 / RATE as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_megabytes_are_free_and_two_more_take_a_second() {
        let mut throttle = Throttle::default();
        assert_eq!(throttle.until(FREE), None);
        let first = throttle.until(FREE + 1).unwrap();
        let later = throttle.until(FREE + RATE).unwrap();
        assert!(later - first <= Duration::from_secs(1) && later - first > Duration::from_millis(999));
    }
}
