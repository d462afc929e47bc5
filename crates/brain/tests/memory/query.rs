//! Questions answered from graph and text.

use serde_json::{Value, json};
use wire::orchestrator::{DateRange, QueryFilters};

use crate::stage::{LEXICON, Stage, plain};

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

#[tokio::test]
async fn what_a_filter_leaves_out_takes_the_place_of_nothing() {
    let stage = film().await;
    // More than the arms look at, and all of them better.
    let many: Vec<(&str, &str, &str, Value)> =
        (0..250).map(|_| ("scenes", "EXT. ROAD - DAY", "A ledger, a ledger!", plain())).collect();
    stage.write(&many).await;
    stage.clock.advance(1000);
    let tagged = json!({"number": "9", "tags": ["night shoot", "rain"]});
    let late = stage
        .write(&[(
            "scenes",
            "INT. BANK",
            "They all pretend that there never was any such ledger at all.",
            tagged,
        )])
        .await;
    let now = stage.ambient.now();
    let all = || QueryFilters::default();
    for (filters, found) in [
        (QueryFilters { tags: Some(vec!["rain".into(), "sun".into()]), ..all() }, &late[..]),
        (QueryFilters { tags: Some(vec!["sun".into()]), ..all() }, &[]),
        (QueryFilters { date_range: Some(DateRange { start: now, end: now }), ..all() }, &late),
        (
            QueryFilters {
                date_range: Some(DateRange { start: now.plus_millis(1), end: now.plus_millis(2) }),
                ..all()
            },
            &[],
        ),
        (QueryFilters { entity_types: Some(vec!["character".into()]), ..all() }, &[]),
    ] {
        let told = format!("{filters:?}");
        let answer = stage.brain.query(&stage.scope, &LEXICON, "such a ledger", filters, 5).await.unwrap();
        let ids: Vec<_> = answer.results.iter().map(|result| result.id).collect();
        assert_eq!(ids, found, "{told}");
        assert_eq!(answer.total, found.len() as i64, "{told}");
    }
    // A change can bring a record into a range; a fact that is said of it does not.
    stage.clock.advance(1000);
    stage.relate(&[(late[0], "set_in", late[0], 1.0)]).await;
    let since = QueryFilters {
        date_range: Some(DateRange { start: stage.ambient.now(), end: stage.ambient.now() }),
        ..all()
    };
    let answer = stage.brain.query(&stage.scope, &LEXICON, "such a ledger", since, 5).await.unwrap();
    assert_eq!(answer.total, 0);
}
