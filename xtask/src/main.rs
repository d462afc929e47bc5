//! The project's own chores: `cargo xtask test`, `tidy`, `generate`.
fn main() {}
