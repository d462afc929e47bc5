//! What the store promises, checked on both databases: every rule runs on SQLite and on Postgres.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[macro_use]
mod place;
mod stage;

mod archives;
mod asks;
mod changes;
mod conversations;
mod doctor;
mod events;
mod executions;
mod facts;
mod faults;
mod fleet;
mod lists;
mod members;
mod passages;
mod people;
mod projects;
mod reviews;
mod runners;
mod said;
mod schema;
mod slack;
mod sweeping;
mod tool_servers;
mod undo;
mod uploads;
mod usage;
