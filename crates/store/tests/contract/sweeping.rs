//! Retention: what has had its time goes, and nothing else.

use kernel::{EventKind, Role};
use store::changes::{Draft, Write};
use store::{Scope, Swept, events, keys, members, passages, reviews, sessions, uploads};
use wire::auth::KeyScope;
use wire::imports::ReviewState;

use crate::stage::Stage;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// One of each that ends; the session, the key and the invitation in a day. Gives the number of the events.
async fn fill(stage: &Stage, scope: &Scope, n: usize) {
    let (ada, ends) = (scope.actor().unwrap(), stage.ambient.now().plus_millis(DAY));
    let filled = stage.store.transact_in(scope, move |t| {
        let upload = uploads::create(t, "tides.fdx", 3, None)?;
        uploads::put(t, upload.id, 0, b"abc")?;
        sessions::create(t, ada, &format!("refresh {n}"), "Firefox", ends)?;
        keys::create(t, ada, "tool", KeyScope::Read, &format!("key {n}"), "atl_", ends)?;
        members::invite(t, "ben@example.org", Role::Viewer, &format!("token {n}"), ends)?;
        reviews::create(t, reviews::Kind::Import, "Tides", "{}", 0.5).map(drop)
    });
    filled.await.unwrap();
}

on_both! {
    async fn everything_goes_at_its_time_and_not_before(stage) {
        let scope = stage.begun().await;
        fill(stage, &scope, 0).await;
        let start = stage.ambient.now();
        for (days, swept) in [
            (0, Swept::default()),
            (1, Swept { sessions: 1, ..Swept::default() }),
            (2, Swept { uploads: 1, ..Swept::default() }),
            (30, Swept::default()),
            (31, Swept { reviews: 1, ..Swept::default() }),
            (32, Swept { invitations: 1, keys: 1, ..Swept::default() }),
            (33, Swept::default()),
        ] {
            let now = start.plus_millis(days * DAY);
            assert_eq!(stage.store.sweep(now).await.unwrap(), swept, "after {days} days");
        }
        assert!(stage.place.rows("SELECT upload_id FROM upload_chunks").await.is_empty());
    }

    async fn more_than_a_batch_goes_too_and_each_project_is_told_of_its_own(stage) {
        let (ada, ben) = (stage.person("ada").await, stage.person("ben").await);
        let (hers, his) = (stage.project(ada).await, stage.project(ben).await);
        for (scope, count) in [(&hers, 250), (&his, 3)] {
            let made = stage.store.transact_in(scope, move |t| {
                (0..count).try_for_each(|_| reviews::create(t, reviews::Kind::Import, "Tides", "{}", 0.5).map(drop))
            });
            made.await.unwrap();
        }
        let later = stage.ambient.now().plus_millis(31 * DAY);
        assert_eq!(stage.store.sweep(later).await.unwrap().reviews, 253);
        let told = stage.store.read_in(&his, |t| events::after(t, 3, 100)).await.unwrap();
        assert_eq!(told.len(), 3);
        assert!(told.iter().all(|event| event.kind == EventKind::ReviewUpdated && event.actor.is_none()));
        assert!(told.iter().all(|event| event.payload["state"] == "discarded"));
        assert_eq!(stage.store.check().await.unwrap(), []);
    }

    async fn vectors_go_when_no_record_of_their_project_has_the_text_any_more(stage) {
        let (ada, ben) = (stage.person("ada").await, stage.person("ben").await);
        let (hers, his) = (stage.project(ada).await, stage.project(ben).await);
        // More than a batch, and of two projects, in which the same text can be in use and not.
        let names: Vec<String> = (0..250).map(|n| format!("Extra {n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let extras = stage.make(&hers, "characters", &names).await;
        stage.make(&hers, "characters", &["Mara"]).await;
        stage.make(&his, "characters", &["Extra 7"]).await;
        for scope in [&hers, &his] {
            stage.store.transact_in(scope, |t| {
                let waiting = passages::without_vector(t, &["characters"], 1000)?;
                let vectors: Vec<_> = waiting.into_iter().map(|text| (text.hash, vec![1, 2, 3, 4])).collect();
                passages::keep_vectors(t, &vectors)
            }).await.unwrap();
        }
        let sweep = async || stage.store.sweep(stage.ambient.now()).await.unwrap().embeddings;
        let kept = async |scope: &Scope| stage.store.read_in(scope, passages::vectors_kept).await.unwrap();
        assert_eq!((sweep().await, kept(&hers).await, kept(&his).await), (0, 251, 1));
        let writes = extras.into_iter().map(Write::Remove).collect();
        stage.apply(&hers, Draft { writes, ..Draft::default() }).await.unwrap();
        assert_eq!((sweep().await, kept(&hers).await, kept(&his).await), (250, 1, 1));
        assert_eq!(sweep().await, 0);
        assert_eq!(stage.store.check().await.unwrap(), []);
    }

    async fn what_was_decided_stays(stage) {
        let scope = stage.begun().await;
        let review = stage.store.transact_in(&scope, |t| reviews::create(t, reviews::Kind::Import, "Tides", "{}", 0.5));
        let id = review.await.unwrap().id;
        stage.store.transact_in(&scope, move |t| reviews::decide(t, id, ReviewState::Ingested)).await.unwrap();
        assert_eq!(stage.store.sweep(stage.ambient.now().plus_millis(400 * DAY)).await.unwrap(), Swept::default());
    }
}
