//! What a transaction has loaded and changed: the runs that it holds, their steps, and what is to be written.

mod making;
mod standing;
mod wishes;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kernel::{Error, EventKind, PersonId, ProjectId, Random, Result, RunId, StepId, Timestamp};
use serde_json::Value;
use store::events::Told;
use store::runs::{
    self, Claimable, Coming, NewAttempt, NewEdge, NewRunRow, NewStepRow, Reserved, Step, Taken,
};
use store::{Scope, Tenant, Tx, events};
use wire::runs::{Answer, LogEntry, Run};

use super::ahead::Wanted;
use super::orders::{LOG_BYTES, Order, TOOL_CALL};
use super::unwritten::{Claimed, Writing};
use super::{Refused, Reply};
use crate::machine::{self, Action, Command, Moment, Refusal};
use standing::{count, told_of_call, told_of_question, told_of_run, told_of_step, turn};

/// The most bytes of a piece of a log.
const ENTRY_BYTES: usize = 64 * 1024;
/// The most bytes of what a step gives, as JSON.
const OUTPUT_BYTES: usize = 8 * 1024 * 1024;
/// What a full log says of itself, once.
const FULL: &str = "The log of this run is full; what comes after is not kept.";

/// What others are to hear of once it is committed.
pub(super) struct Closed {
    pub(super) stop: Vec<StepId>,
    pub(super) wake: Option<Timestamp>,
    pub(super) logged: Vec<RunId>,
}

/// A transaction's view of runs and steps.
pub(super) struct Book<'r> {
    pub(super) now: Timestamp,
    random: &'r dyn Random,
    writing: &'r Writing,
    runs: BTreeMap<RunId, Run>,
    steps: HashMap<StepId, Step>,
    changed_runs: BTreeSet<RunId>,
    changed_steps: BTreeSet<StepId>,
    /// Whether a query for ready steps would miss, for what is not saved yet, one that became ready or whose turn it is.
    readied: bool,
    new_runs: Vec<NewRunRow>,
    new_steps: Vec<NewStepRow>,
    new_edges: Vec<NewEdge>,
    attempts: Vec<NewAttempt>,
    turns_over: Vec<StepId>,
    /// By queue.
    turns_taken: Vec<(String, StepId)>,
    log: Vec<(RunId, LogEntry)>,
    /// Steps that have ended, and of which their children have not heard.
    ended: Vec<StepId>,
    /// In the order of the projects, which is that in which their rows are locked.
    events: BTreeMap<ProjectId, Vec<Told>>,
    pub(super) ready: BTreeSet<String>,
    stop: Vec<StepId>,
    wake: Option<Timestamp>,
    logged: BTreeSet<RunId>,
    /// Claims of this transaction that are held back.
    late: BTreeMap<RunId, Vec<StepId>>,
    /// Runs whose claims were held back until now; and those of their steps of which nothing was told yet.
    written_late: BTreeSet<RunId>,
    untold: BTreeSet<StepId>,
}

impl<'r> Book<'r> {
    pub(super) fn new(now: Timestamp, random: &'r dyn Random, writing: &'r Writing) -> Self {
        Self {
            now,
            random,
            writing,
            runs: BTreeMap::new(),
            steps: HashMap::new(),
            changed_runs: BTreeSet::new(),
            changed_steps: BTreeSet::new(),
            readied: false,
            new_runs: Vec::new(),
            new_steps: Vec::new(),
            new_edges: Vec::new(),
            attempts: Vec::new(),
            turns_over: Vec::new(),
            turns_taken: Vec::new(),
            log: Vec::new(),
            ended: Vec::new(),
            events: BTreeMap::new(),
            ready: BTreeSet::new(),
            stop: Vec::new(),
            wake: None,
            logged: BTreeSet::new(),
            late: BTreeMap::new(),
            written_late: BTreeSet::new(),
            untold: BTreeSet::new(),
        }
    }

    /// Takes the steps that the orders are about, with their runs. What people wish is often of a whole run: then all runs are
    /// taken first, so that everyone takes them in the same order.
    pub(super) fn load(&mut self, tx: &mut Tx<'_>, orders: &[Order]) -> Result<()> {
        let runs: BTreeSet<RunId> = orders.iter().filter_map(Order::run).collect();
        let of_all = orders.iter().any(Order::is_of_all);
        self.ready.extend(self.writing.withdraw(Some(&runs).filter(|_| !of_all)));
        let mut held = if of_all { self.writing.all() } else { self.writing.of_all(&runs) };
        if orders.iter().any(|order| matches!(order, Order::Flush)) {
            held.extend(self.writing.old());
        }
        self.redeem(tx, held, &runs)?;
        if orders.iter().any(Order::is_wish) {
            let runs = runs::take(tx, &runs.into_iter().collect::<Vec<_>>())?;
            for run in runs {
                self.runs.entry(run.id).or_insert(run);
            }
        }
        let mut steps: BTreeSet<StepId> = orders.iter().filter_map(Order::step).collect();
        steps.retain(|step| !self.steps.contains_key(step));
        let taken = runs::take_steps(tx, &steps.into_iter().collect::<Vec<_>>())?;
        taken.into_iter().for_each(|taken| self.hold(taken));
        let taken = self.runs.keys().filter(|run| !self.written_late.contains(run));
        self.release(tx, &taken.copied().collect::<Vec<_>>())
    }

    /// Writes claims that were held back, but for those that another server has written meanwhile; those are forgotten, and
    /// their runs read. Takes the runs `beside` them, too.
    fn redeem(&mut self, tx: &mut Tx<'_>, held: Vec<Claimed>, beside: &BTreeSet<RunId>) -> Result<()> {
        if !self.writing.is_reserved() {
            self.write_held(held);
            return Ok(());
        }
        let runs: Vec<RunId> = held.iter().map(|(run, _)| run.id).collect();
        let leases: Vec<(StepId, i64)> =
            held.iter().flat_map(|(_, steps)| steps).map(|step| (step.id, step.fence)).collect();
        let beside: Vec<RunId> = beside.iter().copied().collect();
        let redeemed: HashSet<StepId> = runs::redeem(tx, &runs, &leases, &beside)?.into_iter().collect();
        for (run, steps) in held {
            match steps.iter().filter(|step| redeemed.contains(&step.id)).count() {
                0 => self.writing.forget(run.id),
                all if all == steps.len() => self.write_held([(run, steps)]),
                // Whoever writes one claim of a run writes all.
                _ => {
                    self.writing.forget(run.id);
                    return Err(Error::internal("a part of a run's claims was written by somebody else"));
                }
            }
        }
        Ok(())
    }

    /// Writes what servers have reserved of runs that are held, as they claimed it.
    pub(super) fn release(&mut self, tx: &mut Tx<'_>, runs: &[RunId]) -> Result<()> {
        let reserved = runs::release(tx, runs)?;
        self.read(tx, reserved.iter().map(|reserved| reserved.step))?;
        for Reserved { run, step, worker, at, .. } in reserved {
            let now = std::mem::replace(&mut self.now, at);
            let claimed = self.decide_step(step, &Command::Claim { worker }, None, false);
            self.now = now;
            // What is reserved is ready, since whoever changes that comes by here first.
            if claimed.is_ok() {
                self.changed_runs.insert(run);
                self.written_late.insert(run);
                self.changed_steps.insert(step);
                self.untold.insert(step);
            }
        }
        Ok(())
    }

    /// Writes what servers have reserved of runs that were taken for that.
    pub(super) fn release_all(&mut self, tx: &mut Tx<'_>, runs: Vec<Run>) -> Result<()> {
        let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
        for run in runs {
            self.runs.entry(run.id).or_insert(run);
        }
        self.release(tx, &ids)
    }

    /// Writes claims that were held back.
    fn write_held(&mut self, claimed: impl IntoIterator<Item = Claimed>) {
        for (run, steps) in claimed {
            self.changed_runs.insert(run.id);
            self.written_late.insert(run.id);
            self.runs.insert(run.id, run);
            for step in steps {
                self.changed_steps.insert(step.id);
                self.untold.insert(step.id);
                self.steps.insert(step.id, step);
            }
        }
    }

    /// Steps that the database has for ready, but a worker has.
    pub(super) fn held_back(&self) -> Vec<StepId> {
        self.writing.steps()
    }

    /// The next step of a queue, if it was read ahead.
    pub(super) fn next(&self, queue: &str) -> Option<Claimable> {
        self.writing.pop(queue)
    }

    /// Reads ahead which steps of a queue come next, now that all as far as `last` are claimed. Whether there are no others.
    pub(super) fn read_ahead(
        &mut self,
        tx: &mut Tx<'_>,
        queue: &str,
        last: Option<(i64, StepId)>,
    ) -> Result<bool> {
        let Some(Wanted { after, count }) = self.writing.wanted(queue, last) else { return Ok(false) };
        let mut found = runs::next(tx, queue, after, count)?;
        let all = found.len() < count as usize;
        let held: HashSet<StepId> = self.writing.steps().into_iter().collect();
        found.retain(|coming| !held.contains(&coming.taken.step.id));
        // What other steps of its run may change, or is too large to be kept, is not read ahead; nor what comes after it.
        let fits = |Coming { taken: Taken { run, step }, inputs }: Coming| {
            let is_last = run.total - run.complete - run.failed - run.cancelled == 1;
            let (input, run_input) = inputs.filter(|_| is_last && !self.runs.contains_key(&run.id))?;
            Some(Claimable { taken: Taken { run, step }, input, run_input })
        };
        let known = found.len();
        let steps: Vec<Claimable> = found.into_iter().map_while(fits).collect();
        let fitted = steps.len() == known;
        self.writing.put(queue, steps, fitted);
        Ok(all && fitted)
    }

    /// Keeps a step that may be claimed. Other claims of its run are written, since they have changed the run; those that are
    /// reserved were already.
    pub(super) fn hold_claimable(&mut self, taken: Taken) {
        if !self.writing.is_reserved() {
            self.write_held(self.writing.of(taken.run.id));
        }
        self.hold(taken);
    }

    /// A worker takes a step. If it is one of this server's, that may be held back (see [`super::unwritten`]).
    pub(super) fn claim(&mut self, id: StepId, worker: &str) -> Result<Reply, Refusal> {
        let claim = Command::Claim { worker: worker.to_owned() };
        let step = self.steps.get(&id).ok_or(Refusal::Over)?;
        let (run, is_ours) = (step.run, super::is_own(worker) && !runs::is_in_turn(&step.queue));
        let is_late = is_ours
            && !self.changed_steps.contains(&id)
            && (self.late.contains_key(&run) || self.writing.has_room(run));
        let reply = self.decide_step(id, &claim, None, !is_late)?;
        if is_late {
            self.late.entry(run).or_default().push(id);
        }
        Ok(reply)
    }

    /// Keeps a step that was taken, and its run; but not in place of what is newer.
    pub(super) fn hold(&mut self, taken: Taken) {
        self.runs.entry(taken.run.id).or_insert(taken.run);
        self.steps.entry(taken.step.id).or_insert(taken.step);
    }

    /// Reads those of the steps that are not here yet.
    fn read(&mut self, tx: &mut Tx<'_>, ids: impl IntoIterator<Item = StepId>) -> Result<()> {
        let mut ids: Vec<StepId> = ids.into_iter().filter(|id| !self.steps.contains_key(id)).collect();
        ids.sort_unstable();
        ids.dedup();
        self.keep(Step::many(tx, &ids)?);
        Ok(())
    }

    /// Keeps what was read, but not in place of what is newer.
    fn keep(&mut self, steps: Vec<Step>) {
        for step in steps {
            self.steps.entry(step.id).or_insert(step);
        }
    }

    pub(super) fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get(&id)
    }

    /// Does one order. The outer error is the database's, the inner one the order's.
    pub(super) fn decide(&mut self, tx: &mut Tx<'_>, order: &Order) -> Result<Result<Reply, Refused>> {
        Ok(match order {
            Order::Make(new) => return self.make(tx, new),
            Order::Say { run, step, command, output } => {
                let output = output.as_ref().map(Value::to_string);
                small("output", output.as_ref().map_or(0, String::len), OUTPUT_BYTES)
                    .and_then(|()| self.of_run(*run, *step))
                    .and_then(|()| Ok(self.apply(*step, command, output)?))
            }
            Order::Keep { run, step, fence, worker } => {
                let command = Command::Keep { fence: *fence, worker: worker.clone() };
                match self.of_run(*run, *step).and_then(|()| Ok(self.apply(*step, &command, None)?)) {
                    Ok(_) => self.claimed(tx, *step)?,
                    Err(refused) => Err(refused),
                }
            }
            Order::Log { run, step, fence, kind, text } => small("text", text.len(), ENTRY_BYTES)
                .and_then(|()| self.of_run(*run, *step))
                .and_then(|()| self.append(*run, *step, *fence, kind, text)),
            Order::Answer { project, run, step, by, value } => {
                let answer = Answer { by: *by, at: self.now, value: value.clone() };
                self.of_project(*project, *run)
                    .and_then(|()| self.of_run(*run, *step))
                    .and_then(|()| Ok(self.apply(*step, &Command::Answer(answer), None)?))
            }
            Order::Cancel { project, run, by } => match self.of_project(*project, *run) {
                Ok(()) => {
                    self.cancel(tx, *run, *by)?;
                    Ok(Reply::Done { stop: false })
                }
                Err(refused) => Err(refused),
            },
            Order::Pause { project, run, why } => match self.of_project(*project, *run) {
                Ok(()) => {
                    self.pause(tx, *run, why.as_deref())?;
                    Ok(Reply::Done { stop: false })
                }
                Err(refused) => Err(refused),
            },
            Order::Retry { project, run, step } => {
                match self.of_project(*project, *run).and_then(|()| self.of_run(*run, *step)) {
                    Ok(()) => {
                        self.retry(tx, *run, *step)?;
                        Ok(Reply::Done { stop: false })
                    }
                    Err(refused) => Err(refused),
                }
            }
            Order::Disown { .. } | Order::Look { .. } | Order::Flush | Order::Tick => {
                Ok(Reply::Done { stop: false })
            }
        })
    }

    /// The step with what it was given.
    fn claimed(&self, tx: &mut Tx<'_>, id: StepId) -> Result<Result<Reply, Refused>> {
        let Some(step) = self.steps.get(&id).cloned() else { return Ok(Err(Refusal::Over.into())) };
        let (input, run_input) = runs::inputs(tx, id)?;
        let (input, run_input) = (super::json(&input)?, super::json(&run_input)?);
        Ok(Ok(Reply::Kept(Box::new(super::Claim { step, input, run_input }))))
    }

    fn of_project(&self, project: ProjectId, run: RunId) -> Result<(), Refused> {
        match self.runs.get(&run) {
            Some(run) if run.project_id == project => Ok(()),
            _ => Err(Error::not_found("run").into()),
        }
    }

    fn of_run(&self, run: RunId, step: StepId) -> Result<(), Refused> {
        match self.steps.get(&step) {
            Some(step) if step.run == run => Ok(()),
            _ => Err(Error::not_found("step").into()),
        }
    }

    /// Has the machine decide a command on a step, and notes what follows.
    pub(super) fn apply(
        &mut self,
        id: StepId,
        command: &Command,
        output: Option<String>,
    ) -> Result<Reply, Refusal> {
        self.decide_step(id, command, output, true)
    }

    /// The same; if it is not to be written, nobody is told of it either.
    fn decide_step(
        &mut self,
        id: StepId,
        command: &Command,
        output: Option<String>,
        write: bool,
    ) -> Result<Reply, Refusal> {
        let (Some(step), random) = (self.steps.get_mut(&id), self.random) else {
            return Err(Refusal::Over);
        };
        let Some(run) = self.runs.get_mut(&step.run) else { return Err(Refusal::Over) };
        let (before, was_ready, was_asked) = (step.state, step.rank.is_some(), step.asked_at.is_some());
        let was_held = step.worker.is_some();
        let actions = machine::apply(step, command, Moment { now: self.now, random, run })?;
        if before != step.state {
            count(run, before, -1);
            count(run, step.state, 1);
            if (turn(run, step.state, self.now) || step.state.has_ended() || before.has_ended()) && write {
                self.changed_runs.insert(run.id);
            }
        }
        if write {
            self.changed_steps.insert(id);
        }
        self.wake = [self.wake, step.wake_at].into_iter().flatten().min();
        if step.rank.is_some() && !was_ready {
            self.writing.readied(step);
            self.ready.insert(step.queue.clone());
            self.readied = true;
        }
        if was_held != step.worker.is_some() && runs::is_in_turn(&step.queue) {
            if was_held {
                // The next one may have the turn.
                self.turns_over.push(id);
                self.ready.insert(step.queue.clone());
                self.readied = true;
            } else {
                self.turns_taken.push((runs::turn(&step.queue).to_owned(), id));
            }
        }
        if step.asked_at.is_some() && !was_asked {
            self.stop.push(id);
        }
        for action in actions {
            match action {
                Action::Tell if !write => {}
                Action::Tell => {
                    self.untold.remove(&id);
                    let payload = told(&told_of_step(step, run));
                    let events = self.events.entry(step.project).or_default();
                    events.push(Told { kind: EventKind::StepUpdated, by: None, payload });
                    let asks = before != step.state;
                    if asks && let Some(payload) = told_of_question(step, run) {
                        events.push(Told { kind: EventKind::Notification, by: None, payload });
                    }
                }
                // A run of one step has no children that would have to hear of its end.
                Action::End if run.total > 1 => self.ended.push(id),
                Action::End => {}
                Action::Settle(settled) => self.attempts.push(NewAttempt {
                    step: id,
                    run: run.id,
                    fence: settled.fence,
                    attempt: settled.attempt,
                    worker: settled.worker,
                    outcome: settled.outcome,
                    error: settled.error,
                    output: output.clone(),
                    began_at: settled.began_at,
                    ended_at: self.now,
                }),
            }
        }
        Ok(Reply::Done { stop: step.asked_at.is_some() })
    }

    /// Tells the children of ended steps, and theirs, what that means for them (G4, G5).
    fn cascade(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        while !self.ended.is_empty() {
            let parents = std::mem::take(&mut self.ended);
            let edges = Step::children(tx, &parents)?;
            self.read(tx, edges.iter().map(|(_, child)| *child))?;
            for (parent, child) in edges {
                let Some(ended) = self.steps.get(&parent) else { continue };
                let (name, state) = (ended.name.clone(), ended.state);
                // A child that has ended already is not touched, and nothing else can refuse this.
                let _ = self.apply(child, &Command::ParentEnded { parent, name, state }, None);
            }
        }
        Ok(())
    }

    /// Gives out the next offset of the run's log (T3).
    fn append(
        &mut self,
        run: RunId,
        step: StepId,
        fence: i64,
        kind: &str,
        text: &str,
    ) -> Result<Reply, Refused> {
        let reply = self.apply(step, &Command::Progress { fence }, None)?;
        let Some(run) = self.runs.get_mut(&run) else { return Ok(reply) };
        if run.log_end < LOG_BYTES {
            let mut add = |kind: &str, text: &str| {
                let (kind, text) = (kind.to_owned(), text.to_owned());
                let length = text.len() as i64;
                let start = run.log_end;
                let entry = LogEntry { start, step_id: step, fence, kind, text, at: self.now };
                self.log.push((run.id, entry));
                run.log_end += length;
                run.log_end >= LOG_BYTES
            };
            if add(kind, text) {
                add("full", FULL);
            }
            self.changed_runs.insert(run.id);
            self.logged.insert(run.id);
            if kind == TOOL_CALL
                && let Some(payload) = told_of_call(run.id, text)
            {
                let told = Told { kind: EventKind::AgentToolCall, by: None, payload };
                self.events.entry(run.project_id).or_default().push(told);
            }
        }
        Ok(Reply::Logged { end: run.log_end })
    }

    /// Tells of what became of a run, by somebody or by itself.
    fn tell_of_run(&mut self, run: &Run, by: Option<PersonId>) {
        let told = Told { kind: EventKind::RunUpdated, by, payload: told(&told_of_run(run)) };
        self.events.entry(run.project_id).or_default().push(told);
    }

    /// Writes what became ready, so that it is found, and what was ready until now, so that it is not.
    pub(super) fn save_ready(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.cascade(tx)?;
        if self.readied || !self.written_late.is_empty() { self.save_steps(tx) } else { Ok(()) }
    }

    /// Writes the steps that were made or changed, so that queries find them as they are now.
    pub(super) fn save_steps(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.cascade(tx)?;
        self.readied = false;
        runs::create(tx, &self.new_runs, &self.new_steps, &self.new_edges)?;
        let there = runs::save_steps(tx, self.changed_steps.iter().filter_map(|id| self.steps.get(id)))?;
        if there < self.changed_steps.len() as u64 && !self.written_late.is_empty() {
            return Err(self.gone(tx)?);
        }
        runs::save_turns(tx, &self.turns_over, &self.turns_taken)?;
        self.turns_over.clear();
        self.turns_taken.clear();
        self.new_runs.clear();
        self.new_steps.clear();
        self.new_edges.clear();
        self.changed_steps.clear();
        Ok(())
    }

    /// Runs whose claims were held back were removed meanwhile, with their project. Those claims are forgotten.
    fn gone(&self, tx: &mut Tx<'_>) -> Result<Error> {
        let late: Vec<RunId> = self.written_late.iter().copied().collect();
        let there: BTreeSet<RunId> = runs::take(tx, &late)?.into_iter().map(|run| run.id).collect();
        late.iter().filter(|run| !there.contains(run)).for_each(|run| self.writing.forget(*run));
        Ok(Error::not_found("run"))
    }

    /// Writes all else that was changed, and tells of it. The rows of the projects, for which others wait, come last.
    pub(super) fn close(mut self, tx: &mut Tx<'_>) -> Result<Closed> {
        self.save_steps(tx)?;
        if self.writing.is_reserved() {
            let late = self.late.values().flatten().filter_map(|id| self.steps.get(id));
            runs::reserve(tx, &late.filter_map(reserved).collect::<Vec<_>>())?;
        }
        runs::save_runs(tx, self.changed_runs.iter().filter_map(|id| self.runs.get(id)))?;
        runs::save_attempts(tx, &self.attempts)?;
        runs::append(tx, &self.log)?;
        for step in std::mem::take(&mut self.untold).iter().filter_map(|id| self.steps.get(id)) {
            if let Some(run) = self.runs.get(&step.run) {
                let payload = told(&told_of_step(step, run));
                let events = self.events.entry(step.project).or_default();
                events.push(Told { kind: EventKind::StepUpdated, by: None, payload });
            }
        }
        for (project, told) in &self.events {
            events::emit_told(&mut Tenant::new(tx, Scope::server(*project)), told)?;
        }
        for (id, steps) in &self.late {
            if let Some(run) = self.runs.remove(id) {
                let steps = steps.iter().filter_map(|step| self.steps.remove(step)).collect();
                self.writing.hold(run, steps);
            }
        }
        Ok(Closed { stop: self.stop, wake: self.wake, logged: self.logged.into_iter().collect() })
    }
}

/// A worker takes a step of which nothing else is to be written now. Whether it may.
pub(super) fn claim(taken: &mut Taken, worker: &str, now: Timestamp, random: &dyn Random) -> bool {
    let Taken { run, step } = taken;
    let claim = Command::Claim { worker: worker.to_owned() };
    let claimed = machine::apply(step, &claim, Moment { now, random, run }).is_ok();
    if claimed {
        turn(run, step.state, now);
    }
    claimed
}

/// What others are to know of a claim that is held back.
fn reserved(step: &Step) -> Option<Reserved> {
    let (worker, at) = (step.worker.clone()?, step.leased_at?);
    Some(Reserved { run: step.run, step: step.id, fence: step.fence, worker, at })
}

/// An event's payload. What it is made of cannot fail to be JSON.
fn told(what: &impl serde::Serialize) -> String {
    serde_json::to_string(what).unwrap_or_default()
}

/// Refuses what is larger than it may be.
fn small(field: &str, bytes: usize, most: usize) -> Result<(), Refused> {
    if bytes <= most {
        return Ok(());
    }
    Err(Error::field(field, format!("must be at most {most} bytes")).into())
}
