//! The stream: numbered without a gap, in the order of the commits, committed with what it tells of.

use kernel::{Code, Error, EventKind, Role};
use serde_json::json;
use store::{Scope, Tenant, events};

on_both! {
    async fn events_of_many_writers_at_once_are_numbered_without_a_gap(stage) {
        let scope = stage.begun().await;
        let all = (0..40).map(|n| {
            stage.store.transact_in(&scope, move |t| {
                let told: Vec<_> = (0..=n % 3).map(|_| (EventKind::Notification, json!({ "n": n }))).collect();
                events::emit(t, &told)?;
                // Some change their mind: their numbers must not be missing.
                if n % 5 == 0 { Err(Error::new(Code::Conflict, "no")) } else { Ok(told.len()) }
            })
        });
        let kept: usize = futures_util::future::join_all(all).await.into_iter().filter_map(Result::ok).sum();
        let told = stage.store.read_in(&scope, |t| events::after(t, 0, 1000)).await.unwrap();
        let numbers: Vec<i64> = told.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (1..=kept as i64).collect::<Vec<_>>());
        assert_eq!(stage.store.read_in(&scope, events::newest).await.unwrap(), kept as i64);
    }

    async fn the_events_of_one_write_stand_together(stage) {
        let scope = stage.begun().await;
        let all = (0..20).map(|n| {
            stage.store.transact_in(&scope, move |t| {
                let told: Vec<_> = (0..5).map(|_| (EventKind::Notification, json!({ "n": n }))).collect();
                events::emit(t, &told)
            })
        });
        futures_util::future::join_all(all).await;
        let told = stage.store.read_in(&scope, |t| events::after(t, 0, 1000)).await.unwrap();
        assert_eq!(told.len(), 100);
        assert!(told.chunks(5).all(|five| five.iter().all(|event| event.payload == five[0].payload)));
    }

    async fn the_state_of_the_records_has_another_name_after_each_change_and_after_nothing_else_for_long(stage) {
        let scope = stage.begun().await;
        let name = async || stage.store.read_in(&scope, events::records_as_of).await.unwrap();
        let told = async |count: usize| {
            let steps = vec![(EventKind::StepUpdated, json!({})); count];
            stage.store.transact_in(&scope, move |t| events::emit(t, &steps)).await.unwrap();
        };
        let mut names = vec![name().await];
        for n in 0..3 {
            stage.make(&scope, "characters", &[&format!("Mara {n}")]).await;
            names.push(name().await);
            told(300).await;
            assert_eq!(names.last(), Some(&name().await), "what steps do changes no record");
        }
        // A change that is too long ago to be looked for, and one of which nobody has looked before that was so.
        told(2_000).await;
        names.push(name().await);
        stage.make(&scope, "characters", &["Joss"]).await;
        told(2_000).await;
        names.push(name().await);
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    async fn people_read_of_runs_and_not_of_their_steps(stage) {
        let scope = stage.begun().await;
        stage.store.transact_in(&scope, |t| {
            let step = || (EventKind::StepUpdated, json!({}));
            events::emit(t, &[step(), (EventKind::RunUpdated, json!({})), step(), (EventKind::Notification, json!({}))])
        }).await.unwrap();
        let page = |limit, after| kernel::PageRequest { limit, after };
        let first = stage.store.read_in(&scope, move |t| events::activity(t, &page(1, None))).await.unwrap();
        assert_eq!((first.total, first.rows[0].seq), (2, 4));
        let next = first.next.unwrap();
        let second = stage.store.read_in(&scope, move |t| events::activity(t, &page(1, Some(next.clone())))).await.unwrap();
        assert_eq!((second.rows[0].seq, second.next), (2, None));
    }

    async fn who_may_not_act_on_a_notification_does_not_read_it(stage) {
        let scope = stage.begun().await;
        stage.store.transact_in(&scope, |t| {
            let told = |title: &str, least: Option<&str>| {
                let mut told = json!({ "title": title });
                if let Some(least) = least {
                    told["least"] = json!(least);
                }
                (EventKind::Notification, told)
            };
            let quoted = told("\"least\":\"owner\"", None);
            events::emit(t, &[told("all", None), told("editors", Some("editor")), told("owners", Some("owner")), quoted])
        }).await.unwrap();
        let (person, project) = (scope.actor().unwrap(), scope.project());
        for (role, read) in [(Role::Viewer, 2), (Role::Editor, 3), (Role::Owner, 4)] {
            stage.place.script(&format!("UPDATE members SET role = '{role}'")).await;
            let page = kernel::PageRequest::default();
            let listed = stage.store.read(move |tx| {
                let scope = Scope::admit(tx, person, project, Role::Viewer)?;
                events::activity(&mut Tenant::new(tx, scope), &page)
            }).await.unwrap();
            assert_eq!((listed.total, listed.rows.len()), (read, read as usize), "{role:?}");
        }
    }

    async fn a_stream_is_read_on_from_where_a_reader_was(stage) {
        let scope = stage.begun().await;
        stage.make(&scope, "characters", &["Mara", "Joss", "Ines"]).await;
        let told = stage.store.read_in(&scope, |t| events::after(t, 1, 1)).await.unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].seq, told[0].kind, told[0].actor), (2, EventKind::EntityUpdated, scope.actor()));
        assert_eq!(told[0].payload["changes"]["name"], "Joss");
    }

    async fn listeners_are_told_which_project_has_news_once_it_is_committed(stage) {
        let scope = stage.begun().await;
        let mut hints = stage.store.hints();
        let refused = stage.store.transact_in(&scope, |t| {
            events::emit(t, &[(EventKind::Notification, json!({}))])?;
            Err::<(), _>(Error::new(Code::Conflict, "no"))
        });
        refused.await.unwrap_err();
        stage.make(&scope, "characters", &["Mara"]).await;
        assert_eq!(hints.recv().await.unwrap(), scope.project());
        assert!(hints.try_recv().is_err());
    }

    async fn what_another_server_committed_is_told_here_and_not_told_on(stage) {
        let scope = stage.begun().await;
        let (mut commits, mut hints) = (stage.store.commits(), stage.store.hints());
        stage.store.heard(scope.project());
        assert_eq!(hints.recv().await.unwrap(), scope.project());
        assert!(commits.try_recv().is_err());
        stage.make(&scope, "characters", &["Mara"]).await;
        assert_eq!(commits.recv().await.unwrap(), scope.project());
    }

    async fn no_stream_tells_of_another_project(stage) {
        let (ada, ben) = (stage.person("ada").await, stage.person("ben").await);
        let (hers, his) = (stage.project(ada).await, stage.project(ben).await);
        stage.make(&hers, "characters", &["Mara"]).await;
        assert!(stage.store.read_in(&his, |t| events::after(t, 0, 10)).await.unwrap().is_empty());
    }
}
