//! The way between a machine and the server, which can be slow, dead for a while, or cut.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All passes at once.
    Good,
    /// Each piece passes after that time.
    Slow(Duration),
    /// Nothing passes, and nobody is told.
    Dead,
    /// What was connected is not any more, and nothing can connect.
    Cut,
}

/// A link to an address.
pub struct Link {
    /// Where it begins.
    pub url: String,
    state: Arc<watch::Sender<State>>,
}

impl Link {
    /// A good link to a server.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn to(url: &str) -> Self {
        let target = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(watch::Sender::new(State::Good));
        tokio::spawn({
            let state = state.clone();
            async move {
                loop {
                    let Ok((one, _)) = listener.accept().await else { return };
                    if *state.borrow() == State::Cut {
                        continue;
                    }
                    let (state, target) = (state.clone(), target.clone());
                    tokio::spawn(async move {
                        let Ok(other) = TcpStream::connect(target).await else { return };
                        let ((from, to), (back, forth)) = (one.into_split(), other.into_split());
                        tokio::select! {
                            () = pass(from, forth, state.subscribe()) => {}
                            () = pass(back, to, state.subscribe()) => {}
                        }
                    });
                }
            }
        });
        Self { url, state }
    }

    /// Makes it so from now on.
    pub fn become_(&self, state: State) {
        self.state.send_replace(state);
    }
}

/// Passes on what comes, until one end closes or the link is cut.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<State>) {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let length = tokio::select! {
            read = from.read(&mut piece) => match read {
                Ok(0) | Err(_) => return,
                Ok(length) => length,
            },
            cut = state.wait_for(|state| *state == State::Cut) => {
                drop(cut);
                return;
            }
        };
        let Ok(passable) = state.wait_for(|state| *state != State::Dead).await.map(|state| *state) else {
            return;
        };
        match passable {
            State::Cut => return,
            State::Slow(delay) => tokio::time::sleep(delay).await,
            State::Good | State::Dead => {}
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
