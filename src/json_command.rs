//! `json`: reads and makes JSON for handlers in shell, on an image without jq. It is bootstrap under another name.
//!
//! It has no part in an invocation. `MANUAL` says what it does.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::ExitCode;

use crate::child::lines::Lines;
use crate::cloudevents::json::text::{append_number, append_string, append_unescaped};
use crate::cloudevents::json::{Document, Value, read_members, take_until};
use crate::json_line::on_one_line;
use crate::os::sys;

/// The name of the link to bootstrap.
const NAME: &str = "json";

const MANUAL: &str = "\
usage: json COMMAND [ARGUMENT...]
These read JSON from stdin. A PATH is like queryStringParameters.name or
Records.0.body or, if it begins with a slash, a JSON Pointer. Without one it is
the whole text. -1 is the last element.
  get [PATH...]   each value on a line: a text as it is, all others as JSON
  type [PATH]     object, array, string, number, boolean or null
  length [PATH]   the number of members, elements or characters
  keys [PATH]     the names of an object's members, one on each line
  each [PATH]     the elements of an array, or the values of an object, as JSON,
                  one on each line
These make JSON:
  object [NAME=TEXT | NAME:=JSON]...
  array [=TEXT | :=JSON]...
  quote [TEXT]    TEXT, or all of stdin, as a JSON string
  merge JSON...   an object with the members of all; - is stdin. Of members with
                  the same name the last one counts
@= and :@= take a file's name instead, and - for stdin: body@=FILE.
Exit status: 0; 1 if get, type, length, keys or each find nothing; 2 on errors.
";

/// Whether this process was started as `json`.
pub fn is_asked_for() -> bool {
    env::args_os().next().is_some_and(|name| Path::new(&name).file_name() == Some(OsStr::new(NAME)))
}

/// Runs the command. Blocks until stdin ends, if it reads it.
pub fn run() -> ExitCode {
    let arguments: Vec<Vec<u8>> = env::args_os().skip(1).map(OsStringExt::into_vec).collect();
    let mut out = Vec::new();
    match execute(&arguments, &mut out).and_then(|found| write(&out).map(|()| found)) {
        Ok(found) => ExitCode::from(u8::from(!found)),
        Err(why) => {
            let _ = sys::inherited(2).write_all(said(&["json: ", &why, "\n"]).as_bytes()); // there is no other place to report that
            ExitCode::from(2)
        }
    }
}

/// One write, without the buffer of `io::stdout`.
fn write(out: &[u8]) -> Result<(), String> {
    let written = sys::inherited(1).write_all(out);
    written.map_err(|error| said(&["cannot write to stdout: ", &error.to_string()]))
}

fn read_stdin() -> Result<Vec<u8>, String> {
    read_all(Ok(sys::inherited(0)), b"stdin")
}

#[inline(never)]
fn read_all(file: io::Result<File>, name: &[u8]) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let read = file.and_then(|mut file| {
        let mut piece = vec![0; 1 << 16];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => text.extend_from_slice(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    });
    read.map(|()| text).map_err(|error| cannot_read(name, &error))
}

fn cannot_read(name: &[u8], error: &io::Error) -> String {
    said(&["cannot read ", &shown(name), ": ", &error.to_string()])
}

/// Takes less room in the binary than `format!`.
#[inline(never)]
fn said(parts: &[&str]) -> String {
    parts.concat()
}

/// Whether all was found.
fn execute(arguments: &[Vec<u8>], out: &mut Vec<u8>) -> Result<bool, String> {
    let (command, arguments) = arguments.split_first().ok_or("no command; json help lists them")?;
    match command.as_slice() {
        b"get" => read(arguments, usize::MAX, get, out),
        b"type" => read(arguments, 1, |value, out| line(type_of(value).as_bytes(), out), out),
        b"length" => read(arguments, 1, length, out),
        b"keys" => read(arguments, 1, keys, out),
        b"each" => read(arguments, 1, each, out),
        b"object" => object(arguments, out),
        b"array" => array(arguments, out),
        b"quote" => quote(arguments, out),
        b"merge" => merge(arguments, out),
        b"call" => call(out),
        b"line" => json("the response", &read_stdin()?).and_then(|text| line(&text, out)).map(|()| true),
        b"message" => message(out),
        b"help" | b"--help" | b"-h" => {
            out.extend_from_slice(MANUAL.as_bytes());
            Ok(true)
        }
        other => Err(said(&["there is no command ", &shown(other), "; json help lists them"])),
    }
}

type Shown = fn(Value<'_, '_>, &mut Vec<u8>) -> Result<(), String>;

/// Shows the values at the paths of stdin's JSON. Where several are asked for, one that is not there leaves its line empty.
fn read(paths: &[Vec<u8>], most: usize, show: Shown, out: &mut Vec<u8>) -> Result<bool, String> {
    if paths.len() > most {
        return Err("there are too many arguments; json help lists them".to_owned());
    }
    let text = read_stdin()?;
    let document = parse("stdin", &text)?;
    let whole = [Vec::new()];
    let mut found = true;
    for path in if paths.is_empty() { &whole } else { paths } {
        match follow(document.root(), path) {
            Some(value) => show(value, out)?,
            None => {
                found = false;
                if paths.len() > 1 {
                    out.push(b'\n');
                }
            }
        }
    }
    Ok(found)
}

/// Errors do not quote the text, which may be secret.
fn parse<'a>(what: &str, text: &'a [u8]) -> Result<Document<'a>, String> {
    Document::parse(text).map_err(|why| said(&[what, " is not JSON: ", &why.to_string()]))
}

/// The value at the end of a path.
fn follow<'d, 'a>(root: Value<'d, 'a>, path: &[u8]) -> Option<Value<'d, 'a>> {
    let (separator, mut rest) = match path {
        [] | b"." => return Some(root),
        [b'/', pointer @ ..] => (b'/', pointer),
        path => (b'.', path),
    };
    let mut value = root;
    loop {
        let step = take_until(&mut rest, |byte| byte == separator);
        value = if separator == b'/' { child(value, &of_pointer(step))? } else { child(value, step)? };
        match rest {
            [_, behind @ ..] => rest = behind,
            [] => return Some(value),
        }
    }
}

/// A step of a JSON Pointer (RFC 6901) with its escapes resolved.
fn of_pointer(step: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = step.iter();
    while let Some(byte) = bytes.next() {
        out.push(match (byte, bytes.as_slice().first()) {
            (b'~', Some(b'0' | b'1')) => {
                if bytes.next() == Some(&b'0') {
                    b'~'
                } else {
                    b'/'
                }
            }
            _ => *byte,
        });
    }
    out
}

/// The member with this name, or the element with this index.
fn child<'d, 'a>(value: Value<'d, 'a>, step: &[u8]) -> Option<Value<'d, 'a>> {
    if value.first() == b'[' {
        let index: isize = std::str::from_utf8(step).ok()?.parse().ok()?;
        let index = if index < 0 { index.checked_add_unsigned(value.elements().count())? } else { index };
        return value.elements().nth(usize::try_from(index).ok()?);
    }
    let is_named = |name: &[u8]| name == step || name.contains(&b'\\') && unescaped(name) == step;
    value.members().filter(|(name, _)| is_named(name)).last().map(|(_, value)| value)
}

/// The text of a string that was between quotes. A half of a surrogate pair, which is no character, is left out.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    append_unescaped(text, &mut out);
    out
}

fn line(text: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    out.extend_from_slice(text);
    out.push(b'\n');
    Ok(())
}

fn get(value: Value<'_, '_>, out: &mut Vec<u8>) -> Result<(), String> {
    match value.plain_text() {
        Some(text) => line(&unescaped(text), out),
        None => line(&on_one_line(value.raw()), out),
    }
}

fn type_of(value: Value<'_, '_>) -> &'static str {
    match value.first() {
        b'{' => "object",
        b'[' => "array",
        b'"' => "string",
        b't' | b'f' => "boolean",
        b'n' => "null",
        _ => "number",
    }
}

fn none(value: Value<'_, '_>, what: &str) -> String {
    said(&["a value of type ", type_of(value), " has no ", what])
}

fn length(value: Value<'_, '_>, out: &mut Vec<u8>) -> Result<(), String> {
    let length = match (value.first(), value.plain_text()) {
        (b'{', _) => value.members().count(),
        (b'[', _) => value.elements().count(),
        (_, Some(text)) => unescaped(text).iter().filter(|byte| !matches!(byte, 0x80..=0xbf)).count(),
        _ => return Err(none(value, "length")),
    };
    append_number(length as u64, out);
    line(b"", out)
}

fn keys(value: Value<'_, '_>, out: &mut Vec<u8>) -> Result<(), String> {
    if value.first() != b'{' {
        return Err(none(value, "keys"));
    }
    value.members().try_for_each(|(name, _)| line(&unescaped(name), out))
}

fn each(value: Value<'_, '_>, out: &mut Vec<u8>) -> Result<(), String> {
    let show = |value: Value<'_, '_>, out: &mut Vec<u8>| line(&on_one_line(value.raw()), out);
    match value.first() {
        b'[' => value.elements().try_for_each(|element| show(element, out)),
        b'{' => value.members().try_for_each(|(_, member)| show(member, out)),
        _ => Err(none(value, "elements")),
    }
}

/// The JSON of the names and values of members.
#[derive(Default)]
struct Members(Vec<(Vec<u8>, Vec<u8>)>);

impl Members {
    /// Each name once: where it came first, with the value that came last.
    fn write(&self, out: &mut Vec<u8>) -> Result<bool, String> {
        let name = |index: usize| self.0.get(index).map(|(name, _)| name);
        let mut sorted: Vec<usize> = (0..self.0.len()).collect();
        sorted.sort_unstable_by(|a, b| name(*a).cmp(&name(*b)).then(a.cmp(b)));
        let mut last = vec![None; self.0.len()]; // for the first of each name: where the last one is
        let mut first = usize::MAX;
        for index in sorted {
            first = if name(first) == name(index) { first } else { index };
            if let Some(last) = last.get_mut(first) {
                *last = self.0.get(index);
            }
        }
        let members = self.0.iter().zip(last).filter_map(|((name, _), last)| Some((name, &last?.1)));
        let members: Vec<Vec<u8>> = members.map(|(name, value)| [name, &b":"[..], value].concat()).collect();
        enclosed(*b"{}", &members, out)
    }
}

fn enclosed([open, close]: [u8; 2], items: &[Vec<u8>], out: &mut Vec<u8>) -> Result<bool, String> {
    out.push(open);
    out.extend_from_slice(&items.join(&b','));
    out.push(close);
    line(b"", out)?;
    Ok(true)
}

fn object(arguments: &[Vec<u8>], out: &mut Vec<u8>) -> Result<bool, String> {
    let mut members = Members::default();
    for argument in arguments {
        let (name, value) = assigned(argument)?;
        members.0.push((string("a name", &name)?, value));
    }
    members.write(out)
}

fn array(arguments: &[Vec<u8>], out: &mut Vec<u8>) -> Result<bool, String> {
    let mut elements = Vec::new();
    for argument in arguments {
        match assigned(argument)? {
            (name, value) if name.is_empty() => elements.push(value),
            (name, _) => {
                return Err(said(&[&shown(&name), ": an element of an array has no name; write =TEXT or :=JSON"]));
            }
        }
    }
    enclosed(*b"[]", &elements, out)
}

/// What is before the operator, and the JSON of what is behind it. The operator is part of what a programmer wrote, so that no text
/// can be taken for JSON, or for the name of a file.
fn assigned(argument: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
    let mut value = argument;
    let before = take_until(&mut value, |byte| byte == b'=');
    let [_, value @ ..] = value else {
        return Err(said(&[&shown(argument), " is neither NAME=TEXT nor NAME:=JSON"]));
    };
    let (before, is_file) = before.strip_suffix(b"@").map_or((before, false), |before| (before, true));
    let (name, is_json) = before.strip_suffix(b":").map_or((before, false), |name| (name, true));
    let content = if is_file { contents(value)? } else { value.to_vec() };
    let what = shown(name);
    Ok((name.to_vec(), if is_json { json(&what, &content)? } else { string(&what, &content)? }))
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn contents(file: &[u8]) -> Result<Vec<u8>, String> {
    match file {
        b"-" => read_stdin(),
        path => read_all(File::open(OsStr::from_bytes(path)), path),
    }
}

fn string(what: &str, text: &[u8]) -> Result<Vec<u8>, String> {
    std::str::from_utf8(text).map_err(|_| said(&[what, " is not UTF-8"]))?;
    let mut out = Vec::new();
    append_string(text, &mut out);
    Ok(out)
}

fn json(what: &str, text: &[u8]) -> Result<Vec<u8>, String> {
    Ok(on_one_line(parse(what, text)?.root().raw()).into_owned())
}

fn quote(arguments: &[Vec<u8>], out: &mut Vec<u8>) -> Result<bool, String> {
    let quoted = match arguments {
        [] => string("stdin", &read_stdin()?)?,
        [text] => string("the text", text)?,
        _ => return Err("quote takes one text; put it into double quotes".to_owned()),
    };
    line(&quoted, out).map(|()| true)
}

fn merge(arguments: &[Vec<u8>], out: &mut Vec<u8>) -> Result<bool, String> {
    let mut members = Members::default();
    for argument in arguments {
        let text = if argument == b"-" { read_stdin()? } else { argument.clone() };
        let document = parse("an argument of merge", &text)?;
        if document.root().first() != b'{' {
            return Err(said(&["merge takes objects, and not a value of type ", type_of(document.root())]));
        }
        for (name, value) in document.root().members() {
            members.0.push((string("a name", &unescaped(name))?, on_one_line(value.raw()).into_owned()));
        }
    }
    members.write(out)
}

/// For the language runtime for shell: reads a line of the protocol of language runtimes, and prints its id without quotes, its context
/// and its event, a line each. Finds nothing at the end of stdin.
fn call(out: &mut Vec<u8>) -> Result<bool, String> {
    let read = Lines::default().wait_for_next(&mut sys::inherited(0));
    let Some(text) = read.map_err(|error| cannot_read(b"stdin", &error))? else { return Ok(false) };
    let mut parts = [&b""[..]; 3];
    let read = read_members(&text, &mut |name, value, _| {
        let place = [&b"id"[..], b"context", b"event"].iter().position(|part| *part == name);
        if let Some(part) = place.and_then(|place| parts.get_mut(place)) {
            *part = value;
        }
    });
    read.map_err(|why| said(&["a call is not JSON: ", &why.to_string()]))?;
    let [id, context, event] = parts;
    line(id.get(1..id.len().saturating_sub(1)).unwrap_or_default(), out)?;
    line(context, out)?;
    line(event, out).map(|()| true)
}

/// For the language runtime for shell: prints stdin, without white space at its end, as a JSON string. U+FFFD takes the place of what is
/// not UTF-8.
fn message(out: &mut Vec<u8>) -> Result<bool, String> {
    let text = read_stdin()?;
    let text = String::from_utf8_lossy(text.trim_ascii_end());
    line(&string("the message", text.as_bytes())?, out).map(|()| true)
}
