//! What dates and times are made of: RFC 3339 section 5.6.

use std::ops::RangeInclusive;

/// Is it a `full-date`, of a day that exists?
pub fn is_date(text: &[u8]) -> bool {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return false;
    };
    let year = value(&[*y1, *y2, *y3, *y4]);
    let leap = year.is_some_and(|year| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let days = match value(&[*m1, *m2]) {
        Some(1 | 3 | 5 | 7 | 8 | 10 | 12) => 31,
        Some(4 | 6 | 9 | 11) => 30,
        Some(2) if leap => 29,
        Some(2) => 28,
        _ => return false,
    };
    year.is_some() && number(&[*d1, *d2], 1..=days)
}

/// Is it a number in a range, in digits alone?
pub fn number(digits: &[u8], range: RangeInclusive<u32>) -> bool {
    value(digits).is_some_and(|value| range.contains(&value))
}

fn value(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        Some(value * 10 + digit)
    })
}
