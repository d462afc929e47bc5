//! Retention: what has had its time goes, a few rows at a time.

use kernel::{EventKind, ProjectId, Result, ReviewId, Timestamp};
use serde_json::json;

use crate::db::{DbError, Tx, args};
use crate::events::emit;
use crate::{Scope, Store, Tenant};
use crate::{slack, uploads};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How long an undecided proposal is kept, and an invitation or an API key that ended.
const KEPT_MS: i64 = 30 * DAY_MS;
/// How long it is known what Slack has told: it repeats itself for some minutes.
const TOLD_MS: i64 = 60 * 60 * 1000;
/// Rows that one transaction takes away, so that no other waits for long.
const BATCH: u32 = 200;
/// Uploads take their chunks with them: up to 64 MiB each.
const UPLOADS: u32 = 8;

/// How many rows a sweep took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Swept {
    pub uploads: u64,
    pub sessions: u64,
    pub keys: u64,
    pub invitations: u64,
    pub reviews: u64,
    pub embeddings: u64,
    pub slack: u64,
}

impl Store {
    /// Takes away what at `now` has had its time: uploads after a day, sessions once they have ended, invitations and API
    /// keys 30 days after that, proposals that nobody decided in 30 days (which is told as their being discarded),
    /// vectors of texts that no record has any more, and after an hour what Slack has told and was heeded, with codes that nobody said there. In small transactions; what was done stays done if a later one
    /// fails.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept> {
        // What nobody has heeded yet is still to be.
        let heeded = format!("at < $1 AND (word IS NULL OR tries >= {})", slack::TRIES);
        Ok(Swept {
            uploads: self
                .drain("uploads", "created_at < $1", now.plus_millis(-uploads::KEPT_MS), UPLOADS)
                .await?,
            sessions: self.drain("sessions", "expires_at <= $1", now, BATCH).await?,
            keys: self.drain("api_keys", "expires_at < $1", now.plus_millis(-KEPT_MS), BATCH).await?,
            invitations: self
                .drain("invitations", "expires_at < $1", now.plus_millis(-KEPT_MS), BATCH)
                .await?,
            reviews: self.discard(now.plus_millis(-KEPT_MS)).await?,
            embeddings: self.forget_vectors().await?,
            slack: self.drain("slack_seen", &heeded, now.plus_millis(-TOLD_MS), BATCH).await?
                + self.drain("slack_codes", "until <= $1", now, BATCH).await?,
        })
    }

    /// Deletes the rows of `table` that are `past` a time, `at_once` at a time.
    async fn drain(&self, table: &str, past: &str, time: Timestamp, at_once: u32) -> Result<u64> {
        let sql = format!("DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {past} LIMIT $2)");
        let mut all = 0;
        loop {
            let sql = sql.clone();
            let gone = self.transact(move |tx| Ok(tx.execute(&sql, args![time, at_once])?)).await?;
            all += gone;
            if gone < u64::from(at_once) {
                return Ok(all);
            }
        }
    }

    /// Forgets vectors without a text. They are looked for by readers, so that only those that go cost the writer time.
    async fn forget_vectors(&self) -> Result<u64> {
        let (mut all, mut after) = (0, (String::new(), String::new()));
        loop {
            let from = after.clone();
            let unused = self.read(move |tx| Ok(unused_vectors(tx, &from)?)).await?;
            let Some(last) = unused.last() else { return Ok(all) };
            after = last.clone();
            let gone = self.transact(move |tx| {
                let mut gone = 0;
                for (project, hash) in &unused {
                    gone += tx.execute(
                        &format!("DELETE FROM embeddings WHERE project_id = $1 AND hash = $2 AND {UNUSED}"),
                        args![project, hash],
                    )?;
                }
                Ok(gone)
            });
            all += gone.await?;
        }
    }

    async fn discard(&self, before: Timestamp) -> Result<u64> {
        let mut all = 0;
        loop {
            let gone = self.transact(move |tx| discard(tx, before)).await?;
            all += gone;
            if gone < u64::from(BATCH) {
                return Ok(all);
            }
        }
    }
}

/// That no passage has the text of a vector (any more: it may be back since it was read).
const UNUSED: &str = "NOT EXISTS (SELECT 1 FROM passages
  WHERE passages.project_id = embeddings.project_id AND passages.hash = embeddings.hash)";

/// Vectors without a text, as (project, hash), in their order from behind `after`.
fn unused_vectors(tx: &mut Tx<'_>, after: &(String, String)) -> Result<Vec<(String, String)>, DbError> {
    tx.query(
        &format!(
            "SELECT project_id, hash FROM embeddings WHERE (project_id, hash) > ($1, $2) AND {UNUSED}
             ORDER BY project_id, hash LIMIT $3"
        ),
        args![&after.0, &after.1, BATCH],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn discard(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    let old: Vec<(ProjectId, ReviewId)> = tx.query(
        "SELECT project_id, id FROM reviews WHERE state = 'pending' AND created_at < $1
         ORDER BY project_id, id LIMIT $2",
        args![before, BATCH],
        |row| Ok((row.id(0)?, row.id(1)?)),
    )?;
    let mut gone = 0;
    for of_project in old.chunk_by(|(a, _), (b, _)| a == b) {
        let mut t = Tenant::new(tx, Scope::server(of_project[0].0));
        let mut told = Vec::with_capacity(of_project.len());
        for (_, id) in of_project {
            // Someone may be deciding it at this moment.
            if t.execute("DELETE FROM reviews WHERE id = $1 AND state = 'pending'", args![*id])? == 1 {
                told.push((EventKind::ReviewUpdated, json!({ "reviewId": id, "state": "discarded" })));
            }
        }
        gone += told.len() as u64;
        emit(&mut t, &told)?;
    }
    Ok(gone)
}
