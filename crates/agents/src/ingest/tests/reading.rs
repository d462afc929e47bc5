//! What texts of every form are understood as.

use proptest::prelude::*;
use serde_json::{Value, json};
use wire::orchestrator::EnrichmentLevel;

use super::super::{MOST_RECORDS, Prepared, Source, prepare};
use super::film::{FILM, tides};

fn read_at(level: EnrichmentLevel, text: &str) -> Vec<Prepared> {
    prepare(text, None, &FILM, &tides(), level)
}

fn read(text: &str) -> Vec<Prepared> {
    read_at(EnrichmentLevel::Minimal, text)
}

/// Proposals in short: kind, name, attributes and relationships; `?` marks one with what the project does not have.
fn shorts(prepared: &[Prepared]) -> Value {
    let short = |prepared: &Prepared| {
        let proposal = &prepared.proposal;
        let links = proposal.links.iter().map(|link| {
            let open = if link.target_id.is_some() { "" } else { "?" };
            format!("{} {}{open}", link.predicate, link.target)
        });
        json!([proposal.collection, proposal.name, proposal.metadata, links.collect::<Vec<_>>()])
    };
    prepared.iter().map(short).collect()
}

fn assert_read(cases: &[(&str, Value)]) {
    for (text, expected) in cases {
        assert_eq!(shorts(&read(text)), *expected, "{text}");
    }
}

#[test]
fn sentences_say_who_someone_is_and_whom_they_know() {
    assert_read(&[
        (
            "Mara Voss, a 34-year-old ferry captain, is Joss's sister. She lives at the Harbour.",
            json!([["characters", "Mara Voss", {"role": "ferry captain", "age": 34}, ["sister_of Joss", "lives_at Harbour"]]]),
        ),
        (
            "Add a character named Mara Voss. She is thirty-four years old and works as a ferry captain at the Harbour. \
             Her brother is Joss. Her hair is red.",
            json!([["characters", "Mara Voss", {"age": 34, "role": "ferry captain", "hair": "red"},
                ["works_at Harbour", "brother Joss"]]]),
        ),
        (
            "Mara appears in scenes 4, 7 and 9. She wants to leave the island.",
            json!([["characters", "Mara", {"goal": "to leave the island"},
                ["appears_in INT. MILL - DAY", "appears_in EXT. HARBOUR - NIGHT", "appears_in scene 9?"]]]),
        ),
        (
            "The Lantern Room is a small building. It is owned by Ana Okoye.",
            json!([["locations", "Lantern Room", {}, ["owned_by Ana Okoye"]]]),
        ),
        (
            "Scene 12: EXT. QUAY - NIGHT. Joss meets the Doctor.",
            json!([["scenes", "EXT. QUAY - NIGHT", {"number": "12"}, ["appears_in Ana Okoye"]]]),
        ),
        ("The theme of the tides is a symbol of time.", json!([["concepts", "Theme of the tides", {}, []]])),
    ]);
}

#[test]
fn several_who_are_spoken_of_are_records_of_their_own_and_pronouns_mean_the_last() {
    assert_read(&[(
        "Zoë Ångström is a 41-year-old smuggler. Joss is her brother. Tom Bright, a cook, hates Joss. He fears Ana.",
        json!([
            ["characters", "Zoë Ångström", {"role": "smuggler", "age": 41}, ["brother Joss"]],
            ["characters", "Tom Bright", {"role": "cook"}, ["hates Joss", "fears Ana Okoye"]],
        ]),
    )]);
}

#[test]
fn lines_of_keys_and_values_fill_fields_by_name_label_and_alias() {
    assert_read(&[
        (
            "name: Mara Voss\nage: thirty-four\noccupation: ferry captain\nsister: Joss\nlives at: the Harbour\nshoe size: 38",
            json!([["characters", "Mara Voss", {"age": 34, "role": "ferry captain", "shoe_size": "38"},
                ["sister Joss", "lives_at Harbour"]]]),
        ),
        (
            "Character: Mara Voss\nAge: 34\n\nLocation: Quay\nOwner: Ana",
            json!([
                ["characters", "Mara Voss", {"age": 34}, []],
                ["locations", "Quay", {"owner": "Ana"}, ["owner Ana Okoye"]],
            ]),
        ),
    ]);
}

#[test]
fn json_csv_and_yaml_say_the_same_in_other_forms() {
    let mara = json!(["characters", "Mara", {"age": 34, "traits": ["brave", "stubborn"]}, []]);
    let tom = json!(["characters", "Tom", {"age": 50, "role": "cook"}, []]);
    assert_read(&[
        (
            r#"[{"name": "Mara", "age": "34", "traits": "brave, stubborn"}, {"name": "Tom", "age": 50, "job": "cook"}]"#,
            json!([mara, tom]),
        ),
        (
            r#"{"characters": [{"name": "Mara", "age": 34, "traits": ["brave", "stubborn"]},
                {"name": "Tom", "age": 50, "role": "cook"}]}"#,
            json!([mara, tom]),
        ),
        ("name,age,traits,role\nMara,34,brave; stubborn,\nTom,50,,cook\n", json!([mara, tom])),
        (
            "- name: Mara\n  age: 34\n  traits: [brave, stubborn]\n- name: Tom\n  age: 50\n  role: cook\n",
            json!([mara, tom]),
        ),
        (
            r#"{"name": "Mara", "scenes": [4, "scene 7"], "alive": "yes", "relationships": [{"type": "rival of", "target": "Joss"}]}"#,
            json!([["characters", "Mara", {"alive": true},
                ["appears_in INT. MILL - DAY", "appears_in EXT. HARBOUR - NIGHT", "rival_of Joss"]]]),
        ),
    ]);
}

#[test]
fn names_in_any_script_are_names() {
    for (text, name) in [
        ("Ольга Петрова is a 60-year-old captain.", "Ольга Петрова"),
        ("name: 李明\nage: 40", "李明"),
        ("name: Zoe\u{308} O’Hara\nrole: cook", "Zoe\u{308} O’Hara"),
        ("Søren de la Cruz is Joss's brother.", "Søren de la Cruz"),
    ] {
        let read = read(text);
        assert_eq!(
            (read[0].proposal.name.as_str(), read[0].proposal.collection.as_str()),
            (name, "characters"),
            "{text}"
        );
    }
}

#[test]
fn a_value_that_does_not_fit_is_left_out_and_remarked_on() {
    let read = read("name,age,role\nMara,old,captain\n");
    assert_eq!(shorts(&read), json!([["characters", "Mara", {"role": "captain"}, []]]));
    let warnings = &read[0].assessment.validation.warnings;
    assert!(warnings[0].contains("“old” is not a number"), "{warnings:?}");
    let state = read[0].proposal.fields(FILM.of_type("character"));
    assert!(state.iter().any(|field| field.field == "age" && field.state == "review"), "{state:?}");
}

#[test]
fn rows_with_the_wrong_number_of_columns_are_named_by_their_line() {
    let warnings = read("name,age\nMara,34\nTom\n")[0].assessment.validation.warnings.clone();
    assert!(warnings.iter().any(|warning| warning.starts_with("Line 3 has 1 columns")), "{warnings:?}");
}

#[test]
fn what_begins_like_json_but_is_not_is_read_as_words_and_said_so() {
    let read = read("{\"name\": \"Mara\", ");
    assert!(
        read[0].assessment.validation.warnings.iter().any(|warning| warning.contains("begins like JSON"))
    );
}

#[test]
fn standard_enrichment_adds_what_the_project_knows_and_marks_it_as_derived() {
    let text = "Scene 12: Joss waits at the Harbour. He thinks of Ana Okoye.";
    let minimal = read(text);
    assert!(minimal[0].proposal.links.is_empty());
    let standard = read_at(EnrichmentLevel::Standard, text);
    let links = &standard[0].proposal.links;
    let told: Vec<(&str, &str, bool)> =
        links.iter().map(|link| (link.predicate.as_str(), link.target.as_str(), link.of_target)).collect();
    assert_eq!(
        told,
        [("appears_in", "Joss", true), ("set_in", "Harbour", false), ("appears_in", "Ana Okoye", true)]
    );
    assert!(links.iter().all(|link| link.source == Source::Derived));
}

#[test]
fn a_slip_of_the_pen_in_a_name_is_mended_only_by_enrichment() {
    let text = "Mara lives at the Harbor.";
    assert_eq!(shorts(&read(text))[0][3], json!(["lives_at Harbor?"]));
    let mended = read_at(EnrichmentLevel::Standard, text);
    assert_eq!(shorts(&mended)[0][3], json!(["lives_at Harbour"]));
    assert!(mended[0].proposal.links[0].confidence < 0.95);
}

#[test]
fn no_more_records_than_the_bound_are_taken_and_the_rest_is_counted() {
    let rows: String = (0..50).map(|n| format!("Person {n},{n}\n")).collect();
    let read = read(&format!("name,age\n{rows}"));
    assert_eq!(read.len(), MOST_RECORDS);
    let warnings = &read[0].assessment.validation.warnings;
    assert!(warnings.iter().any(|warning| warning.contains("speaks of 30 more")), "{warnings:?}");
}

#[test]
fn hostile_texts_are_turned_down_and_not_a_burden() {
    let bomb = format!(
        "a: &a [x,x,x,x,x,x,x,x,x]\n{}",
        ('b'..='i')
            .map(|c| {
                let before = (c as u8 - 1) as char;
                format!("{c}: &{c} [{}]\n", vec![format!("*{before}"); 9].join(","))
            })
            .collect::<String>()
    );
    let deep = (0..5_000).map(|_| "- ").collect::<String>() + "name: x";
    for text in [
        "[".repeat(10_000),
        "{\"a\":".repeat(2_000),
        bomb,
        deep,
        "(".repeat(10_000),
        ": ".repeat(5_000),
        "\u{feff}".into(),
    ] {
        let read = read_at(EnrichmentLevel::Standard, &text);
        assert!(!read.is_empty() && read.len() <= MOST_RECORDS);
        assert!(!read[0].assessment.validation.is_valid, "{:?}", read[0].proposal.name);
    }
}

/// Pieces that texts are made of, so that chance meets the reader's patterns.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("Mara Voss"),
        Just(", a "),
        Just("34-year-old"),
        Just(" is "),
        Just("Joss's"),
        Just(" sister"),
        Just(". "),
        Just("She "),
        Just("her brother "),
        Just("scene 4"),
        Just("scenes 4, 7 and"),
        Just(" named "),
        Just("Add a character"),
        Just(": "),
        Just("\n"),
        Just("- "),
        Just("name"),
        Just("age"),
        Just(","),
        Just("has "),
        Just("works as "),
        Just("the "),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just("\""),
        Just("of "),
        Just("Ольга"),
        Just("’s"),
        Just("é\u{301}"),
        Just("Harbour"),
        Just("INT. "),
        Just("and "),
        Just("&a *a"),
        Just("\u{0}"),
        Just("lives at "),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_panics_the_reader_and_every_score_is_within_0_and_1(text in prop_oneof![texts(), any::<String>()]) {
        let prepared = read_at(EnrichmentLevel::Standard, &text);
        prop_assert!((1..=MOST_RECORDS).contains(&prepared.len()));
        for Prepared { proposal, assessment } in prepared {
            let scores = assessment.scores;
            for score in [
                scores.data_completeness, scores.brain_consistency, scores.relationship_quality, scores.overall,
                proposal.kind_confidence,
            ] {
                prop_assert!((0.0..=1.0).contains(&score), "{}", score);
            }
            prop_assert!(proposal.links.iter().all(|link| (0.0..=1.0).contains(&link.confidence)));
            prop_assert!(proposal.name.chars().count() <= 200);
            prop_assert!(!assessment.reasoning.is_empty());
            prop_assert_eq!(assessment.validation.is_valid, assessment.validation.errors.is_empty());
        }
    }
}
