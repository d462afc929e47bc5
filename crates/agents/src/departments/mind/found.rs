//! What an agent gave that a question is about, found by its words: no model is needed for that.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// Rows that are found at most.
const MOST: usize = 8;
/// Characters of a row's texts.
const LONGEST: usize = 300;
/// The shortest word that counts, in characters.
const SHORTEST: usize = 3;
/// Words that are in any question.
const COMMON: [&str; 24] = [
    "the", "and", "for", "are", "was", "were", "what", "which", "who", "whom", "whose", "where", "when",
    "why", "how", "does", "did", "has", "have", "had", "with", "that", "this", "there",
];

/// The summaries of what was given, and those rows of it that have most of the question's words.
pub(super) fn found(given: &[Value], question: &str) -> Value {
    let asked = words(question);
    let mut rows: Vec<(usize, &Value)> = Vec::new();
    for output in given {
        gather(&output["content"], &mut rows, &asked);
    }
    // The sort is stable: of rows that fit as well, the first comes first.
    rows.sort_by_key(|row| std::cmp::Reverse(row.0));
    let shown: Vec<Value> = rows.iter().take(MOST).map(|(_, row)| shortened(row)).collect();
    let texts =
        |field: &str| -> Vec<&str> { given.iter().filter_map(|output| output[field].as_str()).collect() };
    let lacks: Vec<&Value> =
        given.iter().flat_map(|output| output["lacks"].as_array().into_iter().flatten()).take(MOST).collect();
    json!({ "summary": texts("summary").join(" "), "found": shown, "lacks": lacks })
}

/// Objects and texts of lists that share words with the question, each with how many.
fn gather<'v>(value: &'v Value, rows: &mut Vec<(usize, &'v Value)>, asked: &BTreeSet<String>) {
    match value {
        Value::Array(all) => {
            for row in all {
                let shared = words(&row.to_string()).intersection(asked).count();
                if shared > 0 {
                    rows.push((shared, row));
                }
            }
        }
        Value::Object(fields) => fields.values().for_each(|field| gather(field, rows, asked)),
        _ => {}
    }
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().count() >= SHORTEST)
        .map(str::to_lowercase)
        // "bells" is asked, "bell" is written.
        .map(|word| {
            word.strip_suffix('s').filter(|stem| stem.len() >= SHORTEST).map(str::to_owned).unwrap_or(word)
        })
        .filter(|word| !COMMON.contains(&word.as_str()))
        .collect()
}

fn shortened(row: &Value) -> Value {
    match row {
        Value::String(text) => Value::String(text.chars().take(LONGEST).collect()),
        Value::Object(fields) => fields
            .iter()
            .take(24)
            .map(|(name, field)| (name.clone(), shortened(field)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(all) => all.iter().take(6).map(shortened).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_that_a_question_is_about_are_found_and_the_best_comes_first() {
        let given = [json!({
            "summary": "3 sounds.",
            "lacks": ["No music."],
            "content": { "cues": [
                { "scene": "1", "sound": "A foghorn" },
                { "scene": "2", "sound": "Bells at the harbour" },
                { "scene": "3", "sound": "A bell" },
            ], "scores": { "completeness": 0.9 } },
        })];
        let answer = found(&given, "Which bells are heard at the harbour?");
        assert_eq!(answer["summary"], "3 sounds.");
        assert_eq!(answer["lacks"][0], "No music.");
        let scenes: Vec<&Value> =
            answer["found"].as_array().unwrap().iter().map(|row| &row["scene"]).collect();
        assert_eq!(scenes, ["2", "3"]);
        assert_eq!(found(&given, "What about the drums?")["found"], json!([]));
    }

    #[test]
    fn what_is_found_is_bounded() {
        let rows: Vec<Value> =
            (0..500).map(|n| json!({ "bell": n, "text": "bell ".repeat(1_000) })).collect();
        let answer = found(&[json!({ "content": rows })], "bell");
        assert_eq!(answer["found"].as_array().unwrap().len(), MOST);
        assert!(answer.to_string().len() < 4_000);
    }
}
