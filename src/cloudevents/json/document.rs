//! Borrowed JSON: one pass that validates a text and notes where its upper levels lie, and look-ups in it.
//!
//! A [`Document`] keeps the text as it came. While it is validated, a *tape* notes the values of the upper
//! [`TAPE_DEPTH`] levels, so that a look-up reads nothing again of a 6 MB event. The tape is a cache: whatever is not on it
//! is found by scanning the value that holds it.
//!
//! Of members with one name the last one counts, as in the readers of most languages. Names are compared as they
//! stand in the text: AWS escapes none of its own.

use std::cell::Cell;
use std::ops::Range;

use super::scanner::{NotJson, Reason, Scanner};

/// Levels below the root that the tape notes: `Records` is 1, a record 2, its members 3, their members 4.
const TAPE_DEPTH: u32 = 4;

/// A value's place in the text.
#[derive(Clone, Copy)]
struct Node {
    name: Name,
    start: u32,
    end: u32,
    /// Nodes of the tape that the value takes, itself and all within it.
    size: u32,
}

/// A member's name: where it begins, and a mark that tells most names apart.
#[derive(Clone, Copy)]
struct Name {
    at: u32,
    fingerprint: u32,
}

/// What elements have for a name.
const NAMELESS: Name = Name { at: 0, fingerprint: 0xff };

/// Longest name that the tape notes, in bytes.
const MAX_NAME_LENGTH: usize = 0xffff;

/// A name's length and its first and last byte.
#[inline(always)]
fn fingerprint(name: &[u8]) -> u32 {
    let (first, last) = (name.first().copied().unwrap_or(0), name.last().copied().unwrap_or(0));
    (name.len() as u32) << 16 | u32::from(first) << 8 | u32::from(last)
}

/// True if a member has the wanted name, in which a `/` stands for a dot.
#[inline(always)]
fn matches_name(name: &[u8], wanted: &[u8]) -> bool {
    name == wanted || matches_name_with_dots(name, wanted)
}

#[cold]
#[inline(never)]
fn matches_name_with_dots(name: &[u8], wanted: &[u8]) -> bool {
    let is_equal = |(byte, wanted): (&u8, &u8)| byte == wanted || (*byte, *wanted) == (b'.', b'/');
    name.len() == wanted.len() && name.iter().zip(wanted).all(is_equal)
}

/// Takes off `text` what is before its first byte that stops, or all of it.
#[inline(always)]
pub fn take_until<'t>(text: &mut &'t [u8], stops: impl Fn(u8) -> bool) -> &'t [u8] {
    let mut length = 0;
    while text.get(length).is_some_and(|byte| !stops(*byte)) {
        length += 1;
    }
    let (taken, rest) = text.split_at_checked(length).unwrap_or_default();
    *text = rest;
    taken
}

/// The nodes of a document, in the order in which their values begin.
#[derive(Default)]
struct Tape {
    /// Those from `length` on are not in use: to fill in a node's fields where they belong takes half the time of
    /// pushing it.
    nodes: Vec<Node>,
    length: usize,
}

impl Tape {
    #[inline(always)]
    fn push(&mut self, name: Name, start: u32, end: u32) {
        if self.length == self.nodes.len() {
            self.grow();
        }
        if let Some(node) = self.nodes.get_mut(self.length) {
            node.name = name;
            node.start = start;
            node.end = end;
            node.size = 1;
            self.length += 1;
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        const EMPTY: Node = Node { name: NAMELESS, start: 0, end: 0, size: 1 };
        self.nodes.resize(self.length * 2 + 64, EMPTY);
    }

    #[inline(always)]
    fn get(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index).filter(|_| index < self.length)
    }

    /// Closes the gap that nodes leave which are no longer needed.
    fn remove(&mut self, gap: Range<usize>) {
        self.nodes.copy_within(gap.end..self.length, gap.start);
        self.length -= gap.len();
    }
}

/// Checks a whole text, and notes nothing of it.
///
/// # Errors
/// As [`Document::parse`].
pub fn validate(text: &[u8]) -> Result<(), NotJson> {
    must_be_utf8(text)?;
    let mut scanner = Scanner::new(text);
    let end = scanner.value().and_then(|()| {
        scanner.skip_whitespace();
        scanner.end()
    });
    end.ok_or_else(|| scanner.error())
}

fn must_be_utf8(text: &[u8]) -> Result<(), NotJson> {
    match std::str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(NotJson { position: error.valid_up_to(), reason: Reason::Utf8 }),
    }
}

/// A text that is one JSON value.
pub struct Document<'a> {
    text: &'a [u8],
    tape: Tape,
    /// A look-up met another name with the mark of the one that it looked for.
    has_name_collision: Cell<bool>,
}

/// Takes the elements of arrays while they are read, and are still at hand in the processor's cache.
pub trait Consumer<'a> {
    /// An element of the array that is the root's member of this name, or the root itself if there is none, and the
    /// element before it, which was taken. True if it is taken: then the tape does not keep it. False for one element
    /// means that no more are offered, and for the first that the tape keeps all.
    fn take(&mut self, name: Option<&[u8]>, before: Option<Value<'_, 'a>>, element: Value<'_, 'a>) -> bool;
}

/// Takes nothing.
struct NoConsumer;

impl<'a> Consumer<'a> for NoConsumer {
    fn take(&mut self, _: Option<&[u8]>, _: Option<Value<'_, 'a>>, _: Value<'_, 'a>) -> bool {
        false
    }
}

impl<'a> Document<'a> {
    /// Validates a whole text, of up to 4 GiB.
    ///
    /// # Errors
    /// [`NotJson`] if it is anything else than one JSON value in UTF-8, with blanks around it.
    pub fn parse(text: &'a [u8]) -> Result<Document<'a>, NotJson> {
        Document::parse_for(text, &mut NoConsumer)
    }

    /// The same, and offers the elements of arrays to `consumer`. If the text turns out to be no JSON, they were
    /// offered in vain.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_for(text: &'a [u8], consumer: &mut dyn Consumer<'a>) -> Result<Document<'a>, NotJson> {
        must_be_utf8(text)?;
        let document = Document { text, tape: Tape::default(), has_name_collision: Cell::new(false) };
        let limit = (text.len() / 16).min(1_000_000) + 512;
        let mut writer = TapeWriter { document, scanner: Scanner::new(text), limit, consumer };
        match writer.node(NAMELESS, 0).and_then(|()| writer.end()) {
            Some(()) => Ok(writer.document),
            None => Err(writer.scanner.error()),
        }
    }

    /// The whole value.
    pub fn root(&self) -> Value<'_, 'a> {
        let raw = self.tape.get(0).map_or(self.text, |node| self.slice((node.start, node.end)));
        Value { raw, document: self, index: 0 }
    }

    #[inline(always)]
    fn slice(&self, (start, end): (u32, u32)) -> &'a [u8] {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    #[inline(always)]
    fn name(&self, name: Name) -> &'a [u8] {
        self.slice((name.at, name.at + (name.fingerprint >> 16)))
    }

    /// The last member of this name among the children on this part of the tape.
    fn find(&self, first: u32, end: u32, name: &[u8]) -> Option<Value<'_, 'a>> {
        let (fingerprint, mut index, mut found) = (fingerprint(name), first, None);
        while index < end {
            let node = self.tape.get(index as usize)?;
            if node.name.fingerprint == fingerprint {
                match matches_name(self.name(node.name), name) {
                    true => found = Some((index, node)),
                    false => self.has_name_collision.set(true),
                }
            }
            index += node.size;
        }
        found.map(|(index, node)| self.value(index, node))
    }

    fn value(&self, index: u32, node: &Node) -> Value<'_, 'a> {
        Value { raw: self.slice((node.start, node.end)), document: self, index }
    }

    fn value_at(&self, index: usize) -> Option<Value<'_, 'a>> {
        Some(self.value(index as u32, self.tape.get(index)?))
    }
}

/// Writes the tape while it validates.
struct TapeWriter<'a, 'c> {
    document: Document<'a>,
    scanner: Scanner<'a>,
    /// A container that would make the tape longer than this is not noted in detail: the tape stays small
    /// beside the text, whatever comes in.
    limit: usize,
    consumer: &'c mut dyn Consumer<'a>,
}

/// What becomes of the children of a container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Children {
    /// They are noted.
    Noted,
    /// They are noted one by one, each for the consumer, and forgotten.
    Offered,
    /// They are not noted.
    Skipped,
}

impl TapeWriter<'_, '_> {
    fn end(&mut self) -> Option<()> {
        self.scanner.skip_whitespace();
        self.scanner.end()
    }

    #[inline(always)]
    fn name(&self, (start, end): (usize, usize)) -> Name {
        Name { at: start as u32, fingerprint: fingerprint(self.document.text.get(start..end).unwrap_or_default()) }
    }

    #[inline(always)]
    fn node(&mut self, name: Name, depth: u32) -> Option<()> {
        let start = self.scanner.at() as u32;
        match self.scanner.peek() {
            b'{' | b'[' => self.container(name, start, depth),
            _ => {
                self.scanner.scalar()?;
                self.document.tape.push(name, start, self.scanner.at() as u32);
                Some(())
            }
        }
    }

    fn container(&mut self, name: Name, start: u32, depth: u32) -> Option<()> {
        let index = self.document.tape.length;
        self.document.tape.push(name, start, start);
        match self.scanner.peek() {
            b'{' if depth < TAPE_DEPTH => self.members(index, depth + 1)?,
            b'[' if depth < TAPE_DEPTH => self.elements(index, depth + 1)?,
            _ => self.scanner.value()?,
        }
        let size = (self.document.tape.length - index) as u32;
        if let Some(node) = self.document.tape.nodes.get_mut(index) {
            node.end = self.scanner.at() as u32;
            node.size = size;
        }
        Some(())
    }

    /// An object, from its opening bracket to behind its closing one. `index` is its own on the tape.
    fn members(&mut self, index: usize, depth: u32) -> Option<()> {
        if self.scanner.opens_empty(b'}') {
            return Some(());
        }
        let mut is_noted = true;
        loop {
            let name = self.scanner.name()?;
            is_noted = is_noted && self.document.tape.length < self.limit && name.1 - name.0 <= MAX_NAME_LENGTH;
            if is_noted {
                self.node(self.name(name), depth)?;
            } else {
                self.document.tape.length = index + 1;
                self.scanner.value()?;
            }
            if !self.scanner.goes_on(b'}')? {
                return Some(());
            }
        }
    }

    /// An array, likewise.
    fn elements(&mut self, index: usize, depth: u32) -> Option<()> {
        if self.scanner.opens_empty(b']') {
            return Some(());
        }
        let is_members = depth == 2
            && self.document.tape.get(index).is_some_and(|node| node.name.fingerprint != NAMELESS.fingerprint);
        let mut children = if index == 0 || is_members { Children::Offered } else { Children::Noted };
        let mut before = None;
        loop {
            if self.document.tape.length >= self.limit {
                children = Children::Skipped;
            }
            let element = self.document.tape.length;
            match children {
                Children::Skipped => self.scanner.value()?,
                _ => self.node(NAMELESS, depth)?,
            }
            if children == Children::Offered {
                children = self.offer(index, before, element);
                before = Some(index + 1);
            }
            if children == Children::Skipped {
                self.document.tape.length = index + 1;
            }
            if !self.scanner.goes_on(b']')? {
                break;
            }
        }
        if children == Children::Offered {
            self.document.tape.length = index + 1;
        }
        Some(())
    }

    /// Offers an element of the array at `index`. On the tape is only the element before it, which makes room for it.
    fn offer(&mut self, index: usize, before: Option<usize>, element: usize) -> Children {
        let document = &self.document;
        let node = document.tape.get(index).filter(|_| index > 0);
        let name = node.map(|node| document.name(node.name));
        let before = before.and_then(|before| document.value_at(before));
        let is_first = before.is_none();
        let is_taken = document.value_at(element).is_some_and(|element| self.consumer.take(name, before, element));
        match (is_taken, is_first) {
            (true, _) => {
                self.document.tape.remove(index + 1..element);
                Children::Offered
            }
            (false, true) => Children::Noted,
            (false, false) => Children::Skipped,
        }
    }
}

/// A value's index if it is not on the tape.
const NOT_ON_TAPE: u32 = u32::MAX;

/// A value within a document: its raw text, and where its children are noted.
#[derive(Clone, Copy)]
pub struct Value<'d, 'a> {
    raw: &'a [u8],
    document: &'d Document<'a>,
    index: u32,
}

impl<'d, 'a> Value<'d, 'a> {
    /// The value as it stands in the text, without blanks around it.
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// What begins the value: one of `{["tfn-0123456789`.
    pub fn first(self) -> u8 {
        self.raw.first().copied().unwrap_or(0)
    }

    /// True for `null`, which counts as nothing at the end of a path.
    pub fn is_null(self) -> bool {
        self.first() == b'n'
    }

    /// What stands between the quotes of a string, its escapes as they are; none for any other value.
    pub fn plain_text(self) -> Option<&'a [u8]> {
        match self.raw {
            [b'"', text @ .., b'"'] => Some(text),
            _ => None,
        }
    }

    /// True if look-ups among the value's children need not scan its text.
    pub fn is_noted(self) -> bool {
        self.has_noted_children() || self.first_child().is_none()
    }

    /// The member of this name, in which a `/` stands for a dot.
    pub fn get(self, name: &[u8]) -> Option<Value<'d, 'a>> {
        match self.noted() {
            Some((first, end)) => self.document.find(first, end, name),
            None if self.raw.len() > 2 => self.scan_for(name),
            None => None,
        }
    }

    #[cold]
    #[inline(never)]
    fn scan_for(self, name: &[u8]) -> Option<Value<'d, 'a>> {
        let mut found = None;
        for (other, value) in self.members() {
            if matches_name(other, name) {
                found = Some(value);
            }
        }
        found
    }

    /// What a step of a path leads to: a member, or an element by its index, of one digit.
    pub fn step(self, step: &[u8]) -> Option<Value<'d, 'a>> {
        match (self.first(), step) {
            (b'[', [digit @ b'0'..=b'9']) => self.elements().nth(usize::from(digit - b'0')),
            _ => self.get(step),
        }
    }

    /// The value at the end of a path of names and, in arrays, indexes, such as `logEvents.0.id`; `null` is nothing.
    pub fn path(self, path: &str) -> Option<Value<'d, 'a>> {
        let mut rest = path.as_bytes();
        let mut value = self;
        loop {
            let step = take_until(&mut rest, |byte| byte == b'.');
            value = value.step(step)?;
            match rest {
                [_, behind @ ..] => rest = behind,
                [] => return Some(value).filter(|value| !value.is_null()),
            }
        }
    }

    /// The elements of an array; nothing for any other value.
    pub fn elements(self) -> impl Iterator<Item = Value<'d, 'a>> {
        self.children(b'[').map(|(_, value)| value)
    }

    /// The members of an object, with their names as they stand in the text; nothing for any other value.
    pub fn members(self) -> impl Iterator<Item = (&'a [u8], Value<'d, 'a>)> {
        self.children(b'{')
    }

    /// The tape's range of this value's children, if it has any there.
    #[inline(always)]
    fn noted(self) -> Option<(u32, u32)> {
        let node = self.document.tape.get(self.index as usize)?;
        (node.size > 1).then(|| (self.index + 1, self.index + node.size))
    }

    /// The children of a value that begins with `open`; nothing for any other value.
    fn children(self, open: u8) -> Cursor<'d, 'a> {
        let (next, end) = match self.noted() {
            _ if self.first() != open => (0, 0),
            Some(range) => range,
            None => (NOT_ON_TAPE, self.first_child().unwrap_or(0)),
        };
        Cursor { parent: self, next, end }
    }

    /// Where the first child begins in the raw text of a container that is not empty.
    fn first_child(self) -> Option<u32> {
        let mut scanner = Scanner::new(self.raw);
        let close = self.first().wrapping_add(2); // '}' is '{' + 2, and ']' is '[' + 2
        (matches!(close, b'}' | b']') && !scanner.opens_empty(close)).then_some(scanner.at() as u32)
    }
}

/// Comparing values of one shape, such as the records of a batch.
impl<'d, 'a> Value<'d, 'a> {
    /// Where the value is on the tape, counted from `base`; none if it is not on it.
    pub fn place(self, base: Value<'_, '_>) -> Option<u32> {
        (self.index != NOT_ON_TAPE).then(|| self.index.wrapping_sub(base.index))
    }

    /// The value at such a place.
    pub fn at(self, place: u32) -> Option<Value<'d, 'a>> {
        self.document.value_at(self.index.wrapping_add(place) as usize)
    }

    /// True if the value has children, and they are on the tape.
    pub fn has_noted_children(self) -> bool {
        self.noted().is_some()
    }

    /// True if no look-up since [`Value::reset_name_collision`] met two names that look the same to [`Value::same_shape`].
    pub fn no_name_collision(self) -> bool {
        !self.document.has_name_collision.get()
    }

    /// Forgets the look-ups so far.
    pub fn reset_name_collision(self) {
        self.document.has_name_collision.set(false);
    }

    /// True if both values, of one document, have the same structure on the tape, with the same names for what has
    /// children there, and names that look the same for the rest.
    pub fn same_shape(self, other: Value<'_, '_>) -> bool {
        let Some((a, b)) = self.nodes_within().zip(other.nodes_within()) else {
            return false;
        };
        a.len() == b.len()
            && a.iter()
                .zip(b)
                .all(|(a, b)| a.name.fingerprint == b.name.fingerprint && a.size == b.size && self.same_name(a, b))
    }

    #[inline(always)]
    fn same_name(self, a: &Node, b: &Node) -> bool {
        a.size == 1
            || a.name.fingerprint == NAMELESS.fingerprint
            || self.document.name(a.name) == self.document.name(b.name)
    }

    /// True if the values at this place in two values that are alike have the same name and the same text.
    pub fn is_same_at(self, other: Value<'_, '_>, place: u32) -> bool {
        self.named_text_at(place) == other.named_text_at(place)
    }

    fn named_text_at(self, place: u32) -> Option<&'a [u8]> {
        let node = self.document.tape.get(self.index.wrapping_add(place) as usize)?;
        let start = if node.name.fingerprint == NAMELESS.fingerprint { node.start } else { node.name.at };
        Some(self.document.slice((start, node.end)))
    }

    /// The value's part of the tape, less its own name.
    fn nodes_within(self) -> Option<&'d [Node]> {
        let node = self.document.tape.get(self.index as usize)?;
        self.document.tape.nodes.get(self.index as usize + 1..(self.index + node.size) as usize)
    }
}

/// Walks the children of a value: on the tape, where they are from `next` to `end`; or, if they are not there, through
/// the value's text, where the next one begins at `end`, unless that is 0.
struct Cursor<'d, 'a> {
    parent: Value<'d, 'a>,
    next: u32,
    end: u32,
}

impl<'d, 'a> Iterator for Cursor<'d, 'a> {
    type Item = (&'a [u8], Value<'d, 'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == NOT_ON_TAPE {
            return self.scan();
        }
        let index = Some(self.next).filter(|next| *next < self.end)?;
        let document = self.parent.document;
        let node = document.tape.get(index as usize)?;
        self.next += node.size;
        Some((document.name(node.name), document.value(index, node)))
    }
}

impl<'d, 'a> Cursor<'d, 'a> {
    fn scan(&mut self) -> Option<(&'a [u8], Value<'d, 'a>)> {
        let text = self.parent.raw;
        let close = self.parent.first().wrapping_add(2);
        let mut scanner = Scanner::from(text, Some(self.end as usize).filter(|at| *at > 0)?);
        let (start, end) = if close == b'}' { scanner.name()? } else { (0, 0) };
        let at = scanner.at();
        scanner.value()?;
        let raw = text.get(at..scanner.at())?;
        self.end = if scanner.goes_on(close)? { scanner.at() as u32 } else { 0 };
        Some((text.get(start..end)?, Value { raw, document: self.parent.document, index: NOT_ON_TAPE }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validating_is_parsing_without_a_tape() {
        let texts: [&[u8]; 16] = [
            b" {\"a\":[1,{}],\"b\":null}\n",
            b"[]",
            b" 1 ",
            b"\"x\"",
            b"",
            b" ",
            b"{",
            b"[1,]",
            b"1 2",
            b"{\"a\" 1}",
            b"nul",
            b"\"\xff\"",
            b"[[1}",
            b"{\"a\":1}}",
            b"01",
            b"\"a\nb\"",
        ];
        for text in texts {
            let parsed = Document::parse(text).err().map(|error| error.to_string());
            assert_eq!(validate(text).err().map(|error| error.to_string()), parsed);
            assert_eq!(parsed.is_none(), serde_json::from_slice::<&serde_json::value::RawValue>(text).is_ok());
        }
    }
}
