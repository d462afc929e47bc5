//! Questions answered from graph and text.

use serde_json::json;

use crate::stage::{Stage, plain};

/// Mara is in scenes 1 and 2, Joss in scene 2; scene 2 is at the harbour at night.
async fn film() -> Stage {
    let stage = Stage::empty().await;
    let ids = stage
        .write(&[
            (
                "scenes",
                "INT. KITCHEN - DAY",
                "Mara counts the lanterns.",
                json!({"number": "1", "timeOfDay": "day"}),
            ),
            (
                "scenes",
                "EXT. HARBOUR - NIGHT",
                "Joss buries the ledger.",
                json!({"number": "2", "timeOfDay": "night"}),
            ),
            ("characters", "Mara", "", plain()),
            ("characters", "Joss", "", plain()),
            ("locations", "Harbour", "", plain()),
        ])
        .await;
    let [kitchen, quay, mara, joss, harbour] = ids[..] else { unreachable!() };
    stage
        .relate(&[
            (mara, "appears_in", kitchen, 1.0),
            (mara, "appears_in", quay, 1.0),
            (joss, "appears_in", quay, 1.0),
            (quay, "set_in", harbour, 1.0),
            (mara, "speaks_in", kitchen, 40.0),
            (joss, "speaks_in", quay, 7.0),
        ])
        .await;
    stage
}

#[tokio::test]
async fn a_question_on_relations_is_answered_by_the_graph() {
    let stage = film().await;
    let asked = stage.ask("Which scenes is Mara in?").await;
    assert_eq!(asked.titles(), ["INT. KITCHEN - DAY", "EXT. HARBOUR - NIGHT"]);
    assert_eq!(asked.arms(), ["graph"]);
    assert_eq!(
        stage.ask("Where does Mara meet Joss at night?").await.titles()[..2],
        ["Harbour", "EXT. HARBOUR - NIGHT"]
    );
    assert_eq!(stage.ask("Who has the most dialogue?").await.titles()[0], "Mara");
}

#[tokio::test]
async fn words_that_name_nobody_are_looked_for_in_the_text() {
    let stage = film().await;
    let asked = stage.ask("a buried ledger").await;
    assert_eq!(asked.titles()[0], "EXT. HARBOUR - NIGHT");
    assert_eq!(asked.arms(), ["text"]);
    assert_eq!(asked.0.results[0].source.field, "body");
}

#[tokio::test]
async fn of_what_the_words_say_that_which_the_named_are_in_comes_first() {
    let stage = film().await;
    stage.write(&[("scenes", "EXT. ROAD - DAY", "A ledger, a ledger!", json!({"number": "3"}))]).await;
    let asked = stage.ask("In which scene does Joss bury a ledger?").await;
    assert_eq!(asked.titles()[..2], ["EXT. HARBOUR - NIGHT", "EXT. ROAD - DAY"]);
    assert_eq!(asked.arms(), ["graph", "text"]);
}

#[tokio::test]
async fn an_answer_follows_what_was_written_since_the_last_question() {
    let stage = film().await;
    assert_eq!(stage.ask("Which scenes is Joss in?").await.titles().len(), 1);
    let ids = stage.write(&[("scenes", "EXT. SEA - DAY", "Waves.", json!({"number": "3"}))]).await;
    let joss = stage.ask("Who is Joss?").await.0.results[0].id;
    stage.relate(&[(joss, "appears_in", ids[0], 1.0)]).await;
    assert_eq!(stage.ask("Which scenes is Joss in?").await.titles().len(), 2);
}
