//! A fresh database for every test, on either of the two. The tests of `tasks` use this file, too.

use kernel::{Ambient, KeyId};
use store::Options;
use tempfile::TempDir;

/// Names the Postgres server to test on; the role needs to be a superuser.
const POSTGRES: &str = "ATELIER_TEST_POSTGRES_URL";
/// The database in which every test has a schema of its own, which is much faster to make than a database.
const SHARED: &str = "atelier_test";

/// Writes each rule as two tests, `sqlite` and `postgres`.
macro_rules! on_both {
    ($(async fn $rule:ident($stage:ident) $body:block)*) => {$(
        mod $rule {
            #[allow(unused_imports)]
            use super::*;

            async fn rule($stage: &$crate::stage::Stage) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                rule(&$crate::stage::Stage::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(stage) = $crate::stage::Stage::postgres().await {
                    rule(&stage).await;
                }
            }
        }
    )*};
}

/// Where a database is, for as long as the test runs.
pub(crate) enum Place {
    Folder(TempDir),
    /// `undo` is what takes it away from the server again.
    Server {
        server: String,
        url: String,
        undo: String,
    },
}

impl Place {
    pub(crate) fn folder() -> Self {
        Self::Folder(tempfile::tempdir().unwrap())
    }

    /// A fresh schema on the test server. `None`, said aloud, if there is no server and tests may be skipped.
    pub(crate) async fn server() -> Option<Self> {
        let server = address()?;
        let made = server.clone();
        tokio::task::spawn_blocking(move || share(&made)).await.unwrap();
        let (name, shared) = (fresh_name(), url(&server, SHARED, ""));
        script(shared.clone(), format!("CREATE SCHEMA {name}")).await;
        let url = url(&server, SHARED, &format!("options=-csearch_path%3D{name}"));
        Some(Self::Server { server: shared, url, undo: format!("DROP SCHEMA {name} CASCADE") })
    }

    /// A whole database on the test server, for tests that cut connections.
    pub(crate) async fn database() -> Option<Self> {
        let (server, name) = (address()?, fresh_name());
        script(server.clone(), format!("CREATE DATABASE {name} {COLLATION}")).await;
        let url = url(&server, &name, "");
        Some(Self::Server { server, url, undo: format!("DROP DATABASE {name} WITH (FORCE)") })
    }

    pub(crate) fn options(&self) -> Options {
        match self {
            Self::Folder(folder) => Options::sqlite(folder.path().join("atelier.db")),
            Self::Server { url, .. } => Options { connections: 4, ..Options::postgres(url.clone()) },
        }
    }

    /// Runs statements behind the store's back.
    pub(crate) async fn script(&self, sql: &str) {
        match self {
            Self::Folder(_) => {
                let connection = rusqlite::Connection::open(self.options().file).unwrap();
                connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
                connection.execute_batch(sql).unwrap();
            }
            Self::Server { url, .. } => script(url.clone(), sql.to_owned()).await,
        }
    }

    /// The rows that a query finds, as texts.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        match self {
            Self::Folder(_) => {
                let connection = rusqlite::Connection::open(self.options().file).unwrap();
                let mut statement = connection.prepare(sql).unwrap();
                let columns = statement.column_count();
                let text = |value: rusqlite::types::Value| match value {
                    rusqlite::types::Value::Null => String::new(),
                    rusqlite::types::Value::Integer(value) => value.to_string(),
                    rusqlite::types::Value::Real(value) => value.to_string(),
                    rusqlite::types::Value::Text(value) => value,
                    rusqlite::types::Value::Blob(value) => format!("{value:?}"),
                };
                let rows =
                    statement.query_map((), |row| (0..columns).map(|n| row.get(n).map(text)).collect());
                rows.unwrap().map(Result::unwrap).collect()
            }
            Self::Server { url, .. } => {
                let (url, sql) = (url.clone(), sql.to_owned());
                let read = move || {
                    let found = connect(&url).simple_query(&sql).unwrap();
                    found.iter().filter_map(texts).collect()
                };
                tokio::task::spawn_blocking(read).await.unwrap()
            }
        }
    }
}

/// As servers in the field have it: a collation that does not sort by bytes.
const COLLATION: &str =
    "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'";

fn address() -> Option<String> {
    let server = std::env::var(POSTGRES).ok();
    if server.is_none() {
        let strict = std::env::var_os("ATELIER_NO_SKIP").is_some_and(|value| value == "1");
        assert!(!strict, "{POSTGRES} is not set, and nothing may be skipped here");
        eprintln!("SKIPPED on Postgres: {POSTGRES} is not set");
    }
    server
}

fn fresh_name() -> String {
    format!("atelier_{}", Ambient::system().id::<KeyId>())
}

/// Makes the shared database, unless it is there.
fn share(server: &str) {
    let mut client = connect(server);
    let there = client.query("SELECT 1 FROM pg_database WHERE datname = $1", &[&SHARED]).unwrap();
    if there.is_empty()
        && let Err(error) = client.batch_execute(&format!("CREATE DATABASE {SHARED} {COLLATION}"))
    {
        // Another test was faster.
        let code = error.code().map(postgres::error::SqlState::code);
        assert!(matches!(code, Some("42P04" | "23505")), "{error}");
    }
}

fn texts(message: &postgres::SimpleQueryMessage) -> Option<Vec<String>> {
    let postgres::SimpleQueryMessage::Row(row) = message else { return None };
    Some((0..row.len()).map(|n| row.get(n).unwrap_or_default().to_owned()).collect())
}

fn connect(url: &str) -> postgres::Client {
    postgres::Client::connect(url, postgres::NoTls).unwrap()
}

async fn script(url: String, sql: String) {
    tokio::task::spawn_blocking(move || connect(&url).batch_execute(&sql).unwrap()).await.unwrap();
}

/// The address of another database on the same server, with one more parameter.
fn url(server: &str, name: &str, parameter: &str) -> String {
    let (address, query) = server.split_once('?').unwrap_or((server, ""));
    let (host, _) = address.rsplit_once('/').unwrap();
    let query: Vec<&str> = [query, parameter].into_iter().filter(|part| !part.is_empty()).collect();
    format!("{host}/{name}?{}", query.join("&"))
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Server { server, undo, .. } = self {
            let (server, sql) = (server.clone(), undo.clone());
            // The driver waits in a way that a runtime's own thread must not.
            let undone = std::thread::spawn(move || connect(&server).batch_execute(&sql));
            if !matches!(undone.join(), Ok(Ok(()))) {
                eprintln!("left behind on the test server: {undo}");
            }
        }
    }
}
