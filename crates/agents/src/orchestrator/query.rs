//! Query mode: the project's memory is asked, and its answer told in words, by rules or by a model that was given what was found.

use std::collections::HashMap;
use std::fmt::Write;

use kernel::{EntityId, Result};
use serde_json::{Value, json};
use store::passages::{self, Passage};
use store::{Scope, Store, entities};
use wire::orchestrator::{QueryFilters, QueryResponse};
use wire::records::Record;

use super::answer::Job;
use super::live::Pen;
use super::speak::{Silence, speak};
use super::{DEFAULT_RESULTS, RULES, prompts};
use crate::budget::Purse;
use crate::catalogue::Catalogue;

/// Who answers, as reports of usage name it.
const AGENT: &str = "query";
/// Sources that an answer by rules names; the others are in its metadata.
const NAMED: usize = 5;
/// Records that a model is given.
const GIVEN: usize = 12;
/// Bytes of one record that a model is given, so that a long one leaves room for the next.
const LONGEST_RECORD: usize = 6_000;
/// Records that a message is about, whose names help a question that finds nothing by itself.
const CONTEXT_NAMES: usize = 3;

/// Answers what the person asked.
pub(super) async fn answer(job: &Job, pen: &mut Pen) -> Result<()> {
    let shared = &job.shared;
    let context = context(&shared.store, &job.scope, job.hints.context_entities.as_deref()).await?;
    let found = find(job, &context).await?;
    pen.metadata.query = Some(found.clone());
    let rules = in_words(&found);
    let Some(voice) = shared.language.current() else {
        pen.note(
            "No language model is set, so this is what the records say by rules. An administrator can set one under \
             Settings, Model.",
        );
        by_rules(pen, &rules).await;
        return Ok(());
    };
    if found.results.is_empty() && found.answer.is_none() {
        pen.note("Nothing was found that a language model could speak of.");
        by_rules(pen, &rules).await;
        return Ok(());
    }
    let material = material(&shared.store, job, &found, &context).await?;
    let request = prompts::query(&job.content, &material, shared.options.answer_tokens);
    let mut purse = Purse::of_person(shared.store.clone(), shared.ambient.clone(), job.scope, AGENT);
    let reserved = match purse.reserve_for(&voice, &request, 1).await?.or_why() {
        Ok(reserved) => reserved,
        Err(why) => {
            pen.note(why.as_str());
            by_rules(pen, &rules).await;
            return Ok(());
        }
    };
    if let Err(Silence(why)) = speak(pen, &voice, request, reserved).await {
        pen.note(why.as_str());
        if pen.is_empty() {
            by_rules(pen, &rules).await;
        } else {
            let kept = format!("\n\n{why}\n\nBy rules, the records say: {rules}");
            pen.say(&kept).await;
        }
    }
    Ok(())
}

async fn by_rules(pen: &mut Pen, rules: &str) {
    pen.metadata.answered_by = Some(RULES.to_owned());
    pen.say(rules).await;
}

/// The records that the message is said to be about, as far as they are there.
async fn context(store: &Store, scope: &Scope, ids: Option<&[EntityId]>) -> Result<Vec<Record>> {
    let Some(ids) = ids.filter(|ids| !ids.is_empty()).map(<[EntityId]>::to_vec) else {
        return Ok(Vec::new());
    };
    store.read_in(scope, move |t| entities::many(t, &ids)).await
}

/// Asks the memory; and once more with the names of what the message is about, if nothing was found without them.
async fn find(job: &Job, context: &[Record]) -> Result<QueryResponse> {
    let ask = async |question: &str| {
        let limit = DEFAULT_RESULTS as usize;
        let lexicon = job.catalogue.lexicon;
        job.shared.brain.query(&job.scope, lexicon, question, QueryFilters::default(), limit).await
    };
    let found = ask(&job.content).await?;
    if context.is_empty() || !found.results.is_empty() || found.answer.is_some() {
        return Ok(found);
    }
    let names: Vec<&str> = context.iter().take(CONTEXT_NAMES).map(|record| record.name.as_str()).collect();
    ask(&format!("{} {}", job.content, names.join(" "))).await
}

/// The answer in words, with its sources.
fn in_words(found: &QueryResponse) -> String {
    let named = found.results.iter().take(NAMED);
    let more = usize::try_from(found.total).unwrap_or(usize::MAX).saturating_sub(NAMED);
    let mut words = String::new();
    // Writing to a string cannot fail.
    let _ = match &found.answer {
        Some(answer) if found.results.is_empty() => write!(words, "{answer}"),
        Some(answer) => {
            let sources: Vec<String> =
                named.map(|result| format!("{} ({})", result.title, result.r#type)).collect();
            write!(words, "{answer}\n\nSources: {}", sources.join("; "))
        }
        None if found.results.is_empty() => write!(
            words,
            "Nothing in this project answers that. Name a record as it is written there, or use words that stand in \
             its text."
        ),
        None => named.fold(write!(words, "These come closest:"), |done, result| {
            done.and(write!(words, "\n- {} ({}): {}", result.title, result.r#type, one_line(&result.excerpt)))
        }),
    };
    if more > 0 && !found.results.is_empty() {
        let _ = write!(words, "{}and {more} more.", if found.answer.is_some() { "; " } else { "\n" });
    }
    words
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a model is given, as JSON under a bound: the answer by rules, and the records with their text.
async fn material(store: &Store, job: &Job, found: &QueryResponse, context: &[Record]) -> Result<String> {
    let mut ids: Vec<EntityId> = found.results.iter().take(GIVEN).map(|result| result.id).collect();
    for record in context.iter().take(GIVEN) {
        if !ids.contains(&record.id) {
            ids.push(record.id);
        }
    }
    let mut texts: HashMap<EntityId, Vec<Passage>> = HashMap::new();
    let wanted = ids.clone();
    for passage in store.read_in(&job.scope, move |t| passages::of(t, &wanted)).await? {
        texts.entry(passage.entity).or_default().push(passage);
    }
    let records = ids.iter().filter_map(|id| {
        let passages = texts.get(id).map_or(&[][..], Vec::as_slice);
        found
            .results
            .iter()
            .find(|result| result.id == *id)
            .map(|result| {
                let related: Vec<String> = result
                    .relationships
                    .iter()
                    .map(|other| format!("{} {} ({})", other.r#type, other.target, other.target_type))
                    .collect();
                let about = json!({
                    "title": result.title,
                    "type": result.r#type,
                    "attributes": result.metadata,
                    "relationships": related,
                    "excerpt": result.excerpt,
                });
                with_text(about, passages)
            })
            .or_else(|| {
                let record = context.iter().find(|record| record.id == *id)?;
                let about = json!({
                    "title": record.name,
                    "type": singular(job.catalogue, &record.collection),
                    "attributes": record.metadata,
                });
                Some(with_text(about, passages))
            })
    });
    let mut given = Vec::new();
    let mut room = job.shared.options.material;
    for record in records {
        let size = record.to_string().len();
        if size > room {
            break;
        }
        room -= size;
        given.push(record);
    }
    Ok(json!({ "byRule": found.answer, "found": found.total, "records": given }).to_string())
}

fn singular<'c>(catalogue: &'static Catalogue, collection: &'c str) -> &'c str {
    catalogue.lexicon.singular(collection)
}

/// Adds the passages of a record's text, as far as they fit.
fn with_text(mut about: Value, passages: &[Passage]) -> Value {
    let mut room = LONGEST_RECORD.saturating_sub(about.to_string().len());
    let mut text: Vec<&str> = Vec::new();
    for passage in passages.iter().filter(|passage| passage.field != "name") {
        if passage.text.len() > room {
            break;
        }
        room -= passage.text.len();
        text.push(&passage.text);
    }
    about["text"] = json!(text);
    about
}
