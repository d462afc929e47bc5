//! Large orders: a coding agent plans them without changing anything, a person agrees, and the tasks of the plan become a run.
//!
//! The run that plans has two steps. [`PLAN`] is an order like any other, which only looks. [`SUBMIT`] is done by a server
//! ([`submitting`]): it reads the plan out of what the agent said ([`reading`]), asks, and submits. Its run's key is made of the
//! planning run, so whoever submits, and however often, makes one.

mod reading;
mod submitting;

use kernel::{Error, Result, RunId};
use serde_json::{Value, json};
use store::{Scope, Tenant, runs};
use tasks::graph::{NewRun, NewStep};
use wire::fleet::{CreateRemote, Deliver, Engine, RemoteOrder};
use wire::runs::{Limits, Run};

use crate::orders;

/// What a run that plans is.
pub(crate) const PLANS: &str = "fleet.plan";
/// What a run is that was planned.
const PLANNED: &str = "fleet.tasks";
/// The step in which the agent plans.
const PLAN: &str = "plan";
/// The step in which a person agrees, and the tasks are submitted.
const SUBMIT: &str = "submit";
/// The queue of those steps, which servers do.
const QUEUE: &str = "fleet/plans";
/// How long a plan waits for a person, in milliseconds: a week.
const WAITS_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// What the agent is told before the words of the order.
const BEFORE: &str = "\
You plan work on this project; others will do it. Look at the project as far as you need to. Change nothing: create, edit, move and
delete no file, and run nothing that does.

Divide the order that stands below into tasks. Each is given to a coding agent that knows nothing of this conversation, of the order
or of the other tasks: what you write as its prompt has to say all that it needs, with the paths of the files that it is about. Where the
project is kept by git, each begins from its last commit and does not see what other tasks changed, so let no two change the same
file. Make as few tasks as make sense, 20 at most, and let a task come after another one only where it has to.

The order:
";
/// What it is told after them.
const AFTER: &str = r#"
End with one block of JSON and nothing after it, in this form. `after` holds the places of the tasks that have to have ended well before,
counted from 0.

```json
{"tasks": [{"title": "In a few words", "prompt": "What is to be done, in full", "after": []}]}
```
"#;

/// The run that plans an order.
///
/// # Errors
/// `VALIDATION_ERROR`, naming what makes no sense.
pub(crate) fn run(scope: &Scope, wanted: CreateRemote, idempotency_key: Option<String>) -> Result<NewRun> {
    let CreateRemote { title, order, runner, priority, .. } = wanted;
    orders::check(&order)?;
    let title = orders::titled(title, &order.engine)?;
    let Engine::Agent { name, prompt } = &order.engine else {
        return Err(Error::field("decompose", "is for coding agents: a command cannot be planned"));
    };
    let engine = Engine::Agent { name: name.clone(), prompt: format!("{BEFORE}{prompt}\n{AFTER}") };
    let plans =
        RemoteOrder { engine, collect: Vec::new(), deliver: Deliver::Diff, read_only: true, ..order.clone() };
    orders::check(&plans)?;
    let limits = Limits { life_ms: WAITS_MS, ..Limits::default() };
    let submit = NewStep { limits, ..NewStep::new(SUBMIT, QUEUE, Value::Null) };
    Ok(NewRun {
        project: scope.project(),
        by: scope.actor(),
        kind: PLANS.into(),
        title,
        input: json!({ "order": order, "runner": runner, "priority": priority }),
        idempotency_key,
        steps: vec![orders::step(PLAN, scope.project(), &plans, runner, priority), submit.after([PLAN])],
    })
}

/// The run whose plan a run was made of, if it was made so.
///
/// # Errors
/// When the database fails.
pub fn planned_by(t: &mut Tenant<'_, '_>, run: &Run) -> Result<Option<RunId>> {
    if run.kind != PLANNED {
        return Ok(None);
    }
    let input: Value = serde_json::from_str(&runs::input(t, run.id)?).map_err(Error::internal)?;
    Ok(input["plannedBy"].as_str().and_then(|id| id.parse().ok()))
}
