//! Properties of bodies.

use serde_json::{Map, Value};

use super::Request;
use crate::constraint::Constraint;
use crate::encode::Encode;

impl Request {
    pub fn body_property<T: Encode>(
        &mut self,
        wire: &'static str,
        argument: Option<&T>,
        constraints: &[&dyn Constraint<T>],
    ) {
        let encoded = self.encoded(wire, argument, constraints);
        let body = self.body.get_or_insert_with(|| Value::Object(Map::new()));
        if let (Some(properties), Some(value)) = (body.as_object_mut(), encoded) {
            properties.insert(wire.to_owned(), value);
        }
    }
}
