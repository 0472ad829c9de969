//! "Did you mean": finds the name that a misspelt one may stand for.

/// The text `did you mean `NAME`? `, with a space after it, or nothing if no name is similar.
pub fn hint<'a>(misspelt: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(misspelt, names).map_or(String::new(), |name| format!("did you mean `{name}`? "))
}

/// The name that the user may have meant. It differs in a third of its characters at most.
pub fn nearest<'a>(misspelt: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let names = names.into_iter().map(|name| (distance(misspelt, name), name));
    names.min().filter(|(distance, name)| distance * 3 <= name.len()).map(|(_, name)| name)
}

/// The Levenshtein distance: how many characters must be inserted, removed or changed. After each character of `one`,
/// `row` has the distances from that part of `one` to each beginning of `other`.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut before = i;
        row[0] = i + 1;
        for (j, b) in other.chars().enumerate() {
            let changed = before + usize::from(a != b);
            before = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(before + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_recognised() {
        let names = ["sqs", "dynamodb", "apigw-http-v2"];
        for (misspelt, meant) in [("sqqs", "sqs"), ("dynamo-db", "dynamodb"), ("apigw-http-v1", "apigw-http-v2")] {
            assert_eq!(nearest(misspelt, names), Some(meant));
        }
        assert_eq!((nearest("nonsense", names), nearest("", names)), (None, None));
        assert_eq!(hint("sqqs", names), "did you mean `sqs`? ");
    }
}
