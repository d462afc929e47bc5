//! What calls of language models took, what they may take, and what people added to that.

use kernel::{PersonId, Result, RunId, StepId, Timestamp, UsageId};
use wire::usage::{Budgets, StepUsage, UsageBy, UsageRow, UsageSum};

use crate::db::{Arg, DbError, Row, args};
use crate::scope::Tenant;

/// A day of the universal time, in milliseconds.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// So long a call at most is under way that a person waits for: what it had reserved is free then.
const WAITED_MS: i64 = 30 * 60 * 1000;
/// Rows of a report at most.
const ROWS: u32 = 1_000;

/// Tokens, and money in millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Amount {
    pub tokens: i64,
    pub micro_usd: i64,
}

/// What a budget is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Of {
    /// One lease on a step; what people add, they add to all of them.
    Step {
        step: StepId,
        fence: i64,
    },
    Run(RunId),
    /// The day on which this moment is.
    Day(Timestamp),
    Project,
}

impl Of {
    /// Its name in the database.
    #[must_use]
    pub fn level(self) -> &'static str {
        match self {
            Self::Step { .. } => "step",
            Self::Run(_) => "run",
            Self::Day(_) => "day",
            Self::Project => "project",
        }
    }

    fn subject(self) -> String {
        match self {
            Self::Step { step, .. } => step.to_string(),
            Self::Run(id) => id.to_string(),
            Self::Day(at) => day(at).to_string(),
            Self::Project => String::new(),
        }
    }
}

/// The number of the day on which a moment is.
fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(DAY_MS)
}

/// What a call is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum For {
    /// A step of a run, under a lease.
    Step { run: RunId, step: StepId, fence: i64 },
    /// What a person asked, and waits for.
    Person(Option<PersonId>),
}

impl For {
    /// The run, the step and the lease, as they are stored; empty if there are none.
    fn columns(self) -> (String, String, i64) {
        match self {
            Self::Step { run, step, fence } => (run.to_string(), step.to_string(), fence),
            Self::Person(_) => (String::new(), String::new(), 0),
        }
    }
}

/// A call of a model: before it, with the most that it may take, after it, with what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Call {
    pub id: UsageId,
    pub made_for: For,
    pub agent: String,
    pub provider: String,
    pub model: String,
    pub input_tokens: i64,
    pub output_tokens: i64,
    /// Nothing if nobody knows the price.
    pub micro_usd: Option<i64>,
    pub at: Timestamp,
}

/// Holds the project's budgets until the transaction ends, so that of two calls at once only one takes the last of them; and
/// gives back what was reserved under leases that are over, or for answers that cannot be under way any more.
///
/// # Errors
/// `NOT_FOUND` when the project is gone.
pub fn hold(t: &mut Tenant<'_, '_>) -> Result<()> {
    t.one_at_a_time()?;
    let (project, begun) = (t.project(), t.now().plus_millis(-WAITED_MS));
    t.execute(
        "DELETE FROM usage WHERE project_id = $1 AND settled_at IS NULL AND (step_id <> '' OR at < $2) AND NOT EXISTS (
           SELECT 1 FROM steps
           WHERE steps.id = usage.step_id AND steps.fence = usage.fence AND steps.worker IS NOT NULL)",
        args![project, begun],
    )?;
    Ok(())
}

/// What was spent and is reserved of a budget.
///
/// # Errors
/// When the database fails.
pub fn spent(t: &mut Tenant<'_, '_>, of: Of) -> Result<Amount> {
    let project = t.project();
    let mut given: Vec<Arg<'_>> = vec![project.into()];
    let which = match of {
        Of::Step { step, fence } => {
            given.extend([step.into(), fence.into()]);
            "project_id = $1 AND step_id = $2 AND fence = $3"
        }
        Of::Run(id) => {
            given.push(id.into());
            "project_id = $1 AND run_id = $2"
        }
        Of::Day(at) => {
            given.push((day(at) * DAY_MS).into());
            "project_id = $1 AND at >= $2"
        }
        Of::Project => "project_id = $1",
    };
    let sql = format!(
        "SELECT CAST(COALESCE(SUM(input_tokens + output_tokens), 0) AS BIGINT),
           CAST(COALESCE(SUM(micro_usd), 0) AS BIGINT) FROM usage WHERE {which}"
    );
    Ok(t.query_one(&sql, &given, amount)?)
}

fn amount(row: &Row<'_>) -> Result<Amount, DbError> {
    Ok(Amount { tokens: row.get(0)?, micro_usd: row.get(1)? })
}

/// Notes a call that is to be made.
///
/// # Errors
/// When the database fails.
pub fn reserve(t: &mut Tenant<'_, '_>, call: &Call) -> Result<()> {
    keep(t, call, None)
}

/// Notes what a call took. If its reservation was given back meanwhile, it was spent all the same.
///
/// # Errors
/// When the database fails.
pub fn settle(t: &mut Tenant<'_, '_>, call: &Call) -> Result<()> {
    let now = t.now();
    keep(t, call, Some(now))
}

fn keep(t: &mut Tenant<'_, '_>, call: &Call, settled: Option<Timestamp>) -> Result<()> {
    let (project, (run, step, fence)) = (t.project(), call.made_for.columns());
    let person = match call.made_for {
        For::Person(person) => person,
        For::Step { .. } => None,
    };
    t.execute(
        "INSERT INTO usage (id, project_id, run_id, step_id, fence, person_id, agent, provider, model, input_tokens,
           output_tokens, micro_usd, at, settled_at)
         VALUES ($1, $2, $3, $4, $5,
           COALESCE(CAST($14 AS TEXT), (SELECT created_by FROM runs WHERE id = $3 AND project_id = $2)),
           $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (id) DO UPDATE SET provider = excluded.provider, model = excluded.model,
           input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
           micro_usd = excluded.micro_usd, settled_at = excluded.settled_at",
        args![
            call.id,
            project,
            &run,
            &step,
            fence,
            &call.agent,
            &call.provider,
            &call.model,
            call.input_tokens,
            call.output_tokens,
            call.micro_usd,
            call.at,
            settled,
            person,
        ],
    )?;
    Ok(())
}

/// Takes back the reservation of a call that was not made.
///
/// # Errors
/// When the database fails.
pub fn release(t: &mut Tenant<'_, '_>, id: UsageId) -> Result<()> {
    let project = t.project();
    t.execute(
        "DELETE FROM usage WHERE project_id = $1 AND id = $2 AND settled_at IS NULL",
        args![project, id],
    )?;
    Ok(())
}

/// The budgets that an owner has set, if one has.
///
/// # Errors
/// When the database fails.
pub fn budgets(t: &mut Tenant<'_, '_>) -> Result<Option<Budgets>> {
    let project = t.project();
    Ok(t.query_opt(
        "SELECT run_tokens, day_tokens, project_tokens, run_micro_usd, day_micro_usd, project_micro_usd, unpriced
         FROM budgets WHERE project_id = $1",
        args![project],
        |row| {
            Ok(Budgets {
                run_tokens: row.get(0)?,
                day_tokens: row.get(1)?,
                project_tokens: row.get(2)?,
                run_micro_usd: row.get(3)?,
                day_micro_usd: row.get(4)?,
                project_micro_usd: row.get(5)?,
                unpriced: row.get(6)?,
            })
        },
    )?)
}

/// Sets the budgets.
///
/// # Errors
/// When the database fails.
pub fn set_budgets(t: &mut Tenant<'_, '_>, budgets: &Budgets) -> Result<()> {
    let (project, actor, now) = (t.project(), t.scope().actor(), t.now());
    t.execute(
        "INSERT INTO budgets (project_id, run_tokens, day_tokens, project_tokens, run_micro_usd, day_micro_usd,
           project_micro_usd, unpriced, updated_at, updated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (project_id) DO UPDATE SET run_tokens = excluded.run_tokens, day_tokens = excluded.day_tokens,
           project_tokens = excluded.project_tokens, run_micro_usd = excluded.run_micro_usd,
           day_micro_usd = excluded.day_micro_usd, project_micro_usd = excluded.project_micro_usd,
           unpriced = excluded.unpriced, updated_at = excluded.updated_at, updated_by = excluded.updated_by",
        args![
            project,
            budgets.run_tokens,
            budgets.day_tokens,
            budgets.project_tokens,
            budgets.run_micro_usd,
            budgets.day_micro_usd,
            budgets.project_micro_usd,
            budgets.unpriced,
            now,
            actor,
        ],
    )?;
    Ok(())
}

/// What people have added to a budget.
///
/// # Errors
/// When the database fails.
pub fn raised(t: &mut Tenant<'_, '_>, of: Of) -> Result<Amount> {
    let project = t.project();
    Ok(t.query_one(
        "SELECT CAST(COALESCE(SUM(tokens), 0) AS BIGINT), CAST(COALESCE(SUM(micro_usd), 0) AS BIGINT)
         FROM budget_raises WHERE project_id = $1 AND level = $2 AND subject = $3",
        args![project, of.level(), of.subject()],
        amount,
    )?)
}

/// A person's answer adds to a budget: once, however often the step that asked is done again.
///
/// # Errors
/// When the database fails.
pub fn raise(
    t: &mut Tenant<'_, '_>,
    step: StepId,
    answered: (Timestamp, Option<PersonId>),
    of: Of,
    by: Amount,
) -> Result<()> {
    let (project, (at, person)) = (t.project(), answered);
    t.execute(
        "INSERT INTO budget_raises (project_id, step_id, answered_at, level, subject, tokens, micro_usd, person_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (project_id, step_id, answered_at, level) DO NOTHING",
        args![project, step, at, of.level(), of.subject(), by.tokens, by.micro_usd, person],
    )?;
    Ok(())
}

const SUM: &str = "COUNT(*), CAST(COALESCE(SUM(usage.input_tokens), 0) AS BIGINT),
  CAST(COALESCE(SUM(usage.output_tokens), 0) AS BIGINT), CAST(COALESCE(SUM(usage.micro_usd), 0) AS BIGINT),
  COUNT(*) - COUNT(usage.micro_usd)";

fn sum(row: &Row<'_>, first: usize) -> Result<UsageSum, DbError> {
    Ok(UsageSum {
        calls: row.get(first)?,
        input_tokens: row.get(first + 1)?,
        output_tokens: row.get(first + 2)?,
        cost_micro_usd: row.get(first + 3)?,
        unpriced_calls: row.get(first + 4)?,
    })
}

/// What was spent since a moment, by days, agents, people or models; the newest days, else the greatest users, first.
///
/// # Errors
/// When the database fails.
pub fn report(t: &mut Tenant<'_, '_>, by: UsageBy, since: Timestamp) -> Result<Vec<UsageRow>> {
    let project = t.project();
    let (key, label, join, order) = match by {
        UsageBy::Day => ("CAST(usage.at / 86400000 AS TEXT)", "NULL", "", "MAX(usage.at) DESC"),
        UsageBy::Agent => ("usage.agent", "NULL", "", "3 DESC, 1"),
        UsageBy::Model => ("usage.model", "NULL", "", "3 DESC, 1"),
        UsageBy::Person => (
            "COALESCE(usage.person_id, '')",
            "MAX(people.name)",
            "LEFT JOIN people ON people.id = usage.person_id",
            "3 DESC, 1",
        ),
    };
    let sql = format!(
        "SELECT {key}, {label}, {SUM} FROM usage {join}
         WHERE usage.project_id = $1 AND usage.at >= $2 AND usage.settled_at IS NOT NULL
         GROUP BY 1 ORDER BY {order} LIMIT $3"
    );
    Ok(t.query(&sql, args![project, since, ROWS], |row| {
        let key: String = row.get(0)?;
        let key = if by == UsageBy::Day { date(&key) } else { key };
        Ok(UsageRow { key, label: row.get(1)?, sum: sum(row, 2)? })
    })?)
}

/// A day by its number as `2026-11-21`.
pub(crate) fn date(day: &str) -> String {
    let at = Timestamp(day.parse::<i64>().unwrap_or(0).saturating_mul(DAY_MS));
    at.to_string().chars().take(10).collect()
}

/// What each step of a run has spent.
///
/// # Errors
/// When the database fails.
pub fn of_run(t: &mut Tenant<'_, '_>, run: RunId) -> Result<Vec<StepUsage>> {
    let project = t.project();
    Ok(t.query(
        &format!(
            "SELECT usage.step_id, {SUM} FROM usage
             WHERE usage.project_id = $1 AND usage.run_id = $2 AND usage.settled_at IS NOT NULL
             GROUP BY usage.step_id ORDER BY usage.step_id"
        ),
        args![project, run],
        |row| Ok(StepUsage { step_id: row.id(0)?, sum: sum(row, 1)? }),
    )?)
}
