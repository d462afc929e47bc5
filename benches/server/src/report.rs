//! The report: tables of what was seen, with what was wanted beside it where something is.

use std::fmt::Write;
use std::time::Duration;

use crate::crowd::Seen;
use crate::film::{Film, Import};
use crate::load::{Latencies, Outcome, at};

/// What is promised (issue 2): milliseconds from the start to serving, MiB of an idle server without the model, and
/// milliseconds in which 99 of 100 questions are answered.
const START_MS: f64 = 300.0;
const IDLE_MIB: f64 = 60.0;
const QUESTION_MS: f64 = 50.0;

/// What is promised of a thousand connections (issue 3): milliseconds in which 99 of 100 deliveries arrive, the share of
/// npm's socket.io in processor time, and KiB of an idle connection.
const CROWD_MS: f64 = 100.0;
const CROWD_PERCENT: f64 = 66.7;
const CONNECTION_KIB: f64 = 20.0;
/// And of a first token: milliseconds that it comes later than straight from its provider, 99 of 100 times.
const FIRST_TOKEN_MS: f64 = 5.0;

/// What was seen, as Markdown.
#[derive(Default)]
pub(crate) struct Report {
    text: String,
}

impl Report {
    /// Begins a section.
    pub(crate) fn section(&mut self, title: &str, about: &str) {
        self.line(&format!("\n## {title}\n"));
        if !about.is_empty() {
            self.line(&format!("{about}\n"));
        }
    }

    /// A line of text.
    pub(crate) fn line(&mut self, line: &str) {
        println!("{line}");
        // Writing to memory cannot fail.
        let _ = writeln!(self.text, "{line}");
    }

    /// A table's head.
    pub(crate) fn head(&mut self, columns: &[&str]) {
        self.line(&format!("| {} |", columns.join(" | ")));
        self.line(&format!("|{}", "---|".repeat(columns.len())));
    }

    /// How long the server takes to its first answer, each time.
    pub(crate) fn starts(&mut self, name: &str, mut took: Vec<Duration>) {
        took.sort_unstable();
        let middle = millis(took[took.len() / 2]);
        let (least, most) = (millis(took[0]), millis(took[took.len() - 1]));
        let verdict = verdict(middle, START_MS, "ms");
        self.line(&format!("| {name} | {middle:.0} ms | {least:.0} to {most:.0} ms | {verdict} |"));
    }

    /// Resident memory.
    pub(crate) fn memory(&mut self, name: &str, mib: f64, is_idle: bool) {
        let verdict = if is_idle { verdict(mib, IDLE_MIB, "MiB") } else { String::new() };
        self.line(&format!("| {name} | {mib:.1} MiB | {verdict} |"));
    }

    /// How long imports took; the middle one.
    pub(crate) fn imports(&mut self, name: &str, imports: &[Import]) {
        let middle = |of: fn(&Import) -> Duration| {
            let mut all: Vec<Duration> = imports.iter().map(of).collect();
            all.sort_unstable();
            (millis(all[all.len() / 2]), millis(all[all.len() - 1]))
        };
        let (propose, decide) = (middle(|import| import.propose), middle(|import| import.decide));
        self.line(&format!(
            "| {name} | {} | {:.0} ms | {:.0} ms | {:.0} ms | {:.0} ms |",
            imports.len(),
            propose.0,
            propose.1,
            decide.0,
            decide.1
        ));
    }

    /// What a load showed.
    pub(crate) fn load(&mut self, name: &str, outcome: &Outcome) {
        let latencies = &outcome.latencies;
        self.line(&format!(
            "| {name} | {:.0} | {:.1} ms | {:.1} ms | {:.0} µs |",
            outcome.rate(),
            at(latencies, 0.5),
            at(latencies, 0.99),
            outcome.cpu
        ));
    }

    /// How long questions took that were asked one after the other.
    pub(crate) fn questions(&mut self, name: &str, latencies: &Latencies, is_whole: bool) {
        let verdict = if is_whole { verdict(at(latencies, 0.99), QUESTION_MS, "ms") } else { String::new() };
        self.line(&format!(
            "| {name} | {} | {:.1} ms | {:.1} ms | {:.1} ms | {verdict} |",
            latencies.len(),
            at(latencies, 0.5),
            at(latencies, 0.99),
            at(latencies, 1.0)
        ));
    }

    /// How long first tokens took by way of the server, and whether that is little more than straight.
    pub(crate) fn first_tokens(&mut self, name: &str, through: &Latencies, direct: &Latencies) {
        let more = at(through, 0.99) - at(direct, 0.99);
        let verdict = verdict(more, FIRST_TOKEN_MS, "ms more at p99");
        self.line(&format!(
            "| {name} | {} | {:.1} ms | {:.1} ms | {:.1} ms | {more:.1} ms: {verdict} |",
            through.len(),
            at(through, 0.5),
            at(through, 0.99),
            at(through, 1.0)
        ));
    }

    /// What the project holds.
    pub(crate) fn project(&mut self, film: &Film, mib: f64) {
        let counts: Vec<String> = film.counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
        self.line(&format!(
            "The project has {} records ({}), which came in through the API; its data folder takes {mib:.0} MiB.",
            film.records(),
            counts.join(", ")
        ));
    }

    /// What a crowd showed.
    pub(crate) fn crowd(&mut self, who: &str, seen: &Seen) {
        let rate = seen.deliveries as f64 / seen.took.as_secs_f64();
        let quantile = |quantile| at(&seen.latencies, quantile);
        self.line(&format!(
            "| {who} | {rate:.0} | {:.1} ms | {:.1} ms | {:.1} ms | {:.1} µs | {:.1} KiB |",
            quantile(0.5),
            quantile(0.99),
            quantile(1.0),
            seen.cpu,
            seen.idle
        ));
    }

    /// What was wanted of the crowds: the middle rounds.
    pub(crate) fn crowds(&mut self, ours: &[Seen], theirs: &[Seen]) {
        let middle = |seen: &[Seen], of: fn(&Seen) -> f64| {
            let mut all: Vec<f64> = seen.iter().map(of).collect();
            all.sort_unstable_by(f64::total_cmp);
            all[all.len() / 2]
        };
        let p99 = middle(ours, |seen| at(&seen.latencies, 0.99));
        let share = middle(ours, |seen| seen.cpu) / middle(theirs, |seen| seen.cpu);
        let idle = middle(ours, |seen| seen.idle);
        self.line(&format!(
            "\nIn the middle round: p99 {p99:.1} ms ({}), {share:.2} of the peer's CPU a delivery ({}), {idle:.1} KiB an idle \
             connection ({}).",
            verdict(p99, CROWD_MS, "ms"),
            verdict(share * 100.0, CROWD_PERCENT, "%"),
            verdict(idle, CONNECTION_KIB, "KiB")
        ));
    }

    /// The whole.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn verdict(seen: f64, wanted: f64, unit: &str) -> String {
    let kept = if seen < wanted { "kept" } else { "**missed**" };
    format!("< {wanted:.0} {unit}: {kept}")
}
