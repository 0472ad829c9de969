//! Values of JSON, compared as languages may have them.

use serde_json::Value;

/// Whether a value has come back. Many languages have one type for empty objects and arrays, and one for all numbers.
pub fn same(sent: &Value, came: &Value) -> bool {
    match (sent, came) {
        (Value::Number(sent), Value::Number(came)) => sent == came || sent.as_f64() == came.as_f64(),
        (Value::Array(sent), Value::Array(came)) => {
            sent.len() == came.len() && sent.iter().zip(came).all(|(sent, came)| same(sent, came))
        }
        (Value::Object(sent), Value::Object(came)) => {
            let is_there = |(name, value)| came.get(name).is_some_and(|came| same(value, came));
            sent.len() == came.len() && sent.iter().all(is_there)
        }
        (Value::Object(object), Value::Array(array)) | (Value::Array(array), Value::Object(object)) => {
            object.is_empty() && array.is_empty()
        }
        _ => sent == came,
    }
}

/// Whether a member of a context says nothing. PHP has `false` for a variable that is not set.
pub fn is_absent(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.is_null() || value == "" || value == false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_languages_do_not_tell_apart_is_the_same() {
        assert!(same(&json!({"a": [{}, 1.0]}), &json!({"a": [[], 1]})));
        assert!(same(&json!([]), &json!({})));
        for (sent, came) in [
            (json!([0]), json!({"0": 0})),
            (json!(0), json!(null)),
            (json!({"a": 1}), json!({"b": 1})),
            (json!("1"), json!(1)),
        ] {
            assert!(!same(&sent, &came), "{sent} {came}");
        }
    }
}
