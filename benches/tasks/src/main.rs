//! `cargo run --release -p bench-tasks`: tasks that do nothing, put in, done and started, by Atelier and by others, in one
//! run. `ATELIER_TEST_POSTGRES_URL` names the Postgres server; `npm ci` in `peers/` comes before, the peer in Rust is built
//! on the way. `-- sqlite 100000` and `-- postgres 100000` look at ours alone, at so many tasks, and write nothing: for a
//! profiler.

mod databases;
mod ours;
mod peers;
mod report;

use std::time::Duration;

use serde::{Deserialize, Serialize};

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How many tasks are done at the same time, a table's row for each.
const SLOTS: [usize; 3] = [64, 16, 1];

/// What everyone has to do.
#[derive(Debug, Clone, Copy, Serialize)]
struct Plan {
    /// Tasks that are put in, and then done.
    tasks: usize,
    /// Who put them in at the same time.
    callers: usize,
    /// How many are done at the same time.
    slots: usize,
    /// Tasks that are then put into the idle system; none at all if only throughput is looked at.
    singles: usize,
    /// Milliseconds between two of these.
    apart: u64,
}

/// What was seen of one system.
#[derive(Debug, Clone, Deserialize)]
struct Seen {
    /// Tasks put in, a second.
    enqueue: f64,
    /// Tasks done, a second.
    run: f64,
    /// From wanting a task to its start, in milliseconds, in an idle system.
    latencies: Vec<f64>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let whole = Plan { tasks: 30_000, callers: 256, slots: 64, singles: 500, apart: 20 };
    let mut report = report::Report::new(whole);
    let mut arguments = std::env::args().skip(1);
    if let Some(database) = arguments.next() {
        let tasks = arguments.next().map_or(Ok(whole.tasks), |count| count.parse())?;
        return ours_alone(&database, Plan { tasks, singles: 0, ..whole }, &mut report).await;
    }
    for slots in SLOTS {
        let singles = if slots == whole.slots { whole.singles } else { 0 };
        all(Plan { slots, singles, ..whole }, &mut report).await?;
    }
    report.write()
}

/// Measures our own tasks on one database.
async fn ours_alone(database: &str, plan: Plan, report: &mut report::Report) -> Result<()> {
    if database == "sqlite" {
        return on_sqlite(store::Durability::Normal, plan, report).await;
    }
    let postgres = databases::Postgres::make().await?.ok_or("no Postgres is named")?;
    let seen = ours::measure(plan, store::Options::postgres(postgres.url("ours"))).await?;
    report.row("Atelier", "Postgres", plan, &seen);
    postgres.drop().await
}

async fn on_sqlite(durability: store::Durability, plan: Plan, report: &mut report::Report) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let options = store::Options { durability, ..store::Options::sqlite(folder.path().join("atelier.db")) };
    let sync = if durability == store::Durability::Normal { "NORMAL" } else { "FULL" };
    let seen = ours::measure(plan, options).await?;
    report.row("Atelier", &format!("SQLite, WAL, synchronous {sync}"), plan, &seen);
    Ok(())
}

/// Measures every system once.
async fn all(plan: Plan, report: &mut report::Report) -> Result<()> {
    for durability in [store::Durability::Normal, store::Durability::Full] {
        on_sqlite(durability, plan, report).await?;
    }
    for (synchronous, tuned) in [("NORMAL", false), ("NORMAL", true), ("FULL", true)] {
        // As it comes, it takes minutes.
        if !tuned && plan.singles == 0 {
            continue;
        }
        let folder = tempfile::tempdir()?;
        let url = format!("{}?synchronous={synchronous}", folder.path().join("apalis.db").display());
        let seen = peers::measure(peers::apalis()?, plan, &url, tuned).await?;
        let name = if tuned { "apalis-sqlite, `ANALYZE` after a tenth" } else { "apalis-sqlite" };
        report.row(name, &format!("SQLite, WAL, synchronous {synchronous}"), plan, &seen);
    }
    for (fsync, told) in [("everysec", "appendfsync everysec"), ("always", "appendfsync always")] {
        let redis = databases::Redis::start(fsync).await?;
        let seen = peers::measure(peers::node("bullmq.mjs"), plan, &redis.url(), false).await?;
        report.row("BullMQ", &format!("Redis, AOF, {told}"), plan, &seen);
        redis.stop().await?;
    }
    if let Some(postgres) = databases::Postgres::make().await? {
        let how = postgres.durability().await?;
        let seen = ours::measure(plan, store::Options::postgres(postgres.url("ours"))).await?;
        report.row("Atelier", &format!("Postgres, {how}"), plan, &seen);
        let seen = peers::measure(peers::node("graphile.mjs"), plan, &postgres.url("peer"), false).await?;
        report.row("graphile-worker", &format!("Postgres, {how}"), plan, &seen);
        let seen = peers::measure(peers::node("graphile.mjs"), plan, &postgres.url("tuned"), true).await?;
        report.row("graphile-worker, local queue of 500", &format!("Postgres, {how}"), plan, &seen);
        postgres.drop().await?;
    }
    Ok(())
}

/// Waits until `at`, unless that is over.
async fn until(at: tokio::time::Instant) {
    tokio::time::sleep_until(at).await;
}

/// A duration in milliseconds.
fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
