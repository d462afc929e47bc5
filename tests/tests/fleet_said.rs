//! What people say to a coding agent on one of the fleet's machines: it reaches the agent once, as its verb says, whatever breaks meanwhile.

use reqwest::Method;
use serde_json::{Value, json};
use tests::fleet::{answer, asked, ended, executions, stream, told};
use tests::machine::{Machine, runner};
use tests::{Actor, Atelier, two_people, within};

/// An agent at work: it was told that, and asks whether it may make a tool call.
struct AtWork {
    film: String,
    run: String,
    ask: Value,
    machine: Machine,
}

async fn at_work(app: &Atelier, ada: &Actor, prompt: &str) -> AtWork {
    let film = ada.film("Tides").await;
    let (_, key) = runner(ada, "forge").await;
    let mut machine = Machine::start_with_agent(app, &key, &film, "listens");
    machine.says("joined").await;
    let engine = json!({ "kind": "agent", "name": "double", "prompt": prompt });
    let run = told(ada, &film, &json!({ "order": { "engine": engine } })).await;
    let ask = asked(ada, &film).await;
    AtWork { film, run, ask, machine }
}

impl AtWork {
    async fn say(&self, actor: &Actor, verb: &str, text: &str) -> (u16, Value) {
        let step = self.ask["stepId"].as_str().expect("a text");
        let path = format!("/projects/{}/runs/{}/steps/{step}/say", self.film, self.run);
        let (status, said) =
            actor.send_json(Method::POST, &path, &json!({ "verb": verb, "text": text })).await;
        (status.as_u16(), said)
    }

    async fn said(&self, actor: &Actor) -> Vec<Value> {
        let said = actor.get(&format!("/projects/{}/runs/{}/said", self.film, self.run)).await;
        said.as_array().expect("a list").clone()
    }

    /// Waits until the machine has all that was said.
    async fn heard(&self, actor: &Actor) {
        within("all to be heard", async {
            while self.said(actor).await.iter().any(|said| said["heardAt"].is_null()) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// How the run ended, and what the agent was told, turn by turn.
    async fn turns(&self, actor: &Actor) -> (Value, Vec<String>) {
        let state = ended(actor, &self.film, &self.run).await["run"]["state"].clone();
        let done = executions(actor, &self.film, &self.run).await;
        let last = done.last().expect("an execution");
        let output = String::from_utf8(stream(actor, &self.film, last, "output").await).expect("a text");
        let turns = output.lines().filter_map(|line| line.strip_prefix("I was told: "));
        (state, turns.map(str::to_owned).collect())
    }
}

#[tokio::test]
async fn what_is_queued_is_done_when_the_agent_is_done() {
    let (app, ada, _) = two_people().await;
    let work = at_work(&app, &ada, "ask").await;
    let (status, said) = work.say(&ada, "queue", "more").await;
    assert_eq!((status, &said["saidId"], &said["verb"]), (201, &json!(1), &json!("queue")), "{said}");
    assert_eq!(work.say(&ada, "queue", "and more").await.1["saidId"], 2);
    work.heard(&ada).await;
    assert_eq!(answer(&ada, &work.film, &work.ask, "yes").await.0, 204);
    let told = ["ask", "more", "and more"].map(str::to_owned).to_vec();
    assert_eq!(work.turns(&ada).await, (json!("complete"), told));
    let (status, late) = work.say(&ada, "queue", "and more").await;
    assert_eq!((status, &late["code"]), (409, &json!("CONFLICT")), "{late}");
}

#[tokio::test]
async fn an_interruption_is_turned_to_at_once_and_closes_what_was_asked() {
    let (app, ada, _) = two_people().await;
    let work = at_work(&app, &ada, "ask").await;
    assert_eq!(work.say(&ada, "interrupt", "now").await.0, 201);
    let told = ["ask", "now"].map(str::to_owned).to_vec();
    assert_eq!(work.turns(&ada).await, (json!("complete"), told));
    assert_eq!(answer(&ada, &work.film, &work.ask, "yes").await.0, 409);
}

#[tokio::test]
async fn a_steered_agent_turns_when_its_tool_call_is_over() {
    let (app, ada, _) = two_people().await;
    let work = at_work(&app, &ada, "ask and stay").await;
    assert_eq!(work.say(&ada, "steer", "left").await.0, 201);
    work.heard(&ada).await;
    assert_eq!(asked(&ada, &work.film).await, work.ask, "it makes its tool call still");
    answer(&ada, &work.film, &work.ask, "yes").await;
    let told = ["ask and stay", "left"].map(str::to_owned).to_vec();
    assert_eq!(work.turns(&ada).await, (json!("complete"), told));
}

#[tokio::test]
async fn what_is_said_reaches_the_agent_once_also_if_the_server_is_killed() {
    let (mut app, ada, _) = two_people().await;
    let mut work = at_work(&app, &ada, "ask").await;
    // Whether the machine heard it, and whether that was noted, is left to chance.
    assert_eq!(work.say(&ada, "queue", "one").await.0, 201);
    app.kill().await;
    work.machine.says("The next try is in").await;
    app.start_again().await;
    assert_eq!(work.say(&ada, "queue", "two").await.0, 201);
    work.heard(&ada).await;
    app.kill().await;
    app.start_again().await;
    within("the answer to be taken", async {
        while answer(&ada, &work.film, &work.ask, "yes").await.0 != 204 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let told = ["ask", "one", "two"].map(str::to_owned).to_vec();
    assert_eq!(work.turns(&ada).await, (json!("complete"), told));
}

#[tokio::test]
async fn only_who_may_change_things_says_something_and_only_words_are_said() {
    let (app, ada, _) = two_people().await;
    let work = at_work(&app, &ada, "ask").await;
    let eve = ada.invite(&app, &work.film, "eve", "viewer").await;
    assert_eq!(work.say(&eve, "queue", "more").await.0, 403);
    for (verb, text) in [("queue", " "), ("queue", "a\0b"), ("queue", &"ä".repeat(20_000)), ("shout", "more")]
    {
        assert_eq!(work.say(&ada, verb, text).await.0, 400, "{verb}");
    }
    assert_eq!(work.said(&eve).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_agent_is_told_by_commands_too() {
    let (app, ada, _) = two_people().await;
    let work = at_work(&app, &ada, "ask").await;
    let line = format!("interrupt {} Look there first", work.run);
    let reply = ada.post(&format!("/projects/{}/commands", work.film), &json!({ "line": line })).await;
    assert_eq!(reply["runId"], json!(work.run), "{reply}");
    let told = ["ask", "Look there first"].map(str::to_owned).to_vec();
    assert_eq!(work.turns(&ada).await, (json!("complete"), told));
}
