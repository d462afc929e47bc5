//! The gate for what departments made (F10): how complete it is, how well it agrees with what the project knows, and how well
//! what it rests on is related.

use std::collections::HashSet;

use kernel::EntityId;
use wire::imports::{QualityScores, Recommendation};

use crate::departments::grading::{Advice, advice};
use crate::departments::outputs::Done;

/// The weights of completeness, consistency and relationships, as in data mode.
const WEIGHTS: (f64, f64, f64) = (0.45, 0.30, 0.25);
/// The score of relationships where no record is named: nothing is wrong, but the work stands alone.
const ALONE: f64 = 0.60;

/// What the project says of the records that are cited.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Those that are there.
    pub(super) live: HashSet<EntityId>,
    /// Those that are related to others.
    pub(super) related: HashSet<EntityId>,
}

/// Weighs a piece of work that its head gave `grade`.
///
/// *Completeness* is what its engine counted. *Consistency* is what its engine counted, times the share of the records it
/// names that are still there. *Relationship quality* is the share of them that the project relates to others. The whole is
/// never better than the head's grade.
pub(super) fn weigh(done: &Done, grade: f64, known: &Known) -> QualityScores {
    let share = |of: &HashSet<EntityId>, none: f64| {
        let cited: HashSet<EntityId> = done.citations.iter().map(|citation| citation.entity_id).collect();
        match cited.len() {
            0 => none,
            all => cited.intersection(of).count() as f64 / all as f64,
        }
    };
    let complete = unit(done.quality);
    let consistent = unit(done.consistency) * share(&known.live, 1.0);
    let related = share(&known.related, ALONE);
    let counted = WEIGHTS.0 * complete + WEIGHTS.1 * consistent + WEIGHTS.2 * related;
    QualityScores {
        data_completeness: rounded(complete),
        brain_consistency: rounded(consistent),
        relationship_quality: rounded(related),
        overall: rounded(counted.min(unit(grade))),
    }
}

/// What a person is advised to do at an overall score.
pub(super) fn recommend(overall: f64) -> Recommendation {
    match advice(overall) {
        Advice::Ingest => Recommendation::Ingest,
        Advice::Modify => Recommendation::Modify,
        Advice::Discard => Recommendation::Discard,
    }
}

/// The advice in one sentence, by what weighs most.
pub(super) fn reason(done: &Done, scores: &QualityScores) -> String {
    let lack =
        done.lacks.first().map_or_else(String::new, |lack| format!(": {}", lack.trim_end_matches('.')));
    if recommend(scores.overall) == Recommendation::Ingest {
        let cited = done.citations.len();
        return match cited {
            0 => "It is good to be saved as it is.".to_owned(),
            1 => "It is good to be saved as it is; it rests on one record of the project.".to_owned(),
            many => format!("It is good to be saved as it is; it rests on {many} records of the project."),
        };
    }
    let QualityScores { data_completeness, brain_consistency, relationship_quality, .. } = *scores;
    if data_completeness <= brain_consistency && data_completeness <= relationship_quality {
        format!("It is not complete{lack}.")
    } else if brain_consistency <= relationship_quality {
        // The engine's reasons speak of its own count; what is gone by now it has not counted.
        if brain_consistency < rounded(unit(done.consistency)) {
            return "Some of the records that it rests on are not there any more.".to_owned();
        }
        format!("It does not go together with all that is known{lack}.")
    } else {
        "Much of what it rests on is related to nothing else in the project.".to_owned()
    }
}

fn unit(score: f64) -> f64 {
    if score.is_finite() { score.clamp(0.0, 1.0) } else { 0.0 }
}

/// To the hundredth; what falls short of one by the inexactness of sums does not.
fn rounded(score: f64) -> f64 {
    (score * 100.0 + 1e-6).floor() / 100.0
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;
    use serde_json::Value;

    use super::*;
    use crate::departments::engine::Citation;

    fn done(quality: f64, consistency: f64, cited: &[EntityId]) -> Done {
        let citation =
            |id: &EntityId| Citation { entity_id: *id, collection: "scenes".into(), name: "INT. BAR".into() };
        Done {
            department: "character".into(),
            agent: "cast".into(),
            title: "Cast".into(),
            summary: String::new(),
            content: Value::Null,
            citations: cited.iter().map(citation).collect(),
            lacks: vec!["2 of 4 people speak".into()],
            quality,
            consistency,
            creativity: 0.0,
            by: "film.cast".into(),
            as_of: None,
            added: None,
        }
    }

    fn ids(count: usize) -> Vec<EntityId> {
        (0..count).map(|_| Ambient::system().id()).collect()
    }

    #[test]
    fn records_that_are_gone_speak_against_consistency_and_lonely_ones_against_relationships() {
        let cited = ids(4);
        let known = Known {
            live: cited[..3].iter().copied().collect(),
            related: cited[..1].iter().copied().collect(),
        };
        let scores = weigh(&done(1.0, 0.8, &cited), 1.0, &known);
        assert_eq!((scores.brain_consistency, scores.relationship_quality), (0.6, 0.25));
        assert_eq!(scores.overall, 0.69);
    }

    #[test]
    fn work_that_names_no_record_stands_alone_and_contradicts_none() {
        let scores = weigh(&done(1.0, 1.0, &[]), 1.0, &Known::default());
        assert_eq!((scores.brain_consistency, scores.relationship_quality), (1.0, 0.6));
    }

    #[test]
    fn nothing_is_better_than_its_heads_grade() {
        let cited = ids(1);
        let all: HashSet<EntityId> = cited.iter().copied().collect();
        let known = Known { live: all.clone(), related: all };
        assert_eq!(weigh(&done(1.0, 1.0, &cited), 0.61, &known).overall, 0.61);
        assert_eq!(weigh(&done(1.0, 1.0, &cited), f64::NAN, &known).overall, 0.0);
    }

    #[test]
    fn the_advice_names_what_is_weakest() {
        let cited = ids(2);
        let all: HashSet<EntityId> = cited.iter().copied().collect();
        let known = Known { live: all.clone(), related: all };
        let told = |done: &Done, grade: f64, known: &Known| reason(done, &weigh(done, grade, known));
        assert!(told(&done(0.9, 0.9, &cited), 0.9, &known).contains("rests on 2 records"));
        assert!(told(&done(0.4, 0.9, &cited), 0.6, &known).contains("2 of 4 people speak"));
        assert!(told(&done(0.9, 0.3, &cited), 0.6, &known).contains("does not go together"));
        let gone = Known { live: HashSet::from([cited[0]]), related: known.related };
        assert!(told(&done(0.9, 0.9, &cited), 0.6, &gone).contains("not there any more"));
        assert!(
            told(&done(0.9, 0.9, &cited), 0.6, &Known { live: known.live, ..Known::default() })
                .contains("related")
        );
    }
}
