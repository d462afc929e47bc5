//! Who sees all that is accepted, and knows what must never be.

use std::collections::{BTreeMap, HashMap};

use kernel::{Event, EventKind, RunId, StepId};
use store::runs::{Detail, Step};
use tasks::ledger::Claim;
use wire::runs::{Attempt, LogEntry, Reason, Run, RunState, StepState};

/// How a lease ended, in its worker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Complete,
    Failed,
    Asked,
    Returned,
}

#[derive(Default)]
pub(crate) struct Witness {
    /// The newest fence that was given out.
    fences: HashMap<StepId, i64>,
    /// What was accepted of which lease.
    accepted: BTreeMap<(StepId, i64), Said>,
    /// How often something was accepted, refused, and came twice; so that a run in which nothing happens is noticed.
    pub(crate) claims: u32,
    pub(crate) refusals: u32,
    pub(crate) repeats: u32,
    /// How many claims ended with their server before they were written.
    pub(crate) unwritten: u32,
    /// How many steps were given without the database.
    pub(crate) ahead: u32,
}

impl Witness {
    /// C3, G4.
    pub(crate) fn claimed(&mut self, claim: &Claim, family: &[Detail]) {
        self.claims += 1;
        let step = &claim.step;
        let before = self.fences.insert(step.id, step.fence).unwrap_or(0);
        assert!(before < step.fence, "{} was claimed under {} after {before}", step.name, step.fence);
        let own = family.iter().find(|detail| detail.step.id == step.id).unwrap();
        for parent in &own.parents {
            let parent = &family.iter().find(|detail| detail.step.id == *parent).unwrap().step;
            assert_eq!(parent.state, StepState::Complete, "{} began before {}", step.name, parent.name);
        }
    }

    /// C1, C12: `ready` are the steps of the queue that nobody was given.
    pub(crate) fn given_ahead(&mut self, rank: i64, claim: &Claim, ready: &[Step]) {
        self.ahead += 1;
        let turn = (rank, claim.step.id);
        for other in ready {
            assert!(
                other.rank.is_none_or(|rank| turn < (rank, other.id)),
                "{claim:?} was given before {other:?}"
            );
        }
    }

    /// The worker of a claim is gone with its server. If it was not written, nobody can speak of it any more, and it never was,
    /// unless it is reserved.
    pub(crate) fn forgets(&mut self, claim: &Claim, family: &[Detail], reserved: bool) {
        let step = &claim.step;
        let stored = family.iter().find(|detail| detail.step.id == step.id).unwrap().step.fence;
        if stored < step.fence && self.fences.get(&step.id) > Some(&stored) {
            assert!(!self.accepted.contains_key(&(step.id, step.fence)), "an outcome of it was accepted");
            if !reserved {
                self.fences.insert(step.id, stored);
            }
            self.unwritten += 1;
        }
    }

    /// C4: what is no outcome is accepted under the newest fence only.
    pub(crate) fn heard(&mut self, step: StepId, fence: i64, accepted: bool) {
        self.refusals += u32::from(!accepted);
        if accepted {
            assert_eq!(self.fences.get(&step), Some(&fence), "an old lease was heard");
            assert!(!self.accepted.contains_key(&(step, fence)), "a lease was heard after its end");
        }
    }

    /// C4, C5.
    pub(crate) fn settled(&mut self, step: StepId, fence: i64, said: Said, accepted: bool) {
        self.refusals += u32::from(!accepted);
        if !accepted {
            return;
        }
        match self.accepted.get(&(step, fence)) {
            // Said again. Of the outcomes that are no completion only that it was one is kept.
            Some(first) => {
                self.repeats += 1;
                assert_eq!(*first == Said::Complete, said == Said::Complete, "one lease, two outcomes");
            }
            None => {
                if self.fences.get(&step) == Some(&fence) {
                    self.accepted.insert((step, fence), said);
                } else {
                    // A lease that was lost; what its worker says of it now is a repetition that changes nothing.
                    assert_ne!(said, Said::Complete, "an old lease completed its step");
                }
            }
        }
    }

    /// T1, T4: of one run, at any time.
    pub(crate) fn looks(run: &Run, steps: &[Detail]) {
        let count = |state| steps.iter().filter(|detail| detail.step.state == state).count() as i64;
        assert_eq!(run.total, steps.len() as i64);
        assert_eq!(
            (run.complete, run.failed, run.cancelled),
            (count(StepState::Complete), count(StepState::Failed), count(StepState::Cancelled)),
            "{run:?}"
        );
        let ended = run.complete + run.failed + run.cancelled == run.total;
        assert_eq!(run.state.has_ended(), ended, "{run:?}");
        for Detail { step, .. } in steps {
            assert_eq!(
                step.reason.is_some(),
                !step.state.is_held() && step.state != StepState::Complete,
                "{step:?}"
            );
            let ready = step.reason == Some(Reason::Ready);
            assert_eq!(step.rank.is_some(), ready, "{step:?}");
            // Whatever has to happen by itself is on the clock.
            let timed =
                matches!(step.reason, Some(Reason::Delay { .. } | Reason::Retry { .. } | Reason::Ready));
            assert_eq!(step.wake_at.is_some(), timed || step.state.is_held(), "{step:?}");
            assert_eq!(step.worker.is_some(), step.state.is_held(), "{step:?}");
        }
    }

    /// Everything, once all is over.
    pub(crate) fn judges(&self, run: &Run, steps: &[Detail], attempts: &[Attempt], log: &[LogEntry]) {
        Self::looks(run, steps);
        assert!(run.state.has_ended(), "{run:?} {steps:?}");
        if run.state == RunState::Complete {
            assert!(steps.iter().all(|detail| detail.output.is_some()));
        }
        for Detail { step, .. } in steps {
            let written =
                attempts.iter().filter(|attempt| attempt.step_id == step.id && attempt.outcome == "complete");
            let mut written: Vec<i64> = written.map(|attempt| attempt.fence).collect();
            written.sort_unstable();
            let leases = (step.id, 0)..=(step.id, i64::MAX);
            let accepted = self.accepted.range(leases).filter(|(_, said)| **said == Said::Complete);
            let accepted: Vec<i64> = accepted.map(|((_, fence), _)| *fence).collect();
            assert_eq!(accepted, written, "what was accepted of {} is what was kept", step.name);
        }
        let mut end = 0;
        for entry in log {
            assert_eq!(entry.start, end, "the log has a gap");
            end += entry.text.len() as i64;
        }
        assert_eq!(end, run.log_end);
    }

    /// T2: who reads the stream from its beginning knows how everything stands.
    pub(crate) fn reads(stream: &[Event], runs: &[(Run, Vec<Detail>)]) {
        let (mut of_runs, mut of_steps) = (HashMap::new(), HashMap::new());
        for (place, event) in stream.iter().enumerate() {
            assert_eq!(event.seq, place as i64 + 1, "the stream has a gap");
            let state = event.payload["state"].as_str().unwrap_or_default().to_owned();
            let id = |field: &str| event.payload[field].as_str().unwrap().to_owned();
            match event.kind {
                EventKind::RunUpdated => drop(of_runs.insert(id("runId").parse::<RunId>().unwrap(), state)),
                EventKind::StepUpdated => {
                    of_steps.insert(id("stepId").parse::<StepId>().unwrap(), state);
                    let run = event.payload["run"]["state"].as_str().unwrap().to_owned();
                    of_runs.insert(id("runId").parse::<RunId>().unwrap(), run);
                }
                _ => {}
            }
        }
        for (run, steps) in runs {
            assert_eq!(of_runs[&run.id], run.state.as_str());
            for Detail { step, .. } in steps {
                assert_eq!(of_steps.get(&step.id).map(String::as_str), Some(step.state.as_str()), "{step:?}");
            }
        }
    }
}
