//! Parameters in the query.

use serde_json::Value;

use super::{text, Request};
use crate::constraint::Constraint;
use crate::encode::Encode;

impl Request {
    /// An array is sent as one parameter for each item.
    pub fn query<T: Encode>(
        &mut self,
        wire: &'static str,
        argument: Option<&T>,
        constraints: &[&dyn Constraint<T>],
    ) {
        match self.encoded(wire, argument, constraints) {
            Some(Value::Array(items)) => {
                let texts = items.iter().map(|item| (wire, text(item)));
                self.query.extend(texts);
            }
            Some(value) => self.query.push((wire, text(&value))),
            None => {}
        }
    }
}
