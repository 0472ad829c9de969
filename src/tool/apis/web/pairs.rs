//! The members of an object, in their order: headers go out as the function writes them.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

pub struct Pairs(Vec<(String, Value)>);

pub fn pairs(headers: Option<&Pairs>) -> Vec<(String, Value)> {
    headers.map(|pairs| pairs.0.clone()).unwrap_or_default()
}

/// A pair for each value of a list.
///
/// # Errors
/// A value is no list.
pub fn lists(headers: Option<&Pairs>) -> Result<Vec<(String, Value)>, String> {
    let mut all = Vec::new();
    for (name, values) in pairs(headers) {
        let Value::Array(values) = values else {
            return Err(format!("its multiValueHeaders has no list for {name:?}"));
        };
        all.extend(values.into_iter().map(|value| (name.clone(), value)));
    }
    Ok(all)
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Pairs, D::Error> {
        from.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}
