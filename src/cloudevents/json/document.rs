//! Validates a JSON text in one pass, and reads values from it without a copy.
//!
//! A [`Document`] borrows the text. While it validates the text, it records the values of the upper `TAPE_DEPTH`
//! levels on a *tape*. A look-up in an event of 6 MB then does not read the text again. The tape is a cache: if it does
//! not hold the children of a value, a look-up scans the text of that value.
//!
//! If several members of an object have the same name, the last of them counts, as in the parsers of most languages.
//! Names are compared without resolving their escapes: AWS does not escape the names that it chooses.

use std::cell::Cell;
use std::ops::Range;

use super::scanner::{NotJson, Reason, Scanner};
use super::text::{append_unescaped, take_until};

/// The number of levels below the root that the tape records. `Records` is on level 1, a record on level 2, its members
/// on level 3, their members on level 4.
const TAPE_DEPTH: u32 = 4;

/// Where a value is in the text.
#[derive(Clone, Copy)]
struct Node {
    name: Name,
    start: u32,
    end: u32,
    /// The number of nodes of the value and of everything in it.
    size: u32,
}

/// A member's name: its offset in the text, and a fingerprint. Different names rarely have the same fingerprint.
#[derive(Clone, Copy)]
struct Name {
    at: u32,
    fingerprint: u32,
}

/// The name of array elements.
const NAMELESS: Name = Name { at: 0, fingerprint: 0xff };

/// The longest name whose length fits into a fingerprint, in bytes.
const MAX_NAME_LENGTH: usize = 0xffff;

/// Returns a name's length in the upper 16 bits, followed by its first byte and its last byte.
#[inline(always)]
fn fingerprint(name: &[u8]) -> u32 {
    let (first, last) = (name.first().copied().unwrap_or(0), name.last().copied().unwrap_or(0));
    (name.len() as u32) << 16 | u32::from(first) << 8 | u32::from(last)
}

/// True if a member has the wanted name. A `/` in the wanted name also matches a dot.
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

/// The nodes of a document, in the order in which their values begin.
#[derive(Default)]
struct Tape {
    /// The nodes from `length` on are unused. Overwriting the fields of an unused node takes half the time of pushing a
    /// node.
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
        self.nodes.resize(self.length * 2 + 40, EMPTY);
    }

    #[inline(always)]
    fn get(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index).filter(|_| index < self.length)
    }

    /// Removes the nodes of a range, and moves the nodes after them to its start.
    fn remove(&mut self, gap: Range<usize>) {
        self.nodes.copy_within(gap.end..self.length, gap.start);
        self.length -= gap.len();
    }
}

/// Validates a whole text, and does not record a tape.
///
/// # Errors
/// As [`Document::parse`].
pub fn validate(text: &[u8]) -> Result<(), NotJson> {
    let mut scanner = Scanner::new(text);
    let end = scanner.value().and_then(|()| scanner.end());
    must_be_utf8(&scanner, end, text)
}

/// Takes a member: its name, its value as it stands in the text, and whether both are known to be ASCII.
type TakeMember<'t, 'a> = dyn FnMut(&[u8], &'a [u8], bool) + 't;

/// Validates a whole text, which need not be UTF-8, and calls `take` for each member of its object, with the name and with
/// the value. For any other value it does not call `take`.
///
/// # Errors
/// [`NotJson`]. It has called `take` for the members before the fault.
pub fn read_members<'a>(text: &'a [u8], take: &mut TakeMember<'_, 'a>) -> Result<(), NotJson> {
    let mut scanner = Scanner::new(text);
    scan_members(&mut scanner, text, take).ok_or_else(|| scanner.error())
}

fn scan_members<'a>(scanner: &mut Scanner<'a>, text: &'a [u8], take: &mut TakeMember<'_, 'a>) -> Option<()> {
    if scanner.peek() != b'{' {
        scanner.value()?;
    } else if !scanner.opens_empty(b'}') {
        loop {
            let (start, end) = scanner.name()?;
            let at = scanner.at();
            scanner.value()?;
            let (name, value) = (text.get(start..end)?, text.get(at..scanner.at())?);
            match name.contains(&b'\\').then(|| unescaped(name)).flatten() {
                Some(name) => take(&name, value, scanner.is_ascii()),
                None => take(name, value, scanner.is_ascii()),
            }
            if !scanner.goes_on(b'}')? {
                break;
            }
        }
    }
    scanner.end()
}

/// `None` if it has a lone surrogate: without that it could look like another name.
#[cold]
fn unescaped(name: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    append_unescaped(name, &mut out).then_some(out)
}

/// What is wrong with a text that the scanner has accepted to its end, or has refused. That it is not UTF-8 comes before the
/// scanner's own reason. Only a text that is not ASCII is read again for it.
fn must_be_utf8(scanner: &Scanner<'_>, end: Option<()>, text: &[u8]) -> Result<(), NotJson> {
    match end {
        Some(()) if scanner.is_ascii() => Ok(()),
        _ => match std::str::from_utf8(text) {
            Ok(_) => end.ok_or_else(|| scanner.error()),
            Err(error) => Err(NotJson { position: error.valid_up_to(), reason: Reason::Utf8 }),
        },
    }
}

/// A text that holds a single JSON value, and its tape.
pub struct Document<'a> {
    text: &'a [u8],
    tape: Tape,
    /// A look-up found another name with the fingerprint of the wanted name.
    has_name_collision: Cell<bool>,
    has_line_breaks: bool,
}

/// Receives the elements of arrays while an event is read. The elements are then still in the processor's cache.
pub trait Consumer<'a> {
    /// Receives an element of an array. `name` is the name of the root's member that holds the array, and `None` if the
    /// array is the root. `before` is the previous element, and `None` for the first element.
    ///
    /// Returns true to take the element. The tape then drops the element as soon as the next element is taken. After
    /// the first false, no more elements are offered. If the first element is refused, the tape keeps the whole array.
    /// If a later element is refused, the tape does not keep any element.
    fn take(&mut self, name: Option<&[u8]>, before: Option<Value<'_, 'a>>, element: Value<'_, 'a>) -> bool;
}

/// A consumer that refuses all elements.
struct NoConsumer;

impl<'a> Consumer<'a> for NoConsumer {
    fn take(&mut self, _: Option<&[u8]>, _: Option<Value<'_, 'a>>, _: Value<'_, 'a>) -> bool {
        false
    }
}

impl<'a> Document<'a> {
    /// Validates a whole text of up to 4 GiB, and records its tape.
    ///
    /// # Errors
    /// [`NotJson`] unless the text is a single JSON value in UTF-8. Whitespace around the value is allowed.
    pub fn parse(text: &'a [u8]) -> Result<Document<'a>, NotJson> {
        Document::parse_for(text, &mut NoConsumer)
    }

    /// Does the same, and offers the elements of arrays to `consumer`. The consumer may have taken elements before the
    /// text turns out to be invalid.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn parse_for(text: &'a [u8], consumer: &mut dyn Consumer<'a>) -> Result<Document<'a>, NotJson> {
        let has_name_collision = Cell::new(false);
        let document = Document { text, tape: Tape::default(), has_name_collision, has_line_breaks: false };
        let limit = (text.len() / 16).min(1_000_000) + 512;
        let mut writer = TapeWriter { document, scanner: Scanner::new(text), limit, consumer };
        let end = writer.node(NAMELESS, 0).and_then(|()| writer.scanner.end());
        must_be_utf8(&writer.scanner, end, text)?;
        Ok(Document { has_line_breaks: writer.scanner.has_line_breaks(), ..writer.document })
    }

    pub fn root(&self) -> Value<'_, 'a> {
        let raw = self.tape.get(0).map_or(self.text, |node| self.slice((node.start, node.end)));
        Value { raw, document: self, index: 0 }
    }

    /// True if the text has a line feed or a carriage return.
    pub fn has_line_breaks(&self) -> bool {
        self.has_line_breaks
    }

    #[inline(always)]
    fn slice(&self, (start, end): (u32, u32)) -> &'a [u8] {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    #[inline(always)]
    fn name(&self, name: Name) -> &'a [u8] {
        self.slice((name.at, name.at + (name.fingerprint >> 16)))
    }

    /// Finds the last member with this name among the children in this range of the tape.
    fn find(&self, first: u32, end: u32, name: &[u8]) -> Option<Value<'_, 'a>> {
        let (fingerprint, mut index, mut found) = (fingerprint(name), first, None);
        let nodes = self.tape.nodes.get(..self.tape.length)?.get(..end as usize)?;
        while let Some(node) = nodes.get(index as usize) {
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

/// Validates a text and writes its tape.
struct TapeWriter<'a, 'c> {
    document: Document<'a>,
    scanner: Scanner<'a>,
    /// If a container would make the tape longer than this, the tape does not hold the children of that container. The
    /// tape stays small compared with the text, whatever the text contains.
    limit: usize,
    consumer: &'c mut dyn Consumer<'a>,
}

/// What the tape does with the children of a container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Children {
    /// It keeps them.
    Noted,
    /// It records each child, offers the child to the consumer, and then drops the child.
    Offered,
    /// It does not record them.
    Skipped,
}

impl TapeWriter<'_, '_> {
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

    /// Reads an object, including its brackets. `index` is the index of the object's node.
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

    /// Reads an array, including its brackets. `index` is the index of the array's node.
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

    /// Offers an element of the array at `index`. The tape holds only the previous element between the array's node and
    /// this element. If the consumer takes this element, it replaces the previous element.
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

/// The index of a value that is not on the tape.
const NOT_ON_TAPE: u32 = u32::MAX;

/// A value in a document: its text, and the index of its node.
#[derive(Clone, Copy)]
pub struct Value<'d, 'a> {
    raw: &'a [u8],
    document: &'d Document<'a>,
    index: u32,
}

impl<'d, 'a> Value<'d, 'a> {
    /// Returns the value as it stands in the text, without whitespace around it.
    pub fn raw(self) -> &'a [u8] {
        self.raw
    }

    /// Returns the first byte of the value. It is in `{["tfn-0123456789`.
    pub fn first(self) -> u8 {
        self.raw.first().copied().unwrap_or(0)
    }

    /// True for `null`. A path that ends at `null` does not find anything.
    pub fn is_null(self) -> bool {
        self.first() == b'n'
    }

    /// Returns the text between the quotes of a string, with escapes unresolved. Returns `None` for any other value.
    pub fn plain_text(self) -> Option<&'a [u8]> {
        match self.raw {
            [b'"', text @ .., b'"'] => Some(text),
            _ => None,
        }
    }

    /// True if look-ups among the value's children do not need to scan its text: the children are on the tape, or the
    /// value does not have any.
    pub fn is_noted(self) -> bool {
        self.has_noted_children() || self.first_child().is_none()
    }

    /// Finds the last member with this name. A `/` in the name also matches a dot.
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

    /// Follows a step of a path. A step is the name of a member, or an element's index of a single digit.
    pub fn step(self, step: &[u8]) -> Option<Value<'d, 'a>> {
        match (self.first(), step) {
            (b'[', [digit @ b'0'..=b'9']) => self.elements().nth(usize::from(digit - b'0')),
            _ => self.get(step),
        }
    }

    /// Follows a path of names and indexes, such as `logEvents.0.id`. Returns `None` if the path ends at `null`.
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

    /// Iterates over the elements of an array. Any other value does not have elements.
    pub fn elements(self) -> impl Iterator<Item = Value<'d, 'a>> {
        self.children(b'[').map(|(_, value)| value)
    }

    /// Iterates over the members of an object, with escapes in names unresolved. Any other value does not have members.
    pub fn members(self) -> impl Iterator<Item = (&'a [u8], Value<'d, 'a>)> {
        self.children(b'{')
    }

    /// Returns the range of the value's children on the tape. Returns `None` if the tape does not hold any.
    #[inline(always)]
    fn noted(self) -> Option<(u32, u32)> {
        let node = self.document.tape.get(self.index as usize)?;
        (node.size > 1).then(|| (self.index + 1, self.index + node.size))
    }

    /// Iterates over the children of a value that begins with `open`. Does not find any in another value.
    fn children(self, open: u8) -> Cursor<'d, 'a> {
        let (next, end) = match self.noted() {
            _ if self.first() != open => (0, 0),
            Some(range) => range,
            None => (NOT_ON_TAPE, self.first_child().unwrap_or(0)),
        };
        Cursor { parent: self, next, end }
    }

    /// Returns the offset of the first child in the text of a container. Returns `None` if there are no children.
    fn first_child(self) -> Option<u32> {
        let mut scanner = Scanner::new(self.raw);
        let close = self.first().wrapping_add(2); // in ASCII, '}' is '{' + 2, and ']' is '[' + 2
        (matches!(close, b'}' | b']') && !scanner.opens_empty(close)).then_some(scanner.at() as u32)
    }
}

/// Comparisons of values with the same shape, such as the records of a batch.
impl<'d, 'a> Value<'d, 'a> {
    /// Returns how many nodes the value is behind `base` on the tape. Returns `None` if the value is not on the tape.
    pub fn place(self, base: Value<'_, '_>) -> Option<u32> {
        (self.index != NOT_ON_TAPE).then(|| self.index.wrapping_sub(base.index))
    }

    /// Returns the value that is this many nodes behind this value on the tape.
    pub fn at(self, place: u32) -> Option<Value<'d, 'a>> {
        self.document.value_at(self.index.wrapping_add(place) as usize)
    }

    /// True if the value has children and the tape holds them.
    pub fn has_noted_children(self) -> bool {
        self.noted().is_some()
    }

    /// True if no look-up since [`Value::reset_name_collision`] found different names with the same fingerprint.
    /// [`Value::same_shape`] cannot tell such names apart.
    pub fn no_name_collision(self) -> bool {
        !self.document.has_name_collision.get()
    }

    /// Forgets the name collisions of earlier look-ups.
    pub fn reset_name_collision(self) {
        self.document.has_name_collision.set(false);
    }

    /// True if both values have the same structure on the tape. Values with children on the tape must have the same
    /// name. For other values, names with the same fingerprint are enough. Both values must be from the same document.
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

    /// True if the values at this place in `self` and in `other` have the same name and the same text. `self` and
    /// `other` must have the same shape.
    pub fn is_same_at(self, other: Value<'_, '_>, place: u32) -> bool {
        self.named_text_at(place) == other.named_text_at(place)
    }

    /// True if the values at this place in `self` and in `other`, which must have the same shape, have the same name.
    pub fn has_same_name_at(self, other: Value<'_, '_>, place: u32) -> bool {
        self.name_at(place) == other.name_at(place)
    }

    fn name_at(self, place: u32) -> Option<&'a [u8]> {
        self.node_at(place).map(|node| self.document.name(node.name))
    }

    fn node_at(self, place: u32) -> Option<&'d Node> {
        self.document.tape.get(self.index.wrapping_add(place) as usize)
    }

    fn named_text_at(self, place: u32) -> Option<&'a [u8]> {
        let node = self.node_at(place)?;
        let start = if node.name.fingerprint == NAMELESS.fingerprint { node.start } else { node.name.at };
        Some(self.document.slice((start, node.end)))
    }

    /// Returns the nodes of everything in the value, without the value's own node.
    fn nodes_within(self) -> Option<&'d [Node]> {
        let node = self.document.tape.get(self.index as usize)?;
        self.document.tape.nodes.get(self.index as usize + 1..(self.index + node.size) as usize)
    }
}

/// Iterates over the children of a value. If the children are on the tape, they are the nodes from `next` to `end`. If
/// not, `next` is `NOT_ON_TAPE`, and `end` is the offset of the next child in the text of the value. `end` is 0 after
/// the last child.
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

/// Appends the text of a string with its escapes resolved, or a number as it is written. Returns false for any other
/// value. Leaves out lone surrogates, which are not characters.
pub fn append_text(value: Value<'_, '_>, out: &mut Vec<u8>) -> bool {
    match value.first() {
        b'"' => _ = append_unescaped(value.plain_text().unwrap_or_default(), out),
        b'-' | b'0'..=b'9' => out.extend_from_slice(value.raw()),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_made_of_length_first_and_last_byte() {
        for (name, expected) in [(&b""[..], 0), (b"a", 0x1_6161), (b"abc", 0x3_6163), (&[b'x'; 0xffff], 0xffff_7878)] {
            assert_eq!(fingerprint(name), expected);
        }
    }

    #[test]
    fn members_are_read_one_after_the_other() {
        let mut members = Vec::new();
        let text = br#" { "a":1, "\u0062\n" : [ {"c":2} ] ,"a":"x" ,"a\ude00":0} "#;
        let read = read_members(text, &mut |name, value, _| members.push((name.to_vec(), value)));
        assert_eq!(read, Ok(()));
        let expected: [(&[u8], &[u8]); 4] =
            [(b"a", b"1"), (b"b\n", br#"[ {"c":2} ]"#), (b"a", br#""x""#), (br"a\ude00", b"0")];
        assert_eq!(members, expected.map(|(name, value)| (name.to_vec(), value)));
        for other in [&b"{}"[..], b"3", b"[{\"a\":1}]", b"{\"a\":1", b"{\"a\"}", b"{\"a\":1}}", b"", b"x"] {
            let read = read_members(other, &mut |_, _, _| ());
            assert_eq!(read, validate(other), "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn values_of_one_shape_have_the_same_structure() {
        for (one, other, is_same) in [
            (r#"{"a":1,"b":"x"}"#, r#"{"a":[],"b":2}"#, true),
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false),
            (r#"{"a":1,"b":2}"#, r#"{"a":1}"#, false),
            (r#"{"a":1,"b":2}"#, r#"{"a":1,"c":2}"#, false),
            (r#"{"abc":1}"#, r#"{"adc":1}"#, true), // such names are one fingerprint
            (r#"{"abc":{"x":1}}"#, r#"{"adc":{"x":1}}"#, false),
            (r#"{"abc":{"x":1}}"#, r#"{"abc":{"x":2}}"#, true),
            (r#"{"a":{"x":1},"b":2}"#, r#"{"a":1,"x":{"b":2}}"#, false),
            ("[[1],2]", "[[2],3]", true),
            ("[[1],2]", "[1,[2]]", false),
        ] {
            let text = format!("[{one},{other}]");
            let document = Document::parse(text.as_bytes()).unwrap();
            let [one, other] = [0, 1].map(|index| document.root().elements().nth(index).unwrap());
            assert_eq!(one.same_shape(other), is_same, "{text}");
        }
    }

    #[test]
    fn values_without_children_are_known_without_a_look_at_their_text() {
        let deep = format!("[{{}},1,\"a\",{}1{}]", "[".repeat(50), "]".repeat(50));
        let document = Document::parse(deep.as_bytes()).unwrap();
        let [empty, number, text, mut nested] =
            [0, 1, 2, 3].map(|index| document.root().elements().nth(index).unwrap());
        assert!(empty.is_noted() && number.is_noted() && text.is_noted() && nested.is_noted());
        while nested.is_noted() {
            nested = nested.elements().next().unwrap();
        }
        assert!(nested.raw().len() > 3 && nested.elements().count() == 1);
        assert_eq!((text.members().count(), text.elements().count(), empty.members().count()), (0, 0, 0));
    }

    #[test]
    fn validate_and_parse_refuse_the_same_texts() {
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
