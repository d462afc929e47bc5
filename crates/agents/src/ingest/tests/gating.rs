//! What the gate thinks of proposals, and which records it takes for the same.

use serde_json::json;
use wire::imports::Recommendation;
use wire::orchestrator::EnrichmentLevel;

use super::super::likeness::key_likeness;
use super::super::words::name_key;
use super::super::{Prepared, prepare};
use super::film::{FILM, project, tides};

fn read(known: &super::super::Known, text: &str) -> Prepared {
    prepare(text, None, &FILM, known, EnrichmentLevel::Standard).remove(0)
}

#[test]
fn the_overall_score_decides_what_is_advised() {
    for (text, advised) in [
        (
            "Mara Voss, a 34-year-old ferry captain, is Joss's sister. She lives at the Harbour.",
            Recommendation::Ingest,
        ),
        ("name: Mara\ntype: character", Recommendation::Modify),
        ("hello", Recommendation::Discard),
    ] {
        let assessment = read(&tides(), text).assessment;
        assert_eq!(assessment.recommendation, advised, "{text}: {assessment:?}");
        let overall = assessment.scores.overall;
        let fits = match advised {
            Recommendation::Ingest => overall >= 0.75,
            Recommendation::Modify => (0.50..0.75).contains(&overall),
            Recommendation::Discard => overall < 0.50,
        };
        assert!(fits, "{overall}");
    }
}

#[test]
fn the_first_record_of_a_project_is_not_blamed_for_standing_alone() {
    let text = "Mara Voss is a 34-year-old ferry captain.";
    let first = read(&project(&[]), text).assessment.scores.relationship_quality;
    assert!(first > read(&tides(), text).assessment.scores.relationship_quality);
}

#[test]
fn records_are_told_apart_by_name_and_attributes_in_three_steps() {
    let known = project(&[("characters", "Mara Voss", json!({ "age": 34, "role": "ferry captain" }))]);
    for (text, advice) in [
        ("name: Mara Voss\nage: 34\nrole: Ferry captain", Some("skip")),
        ("name: Mara Voss\nage: 34\nhair: red", Some("merge")),
        ("type: character\nname: Mara Voss", Some("merge")),
        ("type: character\nname: Mara", Some("review")),
        ("name: Mara Voss\nage: 71\nrole: cook", Some("review")),
        ("name: Marek Vane\nage: 34", None),
        ("name: Tom Bright\nage: 34\nrole: ferry captain", None),
    ] {
        let read = read(&known, text).assessment;
        assert_eq!(
            read.duplicates.first().map(|same| same.advice.as_str()),
            advice,
            "{text}: {:?}",
            read.duplicates
        );
    }
}

#[test]
fn what_is_known_already_is_to_be_discarded_and_what_is_new_merged() {
    let known = project(&[("characters", "Mara Voss", json!({ "age": 34 }))]);
    let same = read(&known, "name: Mara Voss\nage: 34").assessment;
    assert_eq!(same.recommendation, Recommendation::Discard);
    assert!(same.reasoning.contains("already known"), "{}", same.reasoning);
    let more = read(&known, "name: Mara Voss\nage: 34\nhair: red\nrole: captain").assessment;
    assert!(more.reasoning.contains("merge"), "{}", more.reasoning);
}

#[test]
fn an_alias_is_a_name() {
    let read = read(&tides(), "type: character\nname: The Doctor").assessment;
    assert_eq!(read.duplicates[0].name, "Ana Okoye");
}

#[test]
fn scenes_are_the_same_by_number_and_not_by_heading() {
    let same = read(&tides(), "Scene 7: INT. CELLAR - DAY").assessment;
    assert_eq!(same.duplicates[0].name, "EXT. HARBOUR - NIGHT");
    assert!(read(&tides(), "Scene 8: EXT. HARBOUR - NIGHT").assessment.duplicates.is_empty());
}

#[test]
fn a_contradiction_is_named_and_costs_consistency() {
    let known = project(&[("characters", "Mara Voss", json!({ "age": 41, "hair": "red" }))]);
    let read = read(&known, "name: Mara Voss\nage: 34\nhair: red").assessment;
    assert!(read.scores.brain_consistency < 1.0);
    assert!(
        read.validation
            .warnings
            .iter()
            .any(|warning| warning.contains("age “41”") && warning.contains("“34”")),
        "{:?}",
        read.validation.warnings
    );
}

#[test]
fn a_name_that_is_taken_in_another_collection_is_remarked_on() {
    let read = read(&tides(), "type: character\nname: Harbour").assessment;
    assert!(
        read.validation.warnings.iter().any(|warning| warning.contains("already the name of a location"))
    );
}

#[test]
fn what_cannot_be_saved_says_why_and_is_never_advised_to_be_saved() {
    let read =
        read(&tides(), "age: 34\nrole: ferry captain\nhair: red\ndescription: At sea since she was ten.")
            .assessment;
    assert_eq!(read.validation.errors, ["The character has no name."]);
    assert_eq!(read.recommendation, Recommendation::Modify);
}

#[test]
fn likeness_of_names_knows_accents_parts_and_strangers() {
    let name_likeness = |one: &str, other: &str| key_likeness(&name_key(one), &name_key(other));
    for (one, other, least, most) in [
        ("Mara Voss", "mara  VOSS", 1.0, 1.0),
        ("The Harbour", "Harbour", 1.0, 1.0),
        ("Zoë O’Hara", "Zoe O'Hara", 0.95, 1.0),
        ("Mara", "Mara Voss", 0.85, 0.95),
        ("Jon Smith", "John Smith", 0.9, 0.99),
        ("John Smith", "John Brown", 0.0, 0.8),
        ("Mara", "Joss", 0.0, 0.6),
        ("李明", "黎明", 0.0, 0.9),
    ] {
        let likeness = name_likeness(one, other);
        assert!((least..=most).contains(&likeness), "{one} / {other}: {likeness}");
        assert!((likeness - name_likeness(other, one)).abs() < 1e-9, "{one} / {other}");
    }
}
