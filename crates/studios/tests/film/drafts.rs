//! A second draft: what it continues is changed, what it leaves out goes to the bin, what people wrote stays.

use kernel::Result;
use proptest::prelude::*;
use serde_json::json;
use store::changes::{Draft, Patch, Write};
use store::{changes, facts};
use studios::film::{self, screenplay::Format};
use wire::imports::{Decision, ProposedAction};
use wire::projects::ProjectType;
use wire::records::{Metadata, Record};

use crate::fixture::{Studio, TIDES};

/// The film again: a scene inserted, one rewritten, the last one gone and with it a character.
const SECOND: &str = "Title: Tides

FADE IN:

INT. BOATHOUSE - DAY

MARA (34) mends a NET.

MARA
Low water at nine.

EXT. CLIFF - DUSK

PIA (19) counts ships.

PIA
Eleven.

EXT. HARBOUR - PIER - NIGHT

Mara waits. JOSS comes with a LANTERN. A BELL rings.

JOSS
You came. I did not think that you would. Not tonight.

MARA (CONT'D)
(quietly)
I live here.
";

async fn change(studio: &Studio, record: &Record, patch: Patch) -> Result<()> {
    let write = Write::Change { id: record.id, expected: None, patch };
    let draft = Draft { summary: "By hand".into(), writes: vec![write], ..Draft::default() };
    studio.store.transact_in(&studio.scope, move |t| changes::apply(t, &draft).map(|_| ())).await
}

fn metadata(value: serde_json::Value) -> Option<Metadata> {
    value.as_object().cloned()
}

#[tokio::test]
async fn the_same_file_again_keeps_everything() {
    let studio = Studio::open(ProjectType::Movie).await;
    studio.import("tides.fountain", TIDES).await;
    let again = studio.propose("tides.fountain", TIDES).await;
    assert!(again.preview.records.iter().all(|record| record.action == ProposedAction::Keep));
    let before = studio.records("scenes").await;
    let decided = studio.decide(&again, Decision::Ingest).await.unwrap().decided;
    assert_eq!((decided.created, decided.changed), (0, 0));
    assert_eq!(studio.records("scenes").await, before);
}

#[tokio::test]
async fn a_second_draft_creates_changes_keeps_and_removes() {
    let studio = Studio::open(ProjectType::Movie).await;
    studio.import("tides.fountain", TIDES).await;
    let before = studio.records("scenes").await;
    let second = studio.propose("tides-2.fountain", SECOND).await;
    let of = |name: &str| {
        let found = second.preview.records.iter().find(|record| record.name == name);
        found.unwrap_or_else(|| panic!("{name}")).action
    };
    assert_eq!(of("INT. BOATHOUSE - DAY"), ProposedAction::Keep);
    assert_eq!(of("EXT. CLIFF - DUSK"), ProposedAction::Create);
    assert_eq!(of("EXT. HARBOUR - PIER - NIGHT"), ProposedAction::Change);
    assert_eq!(of("INT. LIGHTHOUSE - CONTINUOUS"), ProposedAction::Remove);
    assert_eq!(of("Quill"), ProposedAction::Remove);
    assert_eq!(of("Lighthouse"), ProposedAction::Remove);
    assert_eq!(of("Pia"), ProposedAction::Create);
    studio.decide(&second, Decision::Ingest).await.unwrap();
    let after = studio.records("scenes").await;
    assert_eq!(
        after.iter().map(|scene| scene.name.as_str()).collect::<Vec<_>>(),
        ["INT. BOATHOUSE - DAY", "EXT. CLIFF - DUSK", "EXT. HARBOUR - PIER - NIGHT"]
    );
    assert_eq!((after[0].id, after[2].id), (before[0].id, before[1].id), "a scene stays itself");
    assert_eq!(studio.names("characters").await, ["Mara", "Joss", "Pia"]);
    let joss = studio.records("characters").await[1].id;
    let words = studio.store.read_in(&studio.scope, move |t| facts::about(t, &[joss])).await.unwrap();
    let words: Vec<Option<f64>> =
        words.into_iter().filter(|fact| fact.predicate == "speaks_in").map(|fact| fact.weight).collect();
    assert_eq!(words, [Some(11.0)], "the old count holds no longer");
}

#[tokio::test]
async fn what_people_wrote_survives_a_second_draft() {
    let studio = Studio::open(ProjectType::Movie).await;
    studio.import("tides.fountain", TIDES).await;
    let characters = studio.records("characters").await;
    let patch = Patch {
        name: Some("Mara Voss".into()),
        description: Some("A pilot.".into()),
        metadata: metadata(json!({ "role": "Pilot", "age": "35", "aliases": ["Mara"] })),
        ..Patch::default()
    };
    change(&studio, &characters[0], patch).await.unwrap();
    let patch = Patch { description: Some("A voice in the dark.".into()), ..Patch::default() };
    change(&studio, &characters[2], patch).await.unwrap();
    studio.import("tides.fountain", SECOND).await;
    let after = studio.records("characters").await;
    assert_eq!(
        after.iter().map(|record| record.name.as_str()).collect::<Vec<_>>(),
        ["Mara Voss", "Joss", "Quill", "Pia"]
    );
    assert_eq!(after[0].description, "A pilot.");
    assert_eq!((&after[0].metadata["role"], &after[0].metadata["age"]), (&json!("Pilot"), &json!("35")));
}

#[tokio::test]
async fn a_draft_says_that_it_replaces_a_scene_that_was_edited_here() {
    let studio = Studio::open(ProjectType::Movie).await;
    studio.import("tides.fountain", TIDES).await;
    let scene = studio.records("scenes").await.remove(0);
    let body = scene.body.clone().unwrap().replace("nine", "ten");
    change(&studio, &scene, Patch { body: Some(body), ..Patch::default() }).await.unwrap();
    let again = studio.propose("tides.fountain", TIDES).await;
    let told = again.preview.warnings.iter().filter(|w| w.message.contains("INT. BOATHOUSE - DAY")).count();
    assert_eq!(told, 1, "{:?}", again.preview.warnings);
}

#[tokio::test]
async fn a_second_draft_can_be_exported_and_taken_back() {
    let studio = Studio::open(ProjectType::Movie).await;
    studio.import("tides.fountain", TIDES).await;
    let change = studio.import("tides.fountain", SECOND).await.decided.change_id.unwrap();
    let export = || film::export(&studio.store, &studio.scope, Format::Fountain);
    assert_eq!(String::from_utf8(export().await.unwrap().1).unwrap(), SECOND);
    studio.store.transact_in(&studio.scope, move |t| changes::undo(t, change)).await.unwrap();
    assert_eq!(String::from_utf8(export().await.unwrap().1).unwrap(), TIDES);
    assert_eq!(studio.names("characters").await, ["Mara", "Joss", "Quill"]);
}

/// Scenes of which two drafts share some, change some and lack some.
fn draft() -> impl Strategy<Value = String> {
    let scene = ("[A-D]", 0_usize..3, "(MARA|JOSS|PIA)", 0_usize..4).prop_map(|(place, time, who, words)| {
        let time = ["DAY", "NIGHT", "LATER"][time];
        format!(
            "INT. {place} - {time}\n\n{who} waits at the window.\n\n{who}\n{}Enough.\n\n",
            "Not yet. ".repeat(words)
        )
    });
    proptest::collection::vec(scene, 1..8).prop_map(|scenes| scenes.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_second_draft_takes_the_place_of_the_first_and_gives_it_back(first in draft(), second in draft()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let studio = Studio::open(ProjectType::Movie).await;
            studio.import("a.fountain", &first).await;
            let before = studio.facts().await;
            let change = studio.import("b.fountain", &second).await.decided.change_id.unwrap();
            let exported = film::export(&studio.store, &studio.scope, Format::Fountain).await.unwrap().1;
            prop_assert_eq!(String::from_utf8(exported).unwrap(), second.as_str());
            // What holds now is what a first import of the second draft would have said.
            let fresh = Studio::open(ProjectType::Movie).await;
            fresh.import("b.fountain", &second).await;
            prop_assert_eq!(studio.facts().await, fresh.facts().await);
            studio.store.transact_in(&studio.scope, move |t| changes::undo(t, change)).await.unwrap();
            let exported = film::export(&studio.store, &studio.scope, Format::Fountain).await.unwrap().1;
            prop_assert_eq!(String::from_utf8(exported).unwrap(), first);
            prop_assert_eq!(studio.facts().await, before);
            Ok(())
        })?;
    }
}
