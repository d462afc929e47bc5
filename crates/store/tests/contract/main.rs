//! What the store promises, checked on both databases: every rule runs on SQLite and on Postgres.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[macro_use]
mod place;
mod stage;

mod archives;
mod changes;
mod conversations;
mod doctor;
mod events;
mod facts;
mod faults;
mod lists;
mod members;
mod passages;
mod people;
mod projects;
mod reviews;
mod runners;
mod schema;
mod sweeping;
mod tool_servers;
mod undo;
mod uploads;
mod usage;
