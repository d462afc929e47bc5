//! Sign-in providers that speak real HTTP on this machine: an `OpenID` Connect issuer and GitHub.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use kernel::Timestamp;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::url::Url;
use openidconnect::{JsonWebKeyId, PkceCodeChallenge, PkceCodeVerifier, PrivateSigningKey};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const CLIENT: &str = "atelier";
pub(crate) const SECRET: &str = "the client's secret";
pub(crate) const BACK: &str = "http://atelier.test/api/v1/auth/oidc/there/callback";

/// A provider, and what it will say.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) address: String,
    /// What the ID token or the account says, over what it says by itself.
    pub(crate) says: Arc<Mutex<Value>>,
    /// What GitHub says of addresses.
    pub(crate) addresses: Arc<Mutex<Value>>,
    /// The secret of the key that ID tokens are signed by; the one shown is always of 1s.
    pub(crate) signs_by: Arc<Mutex<[u8; 32]>>,
    now: Timestamp,
    /// The challenge and the nonce of each code that was given out.
    codes: Arc<Mutex<HashMap<String, (String, String)>>>,
}

impl Provider {
    /// A provider that listens, at the instant `now`.
    pub(crate) async fn new(now: Timestamp) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let provider = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            says: Arc::new(Mutex::new(json!({}))),
            addresses: Arc::new(Mutex::new(json!([]))),
            signs_by: Arc::new(Mutex::new([1; 32])),
            now,
            codes: Arc::default(),
        };
        let serving = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let provider = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(provider.clone(), request));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        provider
    }

    /// What a person's browser does there: signs in, and comes back with a code and the state.
    pub(crate) fn sign_in(&self, url: &str) -> (String, String) {
        let url: Url = url.parse().unwrap();
        assert!(url.as_str().starts_with(&self.address), "{url}");
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(asked["client_id"], CLIENT);
        assert_eq!(asked["redirect_uri"], BACK);
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["code_challenge_method"], "S256");
        let nonce = asked.get("nonce").cloned().unwrap_or_default();
        let mut codes = self.codes.lock().unwrap();
        let code = format!("code-{}", codes.len());
        codes.insert(code.clone(), (asked["code_challenge"].clone(), nonce));
        (code, asked["state"].clone())
    }

    /// The nonce of the code, if the code, the secret and the proof of possession are right; each code is good once.
    fn redeem(&self, form: &HashMap<String, String>, authorization: &str) -> Option<String> {
        let expected = format!(
            "Basic {}",
            STANDARD.encode(format!("{CLIENT}:{}", SECRET.replace(' ', "+").replace('\'', "%27")))
        );
        let (challenge, nonce) = self.codes.lock().unwrap().remove(form.get("code")?)?;
        let verifier = PkceCodeVerifier::new(form.get("code_verifier")?.clone());
        let proven = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        (proven.as_str() == challenge && authorization == expected && form.get("redirect_uri")? == BACK)
            .then_some(nonce)
    }

    fn id_token(&self, nonce: &str) -> String {
        let seconds = self.now.0 / 1000;
        let mut claims = json!({
            "iss": self.address, "aud": CLIENT, "sub": "1001", "nonce": nonce, "iat": seconds, "exp": seconds + 300,
        });
        merge(&mut claims, &self.says.lock().unwrap());
        let head = json!({ "alg": "EdDSA", "typ": "JWT", "kid": "one" });
        let part = |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let signature =
            key(&self.signs_by.lock().unwrap()).sign(&CoreJwsSigningAlgorithm::EdDsa, signed.as_bytes());
        let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(signature.unwrap());
        format!("{signed}.{signature}")
    }
}

fn merge(into: &mut Value, more: &Value) {
    for (name, value) in more.as_object().unwrap() {
        into[name] = value.clone();
    }
}

/// An Ed25519 key of that secret: RFC 8410's frame around the 32 bytes.
fn key(secret: &[u8; 32]) -> CoreEdDsaPrivateSigningKey {
    let mut der =
        vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    der.extend_from_slice(secret);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der));
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new("one".to_owned()))).unwrap()
}

async fn answer(provider: Provider, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let authorization =
        head.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let form: HashMap<String, String> =
        openidconnect::url::form_urlencoded::parse(&body).into_owned().collect();
    let at = &provider.address;
    let bearer = authorization == "Bearer there-token";
    let said = match head.uri.path() {
        "/.well-known/openid-configuration" => Some(json!({
            "issuer": at,
            "authorization_endpoint": format!("{at}/authorize"),
            "token_endpoint": format!("{at}/token"),
            "userinfo_endpoint": format!("{at}/userinfo"),
            "jwks_uri": format!("{at}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        })),
        "/keys" => Some(json!({ "keys": [key(&[1; 32]).as_verification_key()] })),
        "/token" | "/login/oauth/access_token" => provider.redeem(&form, authorization).map(|nonce| {
            json!({ "access_token": "there-token", "token_type": "bearer", "id_token": provider.id_token(&nonce) })
        }),
        "/userinfo" if bearer => {
            Some(json!({ "sub": "1001", "email": "late@example.org", "email_verified": true, "name": "Late" }))
        }
        "/user" if bearer => {
            let mut account = json!({ "id": 1001, "login": "ben", "name": null });
            merge(&mut account, &provider.says.lock().unwrap());
            Some(account)
        }
        "/user/emails" if bearer => Some(provider.addresses.lock().unwrap().clone()),
        _ => None,
    };
    let status = if said.is_some() { 200 } else { 400 };
    let body = said.unwrap_or_else(|| json!({ "error": "invalid_grant" })).to_string();
    let response = Response::builder().status(status).header("content-type", "application/json");
    Ok(response.body(Full::from(body)).unwrap())
}
