//! Bodies that are one argument.

use super::Request;
use crate::constraint::Constraint;
use crate::encode::Encode;

impl Request {
    pub fn body<T: Encode>(&mut self, argument: Option<&T>, constraints: &[&dyn Constraint<T>]) {
        self.body = self.encoded("body", argument, constraints);
    }
}
