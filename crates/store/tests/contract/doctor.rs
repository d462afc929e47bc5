//! The doctor: finds nothing in a healthy database, and each fault that is put into one.

use store::Check;

use crate::archives::fill;
use crate::stage::Stage;

/// Runs `sql`, behind the back of the foreign keys, and gives what kinds of fault are found then.
async fn found_after(stage: &Stage, sql: &str) -> Vec<Check> {
    let unguarded = if stage.store.backend() == "sqlite" {
        "PRAGMA foreign_keys = OFF"
    } else {
        "SET session_replication_role = replica"
    };
    stage.place.script(&format!("{unguarded}; {sql}")).await;
    let mut kinds: Vec<Check> =
        stage.store.check().await.unwrap().iter().map(|finding| finding.check).collect();
    kinds.dedup();
    kinds
}

on_both! {
    async fn a_healthy_database_has_no_findings(stage) {
        fill(stage).await;
        assert_eq!(stage.store.check().await.unwrap(), []);
    }

    async fn a_gap_in_a_stream_is_found(stage) {
        fill(stage).await;
        assert_eq!(found_after(stage, "DELETE FROM events WHERE seq = 2").await, [Check::Stream]);
    }

    async fn a_counter_that_is_not_at_the_newest_event_is_found(stage) {
        let scope = fill(stage).await;
        let found = found_after(stage, "UPDATE projects SET event_seq = event_seq + 1").await;
        assert_eq!(found, [Check::Stream]);
        let told = stage.store.check().await.unwrap();
        assert!(told[0].message.contains(&scope.project().to_string()), "{told:?}");
    }

    async fn a_fact_of_another_project_is_found(stage) {
        fill(stage).await;
        let ben = stage.person("ben").await;
        let other = stage.project(ben).await.project();
        let moved = format!("UPDATE facts SET project_id = '{other}'");
        assert_eq!(found_after(stage, &moved).await, [Check::Facts]);
    }

    async fn a_fact_without_its_change_is_found(stage) {
        fill(stage).await;
        assert_eq!(found_after(stage, "DELETE FROM changes").await, [Check::Facts]);
    }

    async fn a_fact_that_ended_without_a_change_is_found(stage) {
        fill(stage).await;
        assert_eq!(found_after(stage, "UPDATE facts SET valid_to = 5 WHERE valid_to IS NULL").await, [Check::Facts]);
    }

    async fn a_record_that_is_found_by_other_words_than_it_has_is_found(stage) {
        fill(stage).await;
        let found = found_after(stage, "UPDATE entities SET description = 'changed' WHERE name = 'Mara'").await;
        assert_eq!(found, [Check::Passages]);
    }

    async fn a_removed_record_that_can_still_be_found_is_found(stage) {
        fill(stage).await;
        // Where this goes past the triggers, the count is wrong as well.
        let found = found_after(stage, "UPDATE entities SET removed_at = 5 WHERE name = 'Mara'").await;
        assert_eq!(found.last(), Some(&Check::Passages));
    }

    async fn a_count_that_is_wrong_is_found(stage) {
        fill(stage).await;
        assert_eq!(found_after(stage, "UPDATE counts SET live = live + 1").await, [Check::Counts]);
        assert_eq!(found_after(stage, "DELETE FROM counts").await, [Check::Counts]);
    }

    async fn a_passage_that_waits_for_a_vector_that_is_there_or_for_none_is_found(stage) {
        fill(stage).await;
        assert_eq!(found_after(stage, "UPDATE passages SET waiting = 0").await, [Check::Passages]);
    }

    async fn a_version_without_its_history_is_found(stage) {
        fill(stage).await;
        let found = found_after(stage, "UPDATE entities SET version = 9 WHERE name = 'Mara'").await;
        assert_eq!(found, [Check::Versions]);
    }

    async fn a_row_that_points_nowhere_is_found(stage) {
        fill(stage).await;
        assert_eq!(found_after(stage, "DELETE FROM people").await, [Check::ForeignKeys]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passage_that_the_text_index_of_sqlite_lost_is_found() {
    let stage = Stage::sqlite().await;
    fill(&stage).await;
    let lost = "DELETE FROM passages_fts WHERE rowid = (SELECT MIN(num) FROM passages)";
    assert_eq!(found_after(&stage, lost).await, [Check::Index]);
}
