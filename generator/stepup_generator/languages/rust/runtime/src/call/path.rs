//! Parameters in the path.

use super::{text, Request};
use crate::constraint::Constraint;
use crate::encode::Encode;

impl Request {
    pub fn path<T: Encode>(
        &mut self,
        wire: &'static str,
        argument: Option<&T>,
        constraints: &[&dyn Constraint<T>],
    ) {
        if let Some(value) = self.encoded(wire, argument, constraints) {
            match segment(&text(&value)) {
                Some(segment) => {
                    self.path = self.path.replace(&["{", wire, "}"].concat(), &segment)
                }
                None => self.note(wire, "expected a segment of a path"),
            }
        }
    }
}

/// A text as one segment of a path: everything but unreserved characters is encoded.
fn segment(value: &str) -> Option<String> {
    // RFC 3986 section 5.2.4: these would not stay segments.
    if ["", ".", ".."].contains(&value) {
        return None;
    }
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    Some(encoded)
}
