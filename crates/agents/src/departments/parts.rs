//! Work that is done part by part: whether a part is still there, and how what was given for the parts becomes one.

use kernel::{Error, Result};
use serde_json::Value;
use store::{Scope, Store, entities};

use super::engine::{Engine, Job, Part, Work};
use super::mind::added;
use super::outputs::Done;

/// The part that a step is about; nothing if it is about the whole.
///
/// # Errors
/// When what the step was given cannot be read.
pub(super) fn of(input: &Value) -> Result<Option<Part>> {
    input.get("part").map(|part| serde_json::from_value(part.clone()).map_err(Error::internal)).transpose()
}

/// Whether a part is still there.
///
/// # Errors
/// When the database fails.
pub(super) async fn is_there(store: &Store, scope: &Scope, part: &Part) -> Result<bool> {
    let id = part.id;
    Ok(!store.read_in(scope, move |t| entities::outlines_of(t, &[id])).await?.is_empty())
}

/// Parts what the steps before `step` gave into that of its own parts, and that of others.
pub(super) fn apart(step: &str, given: Vec<(String, Value)>) -> (Vec<Value>, Vec<Value>) {
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for (name, output) in given {
        let is_own = name.strip_prefix(step).is_some_and(|rest| rest.starts_with('/'));
        let side = if is_own { &mut own } else { &mut others };
        side.push(output);
    }
    (own, others)
}

/// Makes one of what was given for the parts. Nothing if that cannot be: none gave anything, or the agent has another engine
/// since then.
///
/// # Errors
/// When what was given cannot be read, or the database fails.
pub(super) async fn together(engine: &dyn Engine, job: &Job, given: Vec<Value>) -> Result<Option<Done>> {
    let Some(by_parts) = engine.by_parts() else { return Ok(None) };
    let all = given.len();
    let done = given.into_iter().filter(|output| output.get("passedOver").is_none());
    let parts: Vec<Done> =
        done.map(|output| serde_json::from_value(output).map_err(Error::internal)).collect::<Result<_>>()?;
    if parts.is_empty() || parts.iter().any(|part| part.by != engine.name()) {
        return Ok(None);
    }
    let passed_over = all - parts.len();
    // What was changed after the first of them was begun may be missing.
    let as_of = parts.iter().filter_map(|part| part.as_of).min();
    let creativity = parts.iter().map(|part| part.creativity).sum::<f64>() / parts.len() as f64;
    let together = added::together(&parts);
    let works = parts.into_iter().map(|part| Work {
        title: part.title,
        summary: part.summary,
        content: part.content,
        citations: part.citations,
        quality: part.quality,
        consistency: part.consistency,
        creativity: part.creativity,
        lacks: part.lacks,
    });
    let work = by_parts.together(job, works.collect()).await?;
    let mut done = Done::of(work, &job.agent, engine.name(), as_of);
    done.creativity = creativity;
    if let Some((added, cited)) = together {
        added::cite(&added, &mut done.citations, |id| cited.get(&id).cloned());
        done.added = Some(added);
    }
    if passed_over > 0 {
        let what = "were passed over: they were removed, or nobody was at work for them";
        done.lacks.push(format!("{passed_over} of {all} parts {what}"));
    }
    Ok(Some(done))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_own_parts_gave_is_told_apart_from_what_others_gave() {
        let given = ["character/head", "audio/cues/1", "audio/cues/2", "audio/cues-of-doors"];
        let given = given.map(|name| (name.to_owned(), json!(name))).to_vec();
        let (own, others) = apart("audio/cues", given);
        assert_eq!(own, [json!("audio/cues/1"), json!("audio/cues/2")]);
        assert_eq!(others, [json!("character/head"), json!("audio/cues-of-doors")]);
    }
}
