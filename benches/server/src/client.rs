//! An HTTP client that costs little, so that what is measured is the server: one kept connection, a request at a time.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::Result;

/// What is asked of the server.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    method: Method,
    path: String,
    body: Bytes,
}

impl Ask {
    /// A request without a body.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), body: Bytes::new() }
    }

    /// A request with a JSON body.
    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self { method: Method::POST, path: path.into(), body: body.to_string().into() }
    }

    /// A request with a JSON body that takes the place of what is there.
    pub(crate) fn put(path: impl Into<String>, body: &Value) -> Self {
        Self { method: Method::PUT, ..Self::post(path, body) }
    }

    /// A request with a JSON body that changes what is there.
    pub(crate) fn patch(path: impl Into<String>, body: &Value) -> Self {
        Self { method: Method::PATCH, ..Self::post(path, body) }
    }
}

/// One connection.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    /// What `Authorization` says; nothing before the sign-in.
    bearer: Option<String>,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr, token: Option<&str>) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host: address.to_string(), bearer: token.map(|token| format!("Bearer {token}")) })
    }

    /// Sends a request and reads the whole answer. Every answer but a success is an error that says what it was.
    pub(crate) async fn send(&mut self, ask: &Ask) -> Result<Bytes> {
        Ok(self.stream(ask).await?.collect().await?.to_bytes())
    }

    /// Sends a request whose answer is read as it comes.
    pub(crate) async fn stream(&mut self, ask: &Ask) -> Result<Incoming> {
        let mut request = Request::builder().method(&ask.method).uri(&ask.path).header(HOST, &self.host);
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, bearer);
        }
        if !ask.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        self.sender.ready().await?;
        let answer = self.sender.send_request(request.body(Full::new(ask.body.clone()))?).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.into_body());
        }
        let body = answer.into_body().collect().await?.to_bytes();
        Err(format!("{} {}: {status} {}", ask.method, ask.path, String::from_utf8_lossy(&body)).into())
    }

    /// Sends a request whose answer is JSON.
    pub(crate) async fn json(&mut self, ask: &Ask) -> Result<Value> {
        Ok(serde_json::from_slice(&self.send(ask).await?)?)
    }
}
