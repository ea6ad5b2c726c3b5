//! What Rust clients have in common, as a crate of its own for development.
//!
//! A client has the modules that its document needs; here are all of them, and `document` stands in for what
//! is rendered from a document.

#![forbid(unsafe_code)]
#![deny(clippy::unwrap_used, clippy::expect_used)]
#![deny(clippy::panic, clippy::indexing_slicing)]

pub mod call {
    mod argument;
    mod body;
    mod body_property;
    mod header;
    mod hide;
    mod operation;
    mod path;
    mod query;
    mod request;
    mod retry;
    mod scrub;
    mod send;
    mod text;
    pub use self::{operation::*, request::*, retry::*, scrub::*, send::*, text::*};
}

pub mod constraint {
    mod all;
    mod calendar;
    mod constant;
    mod date;
    mod date_time;
    mod ensure;
    mod exclusive_maximum;
    mod exclusive_minimum;
    mod items;
    mod max_items;
    mod max_length;
    mod max_properties;
    mod maximum;
    mod min_items;
    mod min_length;
    mod min_properties;
    mod minimum;
    mod multiple_of;
    mod not_empty;
    mod one_of;
    mod pattern;
    mod unique_items;
    mod values;
    mod written;
    pub use self::{
        all::*, calendar::*, constant::*, date::*, date_time::*, ensure::*, exclusive_maximum::*,
        exclusive_minimum::*, items::*, max_items::*, max_length::*, max_properties::*, maximum::*,
        min_items::*, min_length::*, min_properties::*, minimum::*, multiple_of::*, not_empty::*,
        one_of::*, pattern::*, unique_items::*, values::*, written::*,
    };
}

pub mod decode {
    mod optional;
    mod required;
    mod tag;
    mod value;
    pub use self::{optional::*, required::*, tag::*, value::*};
}

pub mod encode {
    mod put;
    mod tagged;
    mod value;
    pub use self::{put::*, tagged::*, value::*};
}

pub mod error_body {
    mod any;
    mod summary;
    mod text;
    mod texts;
    pub use self::{any::*, summary::*, text::*, texts::*};
}

pub mod document;
pub mod errors;
pub mod json;
pub mod mismatch;
pub mod reason;
pub mod refusal;
pub mod response;
pub mod secret;
pub mod settings;
pub mod unknown_variant;
pub mod within;

pub use errors::{Error, Problem};
pub use refusal::Refusal;
pub use secret::Secret;
pub use settings::Builder;
