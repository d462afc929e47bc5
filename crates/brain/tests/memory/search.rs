//! Search while someone is typing.
use serde_json::json;

use crate::stage::{LEXICON, Stage, plain, project};

async fn film() -> Stage {
    let stage = Stage::empty().await;
    stage
        .write(&[
            ("scenes", "INT. KITCHEN - DAY", "Mara counts the lanterns.", json!({"number": "1"})),
            ("scenes", "EXT. HARBOUR - NIGHT", "Joss waits by the ferry.", json!({"number": "12"})),
            ("characters", "Mara Voss", "", plain()),
            ("characters", "Joss O'Hara", "", plain()),
            ("characters", "Tamara", "", plain()),
            ("locations", "Harbour", "", plain()),
            ("screenplays", "Tides", "Mara, a lantern and a harbour.", plain()),
        ])
        .await;
    stage
}

#[tokio::test]
async fn a_beginning_of_a_word_finds_names_before_text() {
    let stage = film().await;
    assert_eq!(stage.search("mar").await, ["Mara Voss", "INT. KITCHEN - DAY"]);
    assert_eq!(stage.search("vos").await, ["Mara Voss"]);
    assert_eq!(stage.search("harbour").await, ["Harbour", "EXT. HARBOUR - NIGHT"]);
}

#[tokio::test]
async fn all_words_must_be_there() {
    let stage = film().await;
    assert_eq!(stage.search("joss ferr").await, ["EXT. HARBOUR - NIGHT"]);
    assert_eq!(stage.search("joss lantern").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_scene_is_found_by_its_number() {
    let stage = film().await;
    assert_eq!(stage.search("scene 12").await, ["EXT. HARBOUR - NIGHT"]);
}

#[tokio::test]
async fn a_hit_shows_the_words_that_were_found_or_else_how_its_text_begins() {
    let stage = film().await;
    let text = format!("{} The lantern swings.", "Quiet water. ".repeat(60));
    stage.write(&[("scenes", "EXT. SEA - DAY", &text, plain())]).await;
    let found = async |words| {
        let found = stage.brain.search(&stage.scope, &LEXICON, words, 10).await.unwrap().hits;
        found.into_iter().map(|hit| (hit.name, hit.excerpt)).collect::<Vec<_>>()
    };
    let by_text = found("swin").await;
    assert_eq!(by_text[0].0, "EXT. SEA - DAY");
    assert!(by_text[0].1.contains("lantern swings"), "{by_text:?}");
    assert!(found("sea").await[0].1.starts_with("Quiet water."));
    assert_eq!(found("tamara").await, [("Tamara".to_owned(), "Tamara".to_owned())]);
}

#[tokio::test]
async fn an_apostrophe_is_no_obstacle() {
    let stage = film().await;
    stage.write(&[("characters", "Una", "She married O'Hara.", plain())]).await;
    assert_eq!(stage.search("o'hara").await, ["Joss O'Hara", "Una"]);
}

#[tokio::test]
async fn collections_that_the_lexicon_does_not_know_stay_hidden() {
    let stage = film().await;
    assert_eq!(stage.search("tides").await, Vec::<String>::new());
    assert!(!stage.search("lantern").await.contains(&"Tides".to_owned()));
    let answer = stage.brain.query(&stage.scope, &LEXICON, "lantern", Default::default(), 10).await.unwrap();
    assert_eq!(answer.results.iter().map(|r| r.title.as_str()).collect::<Vec<_>>(), ["INT. KITCHEN - DAY"]);
}

#[tokio::test]
async fn another_project_is_never_searched() {
    let stage = film().await;
    let other = project(&stage.store, "ben@example.org").await;
    stage.write_in(&other, &[("characters", "Mara Other", "Mara and a lantern", plain())]).await;
    assert!(!stage.search("mara").await.contains(&"Mara Other".to_owned()));
    let found = stage.brain.search(&other, &LEXICON, "lant", 10).await.unwrap();
    assert_eq!(found.hits.len(), 1);
}

#[tokio::test]
async fn nothing_that_is_typed_is_read_as_query_syntax() {
    let stage = film().await;
    for words in ["\"", "*", "AND OR NOT", "a\"b", "mara)", "NEAR(mara", "'; --", "  ", "🙂", "text:mara"] {
        stage.brain.search(&stage.scope, &LEXICON, words, 10).await.unwrap();
    }
}
