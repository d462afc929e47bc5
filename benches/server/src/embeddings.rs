//! Embeddings a second, if the weights are on this machine.

use std::path::PathBuf;
use std::time::Instant;

use embedding::{Embedder, Options, Places};

use crate::Result;
use crate::script;

/// Passages that are embedded, and the length of each in characters, as the store cuts them.
const PASSAGES: usize = 200;
const LENGTH: usize = 800;

/// What was seen, in a sentence. Takes the weights that the server would take by the same variable.
pub(crate) fn measured() -> Result<String> {
    let Some(given) = std::env::var_os("ATELIER_EMBEDDER_WEIGHTS").map(PathBuf::from) else {
        return Ok("Not measured: ATELIER_EMBEDDER_WEIGHTS names no weights.".to_owned());
    };
    let places = Places { cache: given.clone(), given: Some(given) };
    let folder = places.find()?.ok_or("ATELIER_EMBEDDER_WEIGHTS names no weights")?;
    let began = Instant::now();
    let embedder = Embedder::load(&folder, Options::default())?;
    let loaded = began.elapsed();
    let script = script::episode(0);
    let letters: Vec<char> = script.chars().collect();
    let passages: Vec<String> =
        letters.chunks(LENGTH).take(PASSAGES).map(|passage| passage.iter().collect()).collect();
    let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
    let tokens: usize = passages.iter().map(|passage| embedder.tokens(passage)).sum();
    let began = Instant::now();
    let vectors = embedder.embed(&passages).len();
    let seconds = began.elapsed().as_secs_f64();
    Ok(format!(
        "{:.1} passages a second of {} tokens each on average ({vectors} passages, one thread, {}); the model was loaded in \
         {:.0} ms.",
        vectors as f64 / seconds,
        tokens / passages.len(),
        embedder.kernel(),
        loaded.as_secs_f64() * 1e3
    ))
}
