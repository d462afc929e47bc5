//! Reviews: decided once, whoever is faster; modified only as they were read.

use kernel::{Code, ReviewId};
use store::reviews::{self, Kind, Review};
use wire::imports::ReviewState;

use crate::stage::Stage;

async fn proposed(stage: &Stage, scope: &store::Scope) -> Review {
    stage
        .store
        .transact_in(scope, |t| reviews::create(t, Kind::Ingest, "Mara", "{\"n\":1}", 0.5))
        .await
        .unwrap()
}

async fn read(stage: &Stage, scope: &store::Scope, id: ReviewId) -> Review {
    stage.store.read_in(scope, move |t| reviews::get(t, Kind::Ingest, id)).await.unwrap()
}

on_both! {
    async fn a_second_decision_is_refused(stage) {
        let scope = stage.begun().await;
        let id = proposed(stage, &scope).await.id;
        let all = (0..10).map(|n| {
            let state = if n % 2 == 0 { ReviewState::Ingested } else { ReviewState::Discarded };
            stage.store.transact_in(&scope, move |t| {
                reviews::decide(t, id, state)?;
                reviews::decided(t, id, state, None)?;
                Ok(state)
            })
        });
        let done = futures_util::future::join_all(all).await;
        let won: Vec<ReviewState> = done.iter().filter_map(|done| done.as_ref().ok().copied()).collect();
        assert_eq!(won.len(), 1);
        assert!(done.iter().filter_map(|done| done.as_ref().err()).all(|e| e.code() == Code::AlreadyDecided));
        let review = read(stage, &scope, id).await;
        assert_eq!((review.state, review.decided_by), (won[0], scope.actor()));
        // Told of twice: that it was made, that it was decided.
        assert_eq!(stage.store.read_in(&scope, store::events::newest).await.unwrap(), 2);
    }

    async fn a_decision_whose_work_failed_was_not_taken(stage) {
        let scope = stage.begun().await;
        let id = proposed(stage, &scope).await.id;
        let failed = stage.store.transact_in(&scope, move |t| {
            reviews::decide(t, id, ReviewState::Ingested)?;
            Err::<(), _>(kernel::Error::new(Code::ValidationError, "no"))
        });
        failed.await.unwrap_err();
        assert_eq!(read(stage, &scope, id).await.state, ReviewState::Pending);
    }

    async fn a_proposal_is_modified_only_as_it_was_read(stage) {
        let scope = stage.begun().await;
        let review = proposed(stage, &scope).await;
        let modify = |payload: &'static str| {
            let review = Review { payload: payload.into(), ..review.clone() };
            stage.store.transact_in(&scope, move |t| reviews::modify(t, &review))
        };
        modify("{\"n\":2}").await.unwrap();
        assert_eq!(modify("{\"n\":3}").await.unwrap_err().code(), Code::Conflict);
        let now = read(stage, &scope, review.id).await;
        assert_eq!((now.version, now.payload.as_str()), (2, "{\"n\":2}"));
    }

    async fn a_decided_proposal_is_not_modified(stage) {
        let scope = stage.begun().await;
        let review = proposed(stage, &scope).await;
        let id = review.id;
        stage.store.transact_in(&scope, move |t| reviews::decide(t, id, ReviewState::Discarded)).await.unwrap();
        let refused = stage.store.transact_in(&scope, move |t| reviews::modify(t, &review)).await.unwrap_err();
        assert_eq!(refused.code(), Code::AlreadyDecided);
    }

    async fn a_proposal_of_another_project_or_kind_is_not_there(stage) {
        let hers = stage.begun().await;
        let ben = stage.person("ben").await;
        let his = stage.project(ben).await;
        let id = proposed(stage, &hers).await.id;
        let other = stage.store.transact_in(&his, move |t| reviews::decide(t, id, ReviewState::Ingested)).await;
        assert_eq!(other.unwrap_err().code(), Code::NotFound);
        let import = stage.store.read_in(&hers, move |t| reviews::get(t, Kind::Import, id)).await;
        assert_eq!(import.unwrap_err().code(), Code::NotFound);
    }
}
