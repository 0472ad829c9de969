//! Reads a text by the JSON grammar, and refuses everything that RFC 8259 refuses.
//!
//! The scanner does not recurse, so it accepts any depth. It does not copy, and reads each byte of a 6 MB event once. A
//! function leaves `at` behind the text that it accepted, or at the byte that it refused.

use std::fmt;

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
        Scanner { text, at, reason: Reason::End, open: Vec::new() }
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
        self.open.clear();
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

    /// Reads a string, including its quotes.
    #[inline(always)]
    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            self.skip_plain();
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Some(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..=0x1f) => return self.refuse(Reason::Control),
                Some(_) => self.at += 1,
                None => return None,
            }
        }
    }

    /// Skips bytes in a string that do not need a check, eight at a time. It may stop before the next byte that needs a
    /// check.
    #[inline(always)]
    fn skip_plain(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut plain = 0;
        for eight in rest.as_chunks::<8>().0 {
            let special = special_bytes(u64::from_le_bytes(*eight));
            if special != 0 {
                plain += special.trailing_zeros() as usize / 8;
                break;
            }
            plain += 8;
        }
        self.at += plain;
    }

    #[inline(always)]
    fn escape(&mut self) -> Option<()> {
        self.at += 1;
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
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

/// Sets a bit in the first byte that is a quote, a backslash or a control character. This is the lowest bit of the
/// result. A borrow may set higher bits without a cause, so a caller must not use them.
#[inline(always)]
pub fn special_bytes(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // With bit 1 turned round a quote is 0x20, and of all others the control characters alone are less than 0x21.
    let quotes_and_controls = eight ^ (ONES * 0x02);
    let backslashes = eight ^ (ONES * b'\\' as u64);
    let found = quotes_and_controls.wrapping_sub(ONES * 0x21) & !quotes_and_controls
        | backslashes.wrapping_sub(ONES) & !backslashes;
    found & (ONES * 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_of_eight_is_found() {
        for around in [b' ', b'!', b'#', b'[', b']', b'a', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
            for (byte, at) in (0..=255).flat_map(|byte| (0..8).map(move |at| (byte, at))) {
                for second in [around, b'"', b'\\', 0x1f] {
                    let mut eight = [around; 8];
                    eight[(at + 3) % 8] = second;
                    eight[at] = byte;
                    let first = eight.iter().position(|byte| matches!(byte, 0..=0x1f | b'"' | b'\\')).unwrap_or(8);
                    assert_eq!(
                        special_bytes(u64::from_le_bytes(eight)).trailing_zeros() as usize / 8,
                        first,
                        "{eight:?}"
                    );
                }
            }
        }
    }
}
