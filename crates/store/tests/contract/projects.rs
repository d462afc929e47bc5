//! Projects: what is in them goes with them, and nothing else does.

use kernel::{Code, Role};
use serde_json::json;
use store::changes::{Draft, Write};
use store::{Scope, audit, conversations, members, passages, projects, reviews, runs, uploads};
use wire::people::AuditAbout;
use wire::projects::UpdateProject;

use crate::stage::fact;

on_both! {
    async fn a_project_that_is_removed_takes_all_with_it_and_leaves_the_others(stage) {
        let (ada, ben) = (stage.person("ada").await, stage.person("ben").await);
        let (hers, his) = (stage.project(ada).await, stage.project(ben).await);
        for scope in [&hers, &his] {
            let ids = stage.make(scope, "characters", &["Mara", "Joss"]).await;
            let (facts, writes) = (vec![fact(ids[0], "knows", ids[1])], vec![Write::Remove(ids[1])]);
            stage.apply(scope, Draft { facts, writes, ..Draft::default() }).await.unwrap();
            let token = scope.project().to_string();
            let step = crate::usage::held(stage, scope).await;
            let filled = stage.store.transact_in(scope, move |t| {
                let now = t.now();
                runs::save_attempts(t, &[runs::NewAttempt {
                    step: step.id,
                    run: step.run,
                    fence: 1,
                    attempt: 1,
                    worker: "w".into(),
                    outcome: "failed",
                    error: None,
                    output: None,
                    began_at: now,
                    ended_at: now,
                }])?;
                conversations::create(t)?;
                reviews::create(t, reviews::Kind::Ingest, "A record", "{}", 0.5)?;
                let upload = uploads::create(t, "tides.fountain", 3, None)?;
                uploads::put(t, upload.id, 0, b"abc")?;
                passages::keep_vectors(t, &[("hash".into(), vec![1, 2])])?;
                members::invite(t, "cleo@example.org", Role::Viewer, &token, t.now().plus_millis(1000)).map(drop)
            });
            filled.await.unwrap();
        }
        stage.store.transact_in(&hers, projects::remove).await.unwrap();
        for (table, column) in crate::schema::project_columns(stage).await {
            let left = stage.place.rows(&format!("SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")).await;
            assert!(left == [[his.project().to_string()]] || left.is_empty(), "{table}: {left:?}");
        }
        assert_eq!(stage.place.rows("SELECT upload_id FROM upload_chunks").await.len(), 1);
        assert_eq!(stage.place.rows("SELECT step_id FROM attempts").await.len(), 1);
        // That it was removed, and by whom, is still known.
        let told = stage.place.rows("SELECT action, target FROM audit WHERE project_id IS NULL").await;
        assert_eq!(told, [["project.removed".to_owned(), hers.project().to_string()]]);
    }

    async fn a_project_that_is_gone_is_not_there(stage) {
        let scope = stage.begun().await;
        stage.store.transact_in(&scope, projects::remove).await.unwrap();
        let (ada, project) = (scope.actor().unwrap(), scope.project());
        let admitted = stage.store.read(move |tx| Scope::admit(tx, ada, project, Role::Viewer)).await;
        assert_eq!(admitted.unwrap_err().code(), Code::NotFound);
        assert_eq!(stage.store.read_in(&scope, projects::get).await.unwrap_err().code(), Code::NotFound);
    }

    async fn what_a_project_has_is_counted_without_what_was_removed(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara", "Joss"]).await;
        stage.make(&scope, "scenes", &["INT. HARBOUR"]).await;
        let writes = vec![Write::Remove(ids[0])];
        stage.apply(&scope, Draft { writes, ..Draft::default() }).await.unwrap();
        let stats = stage.store.read_in(&scope, projects::get).await.unwrap().stats;
        assert_eq!((stats.characters, stats.scenes, stats.locations), (1, 1, 0));
    }

    async fn what_is_not_named_in_a_change_of_a_project_stays(stage) {
        let scope = stage.begun().await;
        let change = UpdateProject { name: Some("Neap Tides".into()), ..UpdateProject::default() };
        let changed = stage.store.transact_in(&scope, move |t| projects::update(t, &change)).await.unwrap();
        assert_eq!((changed.name.as_str(), changed.slug.as_str()), ("Neap Tides", "neap-tides"));
        assert_eq!(changed.status, wire::projects::ProjectStatus::Active);
    }

    async fn the_log_keeps_who_did_what(stage) {
        let scope = stage.begun().await;
        let (ada, project) = (scope.actor(), scope.project());
        let noted = stage.store.transact(move |tx| {
            audit::write(tx, Some(project), ada, "export", "screenplay", &json!({ "format": "fdx" }))
        });
        noted.await.unwrap();
        let page = kernel::PageRequest::default();
        let all = audit::Filter::default();
        let log = stage.store.read_in(&scope, move |t| audit::list(t, all, &page)).await.unwrap();
        assert_eq!((log.rows[0].action.as_str(), log.rows[0].person_name.as_deref()), ("export", Some("ada")));
        assert_eq!(log.rows[0].details, json!({ "format": "fdx" }));
    }

    async fn the_log_is_read_by_what_it_concerns_and_by_person(stage) {
        let scope = stage.begun().await;
        let (project, ada, ben) = (scope.project(), scope.actor().unwrap(), stage.person("ben").await);
        let noted = stage.store.transact(move |tx| {
            for (person, action) in [(ada, "command.do"), (ben, "fleet.ordered"), (ben, "export"), (ben, "runner.removed")] {
                audit::write(tx, Some(project), Some(person), action, "it", &json!({}))?;
            }
            Ok(())
        });
        noted.await.unwrap();
        for (about, person, mut actions) in [
            (Some(AuditAbout::Fleet), None, vec!["command.do", "fleet.ordered", "runner.removed"]),
            (Some(AuditAbout::Fleet), Some(ben), vec!["fleet.ordered", "runner.removed"]),
            (None, Some(ben), vec!["export", "fleet.ordered", "runner.removed"]),
        ] {
            let (filter, page) = (audit::Filter { about, person }, kernel::PageRequest::default());
            let log = stage.store.read_in(&scope, move |t| audit::list(t, filter, &page)).await.unwrap();
            let mut found: Vec<_> = log.rows.iter().map(|row| row.action.as_str()).collect();
            assert_eq!(log.total, i64::try_from(found.len()).unwrap());
            found.sort_unstable();
            actions.sort_unstable();
            assert_eq!(found, actions);
        }
    }
}
