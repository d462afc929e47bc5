//! What people see of the fleet in a project: how its runners stand, what waits for them, and why.

use kernel::{ProjectId, Result, Timestamp};
use store::fleet::days;
use store::fleet::queue::{self, Standing};
use store::{Scope, Tenant, runners};
use wire::fleet::{BreakerState, Queued, QueuedReason, QueuedState, QueuedWhy, ServingRunner};
use wire::runs::Reason;

use crate::{Gateway, breakers, budget, orders};

/// Steps that are told of.
const MOST: u32 = 200;

impl Gateway {
    /// The runners that serve the project, with how their breakers stand.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn serving(&self, scope: &Scope) -> Result<Vec<ServingRunner>> {
        self.inner.store.read_in(scope, serving).await
    }

    /// What runners do and are to do in the project, in the order in which it will be done; 200 steps at most.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn queue(&self, scope: &Scope) -> Result<Vec<Queued>> {
        let turn = orders::turn(scope.project());
        let read = self.inner.store.read_in(scope, move |t| {
            let used_up = budget::left(t)?.used_up().map(|why| (why, days::end_of_day(t.now())));
            Ok((queue::standing(t, &turn, MOST)?, serving(t)?, used_up))
        });
        let (steps, serving, used_up) = read.await?;
        let fleet = Fleet { project: scope.project(), runners: &serving, used_up };
        Ok(fleet.queue(steps))
    }
}

fn serving(t: &mut Tenant<'_, '_>) -> Result<Vec<ServingRunner>> {
    let mut serving = runners::of_project(t)?;
    breakers::tell(&mut serving, &runners::breakers(t)?, t.now());
    Ok(serving)
}

/// Who could do what waits.
struct Fleet<'a> {
    project: ProjectId,
    runners: &'a [ServingRunner],
    /// What is used up of the day, in a sentence, and when that ends.
    used_up: Option<(&'static str, Timestamp)>,
}

impl Fleet<'_> {
    fn queue(&self, steps: Vec<Standing>) -> Vec<Queued> {
        // A step that is ready waits for the one before it, or for that of another run that is being done.
        let mut before: Option<String> = None;
        let mut queued = Vec::with_capacity(steps.len());
        for step in steps {
            let runs = step.state.is_held();
            let reason = (!runs).then(|| self.why(&step, before.as_deref()));
            let is_ready = matches!(step.reason, None | Some(Reason::Ready));
            if runs {
                before = Some(format!("“{}” is being done", step.title));
            } else if is_ready && before.is_none() {
                before = Some(format!("“{}” comes before it", step.title));
            }
            let runner = self.runners.iter().find(|runner| match &step.worker {
                Some(worker) => *worker == runners::worker(runner.id),
                None => orders::is_for(self.project, &step.queue, runner.id),
            });
            queued.push(Queued {
                run_id: step.run,
                step_id: step.step,
                title: step.title,
                step: step.name,
                by: step.by,
                by_name: step.by_name,
                state: if runs { QueuedState::Running } else { QueuedState::Waiting },
                priority: step.priority,
                queued_at: step.created_at,
                runner_id: runner.map(|runner| runner.id),
                runner_name: runner.map(|runner| runner.name.clone()),
                reason,
            });
        }
        queued
    }

    /// Why a step waits, and what comes before it, if anything does.
    fn why(&self, step: &Standing, before: Option<&str>) -> QueuedReason {
        let because = |kind, message: String| QueuedReason { kind, message, until: None };
        if let Some(later) = later(step.reason.as_ref()) {
            return later;
        }
        if let Some((why, until)) = self.used_up {
            return QueuedReason { until: Some(until), ..because(QueuedWhy::Budget, why.to_owned()) };
        }
        let can: Vec<&ServingRunner> =
            self.runners.iter().filter(|runner| orders::can(self.project, &step.queue, runner)).collect();
        if can.is_empty() {
            let message = format!("{} It waits for a day.", orders::lacking(self.project, &step.queue));
            return because(QueuedWhy::NoRunner, message);
        }
        let there: Vec<&ServingRunner> = can.iter().copied().filter(|runner| runner.present).collect();
        if there.is_empty() {
            let message = format!("{} not there. It waits for a day.", are(&can));
            return because(QueuedWhy::Away, message);
        }
        if let Some(before) = before {
            let message = format!("{before}; a project's runners do one thing at a time.");
            return because(QueuedWhy::Turn, message);
        }
        let awake: Vec<&ServingRunner> =
            there.iter().copied().filter(|runner| runner.breaker.state != BreakerState::Open).collect();
        if awake.is_empty() {
            let until = there.iter().filter_map(|runner| runner.breaker.until).min();
            let message = format!("{} given nothing for a while, since much failed there.", are(&there));
            return QueuedReason { until, ..because(QueuedWhy::Resting, message) };
        }
        if awake.iter().all(|runner| runner.busy >= runner.slots) {
            let message = format!("{} doing all that can be done there at a time.", are(&awake));
            return because(QueuedWhy::Busy, message);
        }
        because(QueuedWhy::Turn, "It is next, and is given to a runner now.".into())
    }
}

/// Why a step is not to begin yet, if it is so.
fn later(reason: Option<&Reason>) -> Option<QueuedReason> {
    let (message, until) = match reason? {
        Reason::Parents { open: 1 } => ("It comes after another step of its run.".to_owned(), None),
        Reason::Parents { open } => (format!("It comes after {open} other steps of its run."), None),
        Reason::Delay { until } => ("It was asked to start later.".into(), Some(*until)),
        Reason::Retry { until, error } => (format!("It is tried again: {error}"), Some(*until)),
        Reason::Paused { why } => (format!("Its run is paused: {why}"), None),
        _ => return None,
    };
    Some(QueuedReason { kind: QueuedWhy::Later, message, until })
}

/// The runners by their names, as a sentence about them begins; of many only some are named.
fn are(runners: &[&ServingRunner]) -> String {
    const NAMED: usize = 3;
    let names: Vec<&str> = runners.iter().take(NAMED).map(|runner| runner.name.as_str()).collect();
    match (names.as_slice(), runners.len().saturating_sub(NAMED)) {
        ([one], 0) => format!("{one} is"),
        ([all @ .., last], 0) => format!("{} and {last} are", all.join(", ")),
        (names, more) => format!("{} and {more} more are", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Id, PersonId, RunId, RunnerId, StepId};
    use wire::fleet::RunnerBreaker;
    use wire::runs::{Priority, StepState};

    use super::*;

    const PROJECT: u128 = 1;

    fn project() -> ProjectId {
        ProjectId::from_bits(PROJECT)
    }

    fn runner(bits: u128, name: &str) -> ServingRunner {
        ServingRunner {
            id: RunnerId::from_bits(bits),
            name: name.into(),
            owner_id: PersonId::from_bits(1),
            owner_name: "Ada".into(),
            seen_at: None,
            present: true,
            version: String::new(),
            platform: String::new(),
            slots: 2,
            commands: true,
            agents: vec!["scribe".into()],
            tools: Vec::new(),
            busy: 0,
            breaker: RunnerBreaker::default(),
            done: 0,
            failed: 0,
            mean_ms: None,
        }
    }

    fn step(bits: u128, takes: &str, state: StepState) -> Standing {
        Standing {
            run: RunId::from_bits(bits),
            step: StepId::from_bits(bits),
            title: format!("order {bits}"),
            name: orders::STEP.into(),
            queue: format!("{}#{takes}", orders::turn(project())),
            by: None,
            by_name: None,
            state,
            reason: None,
            priority: Priority::default(),
            worker: state.is_held().then(|| runners::worker(RunnerId::from_bits(1))),
            created_at: Timestamp(0),
        }
    }

    /// Why a step that takes this waits, alone, for those runners.
    fn why(takes: &str, runners: &[ServingRunner]) -> (QueuedWhy, String) {
        let queue = Fleet { project: project(), runners, used_up: None }.queue(vec![step(
            9,
            takes,
            StepState::Queued,
        )]);
        let reason = queue[0].reason.clone().unwrap();
        (reason.kind, reason.message)
    }

    #[test]
    fn what_waits_says_for_whom() {
        let away = |bits, name| ServingRunner { present: false, ..runner(bits, name) };
        let rests = RunnerBreaker { state: BreakerState::Open, until: Some(Timestamp(60_000)) };
        let rests = ServingRunner { breaker: rests, ..runner(3, "mill") };
        let full = ServingRunner { busy: 2, ..runner(4, "kiln") };
        assert_eq!(why("command", &[]).0, QueuedWhy::NoRunner);
        assert_eq!(
            why("agent/painter", &[runner(1, "forge")]),
            (
                QueuedWhy::NoRunner,
                "No runner that serves the project has the agent painter. It waits for a day.".into()
            )
        );
        assert_eq!(
            why("command", &[away(1, "forge"), away(2, "anvil")]),
            (QueuedWhy::Away, "forge and anvil are not there. It waits for a day.".into())
        );
        // The other runner is there, and it is not for that one.
        let on = format!("on/{}", RunnerId::from_bits(1));
        assert_eq!(why(&on, &[away(1, "forge"), runner(2, "anvil")]).0, QueuedWhy::Away);
        assert_eq!(why("agent/scribe", &[rests.clone(), away(1, "forge")]).0, QueuedWhy::Resting);
        assert_eq!(why("command", &[rests, full]).0, QueuedWhy::Busy);
        assert_eq!(why("command", &[runner(1, "forge")]).0, QueuedWhy::Turn);
    }

    #[test]
    fn one_step_of_a_project_is_done_and_the_others_name_it() {
        let runners = [runner(1, "forge")];
        let later =
            Standing { reason: Some(Reason::Parents { open: 2 }), ..step(4, "command", StepState::Queued) };
        let queue = Fleet { project: project(), runners: &runners, used_up: None }.queue(vec![
            step(1, "command", StepState::Running),
            step(2, "command", StepState::Queued),
            step(3, "agent/painter", StepState::Queued),
            later,
        ]);
        assert_eq!((queue[0].state, queue[0].runner_name.as_deref()), (QueuedState::Running, Some("forge")));
        let told = |n: usize| queue[n].reason.as_ref().map(|reason| (reason.kind, reason.message.as_str()));
        assert_eq!(told(0), None);
        assert_eq!(
            told(1),
            Some((QueuedWhy::Turn, "“order 1” is being done; a project's runners do one thing at a time."))
        );
        assert_eq!(told(2).map(|told| told.0), Some(QueuedWhy::NoRunner));
        assert_eq!(told(3), Some((QueuedWhy::Later, "It comes after 2 other steps of its run.")));
    }

    #[test]
    fn what_waits_for_another_day_says_until_when() {
        let used_up = Some(("Nothing is left.", Timestamp(7)));
        let fleet = Fleet { project: project(), runners: &[runner(1, "forge")], used_up };
        let queue = fleet.queue(vec![step(9, "command", StepState::Queued)]);
        let reason = queue[0].reason.as_ref().unwrap();
        assert_eq!((reason.kind, reason.until), (QueuedWhy::Budget, Some(Timestamp(7))));
    }

    #[test]
    fn of_many_runners_some_are_named() {
        let all: Vec<ServingRunner> = (1..6).map(|n| runner(n, &format!("r{n}"))).collect();
        let all: Vec<&ServingRunner> = all.iter().collect();
        assert_eq!((are(&all[..1]), are(&all[..3])), ("r1 is".into(), "r1, r2 and r3 are".into()));
        assert_eq!(are(&all), "r1, r2, r3 and 2 more are");
    }
}
