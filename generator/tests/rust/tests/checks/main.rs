//! What the Rust client does beyond the vectors, by itself and on the mock.

mod behaviour;
mod mock;
mod wide;
