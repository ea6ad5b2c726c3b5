//! Other values in error bodies.

use serde_json::{Map, Value};

/// The first of some properties that is not null.
pub fn any<'a>(body: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    let mut found = names.iter().filter_map(|name| body.get(*name));
    found.find(|value| !value.is_null())
}
