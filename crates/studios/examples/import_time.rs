//! Prints how long the import of a 120-page script takes: the work alone, and the way through a store.
//! `cargo run --release -p studios --example import_time`

#[path = "../tests/film/long_script.rs"]
mod long_script;

use std::time::Instant;

use kernel::{Ambient, Role};
use store::{Options, Scope, Store, people, projects};
use studios::film::import::{State, prepare, read};
use studios::film::screenplay::Format;
use studios::film::{self, imports};
use wire::imports::{Decision, DecisionRequest};
use wire::projects::ProjectType;

/// How often the work alone is repeated.
const RUNS: usize = 50;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = long_script::long_script();
    let fdx = film::screenplay::parse(Format::Fountain, &text)?.export(Format::Fdx)?.text;
    for (name, bytes) in [("long.fountain", text.as_bytes()), ("long.fdx", fdx.as_bytes())] {
        let mut times = Vec::with_capacity(RUNS);
        let mut pages = 0;
        for _ in 0..RUNS {
            let start = Instant::now();
            let prepared = prepare(read(name, bytes)?, &State::empty(ProjectType::Movie));
            let payload = serde_json::to_string(&prepared)?;
            times.push(start.elapsed());
            pages = prepared.preview().page_eighths / 8;
            assert!(!payload.is_empty());
        }
        times.sort_unstable();
        println!(
            "{name}: {} bytes, {pages} pages; read, broken down and proposed: median {:.1?}, slowest {:.1?} of {RUNS}",
            bytes.len(),
            times[RUNS / 2],
            times[RUNS - 1]
        );
    }
    let folder = tempfile::tempdir()?;
    let store = Store::open(Options::sqlite(folder.path().join("atelier.db")), Ambient::system()).await?;
    let scope = store
        .transact(|tx| {
            let person = people::create(tx, "ada@example.org", "Ada", None, true)?.id;
            let project = projects::create(tx, person, "Measure", ProjectType::Movie)?;
            Scope::admit(tx, person, project.id, Role::Owner)
        })
        .await?;
    let start = Instant::now();
    let import = imports::propose(&store, &scope, "long.fountain", text.into_bytes()).await?;
    let proposed = start.elapsed();
    let request = DecisionRequest { decision: Decision::Ingest, modifications: None };
    imports::decide(&store, &scope, import.import_id, request).await?;
    let saved = start.elapsed();
    film::export(&store, &scope, Format::Fountain).await?;
    let exported = start.elapsed();
    println!(
        "through SQLite: proposed {proposed:.1?}, saved and indexed {:.1?}, exported {:.1?}",
        saved - proposed,
        exported - saved
    );
    Ok(())
}
