//! Regular expressions.

use regex_lite::Regex;

use super::{ensure, Constraint};
use crate::mismatch::Mismatch;

/// Some part of the string matches.
pub struct Pattern(pub &'static str);

impl Constraint<String> for Pattern {
    fn check(&self, value: &String) -> Result<(), Mismatch> {
        // A pattern that cannot be read matches nothing.
        let matches = Regex::new(self.0).is_ok_and(|regex| regex.is_match(value));
        ensure(matches, || format!("expected a match for {}", self.0))
    }
}
