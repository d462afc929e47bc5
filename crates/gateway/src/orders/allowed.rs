//! What a project's policy lets people order of the fleet. All orders come through here: those of the API, of commands and Slack,
//! and of schedules.

use kernel::{Code, Error, Result, Role, RunId, StepId};
use store::fleet::policy;
use store::{Scope, Tenant, runs};
use tasks::graph::NewRun;
use wire::fleet::{CreateRemote, Deliver, Engine, FleetPolicy, RemoteOrder};
use wire::runs::StepState;

use super::continued;
use crate::Gateway;
use crate::budget::{self, least};

/// Nothing of what a step gave is wanted.
const NOTHING: i64 = 0;

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordered {
    /// The run that it became.
    pub run: RunId,
    /// What is used up of the day, in a sentence, if something is: then it waits.
    pub waits: Option<&'static str>,
}

impl Gateway {
    /// Has the fleet do something, if the project's policy lets this person order it; once, if it bears a key.
    ///
    /// # Errors
    /// As [`planned`]; when the store fails.
    pub async fn order(
        &self,
        scope: &Scope,
        wanted: CreateRemote,
        idempotency_key: Option<String>,
    ) -> Result<Ordered> {
        let who = *scope;
        let plan = move |t: &mut Tenant<'_, '_>| {
            Ok((planned(t, &who, wanted.clone(), idempotency_key.clone())?, budget::left(t)?.used_up()))
        };
        let (new, waits) = self.inner.store.read_in(scope, plan).await?;
        let run = self.make_once(new).await?;
        Ok(Ordered { run, waits })
    }

    /// Makes a run. One that was made before under its key is that run, also if what the policy has for a task was changed since.
    ///
    /// # Errors
    /// As `tasks` has it.
    pub(crate) async fn make_once(&self, new: NewRun) -> Result<RunId> {
        match self.inner.tasks.make(new).await {
            Ok((run, _)) => Ok(run),
            Err(error) if error.code() == Code::Conflict => {
                let first = error.details().and_then(|details| details["runId"].as_str()?.parse().ok());
                first.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Has steps of a run done again, if the project's policy lets this person order what runners do in them. Tells what is used up
    /// of the day, if they wait for that.
    ///
    /// # Errors
    /// `FORBIDDEN` when it is not for their role: nothing is done again. Else as `tasks` has it.
    pub async fn retry(&self, scope: &Scope, run: RunId, steps: &[StepId]) -> Result<Option<&'static str>> {
        let (who, again) = (*scope, steps.to_vec());
        let look = move |t: &mut Tenant<'_, '_>| {
            let mut waits = None;
            for detail in runs::steps_of(t, run, NOTHING)? {
                // Those that were cancelled because of one of them come along.
                let comes = again.contains(&detail.step.id) || detail.step.state == StepState::Cancelled;
                if let Some(mut order) = comes.then(|| remote(&detail.input)).flatten() {
                    allowed(t, &who, &mut order)?;
                    waits = budget::left(t)?.used_up();
                }
            }
            Ok(waits)
        };
        let waits = self.inner.store.read_in(scope, look).await?;
        for step in steps {
            self.inner.tasks.retry(scope, run, *step).await?;
        }
        Ok(waits)
    }
}

/// What a step has runners do, if it is theirs.
fn remote(input: &str) -> Option<RemoteOrder> {
    serde_json::from_str(input).ok()
}

/// The run that an order becomes, as the project's policy has it for whoever orders.
///
/// # Errors
/// `FORBIDDEN` when it is not for their role; `VALIDATION_ERROR`, naming what makes no sense; `NOT_FOUND` and `CONFLICT` when it goes on
/// with what it cannot go on with.
pub fn planned(
    t: &mut Tenant<'_, '_>,
    who: &Scope,
    mut wanted: CreateRemote,
    idempotency_key: Option<String>,
) -> Result<NewRun> {
    allowed(t, who, &mut wanted.order)?;
    continued::place(t, &mut wanted)?;
    super::run(who, wanted, idempotency_key)
}

/// Sees that someone may order that, and bounds it as the policy bounds every task.
///
/// # Errors
/// `FORBIDDEN` when it is not for their role.
pub(crate) fn allowed(t: &mut Tenant<'_, '_>, who: &Scope, order: &mut RemoteOrder) -> Result<()> {
    let policy = policy::get(t)?;
    may(&policy, who.role(), order)?;
    bound(&policy, order);
    Ok(())
}

/// Whether a role may order that.
fn may(policy: &FleetPolicy, role: Role, order: &RemoteOrder) -> Result<()> {
    let (what, needs) = match order.engine {
        Engine::Command { .. } => ("have commands run", policy.commands),
        Engine::Mcp { .. } => ("have tools called", policy.commands),
        Engine::Agent { .. } => ("have coding agents do something", policy.agents),
    };
    let pushes = order.deliver == Deliver::Push;
    let asked = [(what, needs), ("have something pushed", policy.push)];
    for (what, needs) in asked.into_iter().take(if pushes { 2 } else { 1 }) {
        if role < needs {
            let why = format!(
                "To {what} here needs the role {needs}; yours is {role}. An owner of the project can change that. Nothing was ordered."
            );
            return Err(Error::new(Code::Forbidden, why));
        }
    }
    Ok(())
}

/// Bounds a task as the policy bounds every one.
pub(crate) fn bound(policy: &FleetPolicy, order: &mut RemoteOrder) {
    let bounds = &mut order.bounds;
    bounds.minutes = bounds.minutes.min(policy.task_minutes.unwrap_or(u32::MAX));
    // Nothing but a coding agent says what it uses.
    if matches!(order.engine, Engine::Agent { .. }) {
        bounds.tokens = least(bounds.tokens, policy.task_tokens);
        bounds.cost_micros = least(bounds.cost_micros, policy.task_cost_micros);
    }
}

/// Whether a policy makes sense.
///
/// # Errors
/// `VALIDATION_ERROR`, naming what does not.
pub fn sensible(policy: &FleetPolicy) -> Result<()> {
    for (field, role) in [("commands", policy.commands), ("agents", policy.agents), ("push", policy.push)] {
        if role < Role::Editor {
            return Err(Error::field(
                field,
                "must be editor or owner: a viewer changes nothing in a project",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use wire::fleet::Bounds;

    use super::*;

    fn order(engine: Engine, deliver: Deliver) -> RemoteOrder {
        RemoteOrder { deliver, ..RemoteOrder::of(engine) }
    }

    #[test]
    fn a_role_may_order_what_the_policy_has_for_it() {
        let command = |deliver| order(Engine::Command { argv: vec!["true".into()] }, deliver);
        let agent = |deliver| order(Engine::Agent { name: "scribe".into(), prompt: "Write".into() }, deliver);
        let policy = FleetPolicy { commands: Role::Owner, push: Role::Owner, ..FleetPolicy::default() };
        let may = |role, order: &RemoteOrder| may(&policy, role, order).map_err(|error| error.code());
        assert_eq!(may(Role::Editor, &agent(Deliver::Branch)), Ok(()));
        assert_eq!(may(Role::Editor, &command(Deliver::Diff)), Err(Code::Forbidden));
        assert_eq!(may(Role::Editor, &agent(Deliver::Push)), Err(Code::Forbidden));
        assert_eq!(may(Role::Owner, &command(Deliver::Push)), Ok(()));
        assert_eq!(may(Role::Viewer, &agent(Deliver::Diff)), Err(Code::Forbidden));
    }

    #[test]
    fn a_task_takes_no_more_than_the_policy_has_for_one() {
        let policy = FleetPolicy { task_minutes: Some(5), task_tokens: Some(100), ..FleetPolicy::default() };
        let bounded = |engine, bounds| {
            let mut order = RemoteOrder { bounds, ..RemoteOrder::of(engine) };
            bound(&policy, &mut order);
            order.bounds
        };
        let agent = || Engine::Agent { name: "scribe".into(), prompt: "Write".into() };
        let bounds = bounded(agent(), Bounds { tokens: Some(50), ..Bounds::default() });
        assert_eq!((bounds.minutes, bounds.tokens, bounds.cost_micros), (5, Some(50), None));
        let bounds = bounded(agent(), Bounds { minutes: 2, ..Bounds::default() });
        assert_eq!((bounds.minutes, bounds.tokens), (2, Some(100)));
        // A command has no tokens that could be bounded.
        let bounds = bounded(Engine::Command { argv: vec!["true".into()] }, Bounds::default());
        assert_eq!((bounds.minutes, bounds.tokens), (5, None));
    }

    #[test]
    fn a_policy_lets_no_viewer_order_anything() {
        assert!(sensible(&FleetPolicy::default()).is_ok());
        assert!(sensible(&FleetPolicy { agents: Role::Viewer, ..FleetPolicy::default() }).is_err());
    }
}
