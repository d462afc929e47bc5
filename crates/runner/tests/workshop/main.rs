//! A machine's part in tasks: real commands under real keepers, real repositories, and a runner that is killed.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets an error has failed")]

mod agents;
mod bench;
mod bounded;
mod commands;
mod continued;
mod lives;
mod places;
mod repositories;
mod said;
mod tools;
