//! Variants of a newer API.

use std::fmt;

use serde_json::{Map, Value};

/// A variant of a union that this version does not know.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct UnknownVariant {
    /// What tells it apart.
    pub tag: String,
    /// The whole object as it was received; no debug output shows it.
    pub raw: Map<String, Value>,
}

impl fmt::Debug for UnknownVariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("UnknownVariant");
        shown.field("tag", &self.tag).finish_non_exhaustive()
    }
}
