//! The film studio over a real store: imports decided, second drafts, exports, and questions answered.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what tests are set up with must work")]

mod corpus;
mod departments;
mod drafts;
mod fixture;
mod formats;
mod imports;
mod length;
mod long_script;
mod questions;
mod series;
