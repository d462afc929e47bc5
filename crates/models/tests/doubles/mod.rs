//! Doubles for tests: a provider that speaks real HTTP on loopback, and clocks that stand still.
#![allow(dead_code, reason = "every test file uses its own part of the doubles")]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kernel::{Ambient, Clock, SeededRandom, Timestamp};
use models::{ApiKey, Base, Completion, Delta, Fault, ModelError, Models, Options, Route, Timeouts};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// A part of a response's body.
#[derive(Clone)]
pub(crate) enum Part {
    Bytes(Bytes),
    /// The connection is broken off.
    Cut,
    /// Nothing more comes, and the connection stays.
    Hang,
}

/// One response.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    parts: Vec<Part>,
}

impl Reply {
    pub(crate) fn status(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), parts: vec![Part::Bytes(body.into())] }
    }

    /// A stream of server-sent events, each written with `data:` before it.
    pub(crate) fn events<T: ToString>(data: impl IntoIterator<Item = T>) -> Self {
        let parts = data.into_iter().map(|data| part(&format!("data: {}\n\n", data.to_string())));
        Self { status: 200, headers: Vec::new(), parts: parts.collect() }
            .header("content-type", "text/event-stream")
    }

    /// A stream of lines.
    pub(crate) fn lines<T: ToString>(lines: impl IntoIterator<Item = T>) -> Self {
        let parts = lines.into_iter().map(|line| part(&format!("{}\n", line.to_string())));
        Self { status: 200, headers: Vec::new(), parts: parts.collect() }
            .header("content-type", "application/x-ndjson")
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn then(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }
}

pub(crate) fn part(text: &str) -> Part {
    Part::Bytes(Bytes::copy_from_slice(text.as_bytes()))
}

/// A request that the double was sent.
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: Value,
}

/// A provider that gives the replies it was told, in order, the last again and again.
pub(crate) struct Double {
    address: String,
    seen: mpsc::UnboundedReceiver<Seen>,
    /// Connections that the client has let go in the middle of a reply.
    let_go: watch::Receiver<u32>,
}

struct LetGo(watch::Sender<u32>);

impl Drop for LetGo {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count += 1);
    }
}

impl Double {
    pub(crate) async fn serving(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Arc::new(Mutex::new(replies.into_iter().collect::<VecDeque<_>>()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (saw, seen) = mpsc::unbounded_channel();
        let (dropped, let_go) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (replies, saw, dropped) = (replies.clone(), saw.clone(), dropped.clone());
                let service = service_fn(move |request| {
                    let (replies, saw, dropped) = (replies.clone(), saw.clone(), dropped.clone());
                    async move { Ok::<_, Infallible>(respond(request, &replies, &saw, dropped).await) }
                });
                tokio::spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(socket), service)
                        .await;
                });
            }
        });
        Self { address, seen, let_go }
    }

    pub(crate) fn base(&self, path: &str) -> Base {
        Base::parse(&format!("{}{path}", self.address)).unwrap()
    }

    /// The next request, which the double has or will have been sent.
    pub(crate) async fn request(&mut self) -> Seen {
        self.seen.recv().await.unwrap()
    }

    /// Whether there is no further request.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.seen.try_recv().is_err()
    }

    /// Waits until the client has let go of a connection.
    pub(crate) async fn let_go(&mut self) {
        self.let_go.wait_for(|count| *count > 0).await.unwrap();
    }
}

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error>;

async fn respond(
    request: hyper::Request<Incoming>,
    replies: &Mutex<VecDeque<Reply>>,
    saw: &mpsc::UnboundedSender<Seen>,
    dropped: watch::Sender<u32>,
) -> hyper::Response<Body> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&body).unwrap();
    let _ = saw.send(Seen { path: head.uri.path().to_owned(), headers: head.headers, body });
    let reply = {
        let mut replies = replies.lock().unwrap();
        if replies.len() > 1 { replies.pop_front().unwrap() } else { replies[0].clone() }
    };
    let parts = futures_util::stream::iter(reply.parts).then(move |part| {
        let guard = LetGo(dropped.clone());
        async move {
            match part {
                Part::Bytes(bytes) => {
                    std::mem::forget(guard);
                    Ok(Frame::data(bytes))
                }
                Part::Cut => {
                    std::mem::forget(guard);
                    // Let what was said before reach the client first.
                    tokio::task::yield_now().await;
                    Err(std::io::Error::other("cut"))
                }
                Part::Hang => {
                    let _held = guard;
                    std::future::pending().await
                }
            }
        }
    });
    let mut response = hyper::Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(BodyExt::boxed_unsync(StreamBody::new(parts))).unwrap()
}

/// A clock that shows what tokio's clock shows, so that a paused test has one time.
pub(crate) struct Together {
    began: Instant,
}

impl Clock for Together {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000 + i64::try_from(self.began.elapsed().as_millis()).unwrap())
    }
}

pub(crate) fn ambient() -> Ambient {
    Ambient::new(Arc::new(Together { began: Instant::now() }), Arc::new(SeededRandom::new(7)))
}

/// Stops time, which then moves only by [`tokio::time::advance`]: a blocking task that is under way keeps tokio from
/// skipping ahead while it waits for the network.
pub(crate) struct Frozen(
    #[expect(dead_code, reason = "dropping it lets the blocking task end")] std::sync::mpsc::Sender<()>,
);

pub(crate) fn freeze() -> Frozen {
    tokio::time::pause();
    let (hold, held) = std::sync::mpsc::channel();
    tokio::task::spawn_blocking(move || {
        let _ = held.recv();
    });
    Frozen(hold)
}

pub(crate) fn key() -> ApiKey {
    ApiKey::new("sk-test-0123456789").unwrap()
}

/// Models that try again without a pause, for real time.
pub(crate) fn models() -> Models {
    models_with(|_| {})
}

pub(crate) fn models_with(change: impl FnOnce(&mut Options)) -> Models {
    let mut options = Options { timeouts: Timeouts::default(), ..Options::default() };
    options.retry.base_ms = 0;
    change(&mut options);
    Models::new(options, ambient()).unwrap()
}

/// What a stream gave, and how it ended.
pub(crate) async fn hear(
    models: &Models,
    route: &Route,
    request: models::Request,
) -> (Vec<Delta>, Option<ModelError>) {
    let mut stream = models.stream(route, request);
    let mut heard = Vec::new();
    while let Some(delta) = stream.next().await {
        match delta {
            Ok(delta) => heard.push(delta),
            Err(error) => return (heard, Some(error)),
        }
    }
    (heard, None)
}

pub(crate) fn text(deltas: &[Delta]) -> String {
    let words = deltas.iter().filter_map(|delta| match delta {
        Delta::Text { text } => Some(text.as_str()),
        _ => None,
    });
    words.collect()
}

pub(crate) fn fault(result: Result<Completion, ModelError>) -> Fault {
    result.unwrap_err().fault().clone()
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
