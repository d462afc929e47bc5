//! The questions that are asked of the project, by shape.

use serde_json::{Value, json};

use crate::Result;
use crate::client::Ask;
use crate::film::Film;
use crate::script::{person, place, word};

/// A shape of question: `#` stands for a person, `@` for a place, `~` for a word of the scripts.
pub(crate) const SHAPES: [&str; 9] = [
    "Which scenes is # in?",
    "Who has the most dialogue?",
    "What happens at the @ at night?",
    "Where does # meet # at night?",
    "How many scenes are at night?",
    "How many lines does # have?",
    "Who is #?",
    "What does # say about ~ and ~?",
    "~ ~ and ~ ~",
];

/// The question of that shape, for the `turn`th time: other names and words each time.
fn question(shape: usize, turn: usize) -> String {
    let mut text = String::new();
    let mut place_of = turn;
    for letter in SHAPES[shape].chars() {
        match letter {
            '#' => text.push_str(&person(place_of % 30)),
            '@' => text.push_str(&place(place_of % 12)),
            '~' => text.push_str(&word(1 + place_of * 37 % 1_500)),
            other => text.push(other),
        }
        place_of += usize::from("#@~".contains(letter));
    }
    text
}

/// The request that asks it.
pub(crate) fn ask(film: &Film, shape: usize, turn: usize) -> Ask {
    let body = json!({ "query": question(shape, turn), "projectId": film.project });
    Ask::post("/api/v1/orchestrator/query", &body)
}

/// Whether the answer says something: a quick answer that says nothing is none.
pub(crate) fn is_answered(shape: usize, answer: &Value) -> Result<()> {
    let sentence = answer["answer"].as_str().is_some_and(|text| !text.is_empty());
    let found = answer["total"].as_i64().is_some_and(|total| total > 0);
    if sentence || found {
        Ok(())
    } else {
        Err(format!("“{}” was not answered: {answer}", SHAPES[shape]).into())
    }
}
