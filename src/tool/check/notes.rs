//! What was sent and came, shortened: the report of a failure.

use std::collections::VecDeque;

/// The first and the last notes are kept.
const FIRST: usize = 6;
const LAST: usize = 14;
/// The characters of a note that are shown.
const HEAD: usize = 280;
const TAIL: usize = 100;

/// The last is the newest. Memory stays bounded, whatever comes.
#[derive(Default)]
pub struct Notes {
    first: Vec<String>,
    last: VecDeque<String>,
    dropped: usize,
}

impl Notes {
    pub fn add(&mut self, what: &str, bytes: &[u8]) {
        let note = format!("{what:<8} {}", shortened(bytes));
        if self.first.len() < FIRST {
            return self.first.push(note);
        }
        if self.last.len() == LAST {
            self.last.pop_front();
            self.dropped += 1;
        }
        self.last.push_back(note);
    }

    pub fn lines(&self) -> Vec<String> {
        let dropped = (self.dropped > 0).then(|| format!("({} more)", self.dropped));
        self.first.iter().cloned().chain(dropped).chain(self.last.iter().cloned()).collect()
    }
}

/// The beginning and the end of a line, without control characters.
pub fn shortened(bytes: &[u8]) -> String {
    if bytes.len() <= HEAD + TAIL {
        return printable(bytes);
    }
    let (head, tail) = (&bytes[..HEAD], &bytes[bytes.len() - TAIL..]);
    format!("{} …({} bytes)… {}", printable(head), bytes.len(), printable(tail))
}

fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().map(|each| if each.is_control() { '\u{fffd}' } else { each }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_shown_by_its_ends() {
        let line = [b"{\"id\":".as_slice(), &[b'x'; 5000], b"}"].concat();
        let shown = shortened(&line);
        assert!(shown.starts_with("{\"id\":xx") && shown.ends_with("xx}") && shown.contains("(5007 bytes)"), "{shown}");
        assert!(shown.chars().count() < 420);
        assert_eq!(shortened(b"a\nb\xff"), "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn the_first_and_the_last_notes_stay() {
        let mut notes = Notes::default();
        (0..100).for_each(|number| notes.add("sent", format!("<{number}>").as_bytes()));
        let lines = notes.lines();
        assert_eq!(lines.len(), FIRST + LAST + 1);
        assert!(lines[0].ends_with("<0>") && lines[FIRST] == "(80 more)" && lines.last().unwrap().ends_with("<99>"));
    }
}
