//! Schedules: when an order is due is decided by `cadence`; here what is due is noted, given once, and said if it was missed.

pub mod cadence;

use kernel::{Ambient, Code, Error, EventKind, Result, Role, RunId, Timestamp};
use serde_json::json;
use store::{Scope, Store, Tenant, Tx, events, schedules};
use wire::schedules::{ChangeSchedule, NewSchedule, Occurrence, Outcome, Schedule, ScheduleState};

use crate::Tasks;
use crate::graph::NewRun;
use cadence::Due;

/// How many orders are given in one look.
const AT_ONCE: u32 = 100;

/// Makes a schedule.
///
/// # Errors
/// `VALIDATION_ERROR` when it has no next time, `CONFLICT` when the project has too many.
pub fn make(t: &mut Tenant<'_, '_>, new: &NewSchedule) -> Result<Schedule> {
    let next = cadence::first(&new.when, t.now())?;
    schedules::create(t, new, next)
}

/// Changes a schedule. One that is resumed, or gets another time, waits for its next time from now on (S8).
///
/// # Errors
/// `VALIDATION_ERROR` when it would have no next time.
pub fn change(t: &mut Tenant<'_, '_>, schedule: &mut Schedule, change: &ChangeSchedule) -> Result<()> {
    let paused = change.paused.unwrap_or(schedule.state == ScheduleState::Paused);
    let resumed = schedule.state == ScheduleState::Paused && !paused;
    if let Some(name) = &change.name {
        schedule.name.clone_from(name);
    }
    if let Some(order) = &change.order {
        schedule.order.clone_from(order);
    }
    schedule.missed = change.missed.unwrap_or(schedule.missed);
    if let Some(when) = &change.when {
        cadence::first(when, t.now())?;
        schedule.when.clone_from(when);
    }
    if paused {
        (schedule.state, schedule.next_at) = (ScheduleState::Paused, None);
    } else if resumed || change.when.is_some() {
        schedule.next_at = Some(cadence::first(&schedule.when, t.now())?);
        schedule.state = ScheduleState::Active;
    }
    if resumed {
        schedule.reason = None;
    }
    (schedule.set_by, schedule.set_at) = (t.scope().actor(), t.now());
    schedules::save(t, schedule)
}

/// Has a schedule's order be given with the next look, besides its times.
///
/// # Errors
/// When the database fails.
pub fn give_now(t: &mut Tenant<'_, '_>, schedule: &Schedule) -> Result<Timestamp> {
    let now = t.now();
    schedules::note(t, schedule.id, &occurrence(now, Outcome::Due, 1, None, now))?;
    Ok(now)
}

/// Notes what is due, gives what was noted, and tells when to look again. An order becomes a run by `plan`.
///
/// What was noted and not given, because a server ended between the two or the database failed, is given with the next look
/// (S5); the run's idempotency key is made of the schedule and the time, so that it becomes one run whoever gives it (S4).
///
/// # Errors
/// When the database fails.
pub async fn look<P: Future<Output = Result<NewRun>>>(
    store: &Store,
    tasks: &Tasks,
    ambient: &Ambient,
    plan: impl Fn(Schedule) -> P,
) -> Result<Option<Timestamp>> {
    while store.transact(note_one).await? {}
    for (schedule, at) in store.read(|tx| schedules::to_give(tx, AT_ONCE)).await? {
        match give(store, tasks, &schedule, at, &plan).await {
            Ok(run) => started(store, &schedule, at, run).await?,
            Err(error) if error.code() == Code::Unavailable || error.code() == Code::UnknownError => {
                tracing::warn!(schedule = %schedule.id, %error, "an order could not be given yet");
                return Ok(Some(ambient.now()));
            }
            Err(error) => refused(store, &schedule, at, error.message()).await?,
        }
    }
    store.read(schedules::next).await
}

/// Notes what is due of one schedule; false if none is due.
fn note_one(tx: &mut Tx<'_>) -> Result<bool> {
    let now = tx.now();
    let Some(mut schedule) = schedules::due(tx, now)? else { return Ok(false) };
    let from = schedule.next_at.unwrap_or(now);
    let Due { give, missed, next } = match cadence::due(&schedule.when, schedule.missed, from, now) {
        Ok(due) => due,
        // A pattern or a zone that this version of the program does not know must not keep others from being looked at.
        Err(error) => {
            pause(tx, &mut schedule, error.message())?;
            return Ok(true);
        }
    };
    let busy = schedules::is_busy(tx, schedule.id)?;
    if let Some((last, times)) = missed {
        let reason = match give {
            Some(_) if !busy => "No server ran at the time. One run stands for all that were missed.",
            _ => "No server ran at the time.",
        };
        schedules::note(tx, schedule.id, &occurrence(last, Outcome::Missed, times, Some(reason), now))?;
        let times = if times == 1 { String::from("once") } else { format!("{times} times") };
        let message = format!("No server ran when it was due ({times}, last at {last}).");
        say(tx, &schedule, "warning", &format!("{} was missed", schedule.name), &message)?;
    }
    if let Some(at) = give {
        let (outcome, reason) = if busy {
            (Outcome::Skipped, Some("The run before it had not ended."))
        } else if now.since(at) > cadence::LATE_MS {
            (Outcome::Due, Some("It was given late: no server ran at the time."))
        } else {
            (Outcome::Due, None)
        };
        schedules::note(tx, schedule.id, &occurrence(at, outcome, 1, reason, now))?;
    }
    schedule.next_at = next;
    if next.is_none() {
        schedule.state = ScheduleState::Ended;
    }
    schedules::save(tx, &schedule)?;
    Ok(true)
}

fn occurrence(
    at: Timestamp,
    outcome: Outcome,
    times: i64,
    reason: Option<&str>,
    noted_at: Timestamp,
) -> Occurrence {
    Occurrence { at, outcome, times, run_id: None, reason: reason.map(str::to_owned), noted_at }
}

/// Makes the run of an occurrence, in the name of whoever set the schedule, if they still may (S10).
async fn give<P: Future<Output = Result<NewRun>>>(
    store: &Store,
    tasks: &Tasks,
    schedule: &Schedule,
    at: Timestamp,
    plan: &impl Fn(Schedule) -> P,
) -> Result<RunId> {
    let (person, project) = (schedule.set_by, schedule.project_id);
    let person = person.ok_or_else(|| Error::not_found("person"))?;
    let admitted = store.read(move |tx| Scope::admit(tx, person, project, Role::Editor)).await;
    admitted.map_err(|error| match error.code() {
        Code::NotFound | Code::Forbidden => {
            Error::new(Code::Forbidden, "Who set this schedule may not order work in the project any more.")
        }
        _ => error,
    })?;
    let key = format!("{}/{}", schedule.id, at.0);
    let new = NewRun { idempotency_key: Some(key), by: Some(person), ..plan(schedule.clone()).await? };
    match tasks.make(new).await {
        Ok((run, _)) => Ok(run),
        // It was given before, and since then the order, or how one is planned, was changed.
        Err(error) if error.code() == Code::Conflict => {
            let first = error.details().and_then(|details| details["runId"].as_str()?.parse().ok());
            first.ok_or(error)
        }
        Err(error) => Err(error),
    }
}

async fn started(store: &Store, schedule: &Schedule, at: Timestamp, run: RunId) -> Result<()> {
    let id = schedule.id;
    store.transact(move |tx| schedules::settle(tx, id, at, Outcome::Started, Some(run), None).map(drop)).await
}

/// An order that was refused would be refused again: its schedule is paused, and says why (S10).
async fn refused(store: &Store, schedule: &Schedule, at: Timestamp, why: &str) -> Result<()> {
    let (schedule, why) = (schedule.clone(), why.to_owned());
    let told = move |tx: &mut Tx<'_>| {
        let scope = Scope::server(schedule.project_id);
        let mut found = schedules::hold(&mut Tenant::new(tx, scope), schedule.id)?;
        if !schedules::settle(tx, found.id, at, Outcome::Refused, None, Some(&why))? {
            return Ok(());
        }
        pause(tx, &mut found, &why)
    };
    match store.transact(told).await {
        // It was removed meanwhile.
        Err(error) if error.code() == Code::NotFound => Ok(()),
        done => done,
    }
}

/// The server pauses a schedule, and says why.
fn pause(tx: &mut Tx<'_>, schedule: &mut Schedule, why: &str) -> Result<()> {
    (schedule.state, schedule.next_at) = (ScheduleState::Paused, None);
    schedule.reason = Some(why.to_owned());
    schedules::save(tx, schedule)?;
    say(tx, schedule, "error", &format!("{} is paused", schedule.name), why)
}

fn say(tx: &mut Tx<'_>, schedule: &Schedule, level: &str, title: &str, message: &str) -> Result<()> {
    let told = json!({ "level": level, "title": title, "message": message });
    events::emit(&mut Tenant::new(tx, Scope::server(schedule.project_id)), &[(EventKind::Notification, told)])
}
