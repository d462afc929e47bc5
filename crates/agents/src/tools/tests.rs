//! Tools: what they give, what they refuse, and that they stay within their project.

use kernel::{EntityId, Role};
use models::ToolCall;
use serde_json::{Value, json};
use store::changes::{self, Draft, New, Write};
use store::{Scope, people, projects, reviews};
use wire::projects::ProjectType;
use wire::records::{Metadata, Origin};

use super::{Answer, LONGEST_ANSWER, Tool, Toolbox};
use crate::ingest::tests::deciding::World;
use crate::ingest::tests::film::FILM;

fn toolbox(world: &World) -> Toolbox {
    let brain = brain::Brain::new(world.store.clone());
    Toolbox { store: world.store.clone(), brain, ingest: world.ingest.clone(), catalogue: &FILM }
}

async fn call(world: &World, tools: &[Tool], name: &str, arguments: Value) -> Answer {
    let call = ToolCall { id: "c1".into(), name: name.into(), arguments };
    toolbox(world).call(&world.scope, tools, "understudy", &call).await.unwrap()
}

async fn make(world: &World, scope: &Scope, name: &str, body: &str) -> EntityId {
    let id = world.ambient.id();
    let new = New {
        id,
        collection: "characters".into(),
        name: name.into(),
        description: "She runs the ferry.".into(),
        metadata: Metadata::new(),
        body: Some(body.into()),
        position: None,
        origin: Origin::Person,
    };
    let draft = Draft { writes: vec![Write::Create(new)], ..Draft::default() };
    world.store.transact_in(scope, move |t| changes::apply(t, &draft)).await.unwrap();
    id
}

/// A project of someone else.
async fn elsewhere(world: &World) -> Scope {
    let made = world.store.transact(|tx| {
        let ben = people::create(tx, "ben@example.org", "Ben", None, false)?;
        let project = projects::create(tx, ben.id, "Secret", ProjectType::Movie)?;
        Scope::admit(tx, ben.id, project.id, Role::Owner)
    });
    made.await.unwrap()
}

#[test]
fn every_tool_is_found_by_its_name_and_has_a_schema() {
    for tool in Tool::ALL {
        assert_eq!(Tool::named(tool.name()).unwrap(), tool);
        assert_eq!(tool.described(&FILM).unwrap().name(), tool.models_name());
    }
    assert!(Tool::named("shell").unwrap_err().message().contains("recall"));
}

#[tokio::test]
async fn a_record_is_read_with_its_text_and_can_be_cited_from_then_on() {
    let world = World::new().await;
    let mara = make(&world, &world.scope, "Mara Voss", "Her engine is her own.").await;
    let answer = call(&world, &[Tool::ReadRecord], "record_read", json!({ "id": mara })).await;
    assert!(!answer.failed && answer.text.contains("Her engine is her own."), "{answer:?}");
    assert_eq!(answer.records.iter().map(|cited| cited.entity_id).collect::<Vec<_>>(), [mara]);
    let found = call(&world, &[Tool::Recall], "recall", json!({ "question": "Who is Mara Voss?" })).await;
    assert_eq!(found.records.first().map(|cited| cited.entity_id), Some(mara), "{found:?}");
}

#[tokio::test]
async fn a_record_of_another_project_is_not_there() {
    let world = World::new().await;
    let other = elsewhere(&world).await;
    let secret = make(&world, &other, "Agent Grey", "The code is 1234.").await;
    let read = call(&world, &[Tool::ReadRecord], "record_read", json!({ "id": secret })).await;
    assert!(read.failed && !read.text.contains("Grey") && read.records.is_empty(), "{read:?}");
    let found = call(&world, &[Tool::Recall], "recall", json!({ "question": "Agent Grey code" })).await;
    assert!(!found.text.contains("1234") && found.records.is_empty(), "{found:?}");
}

#[tokio::test]
async fn what_an_agent_does_not_have_it_cannot_call_and_wrong_arguments_are_told() {
    let world = World::new().await;
    for (tools, name, arguments, why) in [
        (&[Tool::Recall][..], "record_read", json!({ "id": "x" }), "do not have"),
        (&[Tool::Recall], "shell", json!({}), "do not have"),
        (&[Tool::Recall], "recall", json!({ "question": 5 }), "question"),
        (&[Tool::Recall], "recall", json!({ "question": "x", "project": "prj_1" }), "project"),
        (&[Tool::Recall], "recall", json!({ "question": "x".repeat(5_000) }), "longer"),
        (&[Tool::ReadRecord], "record_read", json!({ "id": "../../etc" }), "no id"),
        (&[Tool::Calculator], "calculator", json!({ "expression": "2 +" }), "cannot be calculated"),
        (&[Tool::Calculator], "calculator", json!({ "expression": "1/0" }), "no number"),
    ] {
        let answer = call(&world, tools, name, arguments).await;
        assert!(answer.failed && answer.text.contains(why), "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn what_a_tool_answers_is_bounded() {
    let world = World::new().await;
    let long = make(&world, &world.scope, "Mara Voss", &"ü\"\n".repeat(20_000)).await;
    let answer = call(&world, &[Tool::ReadRecord], "record_read", json!({ "id": long })).await;
    assert!(answer.text.len() <= LONGEST_ANSWER + 20, "{}", answer.text.len());
}

#[tokio::test]
async fn a_proposal_of_a_model_waits_for_a_person_is_marked_and_saves_nothing() {
    let world = World::new().await;
    let arguments = json!({
        "type": "character", "name": "Old Pell", "description": "Keeps the light.",
        "fields": [{ "name": "age", "value": "71" }, { "name": "wand", "value": "yew" }, { "name": "alive", "value": "perhaps" }],
    });
    let first = call(&world, &[Tool::ProposeRecord], "record_propose", arguments.clone()).await;
    assert!(!first.failed, "{first:?}");
    // A step that is done again proposes nothing twice.
    let again = call(&world, &[Tool::ProposeRecord], "record_propose", arguments).await;
    assert_eq!(first, again);
    let page = kernel::PageRequest { limit: 10, after: None };
    let filter = reviews::Filter { kind: Some(reviews::Kind::Ingest), ..reviews::Filter::default() };
    let listed = world.store.read_in(&world.scope, move |t| reviews::list(t, &filter, &page)).await;
    let listed = listed.unwrap();
    assert_eq!((listed.total, listed.rows[0].title.as_str()), (1, "Old Pell"));
    let preview = world.ingest.get(&world.scope, &FILM, listed.rows[0].id).await.unwrap();
    assert_eq!(preview.read_by, "understudy");
    let data = &preview.preview.parsed_data;
    assert_eq!((data.get("age"), data.get("wand")), (Some(&json!(71)), None));
    let marked = |name: &str| preview.fields.iter().any(|field| field.field == name && field.from == "model");
    assert!(marked("name") && marked("age"));
    let stats = world.store.read_in(&world.scope, projects::stats).await.unwrap();
    assert_eq!(stats.characters, 0);
}

#[test]
fn sums_are_right_and_hostile_ones_end() {
    let calculate = super::calculator::calculate;
    assert_eq!(calculate("1.5 * (2 + 3) ^ 2"), Ok(37.5));
    assert_eq!(calculate("sqrt(16) - 1"), Ok(3.0));
    for expression in
        ["(".repeat(300), "9^".repeat(140) + "9", "-".repeat(299) + "1", String::new(), "x".into()]
    {
        let _ = calculate(&expression);
    }
    assert!(calculate(&"1+".repeat(200)).is_err());
    assert!(calculate("x + 1").is_err());
}
