//! Parameters in headers.

use super::{header, text, Request, PRINTABLE};
use crate::constraint::Constraint;
use crate::encode::Encode;

impl Request {
    pub fn header<T: Encode>(
        &mut self,
        wire: &'static str,
        argument: Option<&T>,
        constraints: &[&dyn Constraint<T>],
    ) {
        if let Some(value) = self.encoded(wire, argument, constraints) {
            match header(wire, &text(&value)) {
                Some(pair) => self.headers.extend([pair]),
                None => self.note(wire, PRINTABLE),
            }
        }
    }
}
