//! The JSON grammar: steps over one value at a time and refuses whatever RFC 8259 refuses.
//!
//! No recursion, so that no input is too deep; no copy, so that 6 MB cost one look at each byte.
//! Every function leaves `at` behind what it accepted, or at the byte that it refused.

use std::fmt;

/// Why a text is no JSON, and where. Says nothing of the text's content: it may be a customer's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson {
    /// Offset of the refused byte, from 0; the text's length if it ends too early.
    pub position: usize,
    /// What was wrong there.
    pub reason: Reason,
}

/// What a text lacked or had too much of to be JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The text ends within a value.
    End,
    /// Not UTF-8.
    Utf8,
    /// No value begins with this byte.
    Value,
    /// A member's name is missing.
    Name,
    /// A colon is missing after a member's name.
    Colon,
    /// A comma or the closing bracket is missing.
    Comma,
    /// No such escape sequence.
    Escape,
    /// A control character within a string.
    Control,
    /// Not a number as JSON writes it.
    Number,
    /// Something follows the value.
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

/// A position in a text. `None` from any of its functions means: refused, see [`Scanner::error`].
pub struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    reason: Reason,
    /// The closing brackets that are still to come, of the containers within the value being stepped over.
    open: Vec<u8>,
}

impl<'a> Scanner<'a> {
    /// Starts at the text's first byte that is no blank.
    pub fn new(text: &'a [u8]) -> Scanner<'a> {
        let mut scanner = Scanner::from(text, 0);
        scanner.skip_whitespace();
        scanner
    }

    /// Goes on at an offset.
    pub fn from(text: &'a [u8], at: usize) -> Scanner<'a> {
        Scanner { text, at, reason: Reason::End, open: Vec::new() }
    }

    /// Offset of the next byte, in bytes.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The next byte; 0, which no JSON token begins with, at the end.
    #[inline(always)]
    pub fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// Why the last call refused.
    pub fn error(&self) -> NotJson {
        let reason = if self.at >= self.text.len() { Reason::End } else { self.reason };
        NotJson { position: self.at, reason }
    }

    #[cold]
    fn refuse<T>(&mut self, reason: Reason) -> Option<T> {
        self.reason = reason;
        None
    }

    /// Steps over blanks, of which most events have none.
    #[inline(always)]
    pub fn skip_whitespace(&mut self) {
        if self.peek() <= b' ' {
            self.skip_some_whitespace();
        }
    }

    fn skip_some_whitespace(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// Steps over `byte` and the blanks behind it, if it comes next.
    #[inline(always)]
    pub fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        if found {
            self.at += 1;
            self.skip_whitespace();
        }
        found
    }

    /// Steps over an opening bracket and, if the container is empty, its `close`: then true.
    #[inline(always)]
    pub fn opens_empty(&mut self, close: u8) -> bool {
        self.at += 1;
        self.skip_whitespace();
        let empty = self.peek() == close;
        self.at += usize::from(empty);
        empty
    }

    /// The end of the whole text.
    pub fn end(&mut self) -> Option<()> {
        if self.at < self.text.len() { self.refuse(Reason::Trailing) } else { Some(()) }
    }

    /// A member's name and its colon. Gives the offsets of what stands between the quotes.
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

    /// Behind an element: true at a comma, false at the closing bracket.
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

    /// One value, however deep. Ends right behind it, before any blanks.
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

    /// Behind a value: closes what ends here. False when nothing is left open.
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

    /// A string, number, `true`, `false` or `null`.
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

    /// A string, from its opening quote to behind its closing one.
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

    /// Steps over what needs no look within a string, eight bytes at a time; may stop short of the end.
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

/// The lowest bit set in the result is in the first byte that is a quote, a backslash or a control character.
/// (Bits behind it may be set by a borrow; nobody looks at them.)
#[inline(always)]
pub fn special_bytes(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let quotes = eight ^ (ONES * b'"' as u64);
    let backslashes = eight ^ (ONES * b'\\' as u64);
    let found = quotes.wrapping_sub(ONES) & !quotes
        | backslashes.wrapping_sub(ONES) & !backslashes
        | eight.wrapping_sub(ONES * 0x20) & !eight;
    found & (ONES * 0x80)
}
