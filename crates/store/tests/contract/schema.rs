//! The tables themselves: whatever is of a project or a person goes with it, and is found by an index.

use crate::stage::Stage;

/// Foreign keys as (table, first column, table that it points to, what happens to the row).
const SQLITE_KEYS: &str = "SELECT m.name, k.\"from\", k.\"table\", k.on_delete FROM sqlite_schema m
  JOIN pragma_foreign_key_list(m.name) k WHERE m.type = 'table' AND k.seq = 0 ORDER BY 1, 2";
const POSTGRES_KEYS: &str = "SELECT c.conrelid::regclass, a.attname, c.confrelid::regclass,
    CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE c.confdeltype::text END
  FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
  WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace ORDER BY 1, 2";

/// The first columns of all indexes that hold every row, as (table, column).
const SQLITE_INDEXED: &str = "SELECT m.name, i.name FROM sqlite_schema m JOIN pragma_index_list(m.name) l
  JOIN pragma_index_info(l.name) i WHERE m.type = 'table' AND l.partial = 0 AND i.seqno = 0";
const POSTGRES_INDEXED: &str = "SELECT i.indrelid::regclass, a.attname FROM pg_index i
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
  JOIN pg_class c ON c.oid = i.indrelid
  WHERE i.indpred IS NULL AND c.relnamespace = current_schema()::regnamespace";

async fn keys(stage: &Stage) -> Vec<Vec<String>> {
    stage.place.rows(if stage.store.backend() == "sqlite" { SQLITE_KEYS } else { POSTGRES_KEYS }).await
}

/// What Postgres does not hold against its project at each row that is written: events go with it by a trigger, steps with
/// their run.
const POSTGRES_GO: [&str; 2] = ["events", "steps"];

/// The columns, as (table, column), that point to a project.
pub(crate) async fn project_columns(stage: &Stage) -> Vec<(String, String)> {
    let go = if stage.store.backend() == "sqlite" { [].as_slice() } else { &POSTGRES_GO };
    let go = go.iter().map(|table| ((*table).to_owned(), "project_id".to_owned()));
    let keys = keys(stage).await.into_iter().filter(|key| key[2] == "projects");
    keys.map(|key| (key[0].clone(), key[1].clone())).chain(go).collect()
}

on_both! {
    async fn every_foreign_key_to_a_project_cascades(stage) {
        let keys: Vec<_> = keys(stage).await.into_iter().filter(|key| key[2] == "projects").collect();
        assert!(keys.len() >= 14, "{keys:?}");
        assert!(keys.iter().all(|key| key[3] == "CASCADE"), "{keys:?}");
    }

    async fn every_column_that_names_a_project_is_a_foreign_key(stage) {
        let named = stage.place.rows(if stage.store.backend() == "sqlite" {
            "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' AND c.name = 'project_id' ORDER BY 1"
        } else {
            "SELECT table_name, column_name FROM information_schema.columns
             WHERE column_name = 'project_id' AND table_schema = current_schema() ORDER BY 1"
        }).await;
        let mut keys = project_columns(stage).await;
        keys.sort();
        assert_eq!(named.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect::<Vec<_>>(), keys);
    }

    async fn every_foreign_key_is_the_beginning_of_an_index(stage) {
        let indexed =
            stage.place.rows(if stage.store.backend() == "sqlite" { SQLITE_INDEXED } else { POSTGRES_INDEXED }).await;
        let keys = keys(stage).await;
        let missing: Vec<_> = keys.iter().filter(|key| !indexed.iter().any(|index| index[..2] == key[..2])).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(keys.len() > 20);
    }

    async fn a_database_that_is_opened_again_is_as_it_was(stage) {
        let scope = stage.begun().await;
        stage.make(&scope, "characters", &["Mara"]).await;
        let again = store::Store::open(stage.place.options(), stage.ambient.clone()).await.unwrap();
        let stats = again.read_in(&scope, store::projects::stats).await.unwrap();
        assert_eq!(stats.characters, 1);
    }

    async fn a_database_of_a_newer_program_is_left_alone(stage) {
        stage.place.script("INSERT INTO migrations (number, name, at) VALUES (9999, 'later', 0)").await;
        let refused = store::Store::open(stage.place.options(), stage.ambient.clone()).await.err().unwrap();
        assert_eq!(refused.code(), kernel::Code::Unavailable);
        assert!(refused.message().contains("9999"));
    }
}

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let Some(postgres) = Stage::postgres().await else { return };
    let sqlite = Stage::sqlite().await;
    let ours = sqlite.place.rows(
        "SELECT m.name, c.name, c.\"notnull\" FROM sqlite_schema m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'passages_fts%' AND c.pk = 0 ORDER BY 1, 2",
    );
    let theirs = postgres.place.rows(
        "SELECT c.table_name, c.column_name, CASE c.is_nullable WHEN 'NO' THEN 1 ELSE 0 END
         FROM information_schema.columns c
         WHERE c.table_schema = current_schema() AND c.is_generated = 'NEVER' AND NOT EXISTS (
           SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
           WHERE i.indisprimary AND i.indrelid = c.table_name::regclass AND a.attname = c.column_name)
         ORDER BY c.table_name COLLATE \"C\", c.column_name COLLATE \"C\"",
    );
    assert_eq!(ours.await, theirs.await);
}
