//! A collector of OpenTelemetry traces for tests: it takes what a server exports over HTTP, in the protocol's own form.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::within;

/// A collector that listens.
pub struct Collector {
    /// Its address, without a path.
    pub url: String,
    spans: mpsc::UnboundedReceiver<Span>,
    kept: Vec<Span>,
}

impl Collector {
    /// Begins to listen.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (took, spans) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let mut socket = BufReader::new(socket);
                let (mut first, mut length) = (String::new(), 0);
                socket.read_line(&mut first).await.expect("a request");
                assert_eq!(first.trim_end(), "POST /v1/traces HTTP/1.1");
                loop {
                    let mut line = String::new();
                    socket.read_line(&mut line).await.expect("a header");
                    let line = line.trim_end().to_ascii_lowercase();
                    match line.split_once(": ") {
                        Some(("content-length", value)) => length = value.parse().expect("a length"),
                        Some(("content-type", value)) => assert_eq!(value, "application/x-protobuf"),
                        Some(_) => {}
                        None => break,
                    }
                }
                let mut body = vec![0; length];
                socket.read_exact(&mut body).await.expect("a body");
                let export = ExportTraceServiceRequest::decode(&*body).expect("a message of the protocol");
                let scopes = export.resource_spans.into_iter().flat_map(|one| one.scope_spans);
                for span in scopes.flat_map(|one| one.spans) {
                    // A test that has seen enough is over.
                    let _ = took.send(span);
                }
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = socket.get_mut().write_all(answer).await;
            }
        });
        Self { url, spans, kept: Vec::new() }
    }

    /// The next span that is as wanted; others are kept.
    pub async fn span(&mut self, wanted: impl Fn(&Span) -> bool) -> Span {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        loop {
            let span = within("a span", self.spans.recv()).await.expect("the listener lives");
            if wanted(&span) {
                return span;
            }
            self.kept.push(span);
        }
    }
}

/// An attribute of a span, as text.
pub fn attribute(span: &Span, name: &str) -> Option<String> {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    let value = span.attributes.iter().find(|one| one.key == name)?.value.clone()?.value?;
    Some(match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    })
}
