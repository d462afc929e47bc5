//! `cargo run --release -p bench-server`: how fast the server starts, reads, writes, imports, answers and tells, and how
//! small it is. `--seconds N` sets how long each load lasts. With `live`, only how it tells a thousand connections of a run,
//! beside npm's socket.io (`npm ci` in `peers/` comes before), and how fast a language model's tokens come. With `idle N`,
//! only what each of N idle connections takes; nothing is written. With `fleet N`, only a fleet of N runners.

mod atelier;
mod client;
mod crowd;
mod embeddings;
mod film;
mod fleet;
mod live;
mod load;
mod machine;
mod process;
mod questions;
mod report;
mod script;
mod tokens;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use atelier::Atelier;
use client::Ask;
use film::Film;
use load::{latencies, record};
use report::Report;
use serde_json::json;

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// Concurrent clients of a load.
const CLIENTS: usize = 100;
/// How often the server is started, and a script imported into an empty project.
const TIMES: usize = 10;
/// How long a server is left alone before its memory is read: longer than it keeps what is free.
const REST: Duration = Duration::from_secs(20);
/// Questions of each shape.
const QUESTIONS: usize = 100;
/// How often each crowd is gathered.
const ROUNDS: usize = 3;
/// Connections that listen, and changes that each of them hears.
const LISTENERS: usize = 100;
const CHANGES: usize = 50;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => 5,
        ["--seconds", seconds] => seconds.parse()?,
        ["live"] => return live_alone().await,
        ["idle", sockets] => return idle_alone(sockets.parse()?).await,
        ["fleet", runners] => return fleet_alone(runners.parse()?).await,
        _ => return Err("usage: bench-server [--seconds N] | live | idle SOCKETS | fleet RUNNERS".into()),
    };
    // Building it would be part of the load.
    atelier::binary()?;
    let folder = tempfile::tempdir()?;
    let before = machine::load();
    let mut report = Report::default();
    run(folder.path(), Duration::from_secs(seconds), &mut report).await?;
    let text = format!(
        "# The server, measured\n\n{} Load average {before} when it began, {} when it ended: latencies and rates hold for a \
         machine that has that much else to do; the processor's time for an answer hardly depends on it. The clients run on \
         the same cores. Loads are closed loops of {seconds} s: each client has a connection of its own and asks again when it \
         has been answered.\n{}",
        machine::described(folder.path())?,
        machine::load(),
        report.text()
    );
    std::fs::write(machine::root().join("benches/server/RESULTS.md"), text)?;
    Ok(())
}

/// What idle connections take, without a report: for who changes something of that.
async fn idle_alone(sockets: usize) -> Result<()> {
    atelier::binary()?;
    for _ in 0..ROUNDS {
        println!("{:.1} KiB an idle connection, of {sockets}", crowd::idle(sockets).await?);
    }
    Ok(())
}

/// A fleet of so many runners.
async fn fleet_alone(runners: usize) -> Result<()> {
    atelier::binary()?;
    let before = machine::load();
    let folder = tempfile::tempdir()?;
    atelier::set_up(folder.path()).await?;
    let seen = fleet::gather(folder.path(), runners).await?;
    let (mut report, (said, answered, longest)) = (Report::default(), seen.beats);
    report.head(&["what", "seen", "wanted"]);
    report.line(&format!("| all joined, 64 at a time | {:.1} s | |", seen.joined.as_secs_f64()));
    report.line(&format!("| memory of the server for each | {:.1} KiB | < 20 KiB |", seen.each));
    report.line(&format!("| beats answered in 95 s | {answered} of {said} | all |"));
    report.line(&format!("| longest answer to a beat | {:.1} ms | |", longest.as_secs_f64() * 1e3));
    report.line(&format!(
        "| all there again after `kill -9`, from the server's first answer | {:.1} s | < 15 s |",
        seen.storm.as_secs_f64()
    ));
    let text = format!(
        "# A fleet, measured\n\n{} Load average {before} when it began, {} when it ended. {runners} runners on one server, \
         SQLite; they are the protocol alone, and run on the same cores. Each beats every 30 s, and waits as a real one does \
         before it tries again: 1 s and chance at first, then longer. `cargo run --release -p bench-server -- fleet {runners}`\n\n{}",
        machine::described(folder.path())?,
        machine::load(),
        report.text()
    );
    std::fs::write(machine::root().join("benches/server/FLEET.md"), text)?;
    Ok(())
}

/// What is told live, beside others.
async fn live_alone() -> Result<()> {
    atelier::binary()?;
    let before = machine::load();
    let folder = tempfile::tempdir()?;
    atelier::set_up(folder.path()).await?;
    let mut report = Report::default();
    tokens(folder.path(), &mut report).await?;
    crowds(&mut report).await?;
    let text = format!(
        "# What is told live, measured\n\n{} socket.io {} on node {}. Load average {before} when it began, {} when it ended. \
         Servers and clients run on the same cores.\n{}",
        machine::described(folder.path())?,
        machine::peer("socket.io"),
        machine::said("node", &["--version"]),
        machine::load(),
        report.text()
    );
    std::fs::write(machine::root().join("benches/server/LIVE.md"), text)?;
    Ok(())
}

/// Tokens by way of the server and straight, and what the server's part of it is.
async fn tokens(data: &Path, report: &mut Report) -> Result<()> {
    let server = Atelier::start(data, &[]).await?;
    let (through, direct) = (tokens::through(&server).await?, tokens::direct().await?);
    server.stop().await?;
    report.section(
        "Tokens of a language model",
        "From the moment at which the provider says one until it has come to who listens: to the run's log by way of the server, \
         where it is stored first, and straight from the provider.",
    );
    report.head(&["tokens", "count", "p50", "p99", "longest", "wanted"]);
    report.questions("first, straight", &direct.first, false);
    report.first_tokens("first, by way of the server", &through.first, &direct.first);
    report.questions("later, straight", &direct.later, false);
    report.questions("later, by way of the server", &through.later, false);
    Ok(())
}

/// Both crowds, in turns.
async fn crowds(report: &mut Report) -> Result<()> {
    report.section(
        "A thousand connections follow one run",
        &format!(
            "{} connections over WebSocket hear {} messages a second each, for 20 s: what Atelier tells of a run that is paused \
             again for another reason, through its API; the peer is given the same messages over HTTP and emits them to a room. \
             Latency is from the moment at which the change was due to the arrival of what tells of it, at each connection.",
            crowd::SOCKETS,
            crowd::RATE
        ),
    );
    report.head(&[
        "who",
        "deliveries/s",
        "p50",
        "p99",
        "longest",
        "server's CPU a delivery",
        "an idle connection",
    ]);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let seen = crowd::ours().await?;
        report.crowd("Atelier", &seen);
        let other = crowd::theirs(&seen.messages).await?;
        report.crowd("socket.io", &other);
        ours.push(seen);
        theirs.push(other);
    }
    report.crowds(&ours, &theirs);
    Ok(())
}

async fn run(data: &Path, time: Duration, report: &mut Report) -> Result<()> {
    let mut first_starts = Vec::new();
    let mut bare = 0.0;
    for number in 0..TIMES {
        let folder = tempfile::tempdir()?;
        let server = Atelier::start(folder.path(), &[]).await?;
        first_starts.push(server.started_in);
        if number == 0 {
            bare = rested(&server).await?;
        }
        server.stop().await?;
    }
    atelier::set_up(data).await?;
    let server = Atelier::start(data, &[]).await?;
    let alone = film::first_imports(&server, TIMES).await?;
    let film = Arc::new(Film::fill(&server).await?);
    server.stop().await?;
    let mut starts = Vec::new();
    for _ in 0..TIMES {
        let server = Atelier::start(data, &[]).await?;
        starts.push(server.started_in);
        server.stop().await?;
    }
    let server = Atelier::start(data, &[]).await?;
    let idle = rested(&server).await?;

    report.section("What is measured", "");
    report.project(&film, film::size(data)?);
    report.section(
        "Start",
        "From the start of the process to its first answer of `/health`; the middle one of ten.",
    );
    report.head(&["on", "to serving", "range", "wanted"]);
    report.starts("an empty folder: the database is made", first_starts);
    report.starts("the folder of the project", starts);
    report.section(
        "Import of a script of 120 pages",
        "The middle and the longest time until the preview, and from the decision until all is saved.",
    );
    report.head(&["into", "times", "preview", "longest", "saved", "longest"]);
    report.imports("an empty project", &alone);
    report.imports("the series, its last ones", &film.imports[film.imports.len() - TIMES..]);

    reads(&server, &film, time, report).await?;
    asked(&server, &film, time, report).await?;
    let busy = server.memory()?.1;

    report.section(
        "Live",
        "From the sending of a change over HTTP until it has come over Socket.IO, for each who listens.",
    );
    let heard = live::fan_out(&server, &film, LISTENERS, CHANGES).await?;
    report.head(&["listeners", "arrivals", "p50", "p99", "longest", ""]);
    report.questions(&LISTENERS.to_string(), &heard, false);

    report.section("Writes", "Each is committed before it is answered, with its version, its passages of the text index, its facts and its event.");
    report.head(&["100 clients", "answers/s", "p50", "p99", "server's CPU an answer"]);
    writes(&server, &film, time, "durability `full`", report).await?;
    let most = server.memory()?.1;
    server.stop().await?;
    let normal = [("ATELIER_DATABASE_DURABILITY", OsString::from("normal"))];
    let server = Atelier::start(data, &normal).await?;
    writes(&server, &film, time, "durability `normal`", report).await?;
    server.stop().await?;

    report.section("Memory", "Resident, without the embedder's model.");
    report.head(&["when", "memory", "wanted"]);
    report.memory("idle, an empty folder", bare, true);
    report.memory("idle, the folder of the project", idle, true);
    report.memory("the most while 100 clients read and asked", busy, false);
    report.memory("the most in all", most, false);
    report.section("Embeddings", "");
    let embeddings = embeddings::measured()?;
    report.line(&embeddings);
    Ok(())
}

/// The memory of a server that has been left alone for a while.
async fn rested(server: &Atelier) -> Result<f64> {
    tokio::time::sleep(REST).await;
    Ok(server.memory()?.0)
}

async fn reads(server: &Atelier, film: &Arc<Film>, time: Duration, report: &mut Report) -> Result<()> {
    type Asks = fn(&Film, usize) -> Ask;
    let routes: [(&str, Asks); 5] = [
        ("`GET /health`", |_, _| Ask::get("/health")),
        ("a record", |film, n| {
            Ask::get(film.path(&format!("characters/{}", film.characters[n % film.characters.len()])))
        }),
        ("a scene with its text", |film, n| {
            Ask::get(film.path(&format!("scenes/{}", film.scenes[n % film.scenes.len()])))
        }),
        ("a list of 50 scenes", |film, n| {
            Ask::get(film.path(&format!("scenes?limit=50&page={}", 1 + n % 100)))
        }),
        ("the palette's search", |film, n| {
            let word =
                if n % 2 == 0 { script::person(n % 30).to_lowercase() } else { script::word(1 + n % 1_500) };
            Ask::get(film.path(&format!("search?q={}", word.replace(' ', "%20"))))
        }),
    ];
    for clients in [1, CLIENTS] {
        let title = format!("Reads, {clients} client{}", if clients == 1 { "" } else { "s" });
        report.section(&title, "");
        report.head(&["route", "answers/s", "p50", "p99", "server's CPU an answer"]);
        for (name, ask) in routes {
            let film = film.clone();
            let outcome =
                load::run(server, clients, time, move |client, turn| ask(&film, client * 7 + turn)).await?;
            report.load(name, &outcome);
        }
    }
    Ok(())
}

async fn asked(server: &Atelier, film: &Arc<Film>, time: Duration, report: &mut Report) -> Result<()> {
    report.section("Questions", "`POST /orchestrator/query`, no model, one client.");
    report.head(&["question", "count", "p50", "p99", "longest", "wanted"]);
    let mut client = server.client().await?;
    let began = Instant::now();
    client.send(&questions::ask(film, 0, 0)).await?;
    let first = began.elapsed();
    let mut all = latencies()?;
    for (shape, name) in questions::SHAPES.into_iter().enumerate() {
        let mut took = latencies()?;
        for turn in 0..QUESTIONS {
            let began = Instant::now();
            let answer = client.json(&questions::ask(film, shape, turn)).await?;
            record(&mut took, began.elapsed());
            questions::is_answered(shape, &answer)?;
        }
        all.add(&took)?;
        report.questions(name, &took, false);
    }
    report.questions("**all**", &all, true);
    let mut changed = latencies()?;
    for turn in 0..QUESTIONS {
        let scene = film.path(&format!("scenes/{}", film.scenes[turn % film.scenes.len()]));
        client.send(&Ask::patch(scene, &json!({ "description": format!("Now the {turn}th") }))).await?;
        let began = Instant::now();
        client.send(&questions::ask(film, turn % questions::SHAPES.len(), turn)).await?;
        record(&mut changed, began.elapsed());
    }
    report.questions("**all, each after a change**", &changed, true);
    report.line(&format!(
        "\nThe first question after the start, which reads the graph, took {:.0} ms.\n",
        first.as_secs_f64() * 1e3
    ));
    let film = film.clone();
    let shapes = questions::SHAPES.len();
    let outcome = load::run(server, CLIENTS, time, move |client, turn| {
        questions::ask(&film, (client + turn) % shapes, client * 7 + turn)
    })
    .await?;
    report.head(&["100 clients", "answers/s", "p50", "p99", "server's CPU an answer"]);
    report.load("all, mixed", &outcome);
    Ok(())
}

async fn writes(
    server: &Atelier,
    film: &Arc<Film>,
    time: Duration,
    name: &str,
    report: &mut Report,
) -> Result<()> {
    let (made, changed) = (film.clone(), film.clone());
    // Names need not be unique, but a slug is looked for until it is: nobody types the same name a thousand times.
    let salt = name.len();
    let created = load::run(server, CLIENTS, time, move |client, turn| {
        let person =
            json!({ "name": format!("Extra {salt} {client} {turn}"), "description": "Stands in the crowd." });
        Ask::post(made.path("characters"), &person)
    });
    report.load(&format!("make a record, {name}"), &created.await?);
    let patched = load::run(server, CLIENTS, time, move |client, turn| {
        let record = changed.path(&format!("characters/{}", changed.characters[client]));
        Ask::patch(record, &json!({ "description": format!("Seen for the {turn}th time.") }))
    });
    report.load(&format!("change a record, {name}"), &patched.await?);
    Ok(())
}
