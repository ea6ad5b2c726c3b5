//! How values look on the wire, and what is checked of them in either direction.
//!
//! Reading fails closed on what a caller relies on (types, constants, required fields, emptiness) and lets everything
//! newer through: unknown fields, enum values and variants. Writing checks what the API bounds, before anything is
//! sent. Patterns and formats are left to the server. No message here holds a value: it may be a secret.

// The whole vocabulary stands here; a document need not use all of it.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, RangeBounds};

use serde_json::{Map, Number, Value};
use uuid::Uuid;

use crate::secret::Secret;
use crate::UnknownVariant;

/// A value is not as the API describes it: where, and what was wanted.
#[derive(Debug)]
pub(crate) struct Mismatch {
    /// Innermost first.
    at: Vec<String>,
    wanted: String,
}

impl Mismatch {
    pub(crate) fn new(wanted: impl Into<String>) -> Self {
        Self {
            at: Vec::new(),
            wanted: wanted.into(),
        }
    }

    fn within(mut self, place: impl Into<String>) -> Self {
        self.at.push(place.into());
        self
    }

    /// Without the place, where it is known.
    pub(crate) fn into_parts(self) -> (Option<String>, String) {
        let place: Vec<String> = self.at.into_iter().rev().collect();
        ((!place.is_empty()).then(|| place.join("/")), self.wanted)
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, place) in self.at.iter().rev().enumerate() {
            f.write_str(if number == 0 { "" } else { "/" })?;
            f.write_str(place)?;
        }
        f.write_str(if self.at.is_empty() { "" } else { ": " })?;
        f.write_str(&self.wanted)
    }
}

fn check(holds: bool, wanted: impl FnOnce() -> String) -> Result<(), Mismatch> {
    if holds {
        Ok(())
    } else {
        Err(Mismatch::new(wanted()))
    }
}

/// What one kind of value is.
pub(crate) trait Shape {
    type Value;
    /// Whether the value must not be shown.
    const SECRET: bool = false;
}

/// A shape of what an answer holds.
pub(crate) trait Read: Shape {
    fn read(&self, value: &Value) -> Result<Self::Value, Mismatch>;
}

/// A shape of what a request holds.
pub(crate) trait Write: Shape {
    fn write(&self, value: &Self::Value) -> Result<Value, Mismatch>;
}

pub(crate) fn read<S: Read>(value: &Value, shape: S) -> Result<S::Value, Mismatch> {
    shape.read(value)
}

pub(crate) fn write<S: Write>(value: &S::Value, shape: S) -> Result<Value, Mismatch> {
    shape.write(value)
}

/// Lower and upper bound.
struct Limits<T>(Bound<T>, Bound<T>);

impl<T: Copy + PartialOrd + fmt::Display> Limits<T> {
    fn of(range: impl RangeBounds<T>) -> Self {
        Self(range.start_bound().cloned(), range.end_bound().cloned())
    }

    fn check(&self, value: T, what: &str) -> Result<(), Mismatch> {
        let (holds, wanted) = match self.0 {
            Bound::Included(least) => (value >= least, format!("at least {least}")),
            Bound::Excluded(least) => (value > least, format!("more than {least}")),
            Bound::Unbounded => (true, String::new()),
        };
        check(holds, || format!("wanted {wanted}{what}"))?;
        let (holds, wanted) = match self.1 {
            Bound::Included(most) => (value <= most, format!("at most {most}")),
            Bound::Excluded(most) => (value < most, format!("less than {most}")),
            Bound::Unbounded => (true, String::new()),
        };
        check(holds, || format!("wanted {wanted}{what}"))
    }
}

impl Limits<usize> {
    fn forbid_empty(&self) -> bool {
        matches!(self.0, Bound::Included(least) if least > 0)
    }
}

/// A text; lengths are in characters.
pub(crate) struct Text(Limits<usize>, &'static [&'static str]);

pub(crate) fn text(length: impl RangeBounds<usize>) -> Text {
    Text(Limits::of(length), &[])
}

/// One of some texts. When reading it may be another one, of a newer API.
pub(crate) fn text_of(values: &'static [&'static str]) -> Text {
    Text(Limits::of(..), values)
}

impl Shape for Text {
    type Value = String;
}

impl Read for Text {
    fn read(&self, value: &Value) -> Result<String, Mismatch> {
        let found = str_of(value)?;
        check(!found.is_empty() || !self.0.forbid_empty(), || {
            "wanted a string that is not empty".into()
        })?;
        Ok(found.to_owned())
    }
}

impl Write for Text {
    fn write(&self, value: &String) -> Result<Value, Mismatch> {
        let known = self.1.is_empty() || self.1.contains(&value.as_str());
        check(known, || format!("wanted one of {}", self.1.join(", ")))?;
        self.0.check(value.chars().count(), " characters")?;
        Ok(Value::String(value.clone()))
    }
}

/// The text that a value is.
pub(crate) fn str_of(value: &Value) -> Result<&str, Mismatch> {
    value
        .as_str()
        .ok_or_else(|| Mismatch::new("wanted a string"))
}

/// A UUID.
pub(crate) struct Id;

impl Shape for Id {
    type Value = Uuid;
}

impl Read for Id {
    fn read(&self, value: &Value) -> Result<Uuid, Mismatch> {
        Uuid::parse_str(str_of(value)?).map_err(|_| Mismatch::new("wanted a UUID"))
    }
}

impl Write for Id {
    fn write(&self, value: &Uuid) -> Result<Value, Mismatch> {
        Ok(Value::String(value.to_string()))
    }
}

/// An integer. JSON Schema counts 60.0 as one.
pub(crate) struct Whole(Limits<i64>, &'static [i64]);

pub(crate) fn whole(range: impl RangeBounds<i64>) -> Whole {
    Whole(Limits::of(range), &[])
}

/// One of some integers. When reading it may be another one, of a newer API.
pub(crate) fn whole_of(values: &'static [i64]) -> Whole {
    Whole(Limits::of(..), values)
}

impl Shape for Whole {
    type Value = i64;
}

impl Read for Whole {
    fn read(&self, value: &Value) -> Result<i64, Mismatch> {
        i64_of(value)
    }
}

impl Write for Whole {
    fn write(&self, value: &i64) -> Result<Value, Mismatch> {
        check(self.1.is_empty() || self.1.contains(value), || {
            let values: Vec<String> = self.1.iter().map(i64::to_string).collect();
            format!("wanted one of {}", values.join(", "))
        })?;
        self.0.check(*value, "")?;
        Ok(Value::from(*value))
    }
}

/// The integer that a value is.
pub(crate) fn i64_of(value: &Value) -> Result<i64, Mismatch> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value
        .as_i64()
        .or_else(|| {
            let float = value.as_f64()?;
            // Beyond 2^53 a float is not exact.
            (float.fract() == 0.0 && float.abs() < EXACT).then_some(float as i64)
        })
        .ok_or_else(|| Mismatch::new("wanted an integer"))
}

/// A finite number.
pub(crate) struct Decimal(Limits<f64>, &'static [f64]);

pub(crate) fn decimal(range: impl RangeBounds<f64>) -> Decimal {
    Decimal(Limits::of(range), &[])
}

/// One of some numbers. When reading it may be another one, of a newer API.
pub(crate) fn decimal_of(values: &'static [f64]) -> Decimal {
    Decimal(Limits::of(..), values)
}

impl Shape for Decimal {
    type Value = f64;
}

impl Read for Decimal {
    fn read(&self, value: &Value) -> Result<f64, Mismatch> {
        value
            .as_f64()
            .ok_or_else(|| Mismatch::new("wanted a number"))
    }
}

impl Write for Decimal {
    fn write(&self, value: &f64) -> Result<Value, Mismatch> {
        check(self.1.is_empty() || self.1.contains(value), || {
            let values: Vec<String> = self.1.iter().map(f64::to_string).collect();
            format!("wanted one of {}", values.join(", "))
        })?;
        self.0.check(*value, "")?;
        let number = Number::from_f64(*value);
        number
            .map(Value::Number)
            .ok_or_else(|| Mismatch::new("wanted a finite number"))
    }
}

/// True or false.
pub(crate) struct Flag;

impl Shape for Flag {
    type Value = bool;
}

impl Read for Flag {
    fn read(&self, value: &Value) -> Result<bool, Mismatch> {
        value
            .as_bool()
            .ok_or_else(|| Mismatch::new("wanted true or false"))
    }
}

impl Write for Flag {
    fn write(&self, value: &bool) -> Result<Value, Mismatch> {
        Ok(Value::Bool(*value))
    }
}

/// Any JSON.
pub(crate) struct Anything;

impl Shape for Anything {
    type Value = Value;
}

impl Read for Anything {
    fn read(&self, value: &Value) -> Result<Value, Mismatch> {
        Ok(value.clone())
    }
}

impl Write for Anything {
    fn write(&self, value: &Value) -> Result<Value, Mismatch> {
        Ok(value.clone())
    }
}

/// Exactly one value, of exactly its type: 1 and "true" are not true.
pub(crate) struct Constant<T>(T);

pub(crate) fn constant<T>(value: T) -> Constant<T> {
    Constant(value)
}

impl<T> Shape for Constant<T> {
    type Value = T;
}

impl<T: Clone + Into<Value>> Read for Constant<T> {
    fn read(&self, value: &Value) -> Result<T, Mismatch> {
        let wanted: Value = self.0.clone().into();
        check(*value == wanted, || format!("wanted {wanted}"))?;
        Ok(self.0.clone())
    }
}

impl<T: Clone + Into<Value>> Write for Constant<T> {
    fn write(&self, value: &T) -> Result<Value, Mismatch> {
        let (wanted, value): (Value, Value) = (self.0.clone().into(), value.clone().into());
        check(value == wanted, || format!("wanted {wanted}"))?;
        Ok(wanted)
    }
}

/// Something, or null.
pub(crate) struct Nullable<S>(S);

pub(crate) fn nullable<S>(shape: S) -> Nullable<S> {
    Nullable(shape)
}

impl<S: Shape> Shape for Nullable<S> {
    type Value = Option<S::Value>;
    const SECRET: bool = S::SECRET;
}

impl<S: Read> Read for Nullable<S> {
    fn read(&self, value: &Value) -> Result<Self::Value, Mismatch> {
        match value {
            Value::Null => Ok(None),
            value => self.0.read(value).map(Some),
        }
    }
}

impl<S: Write> Write for Nullable<S> {
    fn write(&self, value: &Self::Value) -> Result<Value, Mismatch> {
        match value {
            None => Ok(Value::Null),
            Some(value) => self.0.write(value),
        }
    }
}

/// Something that must not be shown.
pub(crate) struct Hidden<S>(S);

pub(crate) fn hidden<S>(shape: S) -> Hidden<S> {
    Hidden(shape)
}

impl<S: Shape> Shape for Hidden<S> {
    type Value = Secret<S::Value>;
    const SECRET: bool = true;
}

impl<S: Read> Read for Hidden<S> {
    fn read(&self, value: &Value) -> Result<Self::Value, Mismatch> {
        self.0.read(value).map(Secret::new)
    }
}

impl<S: Write> Write for Hidden<S> {
    fn write(&self, value: &Self::Value) -> Result<Value, Mismatch> {
        self.0.write(value.expose())
    }
}

/// Something that may hold itself.
pub(crate) struct Boxed<S>(S);

pub(crate) fn boxed<S>(shape: S) -> Boxed<S> {
    Boxed(shape)
}

impl<S: Shape> Shape for Boxed<S> {
    type Value = Box<S::Value>;
    const SECRET: bool = S::SECRET;
}

impl<S: Read> Read for Boxed<S> {
    fn read(&self, value: &Value) -> Result<Self::Value, Mismatch> {
        self.0.read(value).map(Box::new)
    }
}

impl<S: Write> Write for Boxed<S> {
    fn write(&self, value: &Self::Value) -> Result<Value, Mismatch> {
        self.0.write(value)
    }
}

/// An array.
pub(crate) struct Array<S>(Limits<usize>, S);

pub(crate) fn array<S>(length: impl RangeBounds<usize>, item: S) -> Array<S> {
    Array(Limits::of(length), item)
}

impl<S: Shape> Shape for Array<S> {
    type Value = Vec<S::Value>;
}

impl<S: Read> Read for Array<S> {
    fn read(&self, value: &Value) -> Result<Self::Value, Mismatch> {
        let items = value
            .as_array()
            .ok_or_else(|| Mismatch::new("wanted an array"))?;
        check(!items.is_empty() || !self.0.forbid_empty(), || {
            "wanted an array that is not empty".into()
        })?;
        let each = items.iter().enumerate();
        each.map(|(index, item)| within(index, self.1.read(item)))
            .collect()
    }
}

impl<S: Write> Write for Array<S> {
    fn write(&self, value: &Self::Value) -> Result<Value, Mismatch> {
        self.0.check(value.len(), " items")?;
        let each = value.iter().enumerate();
        each.map(|(index, item)| within(index, self.1.write(item)))
            .collect()
    }
}

/// An object whose keys are not known beforehand.
pub(crate) struct Keyed<S>(S);

pub(crate) fn keyed<S>(item: S) -> Keyed<S> {
    Keyed(item)
}

impl<S: Shape> Shape for Keyed<S> {
    type Value = BTreeMap<String, S::Value>;
}

impl<S: Read> Read for Keyed<S> {
    fn read(&self, value: &Value) -> Result<Self::Value, Mismatch> {
        let each = object_of(value)?.iter();
        each.map(|(key, item)| Ok((key.clone(), within("*", self.0.read(item))?)))
            .collect()
    }
}

impl<S: Write> Write for Keyed<S> {
    fn write(&self, value: &Self::Value) -> Result<Value, Mismatch> {
        let each = value.iter();
        each.map(|(key, item)| Ok((key.clone(), within("*", self.0.write(item))?)))
            .collect()
    }
}

fn within<T>(place: impl ToString, found: Result<T, Mismatch>) -> Result<T, Mismatch> {
    found.map_err(|mismatch| mismatch.within(place.to_string()))
}

pub(crate) fn object_of(value: &Value) -> Result<&Map<String, Value>, Mismatch> {
    value
        .as_object()
        .ok_or_else(|| Mismatch::new("wanted an object"))
}

/// A field of an object that is read.
pub(crate) fn required<S: Read>(
    object: &Map<String, Value>,
    wire: &str,
    shape: S,
) -> Result<S::Value, Mismatch> {
    let found = object.get(wire);
    within(wire, found.map_or_else(missing, |value| shape.read(value)))
}

/// A field that may be left out; null counts as that.
pub(crate) fn optional<S: Read>(
    object: &Map<String, Value>,
    wire: &str,
    shape: S,
) -> Result<Option<S::Value>, Mismatch> {
    match object.get(wire) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => within(wire, shape.read(value).map(Some)),
    }
}

fn missing<T>() -> Result<T, Mismatch> {
    Err(Mismatch::new("is missing"))
}

/// Puts a field into an object that is written, if there is a value.
pub(crate) fn put<'a, S: Write>(
    object: &mut Map<String, Value>,
    wire: &str,
    shape: S,
    value: impl Into<Option<&'a S::Value>>,
) -> Result<(), Mismatch>
where
    S::Value: 'a,
{
    if let Some(value) = value.into() {
        object.insert(wire.to_owned(), within(wire, shape.write(value))?);
    }
    Ok(())
}

/// The field that tells the variants of a union apart.
pub(crate) fn tag_of<'a>(value: &'a Value, tag: &str) -> Result<&'a str, Mismatch> {
    let found = object_of(value)?.get(tag);
    within(tag, found.map_or_else(missing, str_of))
}

/// The variant of a union that one shape reads.
pub(crate) fn variant<S: Read, T>(
    value: &Value,
    shape: S,
    variant: impl FnOnce(S::Value) -> T,
) -> Result<T, Mismatch> {
    shape.read(value).map(variant)
}

/// A variant of a union, with the field that tells it.
pub(crate) fn tagged<S: Write>(
    value: &S::Value,
    shape: S,
    tag: &str,
    variant: &str,
) -> Result<Value, Mismatch> {
    let mut written = shape.write(value)?;
    if let Some(object) = written.as_object_mut() {
        object.insert(tag.to_owned(), variant.into());
    }
    Ok(written)
}

/// The variant of a union that this version does not know.
pub(crate) fn unknown<T>(
    value: &Value,
    tag: &str,
    variant: impl FnOnce(UnknownVariant) -> T,
) -> Result<T, Mismatch> {
    Ok(variant(UnknownVariant {
        tag: tag_of(value, tag)?.to_owned(),
        raw: object_of(value)?.clone(),
    }))
}

/// The forms that a value may have; the first that fits is taken.
pub(crate) struct Forms<'a, T>(&'a Value, Option<T>);

impl<'a, T> Forms<'a, T> {
    pub(crate) fn of(value: &'a Value) -> Self {
        Self(value, None)
    }

    pub(crate) fn or<S: Read>(self, shape: S, form: impl FnOnce(S::Value) -> T) -> Self {
        let found = self.1.or_else(|| shape.read(self.0).ok().map(form));
        Self(self.0, found)
    }

    pub(crate) fn found(self) -> Result<T, Mismatch> {
        self.1
            .ok_or_else(|| Mismatch::new("fits none of the forms it may have"))
    }
}
