//! Atelier's own tasks, through the handle that the server uses.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use kernel::{Ambient, ProjectId};
use serde_json::json;
use store::{Options, Store, people, projects};
use tasks::graph::{NewRun, NewStep};
use tasks::{Service, Tasks};
use tokio::sync::oneshot;
use tokio::time::Duration;
use wire::projects::ProjectType;

use crate::{Plan, Result, Seen, millis, until};

/// Measures the tasks of a store that is empty.
pub(crate) async fn measure(plan: Plan, options: Options) -> Result<Seen> {
    // As the server does it: SQLite has but one.
    let alone = options.url.is_none();
    let store = Store::open(options, Ambient::system()).await?;
    let project = store.transact(|tx| {
        let ada = people::create(tx, "ada@example.org", "Ada", None, false)?.id;
        Ok(projects::create(tx, ada, "Bench", ProjectType::Movie)?.id)
    });
    let project = project.await?;
    let options = tasks::Options { alone, ..tasks::Options::new("bench") };
    let (service, tasks) = Service::new(store, Ambient::system(), options);
    let (end, ended) = oneshot::channel::<()>();
    let running = tokio::spawn(service.run(async move { drop(ended.await) }));

    let begun = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let callers = (0..plan.callers).map(|_| {
        let (tasks, next) = (tasks.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= plan.tasks {
                    return Ok::<(), kernel::Error>(());
                }
                tasks.make(task(project, n)).await?;
            }
        })
    });
    for caller in futures_util::future::join_all(callers).await {
        caller??;
    }
    let enqueue = plan.tasks as f64 / begun.elapsed().as_secs_f64();

    let begun = Instant::now();
    let due: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let (first, mut firsts) = tokio::sync::mpsc::unbounded_channel();
    let mut worker = tasks.worker("bench", u32::try_from(plan.slots)?).await?;
    let working = tokio::spawn({
        let due = due.clone();
        async move {
            while let Some(lease) = worker.next().await {
                let started = Instant::now();
                let wanted = due.lock().unwrap_or_else(PoisonError::into_inner).remove(&lease.step().name);
                let first = first.clone();
                tokio::spawn(async move {
                    let done = lease.complete(json!(null)).await;
                    // Nobody listens any more once all is measured.
                    let _ = first.send(done.map(|()| wanted.map(|wanted| started - wanted)));
                });
            }
        }
    });
    for _ in 0..plan.tasks {
        firsts.recv().await.ok_or("the worker has ended")??;
    }
    let run = plan.tasks as f64 / begun.elapsed().as_secs_f64();

    let start = tokio::time::Instant::now() + Duration::from_millis(plan.apart);
    let mut latencies = Vec::with_capacity(plan.singles);
    for place in 0..plan.singles {
        until(start + Duration::from_millis(plan.apart * place as u64)).await;
        let new = task(project, plan.tasks + place);
        due.lock().unwrap_or_else(PoisonError::into_inner).insert(new.steps[0].name.clone(), Instant::now());
        let tasks = tasks.clone();
        tokio::spawn(async move { make(&tasks, new).await });
    }
    for _ in 0..plan.singles {
        let latency = firsts.recv().await.ok_or("the worker has ended")??;
        latencies.extend(latency.map(millis));
    }
    drop(end);
    running.await??;
    working.await?;
    Ok(Seen { enqueue, run, latencies })
}

async fn make(tasks: &Tasks, new: NewRun) {
    if let Err(error) = tasks.make(new).await {
        eprintln!("a task was not made: {error}");
    }
}

fn task(project: ProjectId, n: usize) -> NewRun {
    NewRun {
        project,
        by: None,
        kind: "bench".into(),
        title: "nothing".into(),
        input: json!(null),
        idempotency_key: None,
        steps: vec![NewStep::new(n.to_string(), "bench", json!(n))],
    }
}
