//! A server of tools for tests, which speaks just as much of the Model Context Protocol as a call takes.

use std::io::{BufRead, Write};
use std::process::ExitCode;

use serde_json::{Value, json};

/// Serves until its input ends. `echo` gives its arguments back, `counts` a megabyte, `fails` says so, `leaves` ends with 3, and `stays` says on its
/// errors which process it is and does not answer.
pub(crate) fn serve() -> ExitCode {
    for line in std::io::stdin().lock().lines() {
        let said: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let result = match said["method"].as_str().unwrap_or_default() {
            "initialize" => json!({
                "protocolVersion": said["params"]["protocolVersion"], "capabilities": { "tools": {} },
                "serverInfo": { "name": "double", "version": "1" }
            }),
            "tools/call" => called(&said["params"]),
            _ => continue,
        };
        let mut out = std::io::stdout();
        writeln!(out, "{}", json!({ "jsonrpc": "2.0", "id": said["id"], "result": result })).unwrap();
    }
    ExitCode::SUCCESS
}

fn called(params: &Value) -> Value {
    let text = |text: String| json!([{ "type": "text", "text": text }]);
    match params["name"].as_str().unwrap() {
        "echo" => json!({ "content": text(params["arguments"].to_string()) }),
        "counts" => json!({ "content": text("0123456789abcde\n".repeat(65_537)) }),
        "fails" => json!({ "content": text("no such city".into()), "isError": true }),
        "leaves" => std::process::exit(3),
        "stays" => {
            eprintln!("here {}", std::process::id());
            loop {
                std::thread::park();
            }
        }
        other => panic!("{other}"),
    }
}
