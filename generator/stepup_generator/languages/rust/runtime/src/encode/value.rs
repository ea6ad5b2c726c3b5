//! Values of Rust as JSON.

use std::collections::BTreeMap;

use serde_json::{Number, Value};
use uuid::Uuid;

use crate::constraint::{all, Constraint};
use crate::mismatch::Mismatch;
use crate::secret::Secret;
use crate::within::within;

/// A type that a request may hold.
pub trait Encode {
    fn encode(&self) -> Result<Value, Mismatch>;
}

/// Encodes a value that has to meet constraints.
pub fn value<T: Encode>(value: &T, constraints: &[&dyn Constraint<T>]) -> Result<Value, Mismatch> {
    all(value, constraints)?;
    value.encode()
}

impl Encode for String {
    fn encode(&self) -> Result<Value, Mismatch> {
        Ok(Value::String(self.clone()))
    }
}

impl Encode for Uuid {
    fn encode(&self) -> Result<Value, Mismatch> {
        Ok(Value::String(self.to_string()))
    }
}

impl Encode for i64 {
    fn encode(&self) -> Result<Value, Mismatch> {
        Ok(Value::from(*self))
    }
}

impl Encode for f64 {
    fn encode(&self) -> Result<Value, Mismatch> {
        let number = Number::from_f64(*self).map(Value::Number);
        number.ok_or_else(|| Mismatch::new("expected a finite number"))
    }
}

impl Encode for bool {
    fn encode(&self) -> Result<Value, Mismatch> {
        Ok(Value::Bool(*self))
    }
}

impl Encode for Value {
    fn encode(&self) -> Result<Value, Mismatch> {
        Ok(self.clone())
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self) -> Result<Value, Mismatch> {
        self.as_ref().map_or(Ok(Value::Null), T::encode)
    }
}

impl<T: Encode> Encode for Box<T> {
    fn encode(&self) -> Result<Value, Mismatch> {
        self.as_ref().encode()
    }
}

impl<T: Encode> Encode for Secret<T> {
    fn encode(&self) -> Result<Value, Mismatch> {
        self.expose().encode()
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self) -> Result<Value, Mismatch> {
        let items = self.iter().enumerate();
        items
            .map(|(index, item)| within(index, item.encode()))
            .collect()
    }
}

impl<T: Encode> Encode for BTreeMap<String, T> {
    fn encode(&self) -> Result<Value, Mismatch> {
        let entries = self.iter();
        entries
            .map(|(key, item)| Ok((key.clone(), within("*", item.encode())?)))
            .collect()
    }
}
