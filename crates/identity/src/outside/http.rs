//! Calls to providers over HTTP: no redirects, no long waits, no large answers.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, redirect};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// How long a provider may take, connection and answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes: keys and claims are far smaller.
const MAX_ANSWER: usize = 1 << 20;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Form(#[from] openidconnect::http::Error),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    TooLong,
    #[error("the answer's status is {0}")]
    Status(u16),
}

/// The clients of all providers.
pub(super) struct Http {
    /// By the environment's proxy, if it names one.
    outside: Client,
    /// For providers on this machine, which no proxy can reach.
    inside: Client,
}

impl Http {
    pub(super) fn new() -> Result<Self, Fault> {
        let tls = tls()?;
        let builder = || {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                // An answer that leads elsewhere could lead into this machine's own network.
                .redirect(redirect::Policy::none())
                .timeout(PATIENCE)
                .user_agent(concat!("Atelier/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Self { outside: builder().build()?, inside: builder().no_proxy().build()? })
    }

    /// Does a request as the protocol's library wants it done.
    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Fault> {
        let here = matches!(request.uri().host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let client = if here { &self.inside } else { &self.outside };
        let mut answer = client.execute(request.try_into()?).await.map_err(reqwest::Error::without_url)?;
        let mut response = openidconnect::http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(Fault::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Fault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The operating system's trust, by *ring*. Without any trusted root (a bare container) the server still starts, and
/// every provider on `https` fails.
fn tls() -> Result<ClientConfig, Fault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        || ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    Ok(match builder()?.with_platform_verifier() {
        Ok(verified) => verified.with_no_client_auth(),
        Err(error) => {
            tracing::warn!(%error, "no trusted certificates on this machine: nobody can sign in at a provider");
            builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        }
    })
}
