//! Dates with times.

use super::{ensure, is_date, number, Constraint};
use crate::mismatch::Mismatch;

/// A date and time such as `2026-02-28T09:30:00Z`: RFC 3339 `date-time`.
pub struct DateTime;

impl Constraint<String> for DateTime {
    fn check(&self, value: &String) -> Result<(), Mismatch> {
        ensure(is_date_time(value.as_bytes()), || {
            "expected a date and time such as 2026-02-28T09:30:00Z".into()
        })
    }
}

fn is_date_time(text: &[u8]) -> bool {
    let Some((date, time)) = text.split_at_checked(10) else {
        return false;
    };
    let [b'T' | b't', h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = time else {
        return false;
    };
    // A second 60 is a leap second.
    let clock = number(&[*h1, *h2], 0..=23) && number(&[*m1, *m2], 0..=59);
    is_date(date) && clock && number(&[*s1, *s2], 0..=60) && is_offset(without_fraction(rest))
}

/// What follows a fraction of a second, if there is one.
fn without_fraction(text: &[u8]) -> &[u8] {
    let Some((b'.', fraction)) = text.split_first() else {
        return text;
    };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit());
    match digits.count() {
        0 => text,
        count => fraction.get(count..).unwrap_or_default(),
    }
}

fn is_offset(text: &[u8]) -> bool {
    match text {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => {
            number(&[*h1, *h2], 0..=23) && number(&[*m1, *m2], 0..=59)
        }
        _ => false,
    }
}
