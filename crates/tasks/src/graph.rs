//! What a run is made of, before it is made; and whether that makes sense.

use std::collections::{HashMap, HashSet};

use kernel::{Error, PersonId, ProjectId, Result, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};
use wire::runs::{Limits, Priority};

/// The most steps of a run.
pub const STEPS: usize = 2_000;
/// The most bytes of what a run or a step is given, as JSON.
const INPUT_BYTES: usize = 256 * 1024;
/// The most characters of a name, a kind, a queue or an idempotency key.
const NAME_CHARS: usize = 200;

/// The shortest lease, in milliseconds: three times as long as a service takes between two heartbeats.
const LEASE_MS: i64 = 15_000;

/// A run to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Whose it is.
    pub project: ProjectId,
    /// Who asked for it; nobody if the server did.
    pub by: Option<PersonId>,
    /// What kind of work it is: `film.task` …
    pub kind: String,
    /// For people.
    pub title: String,
    /// What all its steps may read.
    pub input: Value,
    /// A second run under the same key is not made.
    pub idempotency_key: Option<String>,
    /// Its steps, in an order for people.
    pub steps: Vec<NewStep>,
}

/// A step to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStep {
    /// Its name, of which a run has no two.
    pub name: String,
    /// Whose workers do it.
    pub queue: String,
    /// What it is given.
    pub input: Value,
    /// The names of the steps that have to be complete before.
    pub after: Vec<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// It starts no earlier.
    pub delay_until: Option<Timestamp>,
    /// How long it may take, and how often it is tried.
    pub limits: Limits,
}

impl NewStep {
    /// A step with no parents and the usual limits.
    #[must_use]
    pub fn new(name: impl Into<String>, queue: impl Into<String>, input: Value) -> Self {
        Self {
            name: name.into(),
            queue: queue.into(),
            input,
            after: Vec::new(),
            priority: Priority::default(),
            delay_until: None,
            limits: Limits::default(),
        }
    }

    /// The same, after those steps.
    #[must_use]
    pub fn after(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.after.extend(names.into_iter().map(Into::into));
        self
    }
}

impl NewRun {
    /// The places of each step's parents (G2).
    ///
    /// # Errors
    /// `VALIDATION_ERROR`, naming what is wrong.
    pub fn parents(&self) -> Result<Vec<Vec<usize>>> {
        if self.steps.is_empty() || self.steps.len() > STEPS {
            return Err(Error::field("steps", format!("must be 1 to {STEPS}")));
        }
        short("kind", &self.kind)?;
        short("title", &self.title)?;
        if let Some(key) = &self.idempotency_key {
            short("idempotencyKey", key)?;
        }
        small("input", &self.input)?;
        let mut places = HashMap::with_capacity(self.steps.len());
        for (place, step) in self.steps.iter().enumerate() {
            short(&format!("steps.{place}.name"), &step.name)?;
            short(&format!("steps.{place}.queue"), &step.queue)?;
            small(&format!("steps.{place}.input"), &step.input)?;
            sensible(&format!("steps.{place}.limits"), &step.limits)?;
            if places.insert(step.name.as_str(), place).is_some() {
                let twice = format!("another step is called {}", step.name);
                return Err(Error::field(format!("steps.{place}.name"), twice));
            }
        }
        let mut parents = Vec::with_capacity(self.steps.len());
        for (place, step) in self.steps.iter().enumerate() {
            let mut of_step = HashSet::with_capacity(step.after.len());
            for name in &step.after {
                let parent = places.get(name.as_str()).ok_or_else(|| {
                    Error::field(format!("steps.{place}.after"), format!("there is no step {name}"))
                })?;
                of_step.insert(*parent);
            }
            let mut of_step: Vec<usize> = of_step.into_iter().collect();
            of_step.sort_unstable();
            parents.push(of_step);
        }
        acyclic(&parents, &self.steps)?;
        Ok(parents)
    }

    /// What tells two runs apart that are made under one key (G3).
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let steps: Vec<_> =
            self.steps.iter().map(|step| (&step.name, &step.queue, &step.input, &step.after)).collect();
        hash.update(serde_json::json!([self.kind, self.title, self.input, steps]).to_string());
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Takes away steps without parents until none is left (Kahn 1962); what stays is on a cycle, or behind one.
fn acyclic(parents: &[Vec<usize>], steps: &[NewStep]) -> Result<()> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
    for (child, of_child) in parents.iter().enumerate() {
        of_child.iter().for_each(|parent| children[*parent].push(child));
    }
    let mut open: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut free: Vec<usize> = (0..open.len()).filter(|place| open[*place] == 0).collect();
    let mut taken = 0;
    while let Some(place) = free.pop() {
        taken += 1;
        for child in &children[place] {
            open[*child] -= 1;
            if open[*child] == 0 {
                free.push(*child);
            }
        }
    }
    if taken == parents.len() {
        return Ok(());
    }
    let stuck = open.iter().position(|open| *open > 0).unwrap_or_default();
    Err(Error::field(
        format!("steps.{stuck}.after"),
        format!("{} would have to wait for itself", steps[stuck].name),
    ))
}

fn short(field: &str, text: &str) -> Result<()> {
    if text.trim().is_empty() || text.chars().count() > NAME_CHARS {
        return Err(Error::field(field, format!("must have 1 to {NAME_CHARS} characters")));
    }
    Ok(())
}

fn sensible(field: &str, limits: &Limits) -> Result<()> {
    if !(1..=100).contains(&limits.attempts) {
        return Err(Error::field(format!("{field}.attempts"), "must be 1 to 100"));
    }
    if limits.lease_ms < LEASE_MS {
        return Err(Error::field(format!("{field}.leaseMs"), format!("must be at least {LEASE_MS}")));
    }
    for (name, millis) in [
        ("quietMs", limits.quiet_ms),
        ("runMs", limits.run_ms),
        ("graceMs", limits.grace_ms),
        ("lifeMs", limits.life_ms),
    ] {
        if millis < 1 {
            return Err(Error::field(format!("{field}.{name}"), "must be more than nothing"));
        }
    }
    Ok(())
}

fn small(field: &str, value: &Value) -> Result<()> {
    if value.to_string().len() > INPUT_BYTES {
        return Err(Error::field(field, format!("must be at most {INPUT_BYTES} bytes of JSON")));
    }
    Ok(())
}
