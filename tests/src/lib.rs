//! The fixture of the whole-app tests: a server of its own for each test, and people who use it.

pub mod actor;
pub mod agent;
pub mod collector;
pub mod database;
pub mod deaf;
pub mod fleet;
#[cfg(target_os = "linux")]
pub mod hosts;
pub mod house;
pub mod machine;
pub mod model;
pub mod moment;
pub mod secured;
pub mod server;
pub mod slack;
pub mod socket;
pub mod stream;

pub use actor::Actor;
pub use agent::Agent;
pub use collector::Collector;
pub use database::Database;
pub use deaf::Deaf;
pub use house::House;
pub use model::Model;
pub use moment::Moment;
pub use server::Atelier;
pub use slack::Slack;
pub use socket::Socket;
pub use stream::Stream;

use std::time::Duration;

/// Everyone's password.
pub const PASSWORD: &str = "correct horse battery";
/// How long a test waits for what must come. Only a test that fails waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A number below `most`.
pub fn below(random: &impl kernel::Random, most: u64) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_le_bytes(bytes) % most.max(1)
}

/// Whether nothing may be skipped here.
pub fn strict() -> bool {
    std::env::var_os("ATELIER_NO_SKIP").is_some_and(|value| value == "1")
}

/// What must come in time, or the test fails.
///
/// # Panics
/// When it does not come.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, future).await;
    waited.unwrap_or_else(|_| panic!("nothing came: {what}"))
}

/// A server with its first person, and a second one who knows nothing of the first one's projects.
pub async fn two_people() -> (Atelier, Actor, Actor) {
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let ben = ada.befriend(&app, "ben").await;
    (app, ada, ben)
}

/// A server on a kind of database, its first person, and a film of hers.
pub async fn a_film_on(database: &Database) -> (Atelier, Actor, String) {
    let app = Atelier::start_on(database).await;
    let ada = app.first_person().await;
    let film = ada.film("Tides").await;
    (app, ada, film)
}

/// A client of HTTP without TLS, which the servers under test do not speak.
pub fn client() -> reqwest::Client {
    // Built together with the whole workspace, the library wants a provider of TLS even so; that it is there already is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
