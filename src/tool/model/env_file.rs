//! Reads files with environment variables, `.env`, as the tools do that developers know such files from: the packages
//! dotenv and python-dotenv, `node --env-file`, and Docker.
//!
//! Where these differ, the rule is the one that loses nothing: `$` is not expanded.

use std::fmt;

/// A line that cannot be read. It holds no value, as values may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Counted from 1.
    line: usize,
    why: &'static str,
}

impl fmt::Display for BadLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: {}", self.line, self.why)
    }
}

/// A variable of a file. Without a value it takes the one of our own environment.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub value: Option<String>,
    /// Counted from 1.
    pub line: usize,
}

/// The variables in the order of the file. A name may come twice.
///
/// # Errors
/// The first line that cannot be read.
pub fn parse(text: &str) -> Result<Vec<Entry>, BadLine> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, rest: text };
    let mut entries = Vec::new();
    while let Some(entry) = reader.entry()? {
        entries.push(entry);
    }
    Ok(entries)
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// The next variable. None at the end of the file.
    fn entry(&mut self) -> Result<Option<Entry>, BadLine> {
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.chars().next() {
                None => return Ok(None),
                Some('#') => self.skip_line(),
                Some(_) => break,
            }
        }
        let line = self.line();
        if let Some(exported) = self.rest.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])) {
            self.rest = exported.trim_start_matches([' ', '\t']);
        }
        let name = self.name()?;
        self.skip_blanks();
        let value = match self.rest.strip_prefix('=') {
            Some(rest) => {
                self.rest = rest;
                Some(self.value()?)
            }
            None => self.end_of_line("an = is missing after the name").map(|()| None)?,
        };
        match &value {
            Some(value) if value.contains('\0') => Err(BadLine { line, why: "a value cannot hold a NUL byte" }),
            _ => Ok(Some(Entry { name, value, line })),
        }
    }

    fn name(&mut self) -> Result<String, BadLine> {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
        let end = self.rest.find(|letter| !is_part(letter)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            return Err(self.bad("NAME=VALUE is expected, where a name begins with a letter or _"));
        }
        self.rest = rest;
        Ok(name.to_owned())
    }

    fn value(&mut self) -> Result<String, BadLine> {
        self.skip_blanks();
        match self.rest.chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => {
                let value = self.quoted(quote)?;
                self.end_of_line("only a comment may follow the closing quote").map(|()| value)
            }
            _ => Ok(self.unquoted()),
        }
    }

    /// The text up to the end of the line, or up to a comment.
    fn unquoted(&mut self) -> String {
        let line = self.rest.split('\n').next().unwrap_or_default();
        self.rest = &self.rest[line.len()..];
        let is_comment = |at: &usize| line[..*at].ends_with([' ', '\t']) || *at == 0;
        let end = line.match_indices('#').map(|(at, _)| at).find(is_comment).unwrap_or(line.len());
        line[..end].trim().to_owned()
    }

    /// The text between quotes, which may have several lines. Only in double quotes a backslash has a meaning.
    fn quoted(&mut self, quote: char) -> Result<String, BadLine> {
        let unclosed = self.bad("the quote that begins the value is not closed");
        let mut value = String::new();
        let mut letters = self.rest[1..].chars();
        loop {
            match letters.next().ok_or(unclosed)? {
                letter if letter == quote => break,
                '\\' if quote == '"' => unescape(letters.next().ok_or(unclosed)?, &mut value),
                '\r' if letters.as_str().starts_with('\n') => {} // the file has the line ends of Windows
                letter => value.push(letter),
            }
        }
        self.rest = letters.as_str();
        Ok(value)
    }

    fn end_of_line(&mut self, otherwise: &'static str) -> Result<(), BadLine> {
        self.skip_blanks();
        match self.rest.chars().next() {
            None | Some('\n' | '\r') => Ok(()),
            Some('#') => {
                self.skip_line();
                Ok(())
            }
            Some(_) => Err(self.bad(otherwise)),
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn skip_line(&mut self) {
        self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
    }

    fn line(&self) -> usize {
        let read = &self.text[..self.text.len() - self.rest.len()];
        read.matches('\n').count() + 1
    }

    fn bad(&self, why: &'static str) -> BadLine {
        BadLine { line: self.line(), why }
    }
}

/// What a backslash and this letter mean in double quotes. An unknown one means both.
fn unescape(letter: char, value: &mut String) {
    match letter {
        'n' => value.push('\n'),
        'r' => value.push('\r'),
        't' => value.push('\t'),
        '"' | '\\' | '$' => value.push(letter),
        other => value.extend(['\\', other]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> String {
        let mut entries = parse(text).unwrap();
        assert_eq!(entries.len(), 1, "{text}");
        entries.pop().unwrap().value.unwrap()
    }

    fn fails(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn comments_blank_lines_and_export_are_no_part_of_a_value() {
        for text in ["A=b", "  A = b  ", "export A=b", "export\tA=b", "A=b # c", "A=b\t#c", "# x\n\nA=b\n#y", "A=b\r\n"]
        {
            assert_eq!(value(text), "b", "{text}");
        }
        assert_eq!(value("\u{feff}A=b"), "b");
        assert_eq!(value("A=b#c d"), "b#c d");
        assert_eq!(value("A=#c"), "");
        assert_eq!(value("A="), "");
        assert_eq!(value("A=b=c"), "b=c");
        assert_eq!(parse("export=b").unwrap()[0].name, "export");
    }

    #[test]
    fn quotes_keep_blanks_comments_and_line_ends() {
        assert_eq!(value("A=' b # c '"), " b # c ");
        assert_eq!(value("A=\"b\nc\" # d"), "b\nc");
        assert_eq!(value("A='b\r\nc'"), "b\nc");
        assert_eq!(value("A=`b \"c\" 'd'`"), "b \"c\" 'd'");
        assert_eq!(value("A=it's"), "it's");
    }

    #[test]
    fn a_backslash_has_a_meaning_in_double_quotes_alone() {
        assert_eq!(value(r#"A="a\nb\tc\"d\\e\$f\w""#), "a\nb\tc\"d\\e$f\\w");
        assert_eq!(value(r"A='a\nb'"), r"a\nb");
        assert_eq!(value(r"A=a\nb"), r"a\nb");
    }

    #[test]
    fn nothing_is_expanded() {
        assert_eq!(value("A=$HOME/${B}"), "$HOME/${B}");
        assert_eq!(value("A=\"$HOME\""), "$HOME");
    }

    #[test]
    fn a_name_alone_takes_the_value_of_our_environment() {
        let entries = parse("A # mine\nB=1").unwrap();
        assert_eq!(entries[0], Entry { name: "A".to_owned(), value: None, line: 1 });
        assert_eq!(entries[1].line, 2);
    }

    #[test]
    fn an_error_names_the_line_and_no_value() {
        assert_eq!(fails("A=1\n\n=secret"), "line 3: NAME=VALUE is expected, where a name begins with a letter or _");
        assert_eq!(fails("A=1\nB secret"), "line 2: an = is missing after the name");
        assert_eq!(fails("A='1\n2'\nB='secret\n"), "line 3: the quote that begins the value is not closed");
        assert_eq!(fails("A='1\n2' secret"), "line 2: only a comment may follow the closing quote");
        assert_eq!(fails("A=\"b\\"), "line 1: the quote that begins the value is not closed");
        assert_eq!(fails("A=1\nB=a\0b"), "line 2: a value cannot hold a NUL byte");
        assert!(fails("1A=b").starts_with("line 1"));
    }
}
