//! Reads a text by the JSON grammar, and refuses everything that RFC 8259 refuses.
//!
//! The scanner does not recurse, so it accepts any depth. It does not copy, and reads each byte of a 6 MB event once. A
//! function leaves `at` behind the text that it accepted, or at the byte that it refused.

use std::fmt;

use super::blocks::{self, special_bytes, special_or_not_ascii};

/// Why a text is not JSON, and where. It does not quote the text, which may contain a customer's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// Offset of the refused byte, from 0. If the text ends too early, this is its length.
    pub position: usize,
    pub reason: Reason,
}

/// What is wrong with a text that is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    End,
    Utf8,
    Value,
    Name,
    Colon,
    Comma,
    Escape,
    Control,
    Number,
    Trailing,
}

impl fmt::Display for NotJson {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self.reason {
            Reason::End => "unexpected end",
            Reason::Utf8 => "not UTF-8",
            Reason::Value => "expected a value",
            Reason::Name => "expected a member's name",
            Reason::Colon => "expected a colon",
            Reason::Comma => "expected a comma or a closing bracket",
            Reason::Escape => "invalid escape sequence",
            Reason::Control => "control character in a string",
            Reason::Number => "invalid number",
            Reason::Trailing => "something follows the value",
        })?;
        out.write_str(" at byte ")?;
        self.position.fmt(out)
    }
}

/// A position in a text. If a function returns `None`, it refused the text, and [`Scanner::error`] says why.
pub struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    reason: Reason,
    /// The closing brackets of the containers that [`Scanner::value`] has entered. The innermost bracket is the last.
    open: Vec<u8>,
    /// The words of strings, or-ed. The highest bit of a byte is set if a byte was not ASCII.
    seen: u64,
    has_line_breaks: bool,
}

impl<'a> Scanner<'a> {
    /// Starts at the text's first byte that is not whitespace.
    pub fn new(text: &'a [u8]) -> Scanner<'a> {
        let mut scanner = Scanner::from(text, 0);
        scanner.skip_whitespace();
        scanner
    }

    /// Starts at an offset.
    pub fn from(text: &'a [u8], at: usize) -> Scanner<'a> {
        Scanner { text, at, reason: Reason::End, open: Vec::new(), seen: 0, has_line_breaks: false }
    }

    /// Returns the offset of the next byte.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns the next byte. At the end of the text, returns 0, which cannot begin a JSON token.
    #[inline(always)]
    pub fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// True if all that was accepted is ASCII, and so UTF-8. Only strings can have other bytes.
    pub fn is_ascii(&self) -> bool {
        self.seen & blocks::HIGHEST_BITS == 0
    }

    /// True if there was a line feed or a carriage return. They are white space: strings cannot have them.
    pub fn has_line_breaks(&self) -> bool {
        self.has_line_breaks
    }

    /// Says why the last call refused the text.
    pub fn error(&self) -> NotJson {
        let reason = if self.at >= self.text.len() { Reason::End } else { self.reason };
        NotJson { position: self.at, reason }
    }

    #[cold]
    fn refuse<T>(&mut self, reason: Reason) -> Option<T> {
        self.reason = reason;
        None
    }

    /// Skips whitespace. Most events do not contain any.
    #[inline(always)]
    fn skip_whitespace(&mut self) {
        if self.peek() <= b' ' {
            self.skip_some_whitespace();
        }
    }

    fn skip_some_whitespace(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.has_line_breaks |= matches!(self.peek(), b'\n' | b'\r');
            self.at += 1;
        }
    }

    /// If `byte` comes next, skips it and the whitespace after it, and returns true.
    #[inline(always)]
    pub fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        if found {
            self.at += 1;
            self.skip_whitespace();
        }
        found
    }

    /// Skips an opening bracket and the whitespace after it. If the container is empty, skips `close` too, and returns
    /// true.
    #[inline(always)]
    pub fn opens_empty(&mut self, close: u8) -> bool {
        self.at += 1;
        self.skip_whitespace();
        let empty = self.peek() == close;
        self.at += usize::from(empty);
        empty
    }

    /// Skips whitespace, and refuses the text if it does not end there.
    pub fn end(&mut self) -> Option<()> {
        self.skip_whitespace();
        if self.at < self.text.len() { self.refuse(Reason::Trailing) } else { Some(()) }
    }

    /// Reads a member's name and its colon. Returns the offsets of the text between the quotes.
    #[inline(always)]
    pub fn name(&mut self) -> Option<(usize, usize)> {
        if self.peek() != b'"' {
            return self.refuse(Reason::Name);
        }
        let start = self.at + 1;
        self.string()?;
        let end = self.at - 1;
        self.skip_whitespace();
        if self.take(b':') { Some((start, end)) } else { self.refuse(Reason::Colon) }
    }

    /// Reads what follows an element. Returns true at a comma, and false at the closing bracket.
    #[inline(always)]
    pub fn goes_on(&mut self, close: u8) -> Option<bool> {
        self.skip_whitespace();
        if self.take(b',') {
            Some(true)
        } else if self.peek() == close {
            self.at += 1;
            Some(false)
        } else {
            self.refuse(Reason::Comma)
        }
    }

    /// Reads a value of any depth. Stops right behind it, before any whitespace.
    pub fn value(&mut self) -> Option<()> {
        loop {
            match self.peek() {
                b'{' if !self.opens_empty(b'}') => {
                    self.open.push(b'}');
                    self.name()?;
                    continue;
                }
                b'[' if !self.opens_empty(b']') => {
                    self.open.push(b']');
                    continue;
                }
                b'{' | b'[' => (),
                _ => self.scalar()?,
            }
            if !self.close()? {
                return Some(());
            }
        }
    }

    /// Closes the containers that end behind a value. Returns false when all containers are closed.
    #[inline(always)]
    fn close(&mut self) -> Option<bool> {
        while let Some(&bracket) = self.open.last() {
            if !self.goes_on(bracket)? {
                self.open.pop();
                continue;
            }
            if bracket == b'}' {
                self.name()?;
            }
            return Some(true);
        }
        Some(false)
    }

    /// Reads a string, a number, `true`, `false` or `null`.
    #[inline(always)]
    pub fn scalar(&mut self) -> Option<()> {
        match self.peek() {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.refuse(Reason::Value),
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return self.refuse(Reason::Value);
        }
        self.at += word.len();
        Some(())
    }

    /// Reads a string, including its quotes. Most strings are short, and plain ASCII.
    #[inline(never)] // it is called from many places, and the code is smaller without inlining
    fn string(&mut self) -> Option<()> {
        self.at += 1;
        let mut plain = 0;
        for eight in self.text.get(self.at..)?.as_chunks::<8>().0.iter().take(SHORT / 8) {
            let special = special_or_not_ascii(u64::from_le_bytes(*eight));
            if special != 0 {
                plain += special.trailing_zeros() as usize / 8;
                break;
            }
            plain += 8;
        }
        self.at += plain;
        if self.peek() == b'"' {
            self.at += 1;
            return Some(());
        }
        self.rest_of_string()
    }

    /// Reads any string from this byte on, including the closing quote. A text in JSON, such as the body of a request, has an
    /// escape every few bytes.
    #[inline(never)]
    fn rest_of_string(&mut self) -> Option<()> {
        loop {
            match self.text.get(self.at..)? {
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
                [b'"', ..] => {
                    self.at += 1;
                    return Some(());
                }
                [b'\\', ..] => self.escape()?,
                [0..=0x1f, ..] => return self.refuse(Reason::Control),
                [byte, ..] => self.skip_more(*byte),
                [] => return None,
            }
            self.skip_few();
        }
    }

    /// Skips bytes in a string that do not need a check, if they are few. It may stop before the next byte that needs a check.
    #[inline(always)]
    fn skip_few(&mut self) {
        let (text, mut at) = (self.text, self.at);
        for _ in 0..3 {
            let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk()) else { break };
            let eight = u64::from_le_bytes(*eight);
            self.seen |= eight;
            let special = special_bytes(eight);
            if special != 0 {
                at += special.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
        self.at = at;
    }

    /// Skips `byte`, which does not need a check, or more: blocks while they are ASCII, and then eight at a time.
    #[inline(never)]
    fn skip_more(&mut self, byte: u8) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut plain = blocks::plain_ascii(rest);
        for eight in rest.get(plain..).unwrap_or_default().as_chunks::<8>().0 {
            let eight = u64::from_le_bytes(*eight);
            if special_bytes(eight) != 0 {
                break;
            }
            self.seen |= eight;
            plain += 8;
        }
        if plain == 0 {
            self.seen |= u64::from(byte);
            plain = 1;
        }
        self.at += plain;
    }

    /// Reads an escape of more than one character.
    #[inline(always)]
    fn escape(&mut self) -> Option<()> {
        self.at += 1;
        match self.peek() {
            b'u' => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_ascii_hexdigit() {
                        return self.refuse(Reason::Escape);
                    }
                    self.at += 1;
                }
            }
            _ => return self.refuse(Reason::Escape),
        }
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        self.take_sign(b"-");
        if self.peek() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            self.take_sign(b"+-");
            self.digits()?;
        }
        Some(())
    }

    fn take_sign(&mut self, signs: &[u8]) {
        if signs.contains(&self.peek()) {
            self.at += 1;
        }
    }

    fn digits(&mut self) -> Option<()> {
        if !self.peek().is_ascii_digit() {
            return self.refuse(Reason::Number);
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        Some(())
    }
}

/// After so many bytes, the rest of a string is read in larger blocks.
const SHORT: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_has_one_letter_or_four_digits() {
        for escape in [
            "n", "\"", "\\", "/", "u12aF", "u0000", "x", "N", "0", "u", "u1", "u12", "u123", "ug234", "u1g34", "u12g4",
            "u123g", "U1234", "",
        ] {
            for around in ["", "a", "aaaaaaaa", "\\n"] {
                let text = format!("\"{around}\\{escape}{around}\"");
                let mut scanner = Scanner::new(text.as_bytes());
                let is_read = scanner.value().and_then(|()| scanner.end()).is_some();
                assert_eq!(is_read, serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok(), "{text}");
            }
        }
    }

    #[test]
    fn what_others_refuse_is_refused() {
        let numbers = "-|-a|1.|1.a|1.5|1e|1e+|1e+a|1E-2|0e|01|00|-01|+1|.5|-0.5e-10|1 2";
        let members = r#"{a:1}|{a":1}|{1:1}|{"a"}|{"a":}|{"a":1,}|{"a" 1}|{"a":1 "b":2}|{,}|{"a":1}"#;
        let others = "[,]|[1,]|[1 2]|[|{|]|}|[}|{]|\"|tru|nul|falsey|| |[[|[1]]|[1] |\"a\u{1}\"";
        for text in [numbers, members, others].iter().flat_map(|texts| texts.split('|')) {
            let mut scanner = Scanner::new(text.as_bytes());
            scanner.skip_whitespace();
            let read = scanner.value().and_then(|()| scanner.end());
            let known = serde_json::from_str::<&serde_json::value::RawValue>(text);
            assert_eq!(read.is_some(), known.is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_refused_has_a_place() {
        for (text, expected) in [
            ("[1,", "unexpected end at byte 3"),
            ("{\"a\":x", "expected a value at byte 5"),
            ("{a\":1}", "expected a member's name at byte 1"),
            ("[1.]", "invalid number at byte 3"),
        ] {
            let mut scanner = Scanner::new(text.as_bytes());
            assert_eq!(scanner.value(), None, "{text}");
            assert_eq!(scanner.error().to_string(), expected);
        }
    }

    #[test]
    fn a_string_of_any_length_is_read_as_others_read_it_and_known_to_be_ascii_or_not() {
        for (length, at) in (0..100).flat_map(|length| (0..=length).map(move |at| (length, at))) {
            for piece in ["a", "\u{7f}", "é", "\"", "\\", "\\n", "\n"] {
                let text = format!("\"{}{piece}{}\"", "x".repeat(at), "y".repeat(length - at));
                let mut scanner = Scanner::new(text.as_bytes());
                let is_read = scanner.value().and_then(|()| scanner.end()).is_some();
                assert_eq!(is_read, serde_json::from_str::<String>(&text).is_ok(), "{text}");
                assert!(!is_read || scanner.is_ascii() == text.is_ascii(), "{text}");
            }
        }
    }
}
