//! apalis with its SQLite storage, on the file at the address that is given. What is measured is what `measure.mjs` measures
//! of the other peers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use apalis::prelude::*;
use apalis_sqlite::{Config, SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteStorage};
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use serde::Deserialize;
use sqlx::sqlite::SqliteOperation;
use tokio::sync::mpsc;

type Result<T> = std::result::Result<T, BoxDynError>;

/// After this part of the tasks SQLite looks at the tables.
const ANALYZED: usize = 10;
/// Where its tasks stand.
const TABLE: &str = "Jobs";

#[derive(Deserialize)]
struct Plan {
    tasks: usize,
    callers: usize,
    slots: usize,
    singles: usize,
    apart: u64,
    /// Whether SQLite is told to look at the tables anew meanwhile.
    tuned: bool,
    /// A file, and `?synchronous=` with what SQLite makes of that.
    url: String,
}

/// Whom the tasks tell that they have begun.
#[derive(Clone)]
struct Board {
    /// When each single task was wanted.
    due: Arc<Mutex<HashMap<usize, Instant>>>,
    begun: mpsc::UnboundedSender<Option<Duration>>,
}

async fn task(n: usize, board: Data<Board>) -> Result<()> {
    let due = board.due.lock().unwrap_or_else(PoisonError::into_inner).remove(&n);
    // Nobody listens any more once all is measured.
    let _ = board.begun.send(due.map(|due| due.elapsed()));
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let plan = std::env::args().nth(1).ok_or("the plan is missing")?;
    let plan: Plan = serde_json::from_str(&plan)?;
    let (file, synchronous) =
        plan.url.split_once("?synchronous=").ok_or("the address names no durability")?;
    let (pool, wakes) = open(file, synchronous).await?;
    let config = Config::default().queue("bench").batch_size(plan.slots).lock_tasks(false);
    let storage = SqliteStorage::<usize>::new(&pool).with_config(config);

    let began = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let callers = (0..plan.callers).map(|_| {
        let (mut storage, next) = (storage.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= plan.tasks {
                    return Ok::<(), BoxDynError>(());
                }
                storage.push(n).await?;
            }
        })
    });
    for caller in futures::future::join_all(callers).await {
        caller??;
    }
    let enqueue = plan.tasks as f64 / began.elapsed().as_secs_f64();

    let reading = SqliteConnectOptions::new().filename(file).read_only(true);
    let reading = SqlitePool::connect_with(reading).await?;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let board = Board { due: Arc::default(), begun };
    let began = Instant::now();
    let worker = WorkerBuilder::new("bench")
        .backend(storage.clone().poll_with_stream(wakes))
        .data(board.clone())
        .concurrency(plan.slots)
        .build(task);
    let working = tokio::spawn(worker.run());
    for n in 0..plan.tasks {
        begins.recv().await.ok_or("the worker has ended")?;
        // Its set-up has SQLite look at empty tables. What is in them now tells SQLite that a task is found by its id sooner
        // than by who holds it; without that, each completion reads all that the worker ever held.
        if plan.tuned && n == plan.tasks / ANALYZED {
            sqlx::query("ANALYZE").execute(&pool).await?;
        }
    }
    while left(&reading).await? > 0 {}
    let run = plan.tasks as f64 / began.elapsed().as_secs_f64();

    let start = tokio::time::Instant::now() + Duration::from_millis(plan.apart);
    let mut latencies = Vec::with_capacity(plan.singles);
    for place in 0..plan.singles {
        tokio::time::sleep_until(start + Duration::from_millis(plan.apart * place as u64)).await;
        let n = plan.tasks + place;
        board.due.lock().unwrap_or_else(PoisonError::into_inner).insert(n, Instant::now());
        let mut storage = storage.clone();
        tokio::spawn(async move {
            if let Err(error) = storage.push(n).await {
                eprintln!("a task was not put in: {error}");
            }
        });
    }
    for _ in 0..plan.singles {
        let latency = begins.recv().await.ok_or("the worker has ended")?;
        latencies.extend(latency.map(|latency| latency.as_secs_f64() * 1_000.0));
    }
    working.abort();
    println!("{}", serde_json::json!({ "enqueue": enqueue, "run": run, "latencies": latencies }));
    Ok(())
}

/// Opens the file, with what tells of new tasks. One connection: SQLite has one writer, and who waits for a connection waits
/// in order, where who waits for the database's lock sleeps and tries again.
async fn open(file: &str, synchronous: &str) -> Result<(SqlitePool, UnboundedReceiver<()>)> {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    // Its own set-up turns syncing off for the connection that it runs on: nothing else is done over that.
    let setting_up = SqlitePool::connect_with(options.clone()).await?;
    SqliteStorage::setup(&setting_up).await?;
    setting_up.close().await;
    // The rest of what the set-up sets for a connection.
    let options = options
        .pragma("synchronous", synchronous.to_owned())
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "64000")
        .pragma("journal_size_limit", "67108864");
    let (wake, wakes) = unbounded();
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        // As `SqliteStorage::connect_with_callback` does, which takes no options.
        .after_connect(move |connection, _| {
            let wake = wake.clone();
            Box::pin(async move {
                connection.lock_handle().await?.set_update_hook(move |change| {
                    if change.operation == SqliteOperation::Insert && change.table == TABLE {
                        let _ = wake.unbounded_send(());
                    }
                });
                Ok(())
            })
        })
        .connect_with(options)
        .await?;
    Ok((pool, wakes))
}

/// Tasks of which it is not known yet that they are done.
async fn left(pool: &SqlitePool) -> Result<i64> {
    let left = sqlx::query_scalar("SELECT count(*) FROM Jobs WHERE status <> 'Done'");
    Ok(left.fetch_one(pool).await?)
}
