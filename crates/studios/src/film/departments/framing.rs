//! How a beat of action is framed, by its words.
//!
//! *Size*, the first that fits: what the script asks for (`CLOSE ON`, `INSERT`, `WIDE`, `POV`); wide for the first beat of
//! a scene, for three people or more, and for crowds; close for a part of the body or a prop (an insert if nobody is named);
//! full for a body that moves; medium close for a look or a feeling; medium for anybody else; wide for nobody. Of speeches:
//! medium close of one speaker, medium of two, wide of more.
//!
//! *Movement*, the first that fits: what the script asks for (`PAN`, `TRACKING`, `PUSH IN` …); handheld for turmoil; track
//! for who moves along; tilt for what rises or falls; push for what comes nearer; pan for a look elsewhere; else static.

use serde::{Deserialize, Serialize};

use super::scene::Scene;
use super::things::BACKGROUND;
use super::words::{Word, find, words};

/// How much of the subject is in the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Size {
    Wide,
    Full,
    Medium,
    MediumClose,
    Close,
    Insert,
    PointOfView,
}

/// How the camera moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Movement {
    Static,
    Pan,
    Tilt,
    Track,
    Push,
    Handheld,
}

impl Size {
    /// As a shot list writes it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Full => "full",
            Self::Medium => "medium",
            Self::MediumClose => "medium close",
            Self::Close => "close",
            Self::Insert => "insert",
            Self::PointOfView => "point of view",
        }
    }
}

impl Movement {
    /// As a shot list writes it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Pan => "pan",
            Self::Tilt => "tilt",
            Self::Track => "track",
            Self::Push => "push",
            Self::Handheld => "handheld",
        }
    }
}

/// Stems of parts of a body and of small things that a picture goes close for.
const DETAIL: &[&str] = &[
    "hand",
    "finger",
    "eye",
    "face",
    "lips",
    "mouth",
    "needle",
    "photograph",
    "photo",
    "screen",
    "blood",
    "letter",
    "button",
];
/// Stems of what a whole body does.
const MOVES: &[&str] = &[
    "run", "walk", "climb", "cross", "enter", "exit", "jump", "dance", "march", "slide", "drag", "carry",
    "chase", "ride", "crawl", "stride", "rush", "sit", "kneel", "stand",
];
/// Stems of what a face does.
const FEELS: &[&str] = &[
    "look", "stare", "watch", "nod", "smile", "laugh", "cry", "think", "listen", "frown", "sigh", "wait",
    "glance", "gaze", "wink", "blush", "remember",
];

/// What the script asks of the camera.
const ASKED: &[(Movement, &[&str])] = &[
    (Movement::Handheld, &["HANDHELD"]),
    (Movement::Track, &["TRACKING", "DOLLY", "FOLLOW"]),
    (Movement::Tilt, &["TILT", "CRANE"]),
    (Movement::Push, &["PUSH IN", "ZOOM"]),
    (Movement::Pan, &["PAN", "PANNING"]),
];

/// Stems of words that move the camera.
const MOVING: &[(Movement, &[&str])] = &[
    (
        Movement::Handheld,
        &[
            "fight", "crash", "explode", "struggle", "shudder", "panic", "storm", "attack", "collide",
            "shatter",
        ],
    ),
    (
        Movement::Track,
        &[
            "run", "walk", "cross", "march", "drag", "chase", "ride", "stride", "rush", "drive", "roll",
            "follow", "pass", "sail", "fly",
        ],
    ),
    (Movement::Tilt, &["rise", "fall", "climb", "drop", "sink", "lift", "descend", "tower", "lower"]),
    (Movement::Push, &["approach", "nearer", "closer", "lean", "near"]),
    (Movement::Pan, &["look", "glance", "gaze", "search"]),
];

/// Whether one of the words is a form of one of the stems: `runs`, `running`, `carried`.
fn has(words: &[Word<'_>], stems: &[&str]) -> bool {
    words.iter().any(|word| stems.iter().any(|stem| is_form(&word.lower, stem)))
}

fn is_form(word: &str, stem: &str) -> bool {
    const ENDS: [&str; 7] = ["", "s", "es", "ed", "d", "ing", "er"];
    if let Some(end) = word.strip_prefix(stem) {
        let last = stem.chars().last();
        let undoubled = end.strip_prefix(|c| Some(c) == last).unwrap_or(end);
        return ENDS.contains(&end) || matches!(undoubled, "ing" | "ed");
    }
    let short = stem.strip_suffix('e').and_then(|stem| word.strip_prefix(stem));
    let soft = stem.strip_suffix('y').and_then(|stem| word.strip_prefix(stem));
    short == Some("ing") || matches!(soft, Some("ies" | "ied"))
}

/// The size of a beat; `first` if it begins its scene.
pub(super) fn size(
    scene: &Scene,
    sentence: &str,
    words: &[Word<'_>],
    subject: &[usize],
    first: bool,
) -> Size {
    let asks = |phrases: &[&str]| phrases.iter().any(|phrase| shouts(sentence, phrase));
    if asks(&["POV"]) {
        Size::PointOfView
    } else if asks(&["INSERT"]) {
        Size::Insert
    } else if asks(&["CLOSE ON", "CLOSE UP", "CLOSE-UP", "CU", "CLOSER"]) {
        Size::Close
    } else if asks(&["WIDE", "WIDER", "ESTABLISHING", "AERIAL"])
        || first
        || subject.len() > 2
        || has(words, BACKGROUND)
        || has(words, &["everyone", "everybody"])
    {
        Size::Wide
    } else if has(words, DETAIL) || scene.props.iter().any(|prop| find(words, prop).is_some()) {
        if subject.is_empty() { Size::Insert } else { Size::Close }
    } else if subject.is_empty() {
        Size::Wide
    } else if has(words, MOVES) {
        Size::Full
    } else if has(words, FEELS) {
        Size::MediumClose
    } else {
        Size::Medium
    }
}

/// The movement of a beat.
pub(super) fn movement(sentence: &str, words: &[Word<'_>]) -> Movement {
    let asked = ASKED.iter().find(|(_, phrases)| phrases.iter().any(|phrase| shouts(sentence, phrase)));
    let told = || MOVING.iter().find(|(_, stems)| has(words, stems));
    asked.or_else(told).map_or(Movement::Static, |(movement, _)| *movement)
}

/// Whether a sentence has a phrase in capitals, whole.
fn shouts(sentence: &str, phrase: &str) -> bool {
    let words = words(sentence);
    find(&words, phrase).is_some_and(|at| words[at].iter().all(|w| !w.text.chars().any(char::is_lowercase)))
}
