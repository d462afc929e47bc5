//! Imports: what is previewed is what is saved, wholly or not at all, and decided once.

use kernel::{Code, PageRequest};
use serde_json::json;
use store::{changes, entities, facts};
use studios::film::{self, imports};
use wire::imports::{Decision, DecisionRequest, Modification, ProposedAction, Recommendation, ReviewState};
use wire::projects::ProjectType;

use crate::fixture::{Studio, TIDES};

#[tokio::test]
async fn nothing_is_saved_before_the_decision() {
    let studio = Studio::open(ProjectType::Movie).await;
    let import = studio.propose("tides.fountain", TIDES).await;
    assert_eq!(import.state, ReviewState::Pending);
    assert_eq!((import.preview.scenes, import.preview.characters, import.preview.locations), (3, 3, 3));
    assert_eq!(import.preview.recommendation, Recommendation::Ingest);
    assert!(import.preview.records.iter().all(|record| record.action == ProposedAction::Create));
    for collection in ["scenes", "characters", "locations", "screenplays"] {
        assert!(studio.records(collection).await.is_empty(), "{collection}");
    }
}

#[tokio::test]
async fn what_is_decided_becomes_records_with_their_relationships() {
    let studio = Studio::open(ProjectType::Movie).await;
    let decided = studio.import("tides.fountain", TIDES).await.decided;
    assert_eq!((decided.state, decided.created, decided.changed), (ReviewState::Ingested, 9, 0));
    let scenes = studio.records("scenes").await;
    assert_eq!(scenes[1].name, "EXT. HARBOUR - PIER - NIGHT");
    assert_eq!(scenes[1].description, "Mara waits. JOSS comes with a LANTERN.");
    assert!(scenes[1].body.as_deref().unwrap().starts_with("EXT. HARBOUR - PIER - NIGHT\n\nMara waits."));
    let metadata = &scenes[1].metadata;
    for (key, value) in [
        ("number", json!("2")),
        ("intExt", json!("EXT")),
        ("location", json!("Harbour")),
        ("area", json!("Pier")),
        ("timeOfDay", json!("night")),
        ("pageEighths", json!(2)),
        ("dialogueWords", json!(12)),
        ("props", json!(["Lantern"])),
        ("sounds", json!(["Bell"])),
        ("format", json!("fountain")),
    ] {
        assert_eq!(metadata.get(key), Some(&value), "{key}");
    }
    assert_eq!(scenes[2].metadata["timeOfDay"], json!("night"), "continuous goes on from the scene before");
    assert_eq!(studio.names("characters").await, ["Mara", "Joss", "Quill"]);
    assert_eq!(studio.names("locations").await, ["Boathouse", "Harbour", "Lighthouse"]);
    let mara = studio.records("characters").await.remove(0);
    assert_eq!(mara.metadata["age"], json!("34"));
    assert_eq!(mara.description, "MARA (34) mends a NET.");
    let spoken = studio
        .store
        .read_in(&studio.scope, |t| facts::with(t, &["speaks_in"]))
        .await
        .unwrap()
        .into_iter()
        .filter(|fact| fact.subject == mara.id);
    assert_eq!(spoken.map(|fact| fact.weight.unwrap()).collect::<Vec<_>>(), [4.0, 3.0]);
}

#[tokio::test]
async fn of_two_who_decide_at_once_one_is_told_that_it_is_done_and_by_whom() {
    let studio = Studio::open(ProjectType::Movie).await;
    let import = studio.propose("tides.fountain", TIDES).await;
    let (a, b) =
        tokio::join!(studio.decide(&import, Decision::Ingest), studio.decide(&import, Decision::Discard));
    let error = match (a, b) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        other => panic!("one must win: {other:?}"),
    };
    assert_eq!(error.code(), Code::AlreadyDecided);
    let details = error.details().unwrap();
    assert_eq!(details["decidedBy"], json!(studio.person));
    assert!(details["decidedAt"].is_string());
}

#[tokio::test]
async fn a_modified_proposal_saves_what_was_modified() {
    let studio = Studio::open(ProjectType::Movie).await;
    let import = studio.propose("tides.fountain", TIDES).await;
    let quill = import.preview.records.iter().find(|record| record.name == "Quill").unwrap();
    let mara = import.preview.records.iter().find(|record| record.name == "Mara").unwrap();
    let change = |key: &str| Modification {
        key: key.to_owned(),
        name: None,
        description: None,
        metadata: None,
        omit: None,
    };
    let metadata = json!({ "role": "Captain" }).as_object().unwrap().clone();
    let modifications = vec![
        Modification { omit: Some(true), ..change(&quill.key) },
        Modification { name: Some("Mara Voss".into()), metadata: Some(metadata), ..change(&mara.key) },
    ];
    let request = DecisionRequest { decision: Decision::Modify, modifications: Some(modifications) };
    let decided = imports::decide(&studio.store, &studio.scope, import.import_id, request).await.unwrap();
    assert_eq!(decided.decided.state, ReviewState::Pending);
    let preview = decided.preview.unwrap();
    assert!(preview.records.iter().all(|record| record.name != "Quill"));
    assert!(preview.relationships < import.preview.relationships);
    studio.decide(&import, Decision::Ingest).await.unwrap();
    assert_eq!(studio.names("characters").await, ["Mara Voss", "Joss"]);
    assert_eq!(studio.records("characters").await[0].metadata["role"], json!("Captain"));
}

#[tokio::test]
async fn a_modification_that_does_not_fit_names_the_field_and_changes_nothing() {
    let studio = Studio::open(ProjectType::Movie).await;
    let import = studio.propose("tides.fountain", TIDES).await;
    let metadata = json!({ "timeOfDay": "teatime" }).as_object().unwrap().clone();
    let modification = Modification {
        key: "scenes/1".into(),
        name: None,
        description: None,
        metadata: Some(metadata),
        omit: None,
    };
    let request = DecisionRequest { decision: Decision::Modify, modifications: Some(vec![modification]) };
    let error = imports::decide(&studio.store, &studio.scope, import.import_id, request).await.unwrap_err();
    assert_eq!(error.code(), Code::ValidationError);
    assert_eq!(error.details().unwrap()["field"], "metadata.timeOfDay");
    let now = imports::get(&studio.store, &studio.scope, import.import_id).await.unwrap();
    assert_eq!(serde_json::to_value(now.preview).unwrap(), serde_json::to_value(import.preview).unwrap());
}

#[tokio::test]
async fn a_preview_that_the_project_has_outrun_is_refused_and_nothing_is_saved() {
    let studio = Studio::open(ProjectType::Movie).await;
    let first = studio.propose("tides.fountain", TIDES).await;
    let second = studio.propose("tides.fountain", TIDES).await;
    studio.decide(&first, Decision::Ingest).await.unwrap();
    let error = studio.decide(&second, Decision::Ingest).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    assert_eq!(studio.records("scenes").await.len(), 3);
    let state = imports::get(&studio.store, &studio.scope, second.import_id).await.unwrap().state;
    assert_eq!(state, ReviewState::Pending, "it can be discarded still");
}

#[tokio::test]
async fn a_malformed_file_is_refused_with_line_and_reason_and_leaves_nothing() {
    let studio = Studio::open(ProjectType::Movie).await;
    let broken = "<?xml version=\"1.0\"?>\n<FinalDraft>\n<Content>\n<Paragraph>\n</Content></FinalDraft>";
    let error = imports::propose(&studio.store, &studio.scope, "a.fdx", broken.as_bytes().to_vec())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::UnreadableDocument);
    assert_eq!(error.details().unwrap()["line"], 5);
    let nul = format!("INT. A - DAY\n\n{}\0", "x\n".repeat(9_000));
    let error =
        imports::propose(&studio.store, &studio.scope, "a.fountain", nul.into_bytes()).await.unwrap_err();
    assert_eq!(error.details().unwrap()["line"], 9_003);
    let huge = vec![b'a'; 16 * 1024 * 1024 + 1];
    let error = imports::propose(&studio.store, &studio.scope, "a.txt", huge).await.unwrap_err();
    assert_eq!(error.code(), Code::TooLarge);
    let listed = imports::list(&studio.store, &studio.scope, PageRequest::default()).await.unwrap();
    assert_eq!(listed.total, 0);
}

#[tokio::test]
async fn an_import_is_taken_back_as_one() {
    let studio = Studio::open(ProjectType::Movie).await;
    let change = studio.import("tides.fountain", TIDES).await.decided.change_id.unwrap();
    studio.store.transact_in(&studio.scope, move |t| changes::undo(t, change)).await.unwrap();
    for collection in ["scenes", "characters", "locations", "screenplays"] {
        assert!(studio.records(collection).await.is_empty(), "{collection}");
    }
    let facts =
        studio.store.read_in(&studio.scope, |t| facts::with(t, &["appears_in", "set_in"])).await.unwrap();
    assert!(facts.is_empty());
}

#[tokio::test]
async fn the_sample_is_a_project_with_scenes_people_and_places() {
    let studio = Studio::open(ProjectType::Movie).await;
    let project = film::sample_project(&studio.store, studio.person).await.unwrap();
    assert_eq!(project.name, "The Last Ferry");
    assert_eq!((project.stats.scenes, project.stats.characters, project.stats.locations), (13, 6, 5));
    let scope = studio.admit(project.id).await;
    let scenes = studio.store.read_in(&scope, |t| entities::whole(t, "scenes")).await.unwrap();
    let eighths: i64 = scenes.iter().map(|scene| scene.metadata["pageEighths"].as_i64().unwrap()).sum();
    assert!((8 * 8..=12 * 8).contains(&eighths), "8 to 12 pages, not {eighths} eighths");
}
