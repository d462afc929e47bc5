//! Slack for tests: it speaks Slack's HTTP on both sides. It signs what it tells, tells it again when it is asked to, and takes what
//! is posted; how often in a minute it takes it, the test says.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dryoc::classic::crypto_auth_hmacsha256::crypto_auth_hmacsha256;
use dryoc::classic::crypto_box::crypto_box_seal;
use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::{Actor, Atelier, client, within};

/// What Slack signs with: 32 letters, as Slack's own secrets are.
const SECRET: &[u8; 32] = b"8f742231b10e8888abcd99yyyzzz85a5";
/// By what the app is known there.
pub const TOKEN: &str = "xoxb-understudy";
/// The team of which all are.
pub const TEAM: &str = "T1";

/// Something that was posted.
#[derive(Debug, Clone)]
pub struct Call {
    /// `chat.postMessage`, `upload` for a file, or `hook` where someone is answered.
    pub method: String,
    /// Its JSON; of what is none, the text.
    pub body: Value,
    /// What `Authorization` bore.
    pub bearer: String,
    /// When.
    pub at: Instant,
}

/// Slack.
pub struct Slack {
    url: String,
    calls: mpsc::UnboundedReceiver<Call>,
    /// Sockets that were opened.
    sockets: mpsc::UnboundedReceiver<WebSocketStream<TcpStream>>,
    /// So often a method is refused from now on.
    refusals: Arc<Mutex<HashMap<String, u32>>>,
    /// Methods whose calls are not answered.
    held: Arc<Mutex<HashSet<String>>>,
    /// Numbers what is told.
    told: AtomicU64,
}

impl Slack {
    /// Begins to listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (to, calls) = mpsc::unbounded_channel();
        let refusals: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
        let held: Arc<Mutex<HashSet<String>>> = Arc::default();
        let (refused, unanswered, number) = (refusals.clone(), held.clone(), Arc::new(AtomicU64::new(0)));
        let door = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let door_url = format!("ws://{}/link", door.local_addr().expect("an address"));
        let (opened, sockets) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((socket, _)) = door.accept().await {
                let socket = tokio_tungstenite::accept_async(socket).await.expect("a WebSocket");
                let _ = opened.send(socket);
            }
        });
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (to, refused, number) = (to.clone(), refused.clone(), number.clone());
                tokio::spawn(answer(socket, to, refused, unanswered.clone(), number, door_url.clone()));
            }
        });
        Self { url, calls, sockets, refusals, held, told: AtomicU64::new(0) }
    }

    /// A server that talks to this Slack, and its first person.
    pub async fn server(&self) -> (Atelier, Actor) {
        let app = Atelier::start_with(&[("ATELIER_SLACK_API", &format!("{}/api", self.url))]).await;
        let ada = app.first_person().await;
        self.introduce(&ada).await;
        (app, ada)
    }

    /// Has a server's administrator set the secrets.
    pub async fn introduce(&self, admin: &Actor) {
        let secret = std::str::from_utf8(SECRET).expect("a text");
        let body = json!({
            "sealedSigningSecret": sealed(admin, secret).await, "sealedBotToken": sealed(admin, TOKEN).await,
        });
        let (status, answer) = admin.send_json(Method::PUT, "/settings/slack", &body).await;
        assert_eq!((status.as_u16(), &answer["hasSigningSecret"]), (200, &json!(true)), "{answer}");
    }

    /// Has a server's administrator set the token for sockets, or take it away.
    pub async fn invite(&self, admin: &Actor, token: Option<&str>) {
        let sealed = match token {
            Some(token) => sealed(admin, token).await,
            None => String::new(),
        };
        let body = json!({ "sealedAppToken": sealed });
        let (status, answer) = admin.send_json(Method::PUT, "/settings/slack", &body).await;
        assert_eq!((status.as_u16(), &answer["hasAppToken"]), (200, &json!(token.is_some())), "{answer}");
    }

    /// The next socket that a server opens, with the word that begins it.
    pub async fn opened(&mut self) -> Opened {
        let mut stream = within("a socket", self.sockets.recv()).await.expect("the listener lives");
        let hello = json!({ "type": "hello", "num_connections": 1 });
        stream.send(Message::text(hello.to_string())).await.expect("it is open");
        Opened { stream }
    }

    /// What a slash command says over a socket.
    pub fn slash(&self, member: &str, channel: &str, text: &str) -> Value {
        let n = self.next();
        json!({
            "command": "/atelier", "text": text, "team_id": TEAM, "channel_id": channel, "user_id": member,
            "trigger_id": format!("{n}.1"), "response_url": format!("{}/hooks/{n}", self.url),
        })
    }

    /// Refuses a method so often, each time asking to wait a second.
    pub fn refuse(&self, method: &str, times: u32) {
        self.refusals.lock().expect("nobody panics").insert(method.to_owned(), times);
    }

    /// Leaves calls of a method without an answer from now on, or answers them again.
    pub fn hold(&self, method: &str, holds: bool) {
        let mut held = self.held.lock().expect("nobody panics");
        if holds {
            held.insert(method.to_owned());
        } else {
            held.remove(method);
        }
    }

    /// A slash command of a member in a channel; gives the request, which may be sent again.
    pub fn command(&self, app: &Atelier, member: &str, channel: &str, text: &str) -> Sent {
        let n = self.next();
        let hook = format!("{}/hooks/{n}", self.url);
        let form = [
            ("command", "/atelier"),
            ("text", text),
            ("team_id", TEAM),
            ("channel_id", channel),
            ("user_id", member),
            ("trigger_id", &format!("{n}.1")),
            ("response_url", &hook),
        ];
        Sent::form(app, &form)
    }

    /// A pressed button whose value that is, below a message.
    pub fn press(&self, app: &Atelier, member: &str, channel: &str, message: &str, value: &str) -> Sent {
        let n = self.next();
        let payload = json!({
            "type": "block_actions", "team": { "id": TEAM }, "user": { "id": member }, "channel": { "id": channel },
            "container": { "message_ts": message }, "trigger_id": format!("{n}.1"),
            "response_url": format!("{}/hooks/{n}", self.url), "actions": [{ "action_id": "x", "value": value }],
        });
        Sent::form(app, &[("payload", &payload.to_string())])
    }

    /// An event of a member in a channel: a mention, or a message in a thread.
    pub fn event(&self, app: &Atelier, member: &str, channel: &str, event: Value) -> Sent {
        let n = self.next();
        let mut event = event;
        (event["user"], event["channel"]) = (json!(member), json!(channel));
        event["ts"] = json!(format!("16000000{n:02}.000100"));
        let body = json!({ "type": "event_callback", "team_id": TEAM, "event_id": format!("Ev{n}"), "event": event });
        Sent { url: address(app), kind: "application/json", body: body.to_string() }
    }

    fn next(&self) -> u64 {
        self.told.fetch_add(1, Ordering::SeqCst)
    }

    /// The next call, of whatever method.
    pub async fn called(&mut self) -> Call {
        within("a call of Slack", self.calls.recv()).await.expect("the listener lives")
    }

    /// The next call that is as wanted; those before it are passed over.
    pub async fn called_so(&mut self, wanted: impl Fn(&Call) -> bool) -> Call {
        loop {
            let call = self.called().await;
            if wanted(&call) {
                return call;
            }
        }
    }

    /// The next text that someone is answered.
    pub async fn answered(&mut self) -> String {
        let call = self.called_so(|call| call.method == "hook").await;
        assert_eq!(call.body["response_type"], "ephemeral");
        call.body["text"].as_str().expect("a text").to_owned()
    }

    /// Whether nothing was called since the last look.
    pub fn is_silent(&mut self) -> bool {
        self.calls.try_recv().is_err()
    }
}

/// A socket to a server.
pub struct Opened {
    stream: WebSocketStream<TcpStream>,
}

impl Opened {
    /// Says something, and hears that it was heard.
    ///
    /// # Panics
    /// When it is not.
    pub async fn says(&mut self, kind: &str, envelope: &str, payload: &Value) {
        let said = json!({ "type": kind, "envelope_id": envelope, "payload": payload });
        self.stream.send(Message::text(said.to_string())).await.expect("it is open");
        within("that it was heard", async {
            loop {
                let message = self.stream.next().await.expect("it is open").expect("it is open");
                let Message::Text(text) = message else { continue };
                let heard: Value = serde_json::from_str(&text).expect("JSON");
                assert_eq!(heard, json!({ "envelope_id": envelope }));
                return;
            }
        })
        .await;
    }

    /// Closes it as Slack does, which then wants another one opened.
    pub async fn closes(mut self) {
        let said = json!({ "type": "disconnect", "reason": "refresh_requested" });
        self.stream.send(Message::text(said.to_string())).await.expect("it is open");
        self.is_closed().await;
    }

    /// Waits until the server has closed it.
    pub async fn is_closed(&mut self) {
        let closed = async { while matches!(self.stream.next().await, Some(Ok(_))) {} };
        within("the socket's end", closed).await;
    }
}

/// A request of Slack's, that it may send again.
#[derive(Debug, Clone)]
pub struct Sent {
    url: String,
    kind: &'static str,
    /// What it says.
    pub body: String,
}

impl Sent {
    fn form(app: &Atelier, fields: &[(&str, &str)]) -> Self {
        let encoded = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        Self { url: address(app), kind: "application/x-www-form-urlencoded", body: fields.join("&") }
    }

    /// Any JSON body.
    pub fn json(app: &Atelier, body: &Value) -> Self {
        Self { url: address(app), kind: "application/json", body: body.to_string() }
    }

    /// Sends it, signed now; gives the status and the body.
    pub async fn send(&self) -> (u16, String) {
        self.send_as(0, |request| request).await
    }

    /// Sends it as Slack does when it was not heard the first time.
    pub async fn send_again(&self, time: u32) -> (u16, String) {
        let again = |request: RequestBuilder| {
            request.header("x-slack-retry-num", time).header("x-slack-retry-reason", "http_timeout")
        };
        self.send_as(0, again).await
    }

    /// Sends it, signed so many seconds from now, with what a test changes.
    pub async fn send_as(
        &self,
        seconds: i64,
        change: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> (u16, String) {
        let timestamp = (kernel::Ambient::system().now().0 / 1_000 + seconds).to_string();
        let request = client()
            .post(&self.url)
            .header("content-type", self.kind)
            .header("x-slack-request-timestamp", &timestamp)
            .header("x-slack-signature", signature(&timestamp, &self.body))
            .body(self.body.clone());
        let answer = change(request).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }
}

fn address(app: &Atelier) -> String {
    format!("{}/api/v1/slack", app.url)
}

fn signature(timestamp: &str, body: &str) -> String {
    let mut mac = [0; 32];
    crypto_auth_hmacsha256(&mut mac, format!("v0:{timestamp}:{body}").as_bytes(), SECRET);
    let digits: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v0={digits}")
}

/// A text as a browser seals it to the server's key.
async fn sealed(actor: &Actor, text: &str) -> String {
    let key = actor.get("/settings/sealing-key").await["publicKey"].as_str().expect("a key").to_owned();
    let key: [u8; 32] = STANDARD.decode(key).expect("base 64").try_into().expect("32 bytes");
    let mut sealed = vec![0; text.len() + 48];
    crypto_box_seal(&mut sealed, text.as_bytes(), &key).expect("it fits");
    STANDARD.encode(sealed)
}

/// Answers one request, and closes.
async fn answer(
    socket: TcpStream,
    to: mpsc::UnboundedSender<Call>,
    refusals: Arc<Mutex<HashMap<String, u32>>>,
    held: Arc<Mutex<HashSet<String>>>,
    number: Arc<AtomicU64>,
    door: String,
) {
    let mut socket = BufReader::new(socket);
    let (mut first, mut length, mut bearer, mut host) = (String::new(), 0, String::new(), String::new());
    socket.read_line(&mut first).await.expect("a request");
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await.expect("a header");
        let line = line.trim_end();
        let Some((name, value)) = line.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().expect("a length"),
            "host" => host = value.to_owned(),
            "authorization" => bearer = value.trim().trim_start_matches("Bearer ").to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.expect("a body");
    let path = first.split(' ').nth(1).unwrap_or_default();
    let method = match path.strip_prefix("/api/") {
        Some(method) => method.to_owned(),
        None if path.starts_with("/upload/") => String::from("upload"),
        None => String::from("hook"),
    };
    let refused = {
        let mut refusals = refusals.lock().expect("nobody panics");
        let left = refusals.entry(method.clone()).or_default();
        let refused = *left > 0;
        *left = left.saturating_sub(1);
        refused
    };
    let (status, answer) = if refused {
        ("429 Too Many Requests\r\nretry-after: 1", String::from("{\"ok\":false,\"error\":\"ratelimited\"}"))
    } else if method == "hook" {
        ("200 OK", String::from("ok"))
    } else if method == "files.getUploadURLExternal" {
        let (id, host) = (format!("F{}", number.fetch_add(1, Ordering::SeqCst)), host.trim());
        (
            "200 OK",
            json!({ "ok": true, "file_id": id, "upload_url": format!("http://{host}/upload/{id}") })
                .to_string(),
        )
    } else if method == "apps.connections.open" {
        ("200 OK", json!({ "ok": true, "url": door }).to_string())
    } else {
        let ts = format!("17000000{:02}.000100", number.fetch_add(1, Ordering::SeqCst));
        ("200 OK", json!({ "ok": true, "ts": ts }).to_string())
    };
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body)));
    let is_held = held.lock().expect("nobody panics").contains(&method);
    let method = if refused { format!("refused {method}") } else { method };
    let _ = to.send(Call { method, body, bearer, at: Instant::now() });
    if is_held {
        // Until whoever called has gone.
        let _ = socket.read(&mut [0]).await;
        return;
    }
    let length = answer.len();
    let answer =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}");
    // Whoever is gone does not want it.
    let _ = socket.get_mut().write_all(answer.as_bytes()).await;
}
