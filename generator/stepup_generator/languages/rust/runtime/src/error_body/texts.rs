//! Objects of texts in error bodies.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The strings in the first of some objects that is not empty.
pub fn texts(body: &Map<String, Value>, names: &[&str]) -> BTreeMap<String, String> {
    let objects = names.iter().filter_map(|name| body.get(*name)?.as_object());
    let found = objects.into_iter().find(|object| !object.is_empty());
    let entries = found.into_iter().flatten();
    entries
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}
