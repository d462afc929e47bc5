//! The outputs of a run become reviews, in the step that puts its result together: once, however often that step is done.

use std::collections::{BTreeMap, HashMap};

use kernel::{EntityId, Error, EventKind, Result, ReviewId, StepId};
use serde_json::{Value, json};
use store::reviews::{self, NewOfRun};
use store::runs::{self, Step};
use store::{Scope, Store, Tenant, entities, events, facts};
use wire::records::Origin;

use super::gate::Known;
use super::offer::{Offer, Source};
use super::{CITES, service};
use crate::departments::grading::{Advice, Verdict, advice};
use crate::departments::outputs::{Compiled, Done, Graded};
use crate::departments::plan;
use crate::ingest::INGEST_FROM;

/// The longest content that is kept, in bytes of JSON: the production of a film of several hundred scenes has a few MiB.
const LONGEST: usize = 16 * 1024 * 1024;

/// What was offered of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    /// How many outputs wait for a decision that did not wait before.
    pub waiting: usize,
    /// How many were saved at once, because the order asked for it.
    pub saved: usize,
    /// The titles of outputs that are too long to be kept.
    pub too_long: Vec<String>,
}

/// Offers what the heads of a run accepted, for who holds the step `result`. What was offered before is not offered again.
///
/// # Errors
/// `CONFLICT` when the lease is over.
pub async fn offer(store: &Store, result: &Step, run_input: &Value, compiled: &Compiled) -> Result<Offered> {
    let scope = Scope::server(result.project);
    let (run, by) = (result.run, (result.id, result.fence));
    let automatic = run_input["autoIngest"].as_bool().unwrap_or(false);
    let accepted = accepted(compiled);
    let read = store.read_in(&scope, move |t| {
        let steps = runs::steps_of(t, run, 0)?.into_iter().map(|detail| detail.step);
        let steps: HashMap<String, Step> = steps.map(|step| (step.name.clone(), step)).collect();
        prepare(t, &accepted, &steps)
    });
    let (new, too_long) = read.await?;
    let (waiting, saved) = store
        .transact_in(&scope, move |t| {
            let made = reviews::propose(t, run, by, &new)?;
            let saved = if automatic { save_good(t, &made, &new)? } else { 0 };
            let waiting = made.len() - saved;
            let good = new.iter().filter(|new| made.contains(&new.id) && advice(new.score) == Advice::Ingest);
            tell(t, run, waiting, good.count() - saved, saved)?;
            Ok((waiting, saved))
        })
        .await?;
    Ok(Offered { waiting, saved, too_long })
}

/// What heads accepted, with the department.
struct Accepted {
    department: String,
    graded: Graded,
}

fn accepted(compiled: &Compiled) -> Vec<Accepted> {
    let all = compiled.departments.iter().flat_map(|headed| {
        let kept = headed.outputs.iter().filter(|graded| graded.verdict == Verdict::Accept);
        kept.map(|graded| Accepted { department: headed.department.clone(), graded: graded.clone() })
    });
    all.collect()
}

/// The proposals, and the titles of those that are too long.
fn prepare(
    t: &mut Tenant<'_, '_>,
    accepted: &[Accepted],
    steps: &HashMap<String, Step>,
) -> Result<(Vec<NewOfRun>, Vec<String>)> {
    let gone = || Error::internal("an output whose step is gone");
    let own = |one: &Accepted| format!("{}/{}", one.department, one.graded.agent);
    let ids: Vec<StepId> = accepted
        .iter()
        .filter(|one| one.graded.again.is_none())
        .filter_map(|one| steps.get(&own(one)).map(|step| step.id))
        .collect();
    let mut given: HashMap<StepId, String> = runs::outputs(t, &ids)?.into_iter().collect();
    let mut work: Vec<(&Accepted, &Step, Done)> = Vec::with_capacity(accepted.len());
    for one in accepted {
        let step = steps.get(&own(one)).ok_or_else(gone)?;
        let done = match &one.graded.again {
            Some(again) => again.clone(),
            None => {
                let output = given.remove(&step.id).ok_or_else(gone)?;
                serde_json::from_str(&output).map_err(Error::internal)?
            }
        };
        work.push((one, step, done));
    }
    let known = known(t, work.iter().map(|(.., done)| done))?;
    let (mut new, mut too_long) = (Vec::with_capacity(work.len()), Vec::new());
    for (one, step, done) in work {
        let head = steps.get(&plan::head(&one.department)).ok_or_else(gone)?;
        let reasons = reviews::reasons(t, step.id)?;
        let fences = (step.settled, head.settled);
        // The agent may be another by now, or gone: the content has the form of the engine that made it.
        let form = done.by.clone();
        let source = Source { step: step.id, fences, form: &form, reasons };
        let offer = Offer::proposal(source, &one.graded, done, &known)?;
        if offer.content.len() > LONGEST {
            too_long.push(offer.title);
        } else {
            new.push(offer);
        }
    }
    Ok((new, too_long))
}

/// What the project says of all that is cited, in two queries for a bounded number of records.
fn known<'d>(t: &mut Tenant<'_, '_>, work: impl Iterator<Item = &'d Done>) -> Result<Known> {
    let cited: BTreeMap<EntityId, ()> =
        work.flat_map(|done| &done.citations).map(|citation| (citation.entity_id, ())).collect();
    let cited: Vec<EntityId> = cited.into_keys().collect();
    let live = entities::outlines_of(t, &cited)?.into_iter().map(|outline| outline.id).collect();
    let related = facts::related(t, &cited, CITES)?.into_iter().collect();
    Ok(Known { live, related })
}

/// Saves what is good enough to be saved without asking. A record that a person has changed is theirs: its next version waits.
fn save_good(t: &mut Tenant<'_, '_>, made: &[ReviewId], new: &[NewOfRun]) -> Result<usize> {
    let mut saved = 0;
    for one in new.iter().filter(|one| made.contains(&one.id) && one.score > INGEST_FROM) {
        let before = reviews::last_of_line(t, &one.line)?;
        let touched = match before {
            Some(id) => entities::any(t, id)?.origin == Origin::Person,
            None => false,
        };
        if !touched {
            service::ingest(t, one.id)?;
            saved += 1;
        }
    }
    Ok(saved)
}

/// Tells those who may decide, once for all outputs.
fn tell(t: &mut Tenant<'_, '_>, run: kernel::RunId, waiting: usize, good: usize, saved: usize) -> Result<()> {
    if waiting + saved == 0 {
        return Ok(());
    }
    let title = runs::get(t, run)?.title;
    let outputs = |count: usize| if count == 1 { "1 output".to_owned() } else { format!("{count} outputs") };
    let (headline, message) = if waiting > 0 {
        let wait = if waiting == 1 { "waits" } else { "wait" };
        let also = if saved > 0 { format!(" {} saved at once.", outputs(saved)) } else { String::new() };
        (
            format!("{} of “{title}” {wait} for you", outputs(waiting)),
            format!("{good} of {waiting} can be saved as they are.{also}"),
        )
    } else {
        (
            format!("{} of “{title}” saved", outputs(saved)),
            "Their scores allowed it, as the order asked.".into(),
        )
    };
    let url = format!("/projects/{}/reviews?run={run}", t.project());
    let payload = json!({
        "level": if waiting > 0 { "info" } else { "success" },
        "title": headline,
        "message": message,
        "action": { "label": if waiting > 0 { "Review" } else { "Open" }, "url": url },
        "least": "editor",
    });
    events::emit(t, &[(EventKind::Notification, payload)])
}
