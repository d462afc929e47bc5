//! A model that speaks from a script: deterministic, offline, and able to fail wherever it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_stream::try_stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Pieces;
use crate::delta::{Piece, Stop, ToolFragment, Usage};
use crate::error::Fault;
use crate::request::Request;

/// What the model says and does, as data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// A name, by which its breaker is known.
    pub name: String,
    /// The scenes. Each call plays the first that fits and is not used up.
    pub scenes: Vec<Scene>,
}

/// One answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scene {
    /// Plays only if the last message has these words, whatever their case.
    pub when: Option<String>,
    /// How often it can be played; without a number, for ever.
    pub times: Option<u32>,
    /// What is done, in this order. Without a `stop` or a breakage at its end, it stops by itself.
    pub acts: Vec<Act>,
}

/// One thing that the model does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Says this, word by word.
    Say(String),
    /// Thinks this, word by word.
    Think(String),
    /// Waits, in milliseconds, before this and each following word.
    Pace(u64),
    /// Calls a tool.
    Call {
        /// Its name.
        name: String,
        /// What it is called with.
        arguments: Value,
    },
    /// Says how many tokens it took.
    Tokens {
        /// Of the request.
        input: u64,
        /// Of the answer.
        output: u64,
    },
    /// Stops for this reason.
    Stop(Stop),
    /// Breaks.
    Break(Breakage),
}

/// How a scripted model breaks. As the first act it breaks at once, after a `Say` in the middle of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breakage {
    /// Never says anything again, and never ends.
    Stall,
    /// The connection is lost.
    Cut,
    /// It cannot be reached.
    Network,
    /// It is overloaded.
    Overloaded,
    /// It takes no more calls, and asks to be left alone for so many milliseconds.
    RateLimited(u64),
    /// It does not accept the key.
    Unauthorised,
    /// It does not take the request.
    BadRequest,
}

/// A scripted model. Clones play the same performance: a scene used up by one is used up for all.
#[derive(Debug, Clone)]
pub struct Scripted {
    script: Arc<Script>,
    played: Arc<[AtomicU32]>,
}

impl Scripted {
    /// A new performance of the script.
    #[must_use]
    pub fn new(script: Script) -> Self {
        let played = script.scenes.iter().map(|_| AtomicU32::new(0)).collect();
        Self { script: Arc::new(script), played }
    }

    /// A performance of the script that `json` holds.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).map(Self::new)
    }

    /// A model that always says this.
    #[must_use]
    pub fn saying(text: impl Into<String>) -> Self {
        let scene = Scene { acts: vec![Act::Say(text.into())], ..Scene::default() };
        Self::new(Script { name: "saying".into(), scenes: vec![scene] })
    }

    /// How often each scene has been played.
    #[must_use]
    pub fn played(&self) -> Vec<u32> {
        self.played.iter().map(|count| count.load(Ordering::SeqCst)).collect()
    }

    pub(super) fn name(&self) -> &str {
        &self.script.name
    }

    fn next_scene(&self, request: &Request) -> Option<Scene> {
        let last = request.messages.last().map(|message| message.text().to_lowercase()).unwrap_or_default();
        self.script.scenes.iter().zip(self.played.iter()).find_map(|(scene, played)| {
            let fits = scene.when.as_ref().is_none_or(|words| last.contains(&words.to_lowercase()));
            let take = |count: u32| {
                let free = scene.times.is_none_or(|times| count < times);
                free.then_some(count.saturating_add(1))
            };
            let taken = fits && played.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok();
            taken.then(|| scene.clone())
        })
    }

    pub(super) fn open(&self, request: &Request) -> Pieces {
        let scene = self.next_scene(request);
        Box::pin(try_stream! {
            let Some(scene) = scene else {
                let message = "the script has no scene for this".to_owned();
                Err(Fault::BadRequest { message })?;
                return;
            };
            let (mut pace, mut calls, mut stop) = (0, 0, None);
            for act in scene.acts {
                match act {
                    Act::Pace(millis) => pace = millis,
                    Act::Say(text) => {
                        for word in words(&text) {
                            pause(pace).await;
                            yield vec![Piece::Text(word.to_owned())];
                        }
                    }
                    Act::Think(text) => {
                        for word in words(&text) {
                            pause(pace).await;
                            yield vec![Piece::Thinking(word.to_owned())];
                        }
                    }
                    Act::Call { name, arguments } => {
                        pause(pace).await;
                        let (name, arguments) = (Some(name), arguments.to_string());
                        yield vec![Piece::ToolCall(ToolFragment { index: calls, id: None, name, arguments })];
                        calls += 1;
                    }
                    Act::Tokens { input, output } => {
                        let usage = Usage { input_tokens: input, output_tokens: output, ..Usage::default() };
                        yield vec![Piece::Usage(usage)];
                    }
                    Act::Stop(reason) => stop = Some(reason),
                    Act::Break(breakage) => Err(broken(breakage).await)?,
                }
            }
            let natural = if calls > 0 { Stop::ToolCalls } else { Stop::End };
            yield vec![Piece::Done(stop.unwrap_or(natural))];
        })
    }
}

async fn pause(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

async fn broken(breakage: Breakage) -> Fault {
    match breakage {
        Breakage::Stall => std::future::pending().await,
        Breakage::Cut => Fault::Cut { received: 0 },
        Breakage::Network => Fault::Network { cause: "the script says so".into() },
        Breakage::Overloaded => Fault::Overloaded { status: Some(503), retry_after: None },
        Breakage::RateLimited(millis) => {
            Fault::RateLimited { retry_after: Some(Duration::from_millis(millis)) }
        }
        Breakage::Unauthorised => Fault::Unauthorised,
        Breakage::BadRequest => Fault::BadRequest { message: "the script says so".into() },
    }
}

/// The words of a text, each with the blanks before it; together they are the text.
fn words(text: &str) -> Vec<&str> {
    let mut starts = vec![0];
    let mut in_word = false;
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && in_word {
            starts.push(at);
        }
        in_word = !c.is_whitespace();
    }
    starts.push(text.len());
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_script_is_data() {
        let scripted = Scripted::parse(
            r#"{"name": "demo", "scenes": [
                {"when": "who", "times": 1, "acts": [{"pace": 5}, {"say": "I am"}, {"break": "cut"}]},
                {"acts": [{"call": {"name": "look", "arguments": {"at": 1}}},
                          {"tokens": {"input": 1, "output": 2}}, {"stop": "declined"},
                          {"break": {"rate_limited": 20}}]}]}"#,
        )
        .unwrap();
        assert_eq!(scripted.script.scenes[0].acts[2], Act::Break(Breakage::Cut));
        assert!(Scripted::parse(r#"{"name": "x", "scenes": [], "more": 1}"#).is_err());
    }

    proptest! {
        #[test]
        fn the_words_of_a_text_are_the_text(text: String) {
            prop_assert_eq!(words(&text).concat(), text);
        }
    }

    #[test]
    fn a_word_has_its_blanks_before_it() {
        assert_eq!(words("one  two\nthree "), ["one", "  two", "\nthree", " "]);
    }
}
