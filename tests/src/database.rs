//! Where a server keeps its data: a folder, or a schema of its own on a Postgres that the environment names.

use std::sync::Arc;

use tempfile::TempDir;

/// Names the Postgres server to test on; the role makes databases and is a superuser.
const POSTGRES: &str = "ATELIER_TEST_POSTGRES_URL";
/// The database in which every server has a schema of its own, which is much faster to make than a database.
const SHARED: &str = "atelier_test";

/// A kind of database; each server that is started on it gets an empty one.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file in the data folder.
    Sqlite,
    /// A schema on this server.
    Postgres(String),
}

impl Database {
    /// Postgres, if there is one. `None`, said aloud, if there is not and tests may be skipped.
    pub fn postgres() -> Option<Self> {
        let server = std::env::var(POSTGRES).ok();
        if server.is_none() {
            assert!(!crate::strict(), "{POSTGRES} is not set, and nothing may be skipped here");
            eprintln!("SKIPPED on Postgres: {POSTGRES} is not set");
        }
        server.map(Self::Postgres)
    }

    /// An empty database of this kind.
    pub(crate) async fn place(&self) -> Place {
        let schema = match self.clone() {
            Self::Sqlite => None,
            // The driver waits in a way that a runtime's own thread must not.
            Self::Postgres(server) => {
                let made = tokio::task::spawn_blocking(move || Schema::make(&server));
                Some(Arc::new(made.await.expect("Postgres gives a schema")))
            }
        };
        Place { folder: TempDir::new().expect("a folder"), schema }
    }
}

/// An empty database and a data folder, for as long as a server is needed.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    /// It goes with the last place that has it.
    schema: Option<Arc<Schema>>,
}

impl Place {
    /// Another data folder on the same database.
    pub(crate) fn beside(&self) -> Self {
        Self { folder: TempDir::new().expect("a folder"), schema: self.schema.clone() }
    }

    /// The address of the database, if it is not in the folder.
    pub(crate) fn url(&self) -> Option<&str> {
        self.schema.as_ref().map(|schema| schema.url.as_str())
    }

    /// How to open it without a server.
    pub(crate) fn options(&self) -> store::Options {
        match self.url() {
            Some(url) => store::Options { connections: 2, ..store::Options::postgres(url.to_owned()) },
            None => store::Options::sqlite(self.folder.path().join("atelier.db")),
        }
    }
}

struct Schema {
    shared: String,
    name: String,
    url: String,
}

impl Schema {
    fn make(server: &str) -> Self {
        let mut client = connect(server);
        let there =
            client.query("SELECT 1 FROM pg_database WHERE datname = $1", &[&SHARED]).expect("answers");
        if there.is_empty()
            && let Err(error) = client.batch_execute(&format!(
                "CREATE DATABASE {SHARED} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'
                 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
            ))
        {
            // Another test was faster.
            let code = error.code().map(postgres::error::SqlState::code);
            assert!(matches!(code, Some("42P04" | "23505")), "{error}");
        }
        let name = format!("atelier_{}", kernel::Ambient::system().id::<kernel::KeyId>());
        let shared = address(server, SHARED, "");
        connect(&shared).batch_execute(&format!("CREATE SCHEMA {name}")).expect("a schema");
        let url = address(server, SHARED, &format!("options=-csearch_path%3D{name}"));
        Self { shared, name, url }
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (shared, sql) = (self.shared.clone(), format!("DROP SCHEMA {} CASCADE", self.name));
        let undone = std::thread::spawn(move || connect(&shared).batch_execute(&sql));
        if !matches!(undone.join(), Ok(Ok(()))) {
            eprintln!("left behind on the test server: {}", self.name);
        }
    }
}

fn connect(url: &str) -> postgres::Client {
    postgres::Client::connect(url, postgres::NoTls).expect("Postgres is reachable")
}

/// The address of another database on the same server, with one more parameter.
fn address(server: &str, name: &str, parameter: &str) -> String {
    let (address, query) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = address.rsplit_once('/').expect("an address ends with a database");
    let query: Vec<&str> = [query, parameter].into_iter().filter(|part| !part.is_empty()).collect();
    format!("{host}/{name}?{}", query.join("&"))
}

/// Writes each rule as two tests, `sqlite` and `postgres`.
#[macro_export]
macro_rules! on_both {
    ($(async fn $rule:ident($database:ident) $body:block)*) => {$(
        mod $rule {
            #[allow(unused_imports)]
            use super::*;

            async fn rule($database: &$crate::Database) $body

            #[tokio::test]
            async fn sqlite() {
                rule(&$crate::Database::Sqlite).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(database) = $crate::Database::postgres() {
                    rule(&database).await;
                }
            }
        }
    )*};
}
