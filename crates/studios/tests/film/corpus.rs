//! The checks of the fuzz targets over their corpus and over mutations of it, for compilers without a sanitizer.

#[path = "../../../../fuzz/checks.rs"]
mod checks;

use std::path::Path;

use proptest::prelude::*;

/// The files of a target's corpus.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let files: Vec<Vec<u8>> = files.collect();
    assert!(!files.is_empty(), "{target} has a corpus");
    files
}

fn check(target: &str, bytes: &[u8]) {
    match target {
        "fountain" => checks::fountain(&String::from_utf8_lossy(bytes)),
        "fdx" => checks::fdx(&String::from_utf8_lossy(bytes)),
        _ => checks::import(bytes),
    }
}

#[test]
fn the_checks_hold_for_the_corpus() {
    for target in ["fountain", "fdx", "import"] {
        corpus(target).iter().for_each(|bytes| check(target, bytes));
    }
}

/// A target and a file of its corpus, of which a stretch is cut out, doubled or overwritten.
fn mutated() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let target = prop_oneof![Just("fountain"), Just("fdx"), Just("import")];
    (
        target,
        any::<(prop::sample::Index, prop::sample::Index, prop::sample::Index)>(),
        0_usize..40,
        0_u8..3,
        any::<u8>(),
    )
        .prop_map(|(target, (file, at, to), length, how, byte)| {
            let files = corpus(target);
            let mut bytes = file.get(&files).clone();
            if bytes.is_empty() {
                return (target, bytes);
            }
            let from = at.index(bytes.len());
            let end = (from + length).min(bytes.len());
            let stretch = bytes[from..end].to_vec();
            match how {
                0 => drop(bytes.drain(from..end)),
                1 => {
                    let to = to.index(bytes.len());
                    bytes.splice(to..to, stretch);
                }
                _ => bytes[from..end].fill(byte),
            }
            (target, bytes)
        })
}

/// `PROPTEST_CASES`, or 400.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_checks_hold_for_what_is_near_the_corpus((target, bytes) in mutated()) {
        check(target, &bytes);
    }
}
