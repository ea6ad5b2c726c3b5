//! Arguments outside bodies.

use serde_json::Value;

/// A value as it is sent in a path, query or header.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
