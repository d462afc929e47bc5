//! The fixture of the whole-app tests: a server of its own for each test, and people who use it.

pub mod actor;
pub mod server;

pub use actor::Actor;
pub use server::Atelier;

/// A server with its first person, and a second one who knows nothing of the first one's projects.
pub async fn two_people() -> (Atelier, Actor, Actor) {
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let ben = ada.befriend(&app, "ben").await;
    (app, ada, ben)
}
