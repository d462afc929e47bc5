//! What a review of a deliverable keeps, and how it is told.

use kernel::{Error, Result, ReviewId, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::reviews::{self, NewOfRun};
use wire::imports::QualityScores;
use wire::reviews::{CitedRecord, Deliverable, DeliverablePart, ExportFile, Grade, ReviewOrigin};

use super::gate::{self, Known};
use crate::departments::outputs::{Done, Graded};

/// The longest title, in characters.
pub(super) const LONGEST_TITLE: usize = 200;
/// The longest summary, in characters.
const LONGEST_SUMMARY: usize = 4_000;

/// A deliverable as its review keeps it, but for its title and content.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Offer {
    /// The work, without its content.
    pub(super) done: Done,
    /// `rules`, or a model's name.
    pub(super) made_by: String,
    pub(super) grade: Grade,
    pub(super) gate: QualityScores,
    /// Why the work was done again.
    pub(super) reasons: Vec<String>,
    pub(super) notes: String,
    /// The parts of the content with how many each has.
    pub(super) parts: Vec<(String, usize)>,
    /// Those that are left out.
    pub(super) omit: Vec<String>,
}

/// Where an output of a run comes from.
pub(super) struct Source<'s> {
    pub(super) step: StepId,
    /// The lease under which its agent gave it, and the one under which its head took it.
    pub(super) fences: (i64, i64),
    /// The engine that made it, which names the form of its content.
    pub(super) form: &'s str,
    /// A person's, from when it was last sent back.
    pub(super) reasons: Vec<String>,
}

impl Source<'_> {
    pub(super) fn id(&self) -> ReviewId {
        reviews::id_of(self.step, self.fences.0, self.fences.1)
    }
}

impl Offer {
    /// The proposal for a piece of work that a head accepted.
    pub(super) fn proposal(
        source: Source<'_>,
        graded: &Graded,
        mut done: Done,
        known: &Known,
    ) -> Result<NewOfRun> {
        let content = done.content.take();
        let id = source.id();
        let line = format!("{}/{}/{}", done.department, done.agent, source.form);
        let gate = gate::weigh(&done, graded.overall, known);
        let grade = Grade {
            quality: graded.scores.quality,
            relevance: graded.scores.relevance,
            consistency: graded.scores.consistency,
            creativity: graded.scores.creativity,
            overall: graded.overall,
        };
        done.summary = clipped(&done.summary, LONGEST_SUMMARY);
        let title = clipped(&done.title, LONGEST_TITLE);
        let offer = Self {
            made_by: done
                .added
                .as_ref()
                .and_then(|added| added.by.clone())
                .unwrap_or_else(|| "rules".to_owned()),
            grade,
            gate,
            reasons: if graded.reasons.is_empty() { source.reasons } else { graded.reasons.clone() },
            notes: String::new(),
            parts: parts(&content),
            omit: Vec::new(),
            done,
        };
        Ok(NewOfRun {
            id,
            step: source.step,
            line,
            title,
            payload: offer.write()?,
            content: content.to_string(),
            score: gate.overall,
        })
    }

    pub(super) fn read(review: &reviews::Review) -> Result<Self> {
        serde_json::from_str(&review.payload).map_err(Error::internal)
    }

    pub(super) fn write(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    /// The content without the parts that are left out.
    pub(super) fn content(&self, content: &str) -> Result<Value> {
        let mut content: Value = serde_json::from_str(content).map_err(Error::internal)?;
        for name in &self.omit {
            if let Some(part) = content.get_mut(name) {
                *part = Value::Array(Vec::new());
            }
        }
        Ok(content)
    }

    pub(super) fn told(
        self,
        review: &reviews::Review,
        content: Value,
        version_of: Option<CitedRecord>,
        exports: fn(&str) -> Vec<ExportFile>,
    ) -> Deliverable {
        let review = told(review);
        let exports = review.origin.as_ref().map(|origin| exports(&origin.form)).unwrap_or_default();
        let part = |(name, count): &(String, usize)| DeliverablePart {
            name: name.clone(),
            count: *count,
            omitted: self.omit.contains(name),
        };
        Deliverable {
            reasoning: gate::reason(&self.done, &self.gate),
            parts: self.parts.iter().map(part).collect(),
            citations: cited(&self.done),
            review,
            summary: self.done.summary,
            notes: self.notes,
            made_by: self.made_by,
            added: self.done.added,
            content,
            lacks: self.done.lacks,
            grade: self.grade,
            quality_scores: self.gate,
            reasons: self.reasons,
            version_of,
            exports,
        }
    }
}

/// A review as lists tell it.
pub(super) fn told(review: &reviews::Review) -> wire::reviews::Review {
    let origin = review.origin.as_ref().map(|origin| {
        let mut line = origin.line.splitn(3, '/').map(str::to_owned);
        let mut next = || line.next().unwrap_or_default();
        ReviewOrigin {
            run_id: origin.run,
            run_title: origin.run_title.clone(),
            step_id: origin.step,
            department: next(),
            agent: next(),
            form: next(),
        }
    });
    wire::reviews::Review {
        review_id: review.id,
        kind: review.kind,
        title: review.title.clone(),
        state: review.state,
        score: review.score,
        recommendation: review.score.map(gate::recommend),
        origin,
        created_at: review.created_at,
        created_by: review.created_by,
        decided_at: review.decided_at,
        decided_by: review.decided_by,
        change_id: review.change,
        entity_id: review.entity,
    }
}

fn cited(done: &Done) -> Vec<CitedRecord> {
    let cited = done.citations.iter().map(|citation| CitedRecord {
        entity_id: citation.entity_id,
        collection: citation.collection.clone(),
        name: citation.name.clone(),
    });
    cited.collect()
}

/// The lists of a content, which can be left out one by one.
fn parts(content: &Value) -> Vec<(String, usize)> {
    let fields = content.as_object().into_iter().flatten();
    let lists = fields.filter_map(|(name, value)| Some((name.clone(), value.as_array()?.len())));
    lists.filter(|(_, count)| *count > 0).collect()
}

fn clipped(text: &str, longest: usize) -> String {
    text.replace('\0', "").chars().take(longest).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_parts_of_a_content_are_its_lists_that_hold_something() {
        let content = json!({ "title": "Tides", "cast": [1, 2], "slips": [], "scores": { "reasons": [1] } });
        assert_eq!(parts(&content), [("cast".to_owned(), 2)]);
    }
}
