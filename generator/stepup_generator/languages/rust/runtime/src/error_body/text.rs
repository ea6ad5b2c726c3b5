//! Texts in error bodies.

use serde_json::{Map, Value};

/// The first of some properties that is a string.
pub fn text<'a>(body: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| body.get(*name)?.as_str())
}
