//! A named moment of a server's work on Postgres: it stands still there until the test lets it go on, or has killed it.

use crate::{Atelier, within};

/// A moment at which a server stands still: in the transaction that is about to write a row of that kind.
pub struct Moment {
    client: Option<postgres::Client>,
    key: i64,
    table: &'static str,
}

impl Moment {
    /// Has servers on this database stand still before they write a row of that table, `INSERT` or `UPDATE`, that is so.
    ///
    /// # Panics
    /// When the server is on no Postgres.
    pub async fn before(app: &Atelier, event: &str, table: &'static str, so: &str) -> Self {
        let url = app.database().expect("only Postgres can be made to stand still");
        let sql = format!(
            "CREATE TRIGGER stands_still BEFORE {event} ON {table} FOR EACH ROW WHEN ({so}) EXECUTE FUNCTION stand_still()"
        );
        blocking(move || {
            let mut client = postgres::Client::connect(&url, postgres::NoTls).expect("Postgres is reachable");
            let key = i64::from(
                kernel::Ambient::system()
                    .bytes::<4>()
                    .iter()
                    .fold(0u32, |all, &byte| (all << 8) | u32::from(byte))
                    >> 1,
            );
            client.execute("SELECT pg_advisory_lock($1)", &[&key]).expect("nobody has it");
            let function = format!(
                "CREATE OR REPLACE FUNCTION stand_still() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN PERFORM pg_advisory_xact_lock({key}); RETURN NEW; END $$"
            );
            client.batch_execute(&function).expect("a function");
            client.batch_execute(&sql).expect("a trigger");
            Self { client: Some(client), key, table }
        })
        .await
    }

    /// Waits until a server stands still.
    pub async fn comes(&mut self) {
        let (mut client, key) = (self.client.take().expect("it is there"), self.key);
        let waits = blocking(move || {
            let waits =
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint = $1 AND NOT granted";
            while client.query(waits, &[&key]).expect("an answer").is_empty() {}
            client
        });
        self.client = Some(within("the moment", waits).await);
    }

    /// What stood still is over, and nothing stands still any more.
    pub async fn is_over(mut self) {
        let (mut client, key, table) = (self.client.take().expect("it is there"), self.key, self.table);
        blocking(move || {
            let ends = "SELECT pg_terminate_backend(pid) FROM pg_locks
                WHERE locktype = 'advisory' AND objid::bigint = $1 AND NOT granted";
            client.query(ends, &[&key]).expect("an answer");
            // It waits until whoever stood still has let go of the table.
            client.batch_execute(&format!("DROP TRIGGER stands_still ON {table}")).expect("it is there");
        })
        .await;
    }
}

/// The driver waits in a way that a runtime's own thread must not.
async fn blocking<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(what).await.expect("it does not fail")
}

impl Drop for Moment {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            let _ = std::thread::spawn(move || drop(client)).join();
        }
    }
}
