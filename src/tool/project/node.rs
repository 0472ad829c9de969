//! A value of a project's file, whatever the format: YAML, JSON or TOML.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// A scalar keeps its text: `1.10`, `007` and `true` are what the author wrote. Members keep their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    pub fn text(text: impl Into<String>) -> Node {
        Node::Text(text.into())
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            Node::Null | Node::List(_) | Node::Map(_) => None,
        }
    }

    /// None if it is neither true nor false, in any case.
    pub fn as_bool(&self) -> Option<bool> {
        match self.as_text()?.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    pub fn get(&self, name: &str) -> Option<&Node> {
        self.members().iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// Those of a map. Anything else has none.
    pub fn members(&self) -> &[(String, Node)] {
        match self {
            Node::Map(members) => members,
            Node::Null | Node::Text(_) | Node::List(_) => &[],
        }
    }

    /// Those of a list. Anything else has none.
    pub fn items(&self) -> &[Node] {
        match self {
            Node::List(items) => items,
            Node::Null | Node::Text(_) | Node::Map(_) => &[],
        }
    }

    /// Of a map with one member: its name and value.
    pub fn only_member(&self) -> Option<(&str, &Node)> {
        match self.members() {
            [(name, value)] => Some((name, value)),
            _ => None,
        }
    }
}

/// How many characters of a value a message has.
const LONGEST: usize = 100;

/// In one line, for messages. A long one is cut.
impl fmt::Display for Node {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        write_line(self, &mut line);
        match line.char_indices().nth(LONGEST) {
            Some((end, _)) => write!(out, "{}…", &line[..end]),
            None => out.write_str(&line),
        }
    }
}

/// Writes enough for a message, of a value of any size.
fn write_line(node: &Node, line: &mut String) {
    match node {
        Node::Null => line.push_str("null"),
        Node::Text(text) => {
            line.extend(text.chars().take(LONGEST + 1).map(|letter| if letter.is_control() { ' ' } else { letter }));
        }
        Node::List(items) => {
            line.push('[');
            for (index, item) in items.iter().enumerate() {
                line.push_str(if index == 0 { "" } else { ", " });
                write_line(item, line);
                if line.len() > 4 * LONGEST {
                    return; // it is cut anyway
                }
            }
            line.push(']');
        }
        Node::Map(members) => {
            line.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                line.push_str(if index == 0 { "" } else { ", " });
                line.push_str(name);
                line.push_str(": ");
                write_line(value, line);
                if line.len() > 4 * LONGEST {
                    return;
                }
            }
            line.push('}');
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Node, D::Error> {
        from.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::text(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let (mut map, mut names) = (Vec::new(), HashSet::new());
        while let Some((name, value)) = members.next_entry::<String, Node>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("the member {name} is there twice")));
            }
            map.push((name, value));
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_the_order_of_members() {
        let node: Node = serde_json::from_str(r#"{"b": [1, true, null], "a": "x"}"#).unwrap();
        let list = Node::List(vec![Node::text("1"), Node::text("true"), Node::Null]);
        assert_eq!(node, Node::Map(vec![("b".to_owned(), list), ("a".to_owned(), Node::text("x"))]));
    }

    #[test]
    fn a_message_has_one_short_line() {
        let node: Node = serde_json::from_str(r#"{"Ref": ["a\nb", null]}"#).unwrap();
        assert_eq!(node.to_string(), "{Ref: [a b, null]}");
        let long = Node::List(vec![Node::text("ü".repeat(1000)); 1000]);
        assert_eq!(long.to_string().chars().count(), 101);
    }
}
