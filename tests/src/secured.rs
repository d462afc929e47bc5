//! A way to a server over TLS, as a proxy before it makes one: by a certificate that an authority of the tests alone has signed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

fn certificates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates")
}

/// The file with the authority's certificate.
#[must_use]
pub fn authority() -> PathBuf {
    certificates().join("authority.pem")
}

/// Makes such a way; gives where it begins.
///
/// # Panics
/// When there is no free port.
pub async fn to(url: &str) -> String {
    let target = url.trim_start_matches("http://").to_owned();
    let chain = CertificateDer::from_pem_file(certificates().join("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(certificates().join("server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth().with_single_cert(vec![chain], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("a certificate and its key")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((one, _)) = listener.accept().await {
            let (acceptor, target) = (acceptor.clone(), target.clone());
            tokio::spawn(async move {
                // Who does not trust this says so, and goes.
                let Ok(mut one) = acceptor.accept(one).await else { return };
                let Ok(mut other) = TcpStream::connect(target).await else { return };
                let _ = copy_bidirectional(&mut one, &mut other).await;
            });
        }
    });
    format!("https://127.0.0.1:{port}")
}
