//! Somebody's agent: an unmodified client of the Model Context Protocol, which runs in Node beside the test.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::{Atelier, within};

/// An agent that is connected, or was refused. Dropped, its process ends.
pub struct Agent {
    _node: Child,
    says: ChildStdin,
    hears: Lines<BufReader<ChildStdout>>,
    /// What came of the connection: `connected` and `tools`, or `refused`.
    pub greeted: Value,
}

/// What a tool gave.
#[derive(Debug)]
pub struct Given {
    /// Whether the tool could not do it.
    pub is_error: bool,
    /// What it gave, read as JSON where it is JSON.
    pub value: Value,
}

impl Agent {
    /// Connects to the server over HTTP.
    pub async fn over_http(app: &Atelier, key: &str) -> Self {
        Self::dial(&[&app.url, key]).await
    }

    /// Connects to `atelier mcp`, which it starts.
    pub async fn on_stdio(app: &Atelier, key: &str) -> Self {
        let program = crate::server::binary();
        Self::dial(&[&app.url, key, program.to_str().expect("a path of text")]).await
    }

    async fn dial(arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("agents/client.mjs");
        let mut node = Command::new("node")
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts");
        let says = node.stdin.take().expect("it is piped");
        let hears = BufReader::new(node.stdout.take().expect("it is piped")).lines();
        let mut agent = Self { _node: node, says, hears, greeted: Value::Null };
        agent.greeted = agent.hear().await;
        agent
    }

    /// Calls a tool.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Given {
        let line = format!("{}\n", json!([tool, arguments]));
        self.says.write_all(line.as_bytes()).await.expect("the client lives");
        let result = self.hear().await;
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        let value = serde_json::from_str(text).unwrap_or_else(|_| match result["content"].is_array() {
            true => json!(text),
            false => result.clone(),
        });
        Given { is_error: result["isError"] == true, value }
    }

    /// Calls a tool that must do it.
    pub async fn ask(&mut self, tool: &str, arguments: Value) -> Value {
        let given = self.call(tool, arguments).await;
        assert!(!given.is_error && given.value.get("refused").is_none(), "{tool}: {given:?}");
        given.value
    }

    async fn hear(&mut self) -> Value {
        let line = within("what the agent heard", self.hears.next_line()).await;
        serde_json::from_str(&line.expect("readable").expect("the client lives")).expect("JSON")
    }
}
