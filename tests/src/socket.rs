//! A live connection by an unmodified `socket.io-client`, which runs in Node beside the test.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::{Actor, within};

/// A client of Socket.IO. Dropped, its process ends.
pub struct Socket {
    _node: Child,
    said: ChildStdin,
    heard: Lines<BufReader<ChildStdout>>,
    /// What was heard and not asked for yet.
    kept: Vec<(String, Value)>,
}

/// Whether Node and the web UI's packages are here. If not, and tests may be skipped, says so.
pub async fn available() -> bool {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/node_modules");
    let node = Command::new("node").arg("--version").output().await;
    let here = node.is_ok_and(|node| node.status.success()) && web.exists();
    if !here {
        assert!(!crate::strict(), "node or web/node_modules is missing, and nothing may be skipped here");
        eprintln!("SKIPPED: node or web/node_modules is missing (`npm ci` in web)");
    }
    here
}

impl Socket {
    /// Connects with a handshake, to whatever comes of it.
    pub async fn dial(url: &str, handshake: &Value) -> Self {
        Self::dial_again_after(url, handshake, 1_000)
    }

    /// Connects, and once the line is cut, again after so many milliseconds.
    fn dial_again_after(url: &str, handshake: &Value, delay: u32) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("sockets/client.mjs");
        let mut node = Command::new("node")
            .arg(script)
            .args([url, &handshake.to_string(), &delay.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let said = node.stdin.take().expect("it is piped");
        let heard = BufReader::new(node.stdout.take().expect("it is piped")).lines();
        Self { _node: node, said, heard, kept: Vec::new() }
    }

    /// Connects a person to a project, as the seed's client does.
    pub async fn join(actor: &Actor, url: &str, project: &str) -> Self {
        let mut socket = Self::dial(url, &json!({ "token": actor.token, "projectId": project })).await;
        socket.hear("connect").await;
        // It has a seat when it is told who is there.
        socket.hear("presence:state").await;
        socket
    }

    /// Connects a person to a project from behind an event; a line that is cut is taken up at once, from behind the last
    /// event that was heard.
    pub async fn follow(actor: &Actor, url: &str, project: &str, last: i64) -> Self {
        let handshake = json!({ "token": actor.token, "projectId": project, "lastSeq": last });
        let mut socket = Self::dial_again_after(url, &handshake, 20);
        socket.hear("connect").await;
        socket
    }

    /// The next message of that name; those before it are kept.
    pub async fn hear(&mut self, name: &str) -> Value {
        if let Some(at) = self.kept.iter().position(|(kept, _)| kept == name) {
            return self.kept.remove(at).1;
        }
        loop {
            let (heard, value) = self.next().await;
            if heard == name {
                return value;
            }
            self.kept.push((heard, value));
        }
    }

    /// The next message, whatever it is.
    pub async fn next(&mut self) -> (String, Value) {
        let line = within("something over the socket", self.heard.next_line()).await;
        let line = line.expect("readable").expect("the client lives");
        let heard: Value = serde_json::from_str(&line).expect("JSON");
        (heard[0].as_str().expect("a name").to_owned(), heard[1].clone())
    }

    /// Says something.
    pub async fn say(&mut self, name: &str, what: &Value) {
        let line = format!("{}\n", json!([name, what]));
        self.said.write_all(line.as_bytes()).await.expect("the client lives");
    }

    /// Ends the client in good order, and gives all that it heard and nobody asked for.
    pub async fn leave(mut self) -> Vec<(String, Value)> {
        drop(self.said);
        while let Some(line) = within("the client's end", self.heard.next_line()).await.expect("readable") {
            let heard: Value = serde_json::from_str(&line).expect("JSON");
            self.kept.push((heard[0].as_str().expect("a name").to_owned(), heard[1].clone()));
        }
        self.kept
    }
}
