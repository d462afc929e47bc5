//! The guard: sends away who may no longer listen. It asks beside the relay, so that its questions hold up nobody.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use identity::Caller;
use kernel::{ProjectId, Result};
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;
use tokio::sync::oneshot;

use super::{Live, Stream};

/// How often everyone's right to listen is looked at. Whoever is taken out of a project is sent away by the relay at
/// that moment; this finds sign-ins and keys that are over.
const EVERY: Duration = Duration::from_secs(30);

impl Live {
    /// Guards until it is dropped.
    pub(crate) async fn guard(self) {
        let mut clock = tokio::time::interval(EVERY);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            let projects: Vec<ProjectId> = self.rooms().by_project.keys().copied().collect();
            for project in projects {
                self.check(project).await;
            }
        }
    }

    /// Ends the connections whose person may no longer listen, or whose sign-in is over.
    async fn check(&self, project: ProjectId) {
        let callers: HashSet<Caller> = match self.rooms().by_project.get(&project) {
            Some(room) => room.callers().collect(),
            None => return,
        };
        match self.identity.turned_out(callers, project).await {
            Ok(gone) => self.send_away(project, |caller| gone.contains(caller)),
            Err(error) => tracing::warn!(%error, %project, "who may listen could not be looked at"),
        }
    }

    /// Ends connections by their callers.
    pub(super) fn send_away(&self, project: ProjectId, whom: impl Fn(&Caller) -> bool) {
        let gone: Vec<(Sid, SocketRef)> = {
            let mut rooms = self.rooms();
            let Some(room) = rooms.by_project.get_mut(&project) else { return };
            room.streams.retain(|_, stream| !whom(&stream.caller));
            let gone = room.seats.iter().filter(|(_, seat)| whom(&seat.caller));
            gone.map(|(sid, seat)| (*sid, seat.socket.clone())).collect()
        };
        for (sid, socket) in gone {
            self.left(project, sid);
            let _ = socket.disconnect();
        }
    }

    /// Notes that `caller` hears a stream of the project.
    ///
    /// # Errors
    /// `NOT_FOUND` for those who are no members.
    pub(crate) async fn hear(&self, caller: Caller, project: ProjectId) -> Result<Hearing> {
        let seen = self.place(caller.person(), project).await?;
        let (end, ended) = oneshot::channel();
        let mut rooms = self.rooms();
        rooms.streams += 1;
        let number = rooms.streams;
        let stream = Stream { caller, seen, _end: end };
        rooms.by_project.entry(project).or_default().streams.insert(number, stream);
        drop(rooms);
        self.wake(super::Wake::Joined(project));
        Ok(Hearing { live: self.clone(), project, number, ended })
    }
}

/// A stream that is heard while this lives, and while its person may.
pub(crate) struct Hearing {
    live: Live,
    project: ProjectId,
    number: u64,
    ended: oneshot::Receiver<Infallible>,
}

impl Hearing {
    /// Waits until they may hear no more. Not to be waited for again.
    pub(crate) async fn over(&mut self) {
        // Nothing is ever sent: it ends when the guard, or the relay, drops the other half.
        let _ = (&mut self.ended).await;
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        let mut rooms = self.live.rooms();
        if let Some(room) = rooms.by_project.get_mut(&self.project) {
            room.streams.remove(&self.number);
            if room.is_empty() {
                rooms.by_project.remove(&self.project);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;
    use store::Store;
    use wire::auth::SetupRequest;
    use wire::projects::ProjectType;

    use super::*;

    #[tokio::test]
    async fn a_stream_goes_on_until_its_persons_sign_in_is_over() {
        let (folder, ambient) = (tempfile::tempdir().unwrap(), Ambient::system());
        let database = store::Options::sqlite(folder.path().join("atelier.db"));
        let store = Store::open(database, ambient.clone()).await.unwrap();
        let options = identity::Options {
            data: folder.path().to_owned(),
            public_url: String::from("http://127.0.0.1"),
            master_key: None,
            providers: Vec::new(),
        };
        let backplane = backplane::Handle::alone(ambient.clone());
        let identity = identity::Identity::open(store.clone(), &backplane, ambient, options).await.unwrap();
        let first = SetupRequest {
            token: identity.setup_token().await.unwrap().unwrap(),
            email: String::from("ada@example.org"),
            password: String::from("correct horse battery"),
            name: None,
        };
        let opened = identity.setup(first, "test").await.unwrap();
        let ada = identity.authenticate(&opened.signed_in.access_token).await.unwrap();
        let person = ada.person();
        let made = store.transact(move |tx| store::projects::create(tx, person, "Tides", ProjectType::Movie));
        let project = made.await.unwrap().id;
        let live = Live::new(store, identity.clone(), backplane);

        let mut hearing = live.hear(ada, project).await.unwrap();
        live.check(project).await;
        assert!(futures_util::FutureExt::now_or_never(hearing.over()).is_none(), "she is signed in");
        identity.logout(&opened.refresh_token).await.unwrap();
        live.check(project).await;
        hearing.over().await;
        drop(hearing);
        assert!(live.rooms().by_project.is_empty(), "nothing is kept of a stream that is over");
    }
}
