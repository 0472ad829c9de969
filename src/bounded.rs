//! Texts and stacks that may be long, cut to what there is room for.

use std::fmt::{self, Display, Write as _};

use crate::cloudevents::json::Document;

/// Appends as many frames of a stack, which is JSON, as fit into `room` bytes, from the first on. If it is not an array, it is appended
/// only if all of it fits.
pub fn push_stack(json: &mut Vec<u8>, stack: &str, mut room: usize) {
    if stack.len() <= room {
        return json.extend_from_slice(stack.as_bytes());
    }
    json.push(b'[');
    if let Ok(document) = Document::parse(stack.as_bytes()) {
        let frames = document.root().elements().map(|frame| frame.raw());
        for frame in frames {
            if frame.len() >= room {
                break;
            }
            json.extend_from_slice(frame);
            json.push(b',');
            room -= frame.len() + 1;
        }
    }
    json.extend_from_slice("\"… the rest was cut\"]".as_bytes());
}

/// A text of at most `longest` bytes, and how much was cut.
pub fn bounded(text: &dyn Display, longest: usize) -> String {
    let mut bounded = Bounded { text: String::new(), room: longest, cut: 0 };
    let _ = write!(bounded, "{text}"); // writing to memory cannot fail
    if bounded.cut > 0 {
        let _ = write!(bounded.text, "… {} more bytes were cut", bounded.cut);
    }
    bounded.text
}

struct Bounded {
    text: String,
    room: usize,
    cut: usize,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = (0..=self.room.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
        self.text.push_str(text.get(..fits).unwrap_or_default());
        self.cut += text.len() - fits;
        self.room = if self.cut > 0 { 0 } else { self.room - fits };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = 32 << 10;

    #[test]
    fn a_text_is_cut_between_characters_and_says_so() {
        assert_eq!(bounded(&"größe", 5), "grö… 3 more bytes were cut");
        assert_eq!(bounded(&"größe", 3), "gr… 5 more bytes were cut");
        let (head, rest) = ("gr".to_owned(), "öße".to_owned()); // literals would be joined to one piece by the compiler
        assert_eq!(bounded(&format_args!("{head}{rest}"), 7), "größe");
        assert_eq!(bounded(&format_args!("{head}{rest}"), 4), "grö… 3 more bytes were cut");
        assert_eq!(bounded(&format_args!("{rest}{head}"), 4), "öß… 3 more bytes were cut");
        assert_eq!(bounded(&format_args!("{rest}{head}"), 3), "ö… 5 more bytes were cut"); // though "gr" would have room
    }

    #[test]
    fn a_long_stack_keeps_its_first_frames() {
        let mut json = Vec::new();
        push_stack(&mut json, &format!("[ \"one\" , {{\"two\": 2}},\"{}\",\"four\"]", "x".repeat(ROOM)), ROOM);
        assert_eq!(String::from_utf8(json).unwrap(), "[\"one\",{\"two\": 2},\"… the rest was cut\"]");
        for stack in [r#"[ "a" ]"#, r#"{"a":1}"#] {
            let mut json = Vec::new();
            push_stack(&mut json, stack, stack.len());
            assert_eq!(String::from_utf8(json).unwrap(), stack);
        }
    }

    #[test]
    fn a_stack_of_many_frames_is_cut_where_the_room_ends() {
        let mut json = Vec::new();
        push_stack(&mut json, &format!("[{}0]", "0,".repeat(ROOM)), ROOM);
        let frames = json.iter().filter(|&&byte| byte == b'0').count();
        assert_eq!(frames, ROOM / "0,".len());
    }

    #[test]
    fn a_long_text_in_place_of_a_stack_is_cut() {
        let mut json = Vec::new();
        push_stack(&mut json, &format!("\"{}\"", "x".repeat(ROOM)), ROOM);
        assert_eq!(String::from_utf8(json).unwrap(), "[\"… the rest was cut\"]");
    }
}
