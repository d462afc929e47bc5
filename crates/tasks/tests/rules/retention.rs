//! Retention: an ended run is deleted once it is in a file that was read back, and not before.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use kernel::{Code, PageRequest, RunId, Timestamp};
use serde_json::json;
use tasks::graph::NewStep;

use crate::stage::{Stage, step};

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A run of two steps and a log, that has ended.
async fn ended(stage: &Stage) -> RunId {
    let run = stage.made(stage.run_of(vec![step("a", &[]), step("b", &["a"])])).await;
    let a = stage.one().await;
    stage.log(&a, "Möwen").await.unwrap();
    stage.complete(&a, json!({ "gulls": 7 })).await.unwrap();
    stage.complete(&stage.one().await, json!(null)).await.unwrap();
    run
}

async fn retire(stage: &Stage, folder: &Path, before: Timestamp) -> kernel::Result<u64> {
    stage.store.retire_runs(folder, before).await
}

async fn kept(stage: &Stage) -> i64 {
    let page = PageRequest::default();
    stage
        .store
        .read_in(&stage.scope, move |t| store::runs::list(t, &Default::default(), &page))
        .await
        .unwrap()
        .total
}

/// All lines of all files of an archive, each file read back first.
fn read(folder: &Path) -> String {
    let mut all = String::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        store::verify_runs(&file).unwrap();
        GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut all).unwrap();
    }
    all
}

on_both! {
    async fn a_run_that_ended_long_ago_is_in_a_file_and_nowhere_else(stage) {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("archive");
        let old = ended(stage).await;
        let unfinished = stage.single().await;
        stage.clock.advance(DAY);
        let recent = ended(stage).await;
        stage.clock.advance(DAY);
        let before = stage.ambient.now().plus_millis(-DAY);
        assert_eq!(retire(stage, &archive, before).await.unwrap(), 1);
        assert_eq!(retire(stage, &archive, before).await.unwrap(), 0);
        let lines = read(&archive);
        for told in [old.to_string().as_str(), "Möwen", "gulls", "step_edges"] {
            assert!(lines.contains(told), "{told}: {lines}");
        }
        for stays in [unfinished, recent] {
            assert!(!lines.contains(&stays.to_string()));
            stage.run(stays).await;
        }
        assert_eq!(kept(stage).await, 2);
        assert_eq!(stage.store.check().await.unwrap(), []);
    }

    async fn what_could_not_be_archived_is_not_deleted(stage) {
        let folder = tempfile::tempdir().unwrap();
        let run = ended(stage).await;
        stage.clock.advance(DAY);
        let now = stage.ambient.now();
        // The archive cannot be a folder; the disk is full; what is written cannot be synced.
        let blocked = folder.path().join("blocked");
        std::fs::write(&blocked, "").unwrap();
        let full = folder.path().join("full");
        std::fs::create_dir(&full).unwrap();
        std::os::unix::fs::symlink("/dev/full", full.join("runs.partial")).unwrap();
        let unsynced = folder.path().join("unsynced");
        std::fs::create_dir(&unsynced).unwrap();
        std::os::unix::fs::symlink("/dev/null", unsynced.join("runs.partial")).unwrap();
        for archive in [blocked, full, unsynced] {
            let refused = retire(stage, &archive, now).await.unwrap_err();
            assert_eq!(refused.code(), Code::Unavailable, "{refused}");
            assert_eq!(stage.run(run).await.complete, 2, "{}", archive.display());
            assert_eq!(stage.attempts(run).await.len(), 2);
        }
    }

    async fn a_run_that_was_opened_again_stays(stage) {
        let folder = tempfile::tempdir().unwrap();
        let run = ended(stage).await;
        stage.clock.advance(DAY);
        stage.retry(&stage.step(run, "b").await).await.unwrap();
        assert_eq!(retire(stage, folder.path(), stage.ambient.now()).await.unwrap(), 0);
        assert_eq!(stage.step(run, "b").await.reason, Some(wire::runs::Reason::Ready));
    }

    async fn more_runs_than_a_file_holds_go_into_several(stage) {
        let folder = tempfile::tempdir().unwrap();
        let steps = |n: usize| vec![NewStep::new(n.to_string(), "q", json!(null))];
        let orders = (0..501).map(|n| tasks::ledger::Order::Make(stage.run_of(steps(n)))).collect();
        stage.write(orders).await;
        for claim in stage.claim(600).await {
            stage.complete(&claim, json!(1)).await.unwrap();
        }
        stage.clock.advance(DAY);
        let now = stage.ambient.now();
        // Its clock stands still, so both files would have one name: the second run of it finds that, and deletes nothing.
        assert_eq!(retire(stage, folder.path(), now).await.unwrap_err().code(), Code::Conflict);
        assert_eq!(kept(stage).await, 1);
        stage.clock.advance(1);
        assert_eq!(retire(stage, folder.path(), now).await.unwrap(), 1);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        assert_eq!(kept(stage).await, 0);
    }
}
