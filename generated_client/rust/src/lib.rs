//! Step-Up MFA API: Client for the Step-Up MFA API that fails closed.

#![forbid(unsafe_code)]
#![deny(missing_docs, clippy::unwrap_used, clippy::expect_used)]
#![deny(clippy::panic, clippy::indexing_slicing)]

mod answer;
mod call;
mod client;
mod errors;
mod models;
mod operations;
mod secret;
mod settings;
mod shapes;
mod wire;

pub use client::*;
pub use errors::{Error, Problem, Refusal, RefusalKind};
pub use models::*;
pub use secret::Secret;
pub use settings::Builder;
/// Its examples are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// In whose types this crate speaks.
pub use {reqwest, serde_json, uuid};
