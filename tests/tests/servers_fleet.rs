//! The fleet of two servers: what is said on one reaches the runner that is connected to the other.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tests::fleet::{answer, asked, command, ended, ended_as, executions, script, told};
use tests::machine::{Machine, runner, serving};
use tests::{Actor, House, Socket, within};

/// How often work has to fail until a runner rests, which it then does for a minute: `resilience::breaker::RUNNERS`.
const FAILURES: usize = 10;
/// How often a server looks by itself whether something was answered on another.
const LOOK: Duration = Duration::from_secs(10);

/// An order for the agent, of a runner alone if one is named.
fn agent(prompt: &str, runner: Option<&str>) -> Value {
    let engine = json!({ "kind": "agent", "name": "double", "prompt": prompt });
    json!({ "order": { "engine": engine }, "runner": runner })
}

/// How the breaker before the only runner stands, as a server tells it.
async fn breaker_is(actor: &Actor, film: &str, state: &str) {
    serving(actor, film, |runners| runners[0]["breaker"]["state"] == state).await;
}

#[tokio::test]
async fn what_an_agent_asks_on_one_server_is_answered_on_another_at_once() {
    let Some((house, ada)) = House::open().await else { return };
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start_with_agent(&house.two, &key, &film, "writes");
    machine.says("joined").await;
    let begun = Instant::now();
    for _ in 0..3 {
        let run = told(&ada, &film, &agent("Write two files", None)).await;
        let ask = asked(&ada, &film).await;
        assert_eq!(answer(&ada, &film, &ask, "yes").await.0, 204);
        assert_eq!(ended_as(&ada, &film, &run).await, "complete");
    }
    // By its own looks, the other server would have heard of the third two looks after the first.
    assert!(begun.elapsed() < 2 * LOOK, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn how_a_runners_breaker_stands_is_told_and_reset_on_any_server_and_goes_with_the_runner() {
    let Some((house, ada)) = House::open().await else { return };
    let film = ada.film("Tides").await;
    let (forge, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start_with_agent(&house.two, &key, &film, "refuses");
    machine.says("joined").await;
    for _ in 0..FAILURES {
        let run = told(&ada, &film, &agent("Do it", Some(&forge))).await;
        assert_eq!(ended_as(&ada, &film, &run).await, "failed");
    }
    breaker_is(&ada, &film, "open").await;
    let commands = format!("/projects/{film}/commands");
    let health = ada.post(&commands, &json!({ "line": "health" })).await.to_string();
    assert!(health.contains("open for"), "{health}");

    // The server that it comes to next gives it nothing either: another does all that both could.
    machine.kill().await;
    let mut machine = Machine::start(&house.one, &key, &film);
    machine.says("joined").await;
    let mut waits = command(&["true"]);
    waits["runner"] = json!(forge);
    let waits = told(&ada, &film, &waits).await;
    let (_, key) = runner(&ada, "anvil").await;
    let mut other = Machine::start(&house.two, &key, &film);
    other.says("joined").await;
    for _ in 0..3 {
        let run = told(&ada, &film, &command(&["true"])).await;
        assert_eq!(ended_as(&ada, &film, &run).await, "complete");
        assert_eq!(executions(&ada, &film, &run).await[0]["runnerName"], "anvil");
    }
    assert_eq!(executions(&ada, &film, &waits).await, Vec::<Value>::new());

    let reset = Instant::now();
    let on_two = ada.at(&house.two);
    on_two.post(&commands, &json!({ "line": "health reset forge" })).await;
    assert_eq!(ended_as(&ada, &film, &waits).await, "complete");
    assert!(reset.elapsed() < 2 * LOOK, "it was heard, and not only seen when its rest was over");
    serving(&ada, &film, |runners| runners.iter().all(|runner| runner["breaker"]["state"] == "closed")).await;
}

#[tokio::test]
async fn what_waits_for_a_budget_begins_when_an_owner_gives_more_on_another_server() {
    let Some((house, ada)) = House::open().await else { return };
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start(&house.two, &key, &film);
    machine.says("joined").await;
    let serving = ada.get(&format!("/projects/{film}/runners")).await;
    assert_eq!((&serving[0]["present"], &serving[0]["commands"]), (&json!(true), &json!(true)), "{serving}");
    let policy = format!("/projects/{film}/fleet/policy");
    assert_eq!(ada.send_json(Method::PUT, &policy, &json!({ "dayMinutes": 0 })).await.0, 200);
    let run = told(&ada, &film, &script("true")).await;
    within("the runner's look at the day", async {
        loop {
            let seen = ada.get(&format!("/projects/{film}/runs/{run}")).await;
            if seen["attempts"].as_array().unwrap().iter().any(|attempt| attempt["outcome"] == "declined") {
                return;
            }
        }
    })
    .await;
    let queue = ada.get(&format!("/projects/{film}/fleet/queue")).await;
    assert_eq!(queue[0]["reason"]["kind"], "budget", "{queue}");
    // It would look by itself only in a minute.
    assert_eq!(ada.send_json(Method::PUT, &policy, &json!({})).await.0, 200);
    assert_eq!(ended(&ada, &film, &run).await["run"]["state"], "complete");
}

#[tokio::test]
async fn who_follows_a_run_hears_on_any_server_that_its_output_grows_a_few_times_a_second_at_most() {
    let Some((house, ada)) = House::open().await else { return };
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start(&house.two, &key, &film);
    machine.says("joined").await;
    let mut follows = Socket::join(&ada, &house.one.url, &film).await;
    let others = Socket::join(&ada, &house.one.url, &film).await;
    let writes = "while [ ! -e go ]; do sleep 0.01; done; for n in $(seq 100); do echo $n; sleep 0.01; done; \
                  while [ ! -e end ]; do sleep 0.01; done";
    let run = told(&ada, &film, &script(writes)).await;
    follows.say("subscribe:execution", &json!({ "executionId": run })).await;
    let begun = Instant::now();
    std::fs::write(machine.folder.path().join("go"), "").unwrap();
    let (mut hints, whole) = (0, (1..=100).map(|n| format!("{n}\n")).collect::<String>());
    loop {
        let grown = follows.hear("stream:grown").await;
        assert_eq!(grown["executionId"], json!(run));
        hints += 1;
        // What the last hint tells of is there to read.
        let done = executions(&ada, &film, &run).await;
        if done[0]["streams"][0]["length"] == whole.len() {
            break;
        }
    }
    let most = begun.elapsed().as_millis() / 300 + 2;
    assert!(hints <= most, "{hints} in {:?}", begun.elapsed());
    std::fs::write(machine.folder.path().join("end"), "").unwrap();
    assert_eq!(ended_as(&ada, &film, &run).await, "complete");
    let heard = others.leave().await;
    assert!(
        heard.iter().all(|(name, _)| name != "stream:grown"),
        "who does not follow it does not hear of it"
    );
}
