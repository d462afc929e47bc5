//! Data mode: what the person tells is read as records, and the answer says what was understood and what they can decide.

use std::fmt::Write;

use kernel::Result;
use serde_json::Value;
use wire::orchestrator::{EnrichmentLevel, IngestRequest, IngestResponse};

use super::RULES;
use super::answer::Job;
use super::live::Pen;
use crate::ingest::BY_RULES;

/// Attributes that the sentence names; the others are in the preview.
const ATTRIBUTES: usize = 6;
/// The longest value that the sentence quotes, in characters.
const LONGEST_VALUE: usize = 60;

/// Reads what the person tells, and keeps it for their decision.
pub(super) async fn answer(job: &Job, pen: &mut Pen) -> Result<()> {
    let speaks = job.shared.language.current().is_some();
    let request = IngestRequest {
        content: job.content.clone(),
        project_id: job.scope.project(),
        suggested_type: None,
        auto_ingest: None,
        // A model is asked if there is one. Without one this level would only say that there is none.
        enrichment_level: speaks.then_some(EnrichmentLevel::Comprehensive),
    };
    let read = job.shared.ingest.propose(&job.scope, job.catalogue, request).await?;
    let words = in_words(&read);
    let metadata = &mut pen.metadata;
    metadata.answered_by = Some(read.read_by.clone());
    metadata.departments = Some(read.departments_involved.clone());
    metadata.quality_score = Some(read.quality_scores.overall);
    metadata.recommendation = Some(read.recommendation);
    let by_rules = read.read_by == RULES;
    let why = read.validation.warnings.iter().find(|warning| warning.starts_with(BY_RULES)).cloned();
    metadata.ingest = Some(read);
    if by_rules && speaks {
        pen.note(why.unwrap_or_else(|| "The language model added nothing to what rules read.".to_owned()));
    } else if by_rules {
        pen.note("No language model is set, so this was read by rules. An administrator can set one under Settings, Model.");
    }
    pen.say(&words).await;
    Ok(())
}

/// What was understood, in words.
fn in_words(read: &IngestResponse) -> String {
    let mut words = format!("This reads as {}", described(read));
    let related = &read.preview.suggested_relationships;
    // Writing to a string cannot fail.
    let _ = match related.len() {
        0 => Ok(()),
        1 => write!(words, ", related to {}", related[0].target),
        n => write!(words, ", with {n} relationships"),
    };
    let _ = write!(words, ". {}", read.reasoning);
    if let Some(same) = read.duplicates.first() {
        let percent = (same.similarity * 100.0).round();
        let _ = write!(
            words,
            " It may be the same as {}, which is there already ({percent} % alike).",
            same.name
        );
    }
    if !read.others.is_empty() {
        let others: Vec<String> = read
            .others
            .iter()
            .map(|other| format!("{} ({})", name(other), other.preview.entity_type))
            .collect();
        let _ = write!(words, "\n\nThe text also speaks of {}.", others.join(", "));
    }
    words.push_str("\n\nNothing is saved until you decide.");
    words
}

fn name(read: &IngestResponse) -> &str {
    read.preview
        .parsed_data
        .get("name")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty())
        .unwrap_or("no name")
}

/// `a character: Mara Voss (age 34, role ferry captain)`.
fn described(read: &IngestResponse) -> String {
    let kind = &read.preview.entity_type;
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let attributes: Vec<String> = read
        .preview
        .parsed_data
        .iter()
        .filter(|(key, value)| !matches!(key.as_str(), "name" | "description") && !value.is_null())
        .take(ATTRIBUTES)
        .map(|(key, value)| format!("{key} {}", plain(value)))
        .collect();
    let attributes =
        if attributes.is_empty() { String::new() } else { format!(" ({})", attributes.join(", ")) };
    format!("{article} {kind}: {}{attributes}", name(read))
}

fn plain(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(" and "),
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}
