//! YAML as CloudFormation, SAM and the Serverless Framework write it: with the short forms of intrinsic functions
//! (`!Ref`), anchors, and merge keys (`<<`).
//!
//! The tree is built from the parser's events, so that its depth and its size are limited while aliases are followed.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>,
//! <https://yaml.org/type/merge.html>

use super::node::Node;
use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use std::collections::{HashMap, HashSet};

const MAX_DEPTH: usize = 64;

/// How many values a file may have when its aliases are followed.
const MAX_VALUES: usize = 100_000;

const MAX_REPEATS: usize = 100;

/// A document as a tree. A tag becomes the long form: `!Sub x` is `{"Fn::Sub": x}`.
///
/// # Errors
/// It is not one document of YAML, or it is too deep or too large. The text says where.
pub fn parse(text: &str) -> Result<Node, String> {
    parse_with_repeats(text).map(|(root, _)| root)
}

/// A member that a map has more than once. The last one counts, as for SAM.
#[derive(Debug, PartialEq, Eq)]
pub struct Repeat {
    pub name: String,
    /// Counted from 1.
    pub line: usize,
}

/// The same, and what it has repeatedly.
///
/// # Errors
/// The same.
pub fn parse_with_repeats(text: &str) -> Result<(Node, Vec<Repeat>), String> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| scan_error(&error))?;
        let line = span.start.line();
        tree.add(event, line).map_err(|why| format!("line {line}: {why}"))?;
    }
    Ok((tree.root.unwrap_or(Node::Null), tree.repeats))
}

fn scan_error(error: &ScanError) -> String {
    format!("line {}: {}", error.marker().line(), error.info())
}

/// A list or a map that has begun.
struct Open {
    node: Node,
    /// The name of the member whose value comes next.
    key: Option<String>,
    /// The names so far.
    keys: HashSet<String>,
    tag: Option<String>,
    anchor: usize,
}

impl Open {
    /// Begins a member. True if there is one of this name: that one is taken out.
    fn begin_member(&mut self, node: &Node) -> Result<bool, String> {
        let key = match node {
            Node::Text(text) => text.clone(),
            Node::Null => String::new(),
            Node::List(_) | Node::Map(_) => return Err("a member's name is a list or a map".to_owned()),
        };
        let is_repeated = !self.keys.insert(key.clone()) && key != MERGE;
        if let (true, Node::Map(members)) = (is_repeated, &mut self.node) {
            members.retain(|(name, _)| *name != key);
        }
        self.key = Some(key);
        Ok(is_repeated)
    }
}

#[derive(Default)]
struct Tree {
    root: Option<Node>,
    open: Vec<Open>,
    /// What anchors name, and how many values each is.
    anchors: HashMap<usize, (Node, usize)>,
    values: usize,
    repeats: Vec<Repeat>,
}

impl Tree {
    fn add(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = scalar(&text, style, tag.as_deref());
                self.complete(tagged(node, name_of(tag.as_deref())), anchor, line)
            }
            Event::SequenceStart(_, anchor, tag) => self.begin(Node::List(Vec::new()), anchor, tag.as_deref()),
            Event::MappingStart(_, anchor, tag) => self.begin(Node::Map(Vec::new()), anchor, tag.as_deref()),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { node, tag, anchor, .. }) = self.open.pop() else { return Ok(()) };
                self.complete(tagged(merged(node)?, tag), anchor, line)
            }
            Event::Alias(anchor) => {
                let (node, size) = self.anchors.get(&anchor).ok_or("an alias within its own anchor")?;
                let (node, size) = (node, *size);
                self.values += size;
                self.check_size()?; // before the copy is made
                let node = node.clone();
                self.complete(node, 0, line)
            }
            Event::DocumentStart(..) if self.root.is_some() => Err("a second document begins".to_owned()),
            _ => Ok(()), // where documents and the stream begin and end
        }
    }

    fn begin(&mut self, node: Node, anchor: usize, tag: Option<&Tag>) -> Result<(), String> {
        if self.open.len() == MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} lists and maps within each other"));
        }
        self.open.push(Open { node, key: None, keys: HashSet::new(), tag: name_of(tag), anchor });
        Ok(())
    }

    fn complete(&mut self, node: Node, anchor: usize, line: usize) -> Result<(), String> {
        self.values += 1;
        self.check_size()?;
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size_of(&node)));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut open.node, open.key.take()) {
            (Node::List(items), _) => items.push(node),
            (Node::Map(members), Some(key)) => members.push((key, node)),
            (_, None) => {
                if open.begin_member(&node)? {
                    self.repeat(&node, line)?;
                }
            }
            (Node::Null | Node::Text(_), Some(_)) => {}
        }
        Ok(())
    }

    /// Each repeat costs a look through its map.
    fn repeat(&mut self, name: &Node, line: usize) -> Result<(), String> {
        let name = name.to_string();
        if self.repeats.len() == MAX_REPEATS {
            return Err(format!("more than {MAX_REPEATS} members are there twice; the last is {name}"));
        }
        self.repeats.push(Repeat { name, line });
        Ok(())
    }

    fn check_size(&self) -> Result<(), String> {
        if self.values > MAX_VALUES {
            return Err(format!("more than {MAX_VALUES} values, with those of aliases"));
        }
        Ok(())
    }
}

fn size_of(node: &Node) -> usize {
    let items = node.items().iter();
    let members = node.members().iter().map(|(_, value)| value);
    1 + items.chain(members).map(size_of).sum::<usize>()
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Node {
    let is_null = style == ScalarStyle::Plain && tag.is_none() && matches!(text, "" | "~" | "null" | "Null" | "NULL");
    if is_null { Node::Null } else { Node::text(text) }
}

/// The long name of an intrinsic function. None for the tags of YAML itself, such as `!!str`.
fn name_of(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| tag.handle() == "!" && !tag.suffix().is_empty())?;
    Some(match tag.suffix() {
        "Ref" | "Condition" => tag.suffix().to_owned(),
        other => format!("Fn::{other}"),
    })
}

fn tagged(node: Node, name: Option<String>) -> Node {
    match (name, node) {
        (None, node) => node,
        (Some(name), Node::Text(text)) if name == "Fn::GetAtt" => {
            let parts = text.split('.').map(Node::text).collect();
            Node::Map(vec![(name, Node::List(parts))])
        }
        (Some(name), node) => Node::Map(vec![(name, node)]),
    }
}

const MERGE: &str = "<<";

/// A map with the members of those that its `<<` names. Its own members win, then those of the first.
fn merged(node: Node) -> Result<Node, String> {
    let Node::Map(members) = node else { return Ok(node) };
    let (merges, mut members): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == MERGE);
    if merges.is_empty() {
        return Ok(Node::Map(members));
    }
    let mut names: HashSet<String> = members.iter().map(|(name, _)| name.clone()).collect();
    for (_, merge) in merges {
        let sources = match merge {
            Node::List(sources) => sources,
            one => vec![one],
        };
        for source in sources {
            let Node::Map(more) = source else { return Err("<< is not a map".to_owned()) };
            for (name, value) in more {
                if names.insert(name.clone()) {
                    members.push((name, value));
                }
            }
        }
    }
    Ok(Node::Map(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Node {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn tags_become_the_long_forms() {
        let node = parse(
            "a: !Ref B\nb: !GetAtt F.Arn\nc: !Join ['/', [x, !Sub '${Y}']]\nd: !If [c, 1, !Ref 'AWS::NoValue']\n",
        );
        let long = r#"{"a": {"Ref": "B"}, "b": {"Fn::GetAtt": ["F", "Arn"]}, "c": {"Fn::Join": ["/", ["x", {"Fn::Sub": "${Y}"}]]},
            "d": {"Fn::If": ["c", "1", {"Ref": "AWS::NoValue"}]}}"#;
        assert_eq!(node, Ok(json(long)));
    }

    #[test]
    fn scalars_keep_their_text() {
        let node = parse("a: 1.10\nb: 007\nc: ~\nd: ''\ne: !!str 12\nf: |\n  x\n  y\n").unwrap();
        assert_eq!(node, json(r#"{"a": "1.10", "b": "007", "c": null, "d": "", "e": "12", "f": "x\ny\n"}"#));
    }

    #[test]
    fn json_is_yaml_too() {
        assert_eq!(parse("{\"a\": [1, {\"b\":\n\t\"c\"}]}"), Ok(json(r#"{"a": ["1", {"b": "c"}]}"#)));
    }

    #[test]
    fn own_members_win_over_merged_ones() {
        let text = "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\nboth:\n  <<: [*base, *more]\n  a: 0\n";
        assert_eq!(parse(text).unwrap().get("both"), Some(&json(r#"{"a": "0", "b": "2", "c": "4"}"#)));
    }

    #[test]
    fn an_alias_bomb_is_refused_before_it_grows() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..40 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        assert!(parse(&bomb).unwrap_err().contains("more than 100000 values"));
        assert!(parse("a: &a [*a]").unwrap_err().contains("alias"));
    }

    #[test]
    fn depth_is_limited() {
        assert!(parse(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
        for deep in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(65)] {
            assert!(parse(&deep).is_err());
        }
    }

    #[test]
    fn of_a_repeated_member_the_last_counts() {
        let (root, repeats) = parse_with_repeats("a: 1\nb: 2\na: 3\n").unwrap();
        assert_eq!((root, repeats), (json(r#"{"b": "2", "a": "3"}"#), vec![Repeat { name: "a".to_owned(), line: 3 }]));
        assert!(parse(&"a: 1\n".repeat(200)).is_err());
    }

    #[test]
    fn a_bracket_may_stand_below_its_member() {
        assert_eq!(
            parse("a:\n  b: [\n    1\n  ]\n  c: {\n  x: y\n  }\n"),
            Ok(json(r#"{"a": {"b": ["1"], "c": {"x": "y"}}}"#))
        );
    }

    #[test]
    fn what_is_ambiguous_is_an_error_with_its_line() {
        assert!(parse("a: 1\n---\nb: 2\n").unwrap_err().contains("second document"));
        assert!(parse("a: 1\n  b: 2\n").unwrap_err().starts_with("line 2: "));
        assert!(parse("[a, b]: 1\n").is_err());
        assert_eq!(parse(""), Ok(Node::Null));
    }
}
