//! Undo: what a change did is taken back as a change of its own, unless someone went on from it.

use kernel::{ChangeId, Code, EntityId};
use serde_json::json;
use store::changes::{self, Applied, Draft, Patch, Write};
use store::{Scope, entities, events, facts};
use wire::records::Record;

use crate::stage::{Stage, fact};

async fn undo(stage: &Stage, scope: &Scope, change: ChangeId) -> kernel::Result<Applied> {
    stage.store.transact_in(scope, move |t| changes::undo(t, change)).await
}

async fn live(stage: &Stage, scope: &Scope, id: EntityId) -> Option<Record> {
    stage.store.read_in(scope, move |t| entities::any(t, id)).await.ok()
}

async fn rename(stage: &Stage, scope: &Scope, id: EntityId, name: &str) -> ChangeId {
    let patch = Patch { name: Some(name.into()), ..Patch::default() };
    let writes = vec![Write::Change { id, expected: None, patch }];
    stage.apply(scope, Draft { writes, ..Draft::default() }).await.unwrap().change
}

/// The pairs of the facts with this predicate, as they hold.
async fn held(stage: &Stage, scope: &Scope) -> Vec<(EntityId, Option<EntityId>)> {
    let found = stage.store.read_in(scope, |t| facts::with(t, &["knows"])).await.unwrap();
    let mut pairs: Vec<_> = found.iter().map(|fact| (fact.subject, fact.object)).collect();
    pairs.sort();
    pairs
}

/// The entities that the events after `seq` name.
async fn named(stage: &Stage, scope: &Scope, seq: i64) -> Vec<EntityId> {
    let told = stage.store.read_in(scope, move |t| events::after(t, seq, 100)).await.unwrap();
    let mut ids: Vec<EntityId> =
        told.iter().map(|event| event.payload["entityId"].as_str().unwrap().parse().unwrap()).collect();
    ids.sort();
    ids
}

on_both! {
    async fn what_a_change_made_changed_and_removed_is_as_before(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara", "Joss"]).await;
        let before = live(stage, &scope, ids[0]).await.unwrap();
        let new = stage.new_entity("characters", "Ines");
        let (made, patch) = (new.id, Patch {
            name: Some("Mara Vance".into()),
            description: Some("A diver".into()),
            metadata: Some(json!({ "age": 34 }).as_object().unwrap().clone()),
            body: Some("notes".into()),
            ..Patch::default()
        });
        let writes = vec![
            Write::Create(new),
            Write::Change { id: ids[0], expected: None, patch },
            Write::Remove(ids[1]),
        ];
        let change = stage.apply(&scope, Draft { writes, ..Draft::default() }).await.unwrap().change;
        let undone = undo(stage, &scope, change).await.unwrap();
        assert!(live(stage, &scope, made).await.is_none());
        assert!(live(stage, &scope, ids[1]).await.is_some());
        let after = live(stage, &scope, ids[0]).await.unwrap();
        assert_eq!(Record { version: before.version, ..after }, before);
        // And what was taken back can be brought back.
        undo(stage, &scope, undone.change).await.unwrap();
        assert!(live(stage, &scope, made).await.is_some());
        assert!(live(stage, &scope, ids[1]).await.is_none());
        assert_eq!(live(stage, &scope, ids[0]).await.unwrap().body.as_deref(), Some("notes"));
    }

    async fn a_change_is_taken_back_once(stage) {
        let scope = stage.begun().await;
        let id = stage.make(&scope, "characters", &["Mara"]).await[0];
        let change = rename(stage, &scope, id, "Mara Vance").await;
        let both = futures_util::future::join_all([undo(stage, &scope, change), undo(stage, &scope, change)]).await;
        assert_eq!(both.iter().filter(|done| done.is_ok()).count(), 1);
        let refused = both.into_iter().find_map(Result::err).unwrap();
        assert_eq!(refused.code(), Code::AlreadyDecided);
    }

    async fn a_change_that_someone_went_on_from_is_not_taken_back_and_the_records_are_named(stage) {
        let scope = stage.begun().await;
        let id = stage.make(&scope, "characters", &["Mara"]).await[0];
        let first = rename(stage, &scope, id, "Mara Vance").await;
        rename(stage, &scope, id, "Mara Quill").await;
        let seq = stage.store.read_in(&scope, events::newest).await.unwrap();
        let refused = undo(stage, &scope, first).await.unwrap_err();
        assert_eq!(refused.code(), Code::Conflict);
        assert_eq!(refused.details().unwrap()["records"], json!(["Mara Quill"]));
        assert_eq!(live(stage, &scope, id).await.unwrap().name, "Mara Quill");
        assert_eq!(stage.store.read_in(&scope, events::newest).await.unwrap(), seq);
    }

    async fn changes_are_taken_back_one_after_the_other_from_the_last(stage) {
        let scope = stage.begun().await;
        let id = stage.make(&scope, "characters", &["Mara"]).await[0];
        let first = rename(stage, &scope, id, "Mara Vance").await;
        let second = rename(stage, &scope, id, "Mara Quill").await;
        undo(stage, &scope, second).await.unwrap();
        undo(stage, &scope, first).await.unwrap();
        assert_eq!(live(stage, &scope, id).await.unwrap().name, "Mara");
    }

    async fn facts_alone_are_told_of_when_recorded_and_when_taken_back(stage) {
        let scope = stage.begun().await;
        let mut ids = stage.make(&scope, "characters", &["Mara", "Joss"]).await;
        ids.sort();
        let seq = stage.store.read_in(&scope, events::newest).await.unwrap();
        let draft = Draft { facts: vec![fact(ids[0], "knows", ids[1])], ..Draft::default() };
        let change = stage.apply(&scope, draft).await.unwrap().change;
        assert_eq!(named(stage, &scope, seq).await, ids);
        undo(stage, &scope, change).await.unwrap();
        assert_eq!(named(stage, &scope, seq + 2).await, ids);
        assert!(held(stage, &scope).await.is_empty());
    }

    async fn a_superseded_fact_holds_again_and_ends_again(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara", "Joss", "Ines"]).await;
        let old = Draft { facts: vec![fact(ids[0], "knows", ids[1])], ..Draft::default() };
        let first = stage.apply(&scope, old).await.unwrap();
        let new = Draft {
            facts: vec![fact(ids[0], "knows", ids[2])], ended: first.facts.clone(), ..Draft::default()
        };
        let second = stage.apply(&scope, new).await.unwrap();
        assert_eq!(held(stage, &scope).await, [(ids[0], Some(ids[2]))]);
        let third = undo(stage, &scope, second.change).await.unwrap();
        assert_eq!(held(stage, &scope).await, [(ids[0], Some(ids[1]))]);
        let fourth = undo(stage, &scope, third.change).await.unwrap();
        assert_eq!(held(stage, &scope).await, [(ids[0], Some(ids[2]))]);
        // Back through it all, to before the first.
        undo(stage, &scope, fourth.change).await.unwrap();
        undo(stage, &scope, first.change).await.unwrap();
        assert!(held(stage, &scope).await.is_empty());
    }

    async fn a_fact_that_someone_else_superseded_is_not_taken_back(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara", "Joss", "Ines"]).await;
        let old = Draft { facts: vec![fact(ids[0], "knows", ids[1])], ..Draft::default() };
        let first = stage.apply(&scope, old).await.unwrap();
        let new = Draft { facts: vec![fact(ids[0], "knows", ids[2])], ended: first.facts, ..Draft::default() };
        stage.apply(&scope, new).await.unwrap();
        let refused = undo(stage, &scope, first.change).await.unwrap_err();
        assert_eq!(refused.code(), Code::Conflict);
        assert_eq!(refused.details().unwrap()["records"], json!(["Mara"]));
        assert_eq!(held(stage, &scope).await, [(ids[0], Some(ids[2]))]);
    }

    async fn a_change_of_another_project_is_not_there(stage) {
        let (ada, ben) = (stage.person("ada").await, stage.person("ben").await);
        let (hers, his) = (stage.project(ada).await, stage.project(ben).await);
        let id = stage.make(&hers, "characters", &["Mara"]).await[0];
        let change = rename(stage, &hers, id, "Mara Vance").await;
        assert_eq!(undo(stage, &his, change).await.unwrap_err().code(), Code::NotFound);
    }
}
