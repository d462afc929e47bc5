//! What every crate speaks in: ids, time and chance, roles, paging, errors, the event envelope. No IO, no runtime.

mod ambient;
mod error;
mod event;
mod id;
mod page;
mod role;

pub use ambient::{Ambient, Clock, ManualClock, Random, SeededRandom, SystemClock, SystemRandom, Timestamp};
pub use error::{Code, Error, Result};
pub use event::{Event, EventKind};
pub use id::*;
pub use page::{Cursor, DEFAULT_PAGE, MAX_PAGE, PageRequest};
pub use role::Role;
