//! The film studio over a real store: imports decided, second drafts, exports, and questions answered.

mod drafts;
mod fixture;
mod formats;
mod imports;
mod length;
mod long_script;
mod questions;
mod series;
