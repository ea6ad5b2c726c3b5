//! A value that is not as the API describes it.

use std::fmt;

/// Where a value is not as described, and what was expected. Never holds the value: it may be a secret.
#[derive(Debug)]
pub struct Mismatch {
    /// Innermost first.
    pub path: Vec<String>,
    pub expected: String,
}

impl Mismatch {
    pub fn new(expected: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            expected: expected.into(),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, place) in self.path.iter().rev().enumerate() {
            f.write_str(if number == 0 { "" } else { "/" })?;
            f.write_str(place)?;
        }
        f.write_str(if self.path.is_empty() { "" } else { ": " })?;
        f.write_str(&self.expected)
    }
}
