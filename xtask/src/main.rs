//! The project's own chores: `cargo xtask test`, `cargo xtask tidy`, `cargo xtask generate`.

mod generate;
mod test;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let chore = std::env::args().nth(1);
    let done = match chore.as_deref() {
        Some("test") => test::run(),
        Some("tidy") => tidy::run(),
        Some("generate") => generate::run(),
        _ => Err("usage: cargo xtask test | tidy | generate".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
