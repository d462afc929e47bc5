//! Power cuts: a server that is killed in the middle of its work keeps all of what it promised and no half of anything else.

use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::stream::text;
use tests::{Actor, Atelier, Database, Model, Stream, on_both, within};
use tokio::sync::mpsc;

/// Series that take scripts at once.
const SERIES: usize = 5;
/// Scripts that are imported into each of them at once.
const SCRIPTS: usize = 20;
/// Decisions that are answered before the power is cut.
const ANSWERED: usize = 30;

/// A script whose every name is its own, so that what belongs to it can be told.
fn script(n: usize) -> (String, String) {
    let letter = |n: usize| char::from(b'A' + u8::try_from(n % 26).expect("a letter"));
    let word = format!("Q{}{}RAN", letter(n / 26), letter(n));
    let text = format!(
        "Title: {word}\n\nINT. {word} HUT - DAY\n\n{word} MAST and {word} KEEL mend a net.\n\n{word} MAST\nLow water.\n\n\
         {word} KEEL\nNot yet.\n\nEXT. {word} PIER - NIGHT\n\n{word} MAST waits.\n\n{word} MAST\nNow.\n"
    );
    (word, text)
}

/// Proposes a script and decides to take it. True if the server answered that it was saved.
async fn import(ada: Actor, series: Arc<str>, n: usize) -> bool {
    let (word, content) = script(n);
    let proposal = json!({ "filename": format!("{word}.fountain"), "content": content });
    let ask = async |path: &str, body: &Value| -> Option<Value> {
        let answer = ada.request(Method::POST, path).json(body).send().await.ok()?;
        answer.status().is_success().then_some(answer.json().await.ok()?)
    };
    let Some(import) = ask(&format!("/projects/{series}/imports"), &proposal).await else { return false };
    let id = import["importId"].as_str().expect("an id");
    let path = format!("/projects/{series}/imports/{id}/decision");
    ask(&path, &json!({ "decision": "ingest" })).await.is_some_and(|decided| decided["state"] == "ingested")
}

/// The names of a collection that belong to a script.
async fn names(ada: &Actor, series: &str, collection: &str, word: &str) -> usize {
    let page = ada.get(&format!("/projects/{series}/{collection}?limit=200")).await;
    let docs = page["docs"].as_array().expect("docs");
    let of = |record: &&Value| record["name"].as_str().is_some_and(|name| name.to_uppercase().contains(word));
    docs.iter().filter(of).count()
}

/// What there is of a script: scenes, characters, locations, whether the index and the graph know it.
async fn left_of(ada: &Actor, series: &str, word: &str) -> (usize, usize, usize, bool, bool) {
    let hits = ada.get(&format!("/projects/{series}/search?q={word}")).await;
    let asked = json!({ "projectId": series, "query": format!("Which scenes is {word} Mast in?") });
    let answer = ada.post("/orchestrator/query", &asked).await;
    let scenes = answer["results"].as_array().expect("results");
    let both =
        scenes.iter().filter(|one| one["title"].as_str().is_some_and(|title| title.contains(word))).count();
    (
        names(ada, series, "scenes", word).await,
        names(ada, series, "characters", word).await,
        names(ada, series, "locations", word).await,
        hits["hits"].as_array().is_some_and(|hits| !hits.is_empty()),
        both >= 2,
    )
}

on_both! {
    async fn of_a_hundred_imports_that_a_power_cut_meets_each_is_wholly_there_or_not_at_all(database) {
        let mut app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let mut series: Vec<Arc<str>> = Vec::new();
        for n in 0..SERIES {
            let made = ada.post("/projects", &json!({ "name": format!("Series {n}"), "type": "series" })).await;
            series.push(made["id"].as_str().unwrap().into());
        }
        let (answered, mut answers) = mpsc::unbounded_channel();
        let work: Vec<_> = (0..SERIES * SCRIPTS)
            .map(|n| {
                let (ada, series, answered) = (ada.clone(), series[n % SERIES].clone(), answered.clone());
                tokio::spawn(async move {
                    let saved = import(ada, series, n).await;
                    let _ = answered.send(saved);
                    saved
                })
            })
            .collect();
        let mut saved = 0;
        while saved < ANSWERED {
            saved += usize::from(within("an answered decision", answers.recv()).await.expect("work goes on"));
        }
        app.kill().await;
        let promised: Vec<bool> = join_all(work).await.into_iter().map(|saved| saved.expect("no panic")).collect();
        assert!(promised.iter().any(|saved| !saved), "the cut came too late to meet anything");
        {
            let store = app.store().await;
            assert_eq!(store.check().await.expect("readable"), [], "the doctor finds nothing");
        }
        app.start_again().await;
        let mut there = 0;
        for (n, promised) in promised.into_iter().enumerate() {
            let (word, _) = script(n);
            let left = left_of(&ada, &series[n % SERIES], &word).await;
            let whole = left == (2, 2, 2, true, true);
            assert!(whole || left == (0, 0, 0, false, false), "half of {word}: {left:?}");
            assert!(whole || !promised, "{word} was answered as saved, and is gone");
            there += usize::from(whole);
        }
        assert!(there >= ANSWERED);
        // What is said to be decided is what is there; and what waits can still be decided.
        let mut pending = None;
        let mut ingested = 0;
        for series in &series {
            let imports = ada.get(&format!("/projects/{series}/imports?limit=200")).await;
            for import in imports["docs"].as_array().unwrap() {
                match import["state"].as_str().unwrap() {
                    "ingested" => ingested += 1,
                    _ => pending = Some(format!("/projects/{series}/imports/{}", import["importId"].as_str().unwrap())),
                }
            }
            let activity = ada.get(&format!("/projects/{series}/activity?limit=200")).await;
            let numbers: Vec<i64> =
                activity["docs"].as_array().unwrap().iter().map(|event| event["seq"].as_i64().unwrap()).collect();
            assert!(numbers.windows(2).all(|two| two[0] == two[1] + 1), "the stream has no gap");
        }
        assert_eq!(ingested, there);
        if let Some(path) = pending {
            let decided = ada.post(&format!("{path}/decision"), &json!({ "decision": "ingest" })).await;
            assert_eq!((&decided["state"], &decided["created"]), (&json!("ingested"), &json!(7)), "{decided}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_a_power_cut_breaks_off_is_kept_as_far_as_it_came_and_marked() {
    let mut app = Atelier::start().await;
    let ada = app.first_person().await;
    let mut model = Model::start().await;
    model.serve(&ada).await;
    let film = ada.film("Tides").await;
    model.allow(&ada, &film).await;
    let conversation = ada.post("/orchestrator/conversations", &json!({ "projectId": film })).await;
    let conversation = conversation["id"].as_str().unwrap().to_owned();
    let mut stream = Stream::open(&ada, &conversation, None).await;
    let said = json!({ "projectId": film, "mode": "chat", "content": "Tell me of the tide.", "conversationId": conversation });
    let begun = ada.request(Method::POST, "/orchestrator/chat").header("Prefer", "respond-async").json(&said);
    assert_eq!(begun.send().await.unwrap().status(), 202);
    let mut call = model.asked().await;
    // What is long enough is saved before more of the answer is taken; so whoever hears more knows it saved.
    let (long, more) = ("Ebb and flood, ébb and flöod. ".repeat(100), "And so on.");
    let mut heard = Vec::new();
    for piece in [long.as_str(), more] {
        call.say(piece).await;
        while !text(&heard).ends_with(piece) {
            heard.push(stream.next().await.expect("more of the answer"));
        }
    }
    app.kill().await;
    assert_eq!(stream.next().await, None);
    drop(call);
    app.start_again().await;
    let messages = ada.get(&format!("/orchestrator/conversations/{conversation}/messages")).await;
    let answer = &messages["docs"][0];
    assert_eq!(answer["state"], "failed");
    let kept = answer["content"].as_str().unwrap();
    assert!(kept.starts_with(&long) && format!("{long}{more}").starts_with(kept), "{kept}");
    // Whoever comes back behind what was kept hears the end, and nothing twice.
    let last = heard.last().unwrap().id.clone();
    let rest = Stream::open(&ada, &conversation, Some(&last)).await.whole().await;
    assert_eq!((rest.len(), rest[0].kind(), text(&rest).as_str()), (1, "error", ""));
    let middle = heard[heard.len() / 2].id.clone();
    let chars: usize = middle.rsplit('.').next().unwrap().parse().unwrap();
    let rest = Stream::open(&ada, &conversation, Some(&middle)).await.whole().await;
    assert_eq!(text(&rest), kept.chars().skip(chars).collect::<String>());
    // The conversation goes on.
    let again = ada.request(Method::POST, "/orchestrator/chat").json(&said);
    let (answered, call) = tokio::join!(again.send(), async {
        let mut call = model.asked().await;
        call.say("Slack water.").await;
        call.end().await;
    });
    let () = call;
    let answered: Value = answered.unwrap().json().await.unwrap();
    assert_eq!(answered["content"], "Slack water.", "{answered}");
}

#[tokio::test]
async fn whoever_was_signed_in_is_still_after_a_power_cut() {
    let mut app = Atelier::start_on(&Database::Sqlite).await;
    let ada = app.first_person().await;
    let key = ada.post("/auth/keys", &json!({ "name": "script" })).await;
    let film = ada.film("Tides").await;
    app.kill().await;
    app.start_again().await;
    for actor in [ada.clone(), ada.by(key["key"].as_str().unwrap())] {
        assert_eq!(actor.get(&format!("/projects/{film}")).await["name"], "Tides");
    }
    assert_eq!(tests::client().get(format!("{}/health/ready", app.url)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_provider_that_was_seen_to_fail_is_left_in_peace_after_a_power_cut_too() {
    let mut app = Atelier::start().await;
    let ada = app.first_person().await;
    let mut model = Model::start().await;
    model.serve(&ada).await;
    let film = ada.film("Tides").await;
    model.allow(&ada, &film).await;
    let said = json!({ "projectId": film, "mode": "chat", "content": "Tell me of the tide." });
    let ask = async || ada.post("/orchestrator/chat", &said).await["metadata"]["fallback"].clone();
    let failing = async {
        // So many failures in a row open the breaker.
        for _ in 0..5 {
            drop(model.asked().await);
        }
    };
    let asking = async {
        loop {
            let fallback = ask().await;
            if fallback.as_str().is_some_and(|why| why.contains("left in peace until")) {
                break fallback;
            }
        }
    };
    let ((), refused) = tokio::join!(failing, asking);
    within("a breaker that is kept", async {
        let store = app.store().await;
        let kept =
            async || store.read(|tx| store::settings::get(tx, "model.breakers")).await.expect("readable");
        while kept().await.is_none_or(|kept| !kept.contains("\"open\"")) {}
    })
    .await;
    app.kill().await;
    app.start_again().await;
    assert_eq!(ask().await, refused, "until the same moment");
}
