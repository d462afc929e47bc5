//! What a model adds to an agent's work: only what cites records that the engine or a tool gave.

use std::collections::{BTreeMap, HashMap};

use kernel::EntityId;
use models::Named;
use serde_json::{Value, json};
use wire::reviews::{Added, Claim};

use crate::departments::engine::Citation;
use crate::departments::outputs::Done;

/// Remarks and suggestions that are kept at most, of each.
const MOST: usize = 8;
/// The longest of them, in characters.
const LONGEST: usize = 600;
/// The longest summary, in characters.
const LONGEST_SUMMARY: usize = 1_200;
/// Remarks and suggestions on parts that are kept at most with what is put together of them, of each.
const MOST_OF_PARTS: usize = 40;
/// Different notes on parts that are told at most.
const NOTES: usize = 3;
/// Records that one of them cites at most.
const MOST_SOURCES: usize = 8;
/// Records that an output cites at most.
const MOST_CITED: usize = 200;
/// How creative a suggestion makes an output that by itself only counts what is written.
const A_SUGGESTION: f64 = 0.2;

/// What was added to parts, as one, with the records that the parts cite; nothing if nothing was added to any.
pub(in crate::departments) fn together(parts: &[Done]) -> Option<(Added, HashMap<EntityId, Citation>)> {
    let all: Vec<&Added> = parts.iter().filter_map(|part| part.added.as_ref()).collect();
    if all.is_empty() {
        return None;
    }
    let claims = |of: fn(&Added) -> &Vec<Claim>| -> (Vec<Claim>, usize) {
        let said = || all.iter().flat_map(|added| of(added));
        let kept: Vec<Claim> = said().take(MOST_OF_PARTS).cloned().collect();
        let left = said().count() - kept.len();
        (kept, left)
    };
    let ((remarks, more), (suggestions, further)) =
        (claims(|added| &added.remarks), claims(|added| &added.suggestions));
    let mut notes: Vec<String> = Vec::new();
    for note in all.iter().filter_map(|added| added.note.as_ref()) {
        if notes.len() < NOTES && !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    if more + further > 0 {
        notes.push(format!("{} more remarks and suggestions stand with the parts.", more + further));
    }
    let added = Added {
        by: all.iter().find_map(|added| added.by.clone()),
        note: (!notes.is_empty()).then(|| notes.join(" ")),
        remarks,
        suggestions,
        dropped: all.iter().map(|added| added.dropped).sum(),
        summary_by_rules: None,
    };
    let cited = parts.iter().flat_map(|part| &part.citations);
    Some((added, cited.map(|citation| (citation.entity_id, citation.clone())).collect()))
}

/// Cites what its claims rest on, beside what is cited already.
pub(in crate::departments) fn cite(
    added: &Added,
    citations: &mut Vec<Citation>,
    known: impl Fn(EntityId) -> Option<Citation>,
) {
    let sources = added.remarks.iter().chain(&added.suggestions).flat_map(|claim| &claim.sources);
    cite_all(sources, citations, known);
}

fn cite_all<'s>(
    sources: impl Iterator<Item = &'s EntityId>,
    citations: &mut Vec<Citation>,
    known: impl Fn(EntityId) -> Option<Citation>,
) {
    for source in sources {
        if let Some(citation) = known(*source)
            && citations.len() < MOST_CITED
            && !citations.iter().any(|cited| cited.entity_id == *source)
        {
            citations.push(citation);
        }
    }
}

/// That no model took part, and why.
pub(super) fn nothing(why: impl Into<String>) -> Added {
    Added { note: Some(why.into()), ..Added::default() }
}

/// The form that a model's answer must have.
pub(super) fn form() -> Value {
    let claim = |longest: usize| {
        json!({
            "type": "object", "additionalProperties": false, "required": ["text", "sources"],
            "properties": {
                "text": { "type": "string", "maxLength": longest },
                "sources": {
                    "type": "array", "maxItems": MOST_SOURCES * 2,
                    "items": { "type": "string", "maxLength": 40 },
                },
            },
        })
    };
    let claims = json!({ "type": "array", "maxItems": MOST * 2, "items": claim(LONGEST * 2) });
    json!({
        "type": "object", "additionalProperties": false, "required": ["summary", "remarks", "suggestions"],
        "properties": { "summary": claim(LONGEST_SUMMARY * 2), "remarks": claims, "suggestions": claims },
    })
}

/// Adds what a model said to the work, as far as it cites what it was given.
pub(super) fn add(done: &mut Done, said: &Value, given: &BTreeMap<EntityId, Citation>, by: &Named) {
    let mut added = Added { by: Some(by.model.clone()), ..Added::default() };
    let dropped = &mut added.dropped;
    let mut claims = |field: &str| -> Vec<Claim> {
        let said = said[field].as_array().map(Vec::as_slice).unwrap_or_default();
        let kept: Vec<Claim> =
            said.iter().filter_map(|claim| backed(claim, given, LONGEST)).take(MOST).collect();
        *dropped += said.len() - kept.len();
        kept
    };
    added.remarks = claims("remarks");
    added.suggestions = claims("suggestions");
    let summary = backed(&said["summary"], given, LONGEST_SUMMARY);
    let cited =
        added.remarks.iter().chain(&added.suggestions).chain(&summary).flat_map(|claim| &claim.sources);
    cite_all(cited, &mut done.citations, |id| given.get(&id).cloned());
    match summary {
        Some(summary) => {
            added.summary_by_rules = Some(std::mem::replace(&mut done.summary, summary.text));
        }
        None if said["summary"]["text"].as_str().is_some_and(|text| !text.trim().is_empty()) => {
            added.dropped += 1;
        }
        None => {}
    }
    done.creativity = done.creativity.max((A_SUGGESTION * added.suggestions.len() as f64).min(1.0));
    done.added = Some(added);
}

/// A claim with those of its sources that were given; nothing if there are none.
fn backed(claim: &Value, given: &BTreeMap<EntityId, Citation>, longest: usize) -> Option<Claim> {
    let text: String = claim["text"].as_str()?.replace('\0', "").trim().chars().take(longest).collect();
    let mut sources: Vec<EntityId> = Vec::new();
    for id in claim["sources"].as_array()?.iter().filter_map(|id| id.as_str()?.parse().ok()) {
        if given.contains_key(&id) && !sources.contains(&id) && sources.len() < MOST_SOURCES {
            sources.push(id);
        }
    }
    (!text.is_empty() && !sources.is_empty()).then_some(Claim { text, sources })
}

#[cfg(test)]
mod tests {
    use kernel::{Ambient, Id};
    use models::{ProviderKind, Schema};

    use super::*;

    fn done() -> Done {
        Done {
            department: "audio".into(),
            agent: "cues".into(),
            title: "Cue list".into(),
            summary: "3 sounds.".into(),
            content: Value::Null,
            citations: Vec::new(),
            lacks: Vec::new(),
            quality: 0.9,
            consistency: 0.9,
            creativity: 0.0,
            by: "film.cues".into(),
            as_of: None,
            added: None,
        }
    }

    fn given(ids: &[EntityId]) -> BTreeMap<EntityId, Citation> {
        let cited =
            |id: &EntityId| Citation { entity_id: *id, collection: "scenes".into(), name: "PIER".into() };
        ids.iter().map(|id| (*id, cited(id))).collect()
    }

    fn model() -> Named {
        Named { provider: ProviderKind::Ollama, model: "llama".into() }
    }

    #[test]
    fn a_claim_without_a_source_that_was_given_is_left_out() {
        let (known, other): (EntityId, EntityId) = (EntityId::from_bits(1), Ambient::system().id());
        let said = json!({
            "summary": { "text": "Three sounds, all at the pier.", "sources": [other] },
            "remarks": [
                { "text": "The foghorn carries the scene.", "sources": [known, other, "PIER"] },
                { "text": "The sea is never heard.", "sources": [] },
                { "text": "  ", "sources": [known] },
            ],
            "suggestions": [{ "text": "Let the bell ring twice.", "sources": [known, known] }],
        });
        Schema::new("additions", form()).unwrap().check(&said).unwrap();
        let mut done = done();
        add(&mut done, &said, &given(&[known]), &model());
        let added = done.added.as_ref().unwrap();
        assert_eq!(
            added.remarks,
            [Claim { text: "The foghorn carries the scene.".into(), sources: vec![known] }]
        );
        assert_eq!(added.suggestions[0].sources, [known]);
        assert_eq!((added.dropped, added.by.as_deref()), (3, Some("llama")));
        // The summary had no source, so it is the one by rules.
        assert_eq!((done.summary.as_str(), &added.summary_by_rules), ("3 sounds.", &None));
        assert_eq!(done.citations.iter().map(|cited| cited.entity_id).collect::<Vec<_>>(), [known]);
        assert!((done.creativity - 0.2).abs() < 1e-9);
    }

    #[test]
    fn a_summary_with_a_source_takes_the_place_of_the_one_by_rules_which_is_kept() {
        let known = EntityId::from_bits(1);
        let said = json!({
            "summary": { "text": "Three sounds, all at the pier.", "sources": [known] },
            "remarks": [], "suggestions": [],
        });
        let mut done = done();
        add(&mut done, &said, &given(&[known]), &model());
        assert_eq!(done.summary, "Three sounds, all at the pier.");
        assert_eq!(done.added.unwrap().summary_by_rules.as_deref(), Some("3 sounds."));
    }

    #[test]
    fn what_was_said_of_parts_becomes_one_with_its_sources_within_a_bound() {
        let known = EntityId::from_bits(1);
        let claim = |n: usize| Claim { text: format!("Remark {n}."), sources: vec![known] };
        let part = |n: usize| Done {
            citations: given(&[known]).into_values().collect(),
            added: Some(Added {
                by: Some("llama".into()),
                note: Some("Another model stood in.".into()),
                remarks: vec![claim(n); 4],
                dropped: 1,
                ..Added::default()
            }),
            ..done()
        };
        let parts: Vec<Done> = (0..11).map(part).collect();
        let (added, cited) = together(&parts).unwrap();
        assert_eq!((added.remarks.len(), added.dropped, added.by.as_deref()), (40, 11, Some("llama")));
        let note = "Another model stood in. 4 more remarks and suggestions stand with the parts.";
        assert_eq!(added.note.as_deref(), Some(note));
        let mut citations = Vec::new();
        cite(&added, &mut citations, |id| cited.get(&id).cloned());
        assert_eq!(citations.len(), 1);
        assert!(together(&[done()]).is_none());
    }

    #[test]
    fn however_much_a_model_says_what_is_kept_is_bounded() {
        let known = EntityId::from_bits(1);
        let claim = json!({ "text": "x".repeat(5_000), "sources": vec![known; 50] });
        let said = json!({ "summary": claim, "remarks": vec![claim.clone(); 50], "suggestions": vec![claim.clone(); 50] });
        let mut done = done();
        add(&mut done, &said, &given(&[known]), &model());
        let added = done.added.unwrap();
        assert_eq!((added.remarks.len(), added.suggestions.len()), (MOST, MOST));
        assert!(added.remarks.iter().all(|claim| claim.text.len() == LONGEST));
        assert_eq!(done.summary.len(), LONGEST_SUMMARY);
        assert!(done.creativity <= 1.0);
    }
}
