//! The environment of this tool itself.

use std::collections::BTreeMap;

/// Variables by name, as far as they are UTF-8.
pub type Own = BTreeMap<String, String>;

pub fn own_environment() -> Own {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
