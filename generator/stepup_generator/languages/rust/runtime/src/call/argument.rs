//! Arguments of calls.

use serde_json::Value;

use super::Request;
use crate::constraint::Constraint;
use crate::encode::{value, Encode};
use crate::errors::Problem;

impl Request {
    /// An argument as JSON, if there is one; what is wrong with it is noted.
    pub fn encoded<T: Encode>(
        &mut self,
        wire: &'static str,
        argument: Option<&T>,
        constraints: &[&dyn Constraint<T>],
    ) -> Option<Value> {
        let encoded = value(argument?, constraints);
        let noted = encoded.map_err(|mismatch| self.note(wire, mismatch.to_string()));
        noted.ok()
    }

    pub fn note(&mut self, wire: &'static str, problem: impl Into<String>) {
        self.problems.push(Problem::new(wire, problem));
    }
}
