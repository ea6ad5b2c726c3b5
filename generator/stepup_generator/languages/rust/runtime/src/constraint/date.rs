//! Dates.

use super::{ensure, is_date, Constraint};
use crate::mismatch::Mismatch;

/// A date such as `2026-02-28`: RFC 3339 `full-date`.
pub struct Date;

impl Constraint<String> for Date {
    fn check(&self, value: &String) -> Result<(), Mismatch> {
        ensure(is_date(value.as_bytes()), || {
            "expected a date such as 2026-02-28".into()
        })
    }
}
