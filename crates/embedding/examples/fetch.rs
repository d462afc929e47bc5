//! Brings the weights to this machine as the server would: `fetch CACHE` prints the folder to load them from.

use std::io::Write;
use std::path::PathBuf;

use embedding::{Machine, Places};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cache = PathBuf::from(std::env::args().nth(1).ok_or("fetch CACHE")?);
    let places = Places { given: std::env::var_os("ATELIER_WEIGHTS").map(PathBuf::from), cache };
    let mut shown = None;
    let progress = |progress: embedding::Progress| {
        let percent = progress.done * 100 / progress.total;
        if shown.replace(percent) != Some(percent) {
            let _ = write!(std::io::stderr(), "\r{percent:3} % of {} MB", progress.total / 1_000_000);
        }
    };
    let folder = places.fetch(&Machine::of_this_process(), progress).await?;
    eprintln!();
    println!("{}", folder.display());
    Ok(())
}
