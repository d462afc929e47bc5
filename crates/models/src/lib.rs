//! Language models behind one closed enum of providers: streaming, tools, schemas, cost, and care when they fail.
//!
//! [`Options`] make [`Models`], the cheap-clone handle; there is nothing to run, because every call does its own
//! waiting. What a call waits for is measured by tokio's clock, what is shared between calls (breakers, pace) by
//! [`kernel::Ambient`]; only differences ever pass from one to the other, so a test may stop either or both.

mod answer;
mod base;
mod call;
mod delta;
mod engines;
mod error;
mod frames;
mod http;
mod key;
mod options;
mod price;
mod provider;
mod request;
mod schema;
mod service;

pub use answer::{Answer, Completion, TooLong};
pub use base::{BadBase, Base};
pub use delta::{Adjustment, Delta, Fallback, Named, Served, Spent, Stop, ToolFragment, Usage};
pub use engines::Engine;
pub use error::{Fault, Kind, ModelError, Wait};
pub use http::NoClient;
pub use key::{ApiKey, BadKey};
pub use options::{Bounds, Options, Timeouts};
pub use price::{Cost, Prices};
pub use provider::{
    Act, Anthropic, Breakage, MAX_FALLBACKS, Ollama, OpenAi, Provider, ProviderKind, Route, Scene, Script,
    Scripted, Target,
};
pub use request::{Echo, MAX_TOOL_NAME, Message, Request, Tool, ToolCall, ToolResult, Turn};
pub use schema::{BadSchema, Schema};
pub use service::{Models, Probe};
