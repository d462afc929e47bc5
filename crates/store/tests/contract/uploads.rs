//! Uploads: chunks in any order, sent again, at once; the whole is checked before it counts.

use kernel::{Code, Result, UploadId};
use store::{Scope, uploads};
use wire::imports::Upload;

use crate::stage::Stage;

/// Three chunks, the last one short.
fn bytes() -> Vec<u8> {
    (0..uploads::CHUNK * 2 + 10).map(|n| (n % 251) as u8).collect()
}

fn sum(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn begin(stage: &Stage, scope: &Scope, sha256: Option<String>) -> Upload {
    let size = bytes().len() as i64;
    let begun =
        stage.store.transact_in(scope, move |t| uploads::create(t, "tides.fdx", size, sha256.as_deref()));
    begun.await.unwrap()
}

async fn put(stage: &Stage, scope: &Scope, id: UploadId, ordinal: i64, all: &[u8]) -> Result<Upload> {
    let chunk = all.chunks(uploads::CHUNK as usize).nth(ordinal as usize).unwrap_or_default().to_vec();
    stage.store.transact_in(scope, move |t| uploads::put(t, id, ordinal, &chunk)).await
}

on_both! {
    async fn chunks_come_in_any_order_and_again_and_the_whole_is_as_it_was(stage) {
        let (scope, all) = (stage.begun().await, bytes());
        let id = begin(stage, &scope, Some(sum(&all))).await.id;
        assert_eq!(put(stage, &scope, id, 2, &all).await.unwrap().missing, [0, 1]);
        assert_eq!(put(stage, &scope, id, 0, &all).await.unwrap().missing, [1]);
        assert_eq!(put(stage, &scope, id, 2, &all).await.unwrap().missing, [1]);
        // Whoever lost the connection asks what is missing, and goes on.
        let status = stage.store.read_in(&scope, move |t| uploads::get(t, id)).await.unwrap();
        assert_eq!((status.missing.as_slice(), status.complete), ([1].as_slice(), false));
        let early = stage.store.read_in(&scope, move |t| uploads::read(t, id)).await.unwrap_err();
        assert_eq!(early.code(), Code::Conflict);
        assert!(put(stage, &scope, id, 1, &all).await.unwrap().complete);
        assert!(put(stage, &scope, id, 1, &all).await.unwrap().complete);
        let (name, read) = stage.store.read_in(&scope, move |t| uploads::read(t, id)).await.unwrap();
        assert_eq!((name.as_str(), read == all), ("tides.fdx", true));
    }

    async fn the_last_chunks_that_arrive_at_once_complete_the_upload(stage) {
        let (scope, all) = (stage.begun().await, bytes());
        for _ in 0..5 {
            let id = begin(stage, &scope, None).await.id;
            let puts = (0..3).map(|n| put(stage, &scope, id, n, &all));
            let done = futures_util::future::join_all(puts).await;
            assert!(done.iter().any(|done| done.as_ref().unwrap().complete));
        }
    }

    async fn a_file_that_is_not_the_announced_one_is_refused(stage) {
        let (scope, mut all) = (stage.begun().await, bytes());
        let id = begin(stage, &scope, Some(sum(&all))).await.id;
        all[5] ^= 1;
        for n in 0..2 {
            put(stage, &scope, id, n, &all).await.unwrap();
        }
        assert_eq!(put(stage, &scope, id, 2, &all).await.unwrap_err().code(), Code::ValidationError);
        // The right bytes in the place of the wrong ones make it whole.
        put(stage, &scope, id, 0, &bytes()).await.unwrap();
        assert!(put(stage, &scope, id, 2, &all).await.unwrap().complete);
    }

    async fn a_chunk_of_the_wrong_place_or_length_is_refused(stage) {
        let (scope, all) = (stage.begun().await, bytes());
        let id = begin(stage, &scope, None).await.id;
        for (ordinal, length) in [(-1, 10), (3, 10), (0, 10), (2, 11)] {
            let chunk = all[..length].to_vec();
            let put = stage.store.transact_in(&scope, move |t| uploads::put(t, id, ordinal, &chunk));
            assert_eq!(put.await.unwrap_err().code(), Code::ValidationError);
        }
    }

    async fn an_upload_of_another_project_is_not_there(stage) {
        let (hers, all) = (stage.begun().await, bytes());
        let ben = stage.person("ben").await;
        let his = stage.project(ben).await;
        let id = begin(stage, &hers, None).await.id;
        assert_eq!(put(stage, &his, id, 0, &all).await.unwrap_err().code(), Code::NotFound);
    }

    async fn an_upload_that_nothing_came_of_is_forgotten_after_a_day(stage) {
        let scope = stage.begun().await;
        let id = begin(stage, &scope, None).await.id;
        stage.clock.advance(24 * 60 * 60 * 1000 + 1);
        begin(stage, &scope, None).await;
        let gone = stage.store.read_in(&scope, move |t| uploads::get(t, id)).await.unwrap_err();
        assert_eq!(gone.code(), Code::NotFound);
    }
}
