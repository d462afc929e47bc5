//! Changes: all or nothing, versions, conflicts, slugs.

use kernel::{Code, PageRequest};
use serde_json::{Value, json};
use store::changes::{Draft, Patch, Write};
use store::{entities, projects};

use crate::stage::Stage;

fn change(id: kernel::EntityId, expected: Option<i64>, name: &str) -> Draft {
    let patch = Patch { name: Some(name.into()), ..Patch::default() };
    Draft { writes: vec![Write::Change { id, expected, patch }], ..Draft::default() }
}

async fn slugs(stage: &Stage, scope: &store::Scope) -> Vec<String> {
    let listed = stage.store.read_in(scope, |t| entities::whole(t, "characters")).await.unwrap();
    listed.into_iter().map(|record| record.slug).collect()
}

on_both! {
    async fn a_record_reads_back_as_it_was_written(stage) {
        let scope = stage.begun().await;
        let mut new = stage.new_entity("scenes", "INT. HARBOUR — NIGHT 🌊");
        new.description = "It's \"late\"; 100 % dark \\ wet".into();
        new.body = Some("MARA\nWhere is he?\n\n雨".into());
        new.metadata = json!({ "time": "night", "tags": ["a", null, 1.5], "nul": "\u{0000}" }).as_object().unwrap().clone();
        let (id, expected) = (new.id, new.clone());
        stage.apply(&scope, Draft { writes: vec![Write::Create(new)], ..Draft::default() }).await.unwrap();
        let record = stage.store.read_in(&scope, move |t| entities::get(t, "scenes", id)).await.unwrap();
        assert_eq!((&record.name, &record.description), (&expected.name, &expected.description));
        assert_eq!((record.body, record.metadata), (expected.body, expected.metadata));
        assert_eq!((record.version, record.updated_by), (1, scope.actor()));
    }

    async fn a_new_record_comes_after_all_others_and_those_in_the_bin(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara", "Joss"]).await;
        let last = ids[1];
        stage.apply(&scope, Draft { writes: vec![Write::Remove(last)], ..Draft::default() }).await.unwrap();
        stage.make(&scope, "characters", &["Quill"]).await;
        stage.apply(&scope, Draft { writes: vec![Write::Restore(last)], ..Draft::default() }).await.unwrap();
        assert_eq!(slugs(stage, &scope).await, ["mara", "joss", "quill"]);
    }

    async fn a_change_is_made_as_a_whole_or_not_at_all(stage) {
        let scope = stage.begun().await;
        let writes = vec![
            Write::Create(stage.new_entity("characters", "Mara")),
            Write::Remove(stage.ambient.id()),
        ];
        let refused = stage.apply(&scope, Draft { writes, ..Draft::default() }).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        let stats = stage.store.read_in(&scope, projects::stats).await.unwrap();
        assert_eq!(stats.characters, 0);
        assert_eq!(stage.store.read_in(&scope, store::events::newest).await.unwrap(), 0);
    }

    async fn a_change_of_an_old_version_is_refused_with_both_versions(stage) {
        let scope = stage.begun().await;
        let id = stage.make(&scope, "characters", &["Mara"]).await[0];
        stage.apply(&scope, change(id, Some(1), "Mara Vance")).await.unwrap();
        let refused = stage.apply(&scope, change(id, Some(1), "Mara Quill")).await.unwrap_err();
        assert_eq!(refused.code(), Code::Conflict);
        let details = refused.details().unwrap();
        assert_eq!(details["yours"]["version"], 1);
        assert_eq!((&details["theirs"]["version"], &details["theirs"]["name"]), (&json!(2), &json!("Mara Vance")));
        let record = stage.store.read_in(&scope, move |t| entities::any(t, id)).await.unwrap();
        assert_eq!(record.name, "Mara Vance");
    }

    async fn of_many_changes_of_one_version_at_once_exactly_one_is_made(stage) {
        let scope = stage.begun().await;
        let id = stage.make(&scope, "characters", &["Mara"]).await[0];
        let all = (0..8).map(|n| stage.apply(&scope, change(id, Some(1), &format!("Mara {n}"))));
        let done = futures_util::future::join_all(all).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
        assert!(done.iter().filter_map(|done| done.as_ref().err()).all(|error| error.code() == Code::Conflict));
    }

    async fn equal_names_made_at_once_get_slugs_of_their_own(stage) {
        let scope = stage.begun().await;
        let all = (0..30).map(|_| {
            let writes = vec![Write::Create(stage.new_entity("characters", "The Guard"))];
            stage.apply(&scope, Draft { writes, ..Draft::default() })
        });
        for done in futures_util::future::join_all(all).await {
            done.unwrap();
        }
        let mut slugs = slugs(stage, &scope).await;
        assert_eq!(slugs.len(), 30);
        slugs.sort();
        slugs.dedup();
        assert_eq!(slugs.len(), 30);
        assert!(slugs.contains(&"the-guard".into()) && slugs.contains(&"the-guard-2".into()));
    }

    async fn a_slug_is_free_again_once_its_record_is_removed_and_never_given_twice(stage) {
        let scope = stage.begun().await;
        let first = stage.make(&scope, "characters", &["Mara"]).await[0];
        let remove = |write| Draft { writes: vec![write], ..Draft::default() };
        stage.apply(&scope, remove(Write::Remove(first))).await.unwrap();
        stage.make(&scope, "characters", &["Mara"]).await;
        let restored = stage.apply(&scope, remove(Write::Restore(first))).await.unwrap();
        assert_eq!(restored.records[0].slug, "mara-2");
        // Another collection has its own.
        let elsewhere = stage.make(&scope, "locations", &["Mara"]).await[0];
        let record = stage.store.read_in(&scope, move |t| entities::any(t, elsewhere)).await.unwrap();
        assert_eq!(record.slug, "mara");
    }

    async fn every_version_of_a_record_can_be_read(stage) {
        let scope = stage.begun().await;
        let id = stage.make(&scope, "characters", &["Mara"]).await[0];
        stage.apply(&scope, change(id, None, "Mara Vance")).await.unwrap();
        let page = PageRequest::default();
        let listed = stage.store.read_in(&scope, move |t| entities::history(t, id, &page)).await.unwrap();
        let told: Vec<_> = listed.rows.iter().map(|v| (v.version, v.action.as_str(), v.name.as_str())).collect();
        assert_eq!(told, [(2, "changed", "Mara Vance"), (1, "created", "Mara")]);
        assert_eq!(listed.rows[0].by_name.as_deref(), Some("ada"));
    }

    async fn attributes_are_merged_and_an_empty_body_takes_the_body_away(stage) {
        let scope = stage.begun().await;
        let mut new = stage.new_entity("characters", "Mara");
        new.metadata = json!({ "age": 34, "job": "diver" }).as_object().unwrap().clone();
        new.body = Some("notes".into());
        let id = new.id;
        stage.apply(&scope, Draft { writes: vec![Write::Create(new)], ..Draft::default() }).await.unwrap();
        let metadata = json!({ "age": Value::Null, "town": "Hull" }).as_object().unwrap().clone();
        let patch = Patch { metadata: Some(metadata), body: Some(String::new()), ..Patch::default() };
        let writes = vec![Write::Change { id, expected: None, patch }];
        let applied = stage.apply(&scope, Draft { writes, ..Draft::default() }).await.unwrap();
        assert_eq!(Value::Object(applied.records[0].metadata.clone()), json!({ "job": "diver", "town": "Hull" }));
        assert_eq!(applied.records[0].body, None);
    }

    async fn no_write_reaches_a_record_of_another_project(stage) {
        let (ada, ben) = (stage.person("ada").await, stage.person("ben").await);
        let (hers, his) = (stage.project(ada).await, stage.project(ben).await);
        let id = stage.make(&hers, "characters", &["Mara"]).await[0];
        for write in [Write::Remove(id), Write::Restore(id), change(id, None, "Stolen").writes.remove(0)] {
            let refused = stage.apply(&his, Draft { writes: vec![write], ..Draft::default() }).await.unwrap_err();
            assert_eq!(refused.code(), Code::NotFound);
        }
        let fact = crate::stage::fact(id, "knows", id);
        let refused = stage.apply(&his, Draft { facts: vec![fact], ..Draft::default() }).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }

    async fn a_change_of_a_project_that_is_gone_is_refused(stage) {
        let scope = stage.begun().await;
        stage.store.transact_in(&scope, projects::remove).await.unwrap();
        let writes = vec![Write::Create(stage.new_entity("characters", "Mara"))];
        let refused = stage.apply(&scope, Draft { writes, ..Draft::default() }).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }
}
