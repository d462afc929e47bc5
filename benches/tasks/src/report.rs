//! The table of what was seen, with the machine and the versions.

use std::path::{Path, PathBuf};
use std::process::Command;

use hdrhistogram::Histogram;
use kernel::Ambient;

use crate::{Plan, Result, Seen, peers};

/// The rows so far.
pub(crate) struct Report {
    plan: Plan,
    rows: Vec<String>,
    began_with: String,
}

impl Report {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan, rows: Vec::new(), began_with: load() }
    }

    /// What was seen of one system.
    pub(crate) fn row(&mut self, system: &str, durability: &str, plan: Plan, seen: &Seen) {
        // Microseconds up to an hour, to three digits.
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 3_600_000_000, 3).ok();
        for latency in &seen.latencies {
            if let Some(histogram) = &mut histogram {
                histogram.saturating_record((latency * 1_000.0) as u64);
            }
        }
        let at = |quantile: f64| {
            histogram.as_ref().map_or(0.0, |histogram| histogram.value_at_quantile(quantile) as f64 / 1_000.0)
        };
        let idle = if seen.latencies.is_empty() {
            String::from("– | – | –")
        } else {
            format!("{:.2} ms | {:.2} ms | {:.1} ms", at(0.5), at(0.99), at(1.0))
        };
        let row = format!(
            "| {system} | {durability} | {} | {:.0} | {:.0} | {idle} |",
            plan.slots, seen.enqueue, seen.run
        );
        println!("{row}");
        self.rows.push(row);
    }

    /// Writes it all beside this package's source.
    pub(crate) fn write(self) -> Result<()> {
        let Plan { tasks, callers, singles, apart, .. } = self.plan;
        let text = format!(
            "# Durable tasks, measured\n\n\
             Measured {} at {}, with {}, BullMQ {}, graphile-worker {}, apalis-sqlite {}, {}, {}, on {} cores of {}. Load average {} when it began, \
             {} when it ended: read the ratios, not the absolutes.\n\n\
             {tasks} tasks that do nothing are put in by {callers} callers at once, a call each; then as many as there are slots are done at a time. \
             Then {singles} single tasks are put into the idle system, one every {apart} ms whatever came of the one before, and the \
             time from wanting one to its start is taken. The systems run one after the other on the same machine, clients and \
             workers in one process, the database beside it; each by its public interface. A task of ours is a run of one step, \
             with its events on the project's stream.\n\n\
             | system | durability | slots | put in, a second | done, a second | idle start p50 | p99 | longest |\n|---|---|---|---|---|---|---|---|\n{}\n",
            Ambient::system().now().to_rfc3339().split_at(10).0,
            said("git", &["rev-parse", "--short", "HEAD"]),
            said("rustc", &["--version"]),
            peers::version("bullmq"),
            peers::version("graphile-worker"),
            peers::locked("apalis-sqlite"),
            said("redis-server", &["--version"]).split(" sha").next().unwrap_or_default(),
            said("psql", &["--version"]),
            std::thread::available_parallelism()?,
            processor(),
            self.began_with,
            load(),
            self.rows.join("\n")
        );
        Ok(std::fs::write(here().join("RESULTS.md"), text)?)
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim()));
    name.unwrap_or("unknown").to_owned()
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(here()).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
