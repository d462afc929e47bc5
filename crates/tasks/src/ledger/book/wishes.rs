//! What people wish of a whole run: to end it, to hold it, to do a part of it again.

use std::collections::BTreeSet;

use kernel::{PersonId, Result, RunId, StepId};
use store::{Tx, runs};
use wire::runs::StepState;

use super::Book;
use crate::machine::Command;

/// The steps of a run, and its edges as (child, parent).
type Graph = (Vec<StepId>, Vec<(StepId, StepId)>);

impl Book<'_> {
    /// All steps of a run, the newest view of each, with its edges as (child, parent).
    fn family(&mut self, tx: &mut Tx<'_>, run: RunId) -> Result<Graph> {
        self.cascade(tx)?;
        let (steps, edges) = runs::family(tx, run)?;
        let ids = steps.iter().map(|step| step.id).collect();
        self.keep(steps);
        Ok((ids, edges))
    }

    pub(super) fn cancel(&mut self, tx: &mut Tx<'_>, id: RunId, by: Option<PersonId>) -> Result<()> {
        let Some(run) = self.runs.get_mut(&id).filter(|run| !run.state.has_ended()) else { return Ok(()) };
        if run.asked_at.is_none() {
            (run.asked_at, run.asked_by) = (Some(self.now), by);
            self.changed_runs.insert(id);
        }
        for step in self.family(tx, id)?.0 {
            // What has ended stays as it is; nothing else can refuse this.
            let _ = self.apply(step, &Command::Cancel, None);
        }
        Ok(())
    }

    pub(super) fn pause(&mut self, tx: &mut Tx<'_>, id: RunId, why: Option<&str>) -> Result<()> {
        let (steps, _) = self.family(tx, id)?;
        let Some(run) = self.runs.get_mut(&id).filter(|run| !run.state.has_ended()) else { return Ok(()) };
        run.paused = why.map(str::to_owned);
        let told = run.clone();
        self.changed_runs.insert(id);
        self.tell_of_run(&told, None);
        for step in steps {
            let _ = self.apply(step, &Command::Reconsider, None);
        }
        Ok(())
    }

    /// Resets a step and all below it (R4). Their parents outside are as they are; one that has not ended well keeps its
    /// child waiting, or, if it failed, makes it cancelled once more.
    pub(super) fn retry(&mut self, tx: &mut Tx<'_>, id: RunId, from: StepId) -> Result<()> {
        let (_, edges) = self.family(tx, id)?;
        let mut again: BTreeSet<StepId> = BTreeSet::from([from]);
        let mut next = vec![from];
        while let Some(parent) = next.pop() {
            next.extend(
                edges.iter().filter(|(child, of)| *of == parent && again.insert(*child)).map(|(c, _)| *c),
            );
        }
        if let Some(run) = self.runs.get_mut(&id) {
            (run.asked_at, run.asked_by) = (None, None);
            self.changed_runs.insert(id);
        }
        let mut ended = BTreeSet::new();
        for step in &again {
            let mut open = 0;
            for (_, parent) in edges.iter().filter(|(child, _)| child == step) {
                let state = self.steps.get(parent).map(|parent| parent.state);
                if again.contains(parent) || state != Some(StepState::Complete) {
                    open += 1;
                }
                if !again.contains(parent)
                    && state.is_some_and(|state| state.has_ended() && state != StepState::Complete)
                {
                    ended.insert(*parent);
                }
            }
            let _ = self.apply(*step, &Command::Reset { open_parents: open }, None);
        }
        self.ended.extend(ended);
        self.cascade(tx)
    }
}
