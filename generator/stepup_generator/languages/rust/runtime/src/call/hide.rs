//! Arguments that must not be shown.

use serde_json::Value;

use super::Request;
use crate::encode::Encode;

impl Request {
    /// Keeps an argument out of every error, even where the server repeats it.
    pub fn hide<T: Encode>(&mut self, argument: Option<&T>) {
        if let Some(Ok(Value::String(secret))) = argument.map(T::encode) {
            self.secrets.push(secret);
        }
    }
}
