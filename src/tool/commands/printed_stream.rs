//! Prints a response that is streamed, while the function runs.

use super::stdout;
use crate::model::prelude::{self, Split, Splitter};
use crate::model::streaming::{Part, PartReceiver};
use crate::tool_error::ToolError;
use std::io;

/// Prints to stdout. Blocks while the reader of stdout does, and the function's time goes on.
pub struct StreamPrinter {
    parts: PartReceiver,
    /// Print the head of an HTTP response.
    shows_head: bool,
    /// The head of an HTTP response has not ended yet.
    head: Option<Splitter>,
    has_begun: bool,
}

impl StreamPrinter {
    pub fn new(parts: PartReceiver, shows_head: bool) -> StreamPrinter {
        StreamPrinter { parts, shows_head, head: None, has_begun: false }
    }

    /// True if the response was a stream.
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Prints what comes while the function is invoked.
    ///
    /// # Errors
    /// stdout cannot be written to, or the response is not what it says.
    pub async fn print_during<T>(&mut self, invoking: impl Future<Output = T>) -> Result<T, ToolError> {
        tokio::pin!(invoking);
        let outcome = loop {
            tokio::select! {
                biased;
                Some(part) = self.parts.recv() => self.print(part)?,
                outcome = &mut invoking => break outcome,
            }
        };
        while let Ok(part) = self.parts.try_recv() {
            self.print(part)?; // it came just before the end
        }
        Ok(outcome)
    }

    fn print(&mut self, part: Part) -> Result<(), ToolError> {
        match part {
            Part::Head { content_type } => {
                self.has_begun = true;
                self.head = prelude::is_announced(content_type.as_deref()).then(Splitter::default);
                Ok(())
            }
            Part::Bytes(bytes) => match &mut self.head {
                None => write(&[&bytes]),
                Some(splitter) => {
                    let split = splitter.add(&bytes).map_err(no_head)?;
                    split.map_or(Ok(()), |split| self.print_split(&split))
                }
            },
        }
    }

    fn print_split(&mut self, split: &Split) -> Result<(), ToolError> {
        self.head = None;
        if self.shows_head { write(&[&split.head, b"\n", &split.body]) } else { write(&[&split.body]) }
    }
}

fn no_head(why: String) -> ToolError {
    ToolError::Io("print the HTTP response", io::Error::new(io::ErrorKind::InvalidData, why))
}

fn write(parts: &[&[u8]]) -> Result<(), ToolError> {
    let written = stdout::write(parts);
    written.map_err(|why| ToolError::Io("write the response to stdout", why))
}
