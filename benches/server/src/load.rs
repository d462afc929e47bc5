//! Load in a closed loop: each client has a connection of its own, and asks again when it has been answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::Result;
use crate::atelier::Atelier;
use crate::client::{Ask, Client};

/// Requests of each client that come first and are not counted.
const WARM: usize = 3;
/// The longest latency that is told apart, in microseconds.
const LONGEST: u64 = 120_000_000;

/// Latencies in microseconds, to three digits.
pub(crate) type Latencies = Histogram<u64>;

/// An empty histogram.
pub(crate) fn latencies() -> Result<Latencies> {
    Ok(Histogram::new_with_bounds(1, LONGEST, 3)?)
}

/// Adds a latency.
pub(crate) fn record(latencies: &mut Latencies, took: Duration) {
    latencies.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST));
}

/// A quantile in milliseconds.
pub(crate) fn at(latencies: &Latencies, quantile: f64) -> f64 {
    latencies.value_at_quantile(quantile) as f64 / 1e3
}

/// What a run showed.
pub(crate) struct Outcome {
    pub(crate) latencies: Latencies,
    pub(crate) took: Duration,
    /// The processor's time that the server took for an answer, in microseconds. It hardly depends on what else the
    /// machine does, as the other figures do.
    pub(crate) cpu: f64,
}

impl Outcome {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }
}

/// Has `clients` ask for `time`, each its own requests, told by client and turn. An answer that is no success ends the run.
pub(crate) async fn run(
    atelier: &Atelier,
    clients: usize,
    time: Duration,
    ask: impl Fn(usize, usize) -> Ask + Send + Sync + 'static,
) -> Result<Outcome> {
    let token = atelier.sign_in().await?;
    let ask = Arc::new(ask);
    let start = Arc::new(Barrier::new(clients + 1));
    let mut running: JoinSet<Result<Latencies>> = JoinSet::new();
    for number in 0..clients {
        let mut client = Client::connect(atelier.address, Some(&token)).await?;
        let (ask, start) = (ask.clone(), start.clone());
        running.spawn(async move {
            let mut warm = Ok(());
            for turn in 0..WARM {
                warm = warm.and(client.send(&ask(number, turn)).await.map(drop));
            }
            // Who failed comes to the barrier as well: the others wait for all.
            start.wait().await;
            warm?;
            let mut latencies = latencies()?;
            let end = Instant::now() + time;
            for turn in WARM.. {
                let request = ask(number, turn);
                let asked = Instant::now();
                if asked >= end {
                    break;
                }
                client.send(&request).await?;
                record(&mut latencies, asked.elapsed());
            }
            Ok(latencies)
        });
    }
    start.wait().await;
    let (began, busy) = (Instant::now(), atelier.busy()?);
    let mut all = latencies()?;
    while let Some(done) = running.join_next().await {
        all.add(done??)?;
    }
    let (took, busy) = (began.elapsed(), atelier.busy()? - busy);
    let cpu = busy.as_secs_f64() * 1e6 / all.len().max(1) as f64;
    Ok(Outcome { latencies: all, took, cpu })
}
