//! Values that must not be shown.

use std::fmt;

/// A value that no debug output shows; [`expose`](Secret::expose) gives it.
///
/// ```
/// use stepup_runtime::Secret;
///
/// let code = Secret::from("123456");
/// assert_eq!(format!("{code:?}"), "***");
/// assert_eq!(code.expose(), "123456");
/// ```
#[derive(Clone, PartialEq)]
pub struct Secret<T = String>(T);

impl<T> Secret<T> {
    /// Hides a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Keep it out of logs.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The value itself, no longer hidden.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
