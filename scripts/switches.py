"""Writes many mutants of the sources into one program, each behind a switch. scripts/mutants turns one on without a build.

cargo-mutants names a mutant by a span and its replacement. tree-sitter finds the expression around that span, so that it can become
an expression that does one or the other: `a < b` becomes

    match (&(a), &(b)) { (l, r) => if crate::mutant(7) { l > r } else { l < r } }

Both operands stay what they are, even where the other operator binds tighter. What is computed by the compiler, such as a constant,
cannot be switched. Nor can what the compiler refuses here: see `Switches.refuse`.
"""

import re
from pathlib import Path

import tree_sitter
import tree_sitter_rust

# Their mutants run in the compiler, or not at all.
NOT_AT_RUN_TIME = {"const_item", "static_item", "array_type", "const_block", "enum_variant", "type_arguments", "attribute_item"}
COMPARISONS = {b"==", b"!=", b"<", b"<=", b">", b">="}
FORMS = ("FnValue", "MatchArm", "Operator", "MatchArmGuard", "Limit", "Condition", "Statement")
MARK = b"here is the number of the mutant"

# The number is written into the built program, behind the mark: see `choose`. u32::MAX means that each mutant that could have been on
# notes this in the file of that name: one byte for each, which is not zero. Nothing is allocated, because the allocator has mutants, too.
SWITCH = """//! Written by scripts/switches.py.
#![allow(unsafe_code)]
use std::ffi::{CStr, OsStr, c_int, c_void};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicPtr, AtomicU8, Ordering::Relaxed};

unsafe extern "C" {
    fn mmap(at: *mut c_void, length: usize, protection: c_int, flags: c_int, file: c_int, offset: i64) -> *mut c_void;
    fn __errno_location() -> *mut c_int;
}

#[repr(C)]
struct Choice {
    mark: [u8; %(mark_length)d],
    number: u32,
    file: [u8; 256],
}

#[used]
static CHOICE: Choice = Choice { mark: *b"%(mark)s", number: 0, file: [0; 256] };
static NOTES: AtomicPtr<AtomicU8> = AtomicPtr::new(null_mut());
const NOWHERE: usize = usize::MAX;

pub fn mutant(number: u32) -> bool {
    let chosen = unsafe { (&raw const CHOICE.number).read_volatile() };
    if chosen == u32::MAX {
        note(number);
    }
    chosen == number
}

#[cold]
fn note(number: u32) {
    let mut notes = NOTES.load(Relaxed);
    if notes.is_null() {
        let errno = unsafe { *__errno_location() };
        notes = map().unwrap_or(without_provenance_mut(NOWHERE));
        unsafe { *__errno_location() = errno };
        NOTES.store(notes, Relaxed);
    }
    if notes.addr() != NOWHERE {
        unsafe { (*notes.add(number as usize)).store(1, Relaxed) };
    }
}

fn map() -> Option<*mut AtomicU8> {
    let name = unsafe { (&raw const CHOICE.file).read_volatile() };
    let name = CStr::from_bytes_until_nul(&name).ok()?;
    let file = File::options().read(true).write(true).open(OsStr::from_bytes(name.to_bytes())).ok()?;
    let (read_and_write, shared) = (3, 1);
    Some(unsafe { mmap(null_mut(), %(numbers)d, read_and_write, shared, file.as_raw_fd(), 0) }.cast())
}
"""


def choose(program, number, notes=""):
    """Turns a mutant of a built program on, and every other one off. 0 is none, and None is to note in a file which could have been on."""
    content = bytearray(program.read_bytes())
    places = [found.end() for found in re.finditer(MARK, content)]
    assert len(places) == 1, f"{program} has {len(places)} marks"
    number = (0xFFFFFFFF if number is None else number).to_bytes(4, "little")
    content[places[0]: places[0] + 260] = number + str(notes).encode().ljust(256, b"\0")
    new = program.with_name(program.name + ".new")  # the old one may still be running
    new.write_bytes(content)
    new.chmod(0o755)
    new.replace(program)


class Switches:
    """The mutants of a tree. Each has a number from 1 on: its place in the list."""

    def __init__(self, tree, mutants):
        self.tree = tree
        self.parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))
        self.sources = {}
        for mutant in mutants:
            if mutant["file"] not in self.sources:
                self.sources[mutant["file"]] = (tree / mutant["file"]).read_bytes()
        self.lines = {file: source.splitlines(keepends=True) for file, source in self.sources.items()}
        self.trees = {file: self.parser.parse(source) for file, source in self.sources.items()}
        self.places = {}  # by number: the node that is rewritten
        self.mutants = dict(enumerate(mutants, 1))
        self.is_copied = set()  # the nodes whose operands are written twice, because the compiler refuses the shorter form
        for number, mutant in self.mutants.items():
            node = self.place(mutant)
            if node is not None:
                self.places[number] = node

    def offset(self, file, place):
        line = self.lines[file][place["line"] - 1].decode()
        return sum(map(len, self.lines[file][: place["line"] - 1])) + len(line[: place["column"] - 1].encode())

    def place(self, mutant):
        """The node that a mutant is a change of; None if it cannot be switched."""
        file, span = mutant["file"], mutant["span"]
        start, end = self.offset(file, span["start"]), self.offset(file, span["end"])
        node = self.trees[file].root_node.descendant_for_byte_range(start, end)
        genre = mutant["genre"]
        if genre == "FnValue":
            while node is not None and not (node.type == "block" and node.parent.type == "function_item"):
                node = node.parent
            returned = node and node.parent.child_by_field_name("return_type")
            if returned and b"impl " in returned.text:
                return None  # of one type only
        elif genre in ("BinaryOperator", "UnaryOperator"):
            while node is not None and node.type not in ("binary_expression", "compound_assignment_expr", "unary_expression"):
                if node.type in ("let_chain", "block"):
                    return None
                node = node.parent
        elif genre == "MatchArmGuard":
            while node is not None and not (node.parent and node.parent.type == "match_pattern" and is_condition(node)):
                node = node.parent
            if node is not None and node.type in ("let_chain", "let_condition"):
                return None
        elif genre == "MatchArm":
            while node is not None and node.type != "match_arm":
                node = node.parent
            if node is not None and (condition := node.child_by_field_name("pattern").child_by_field_name("condition")):
                if condition.type in ("let_chain", "let_condition"):
                    return None
        elif genre in ("Statement", "Condition", "Limit"):
            while node.parent is not None and node.parent.byte_range == node.byte_range:
                node = node.parent
        else:
            return None
        return node if node is not None and runs(node) else None

    def form(self, number):
        genre = self.mutants[number]["genre"]
        return "Operator" if genre.endswith("Operator") else genre

    def write(self):
        """Writes the switched sources. Returns the numbers of what can be switched."""
        for file in self.sources:
            at = {}
            for number, node in self.places.items():
                if self.mutants[number]["file"] == file:
                    at.setdefault((node.id, self.form(number)), []).append(number)
            self.at = at
            text = self.emit(self.trees[file].root_node, self.sources[file])
            if file == "src/lib.rs":
                text = self.with_switch(text)
            (self.tree / file).write_bytes(text)
        if "src/lib.rs" not in self.sources:
            library = self.tree / "src/lib.rs"
            if b"mod mutant_switch;" not in library.read_bytes():
                library.write_bytes(self.with_switch(library.read_bytes()))
        numbers = {"mark": MARK.decode(), "mark_length": len(MARK), "numbers": len(self.mutants) + 1}
        (self.tree / "src/mutant_switch.rs").write_text(SWITCH % numbers)
        return sorted(self.places)

    def with_switch(self, text):
        return text + b"\nmod mutant_switch;\npub(crate) use mutant_switch::mutant;\n"

    def emit(self, node, source):
        """The text of a node, switched."""
        parts = {child.id: self.emit(child, source) for child in node.children}
        numbers = {form: self.at.get((node.id, form), []) for form in FORMS}
        if numbers["MatchArm"]:
            return self.arm(node, source, parts, numbers["MatchArm"])
        if not numbers["Operator"]:
            text = joined(node, source, parts, self.returns(numbers["FnValue"]))
        elif node.type == "unary_expression":
            text = self.unary(node, parts, numbers["Operator"])
        else:
            text = self.binary(node, parts, numbers["Operator"])
        for number in numbers["Limit"]:
            text = marked([number], b"(if %s { %s } else { %s })" % (on(number), self.replacement(number), text))
        text = self.guard(text, numbers["MatchArmGuard"] + numbers["Condition"])
        for number in numbers["Statement"]:
            text = marked([number], b"if !%s { %s }" % (on(number), text))
        return text

    def returns(self, numbers):
        """Each value of a function, at its start."""
        return b"".join(b" if %s { %s } " % (on(number), marked([number], b"return " + self.replacement(number) + b";"))
                        for number in numbers)

    def replacement(self, number):
        return self.mutants[number]["replacement"].encode()

    def guard(self, text, numbers):
        for number in numbers:
            always = self.replacement(number) == b"true"
            text = marked([number], b"(%s || (%s))" % (on(number), text) if always else b"(!%s && (%s))" % (on(number), text))
        return text

    def arm(self, node, source, parts, numbers):
        pattern = node.child_by_field_name("pattern")
        condition = pattern.child_by_field_name("condition")
        off = b" && ".join(b"!" + on(number) for number in numbers)
        if condition is None:
            text = parts[pattern.id] + marked(numbers, b" if " + off)
        else:
            head = source[pattern.start_byte: condition.start_byte]
            text = head + marked(numbers, off) + b" && (" + self.emit(condition, source) + b")"
        return joined(node, source, {**parts, pattern.id: text})

    def unary(self, node, parts, numbers):
        operator = node.children[0].text
        operand = parts[node.children[-1].id]
        return marked(numbers, b"(match %s { mutant_v => if %s { mutant_v } else { %smutant_v } })" % (
            operand, on(numbers[0]), operator))

    def binary(self, node, parts, numbers):
        left, operator, right = (node.child_by_field_name(name) for name in ("left", "operator", "right"))
        left, operator, right = parts[left.id], operator.text, parts[right.id]
        others = {number: self.replacement(number) for number in numbers}
        if node.type == "compound_assignment_expr":
            if node.id in self.is_copied:
                return self.choice(numbers, others, left, operator, right)
            return marked(numbers, b"(match %s { mutant_r => %s })" % (right, self.choice([], others, left, operator, b"mutant_r")))
        opposites = {b"==": b"!=", b"!=": b"==", b"&&": b"||", b"||": b"&&"}
        if set(others.values()) == {opposites.get(operator)} and len(numbers) == 1:
            switch = on(numbers[0])
            if operator == b"&&":
                return marked(numbers, b"(if (%s) != %s { %s } else { %s })" % (left, switch, right, switch))
            if operator == b"||":
                return marked(numbers, b"(if (%s) != %s { !%s } else { %s })" % (left, switch, switch, right))
            return marked(numbers, b"((%s %s %s) ^ %s)" % (left, operator, right, switch))
        if node.id in self.is_copied:
            return marked(numbers, b"(%s)" % self.choice([], others, left, operator, right))
        form = b"(match (&(%s), &(%s)) { (mutant_l, mutant_r) => %s })"
        if operator not in COMPARISONS:
            form = form.replace(b"&", b"")
        return marked(numbers, form % (left, right, self.choice([], others, b"mutant_l", operator, b"mutant_r")))

    def choice(self, numbers, others, left, operator, right):
        text = b"".join(b"if %s { %s } else " % (on(number), marked([number], b"%s %s %s" % (left, other, right)))
                        for number, other in others.items())
        text += b"{ %s %s %s }" % (left, operator, right)
        return marked(numbers, text) if numbers else text

    def refuse(self, file, start, end):
        """Gives a place of the written sources up, which the compiler refuses: first its form, then its mutants. False if there is none."""
        text = (self.tree / file).read_bytes()
        inner = None
        opened = []
        for found in re.finditer(rb"/\*(<?)([0-9,]+)(>?)\*/", text):
            if found[1]:
                opened.append((found.start(), found[2]))
            else:
                begin, numbers = opened.pop()
                if begin <= start and found.end() >= end and (inner is None or begin > inner[0]):
                    inner = begin, numbers
        if inner is None:
            return self.keep_arms(text, start, end)
        numbers = [int(number) for number in inner[1].split(b",")]
        node = self.places.get(numbers[0])
        if node is None:
            return True  # another error of the same place
        group = [number for number, place in self.places.items() if place.id == node.id and self.form(number) == self.form(numbers[0])]
        is_whole = sorted(group) == sorted(numbers) and self.form(numbers[0]) == "Operator"
        if is_whole and node.type in ("binary_expression", "compound_assignment_expr") and node.id not in self.is_copied:
            self.is_copied.add(node.id)
            return True
        for number in numbers:
            self.places.pop(number, None)
        return True


    def keep_arms(self, text, start, end):
        """For a match that would not cover everything: none of its arms can be deleted."""
        node = self.parser.parse(text).root_node.descendant_for_byte_range(start, end)
        while node is not None and node.type != "match_expression":
            node = node.parent
        marks = re.findall(rb"/\*<([0-9,]+)\*/", node.text) if node is not None else []
        arms = {int(number) for mark in marks for number in mark.split(b",")}
        arms = {number for number in arms if number in self.places and self.form(number) == "MatchArm"}
        for number in arms:
            del self.places[number]
        return bool(arms)


def on(number):
    return b"crate::mutant(%d)" % number


def marked(numbers, text):
    names = b",".join(b"%d" % number for number in numbers)
    return b"/*<%s*/%s/*%s>*/" % (names, text, names)


def joined(node, source, parts, after_first=b""):
    """The text of a node with other texts for its children."""
    text, at = [], node.start_byte
    for index, child in enumerate(node.children):
        text += [source[at: child.start_byte], parts[child.id]]
        if index == 0:
            text.append(after_first)
        at = child.end_byte
    return b"".join([*text, source[at: node.end_byte]])


def is_condition(node):
    return node.parent is not None and node.parent.type == "match_pattern" and node.parent.child_by_field_name("condition") == node


def runs(node):
    """Whether a node belongs to a function that runs, and not to a constant or a pattern."""
    while node.parent is not None:
        parent = node.parent
        if parent.type in NOT_AT_RUN_TIME or (parent.type == "match_pattern" and not is_condition(node)):
            return False
        if parent.type == "array_expression" and parent.child_by_field_name("length") == node:
            return False
        if parent.type == "function_item":
            return not any(child.type == "function_modifiers" and b"const" in child.text.split() for child in parent.children)
        node = parent
    return False
