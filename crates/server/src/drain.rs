//! Hears a refused upload out: whoever is still sending would otherwise meet a closed line instead of the answer.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

/// Bodies up to this many bytes are on their way by the time that anyone refuses them.
const SMALL: u64 = 64 << 10;
/// The most that is heard out, in bytes, and for how long; then the line is closed.
const MOST: usize = 64 << 20;
const LONGEST: Duration = Duration::from_secs(30);

/// A body that is read by a handler, and to its end by whoever refused it.
#[derive(Clone)]
struct Shared(Arc<Mutex<BodyDataStream>>);

impl Stream for Shared {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context)
    }
}

/// Around a request: if its body was too large, reads what is left of it before the answer goes out.
pub(crate) async fn drained(request: Request, next: Next) -> Response {
    if request.body().size_hint().upper().is_some_and(|size| size <= SMALL) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let mut rest = Shared(Arc::new(Mutex::new(body.into_data_stream())));
    let response = next.run(Request::from_parts(parts, Body::from_stream(rest.clone()))).await;
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let heard_out = async {
            let mut heard = 0;
            while let Some(Ok(bytes)) = rest.next().await {
                heard += bytes.len();
                if heard > MOST {
                    break;
                }
            }
        };
        // Whoever is slower than that does not wait for an answer.
        let _ = tokio::time::timeout(LONGEST, heard_out).await;
    }
    response
}
