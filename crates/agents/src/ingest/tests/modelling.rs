//! What a language model adds, and what happens when it does not.

use models::{Act, Breakage, Models, Options, Provider, Scene, Script, Scripted, Target};
use serde_json::{Value, json};
use wire::orchestrator::{EnrichmentLevel, IngestRequest, IngestResponse};
use wire::records::Origin;

use super::deciding::World;
use super::film::FILM;
use crate::language::Voice;

fn set(world: &World, scripted: &Scripted) {
    let models = Models::new(Options::default(), world.ambient.clone()).unwrap();
    let route = Target::new(Provider::Scripted(scripted.clone()), "muse").into();
    world.language.set(Some(Voice { models, route }));
}

fn answering(answer: &Value) -> Scripted {
    Scripted::saying(answer.to_string())
}

async fn propose(world: &World, content: &str) -> IngestResponse {
    let request =
        IngestRequest { enrichment_level: Some(EnrichmentLevel::Comprehensive), ..world.request(content) };
    world.ingest.propose(&world.scope, &FILM, request).await.unwrap()
}

fn from(response: &IngestResponse, field: &str) -> (String, String) {
    let state = response.fields.iter().find(|state| state.field == field).unwrap();
    (state.from.clone(), state.state.clone())
}

#[tokio::test]
async fn what_a_model_adds_is_marked_as_the_models_and_waits_for_a_look() {
    let world = World::new().await;
    let joss = world.propose("type: character\nname: Joss").await.preview_id;
    world.decide(joss, json!({ "decision": "ingest" })).await.unwrap();
    set(
        &world,
        &answering(&json!({ "records": [{
            "index": 0,
            "description": "A captain who knows every rock.",
            "fields": [
                { "name": "traits", "value": "wary, proud" },
                { "name": "age", "value": "99" },
                { "name": "alive", "value": "perhaps" },
                { "name": "shoe size", "value": "38" },
            ],
            "relationships": [{ "type": "rival of", "target": "Joss" }, { "type": "1!", "target": "Joss" }],
        }] })),
    );
    let preview = propose(&world, "name: Mara Voss\nage: 34").await;
    assert_eq!(preview.read_by, "muse");
    assert_eq!(
        json!(preview.preview.parsed_data),
        json!({ "name": "Mara Voss", "description": "A captain who knows every rock.", "age": 34, "traits": ["wary", "proud"] }),
        "what was said stays, and what does not fit is dropped"
    );
    assert_eq!(from(&preview, "traits"), ("model".into(), "review".into()));
    assert_eq!(from(&preview, "age"), ("said".into(), "complete".into()));
    let links = &preview.preview.suggested_relationships;
    assert_eq!((links.len(), links[0].r#type.as_str(), links[0].target.as_str()), (1, "rival_of", "Joss"));
    let decided = world.decide(preview.preview_id, json!({ "decision": "ingest" })).await.unwrap();
    let id = decided.entity_id.unwrap();
    let record = world.store.read_in(&world.scope, move |t| store::entities::any(t, id)).await.unwrap();
    assert_eq!(record.origin, Origin::Model);
}

#[tokio::test]
async fn without_a_model_the_rules_read_alone_and_say_so() {
    let world = World::new().await;
    let preview = propose(&world, "name: Mara Voss\nage: 34").await;
    assert_eq!(preview.read_by, "rules");
    assert!(preview.validation.warnings.iter().any(|warning| warning.contains("No language model is set")));
}

#[tokio::test]
async fn a_model_that_fails_or_talks_nonsense_costs_nothing_and_is_named() {
    let world = World::new().await;
    let failing = |breakage| {
        let scene = Scene { acts: vec![Act::Break(breakage)], ..Scene::default() };
        Scripted::new(Script { name: "failing".into(), scenes: vec![scene] })
    };
    for scripted in [
        failing(Breakage::Unauthorised),
        failing(Breakage::BadRequest),
        Scripted::saying("I would rather not."),
        answering(
            &json!({ "records": [{ "index": 7, "description": "", "fields": [], "relationships": [] }] }),
        ),
    ] {
        set(&world, &scripted);
        let preview = propose(&world, "name: Mara Voss\nage: 34").await;
        assert_eq!((preview.read_by.as_str(), &preview.preview.parsed_data["age"]), ("rules", &json!(34)));
        let warnings = &preview.validation.warnings;
        assert!(warnings.iter().any(|warning| warning.contains("the model failed")), "{warnings:?}");
    }
}

#[tokio::test]
async fn the_model_is_asked_only_when_everything_is_wanted() {
    let world = World::new().await;
    let scripted = answering(&json!({ "records": [] }));
    set(&world, &scripted);
    world.propose("name: Mara Voss\nage: 34").await;
    assert_eq!(scripted.played(), [0]);
    propose(&world, "name: Mara Voss\nage: 34").await;
    assert_eq!(scripted.played(), [1]);
}
