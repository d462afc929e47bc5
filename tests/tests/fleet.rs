//! The fleet: what people tell it to do in a project is done by a machine, once, and comes back whole.

use reqwest::Method;
use serde_json::{Value, json};
use tests::fleet::{ended, executions, script, stream, told};
use tests::machine::{self, Machine, joined, runner, serving};
use tests::{two_people, within};

/// Waits until the command is gone that wrote its number into the machine's folder.
async fn gone(machine: &Machine) {
    let pid = std::fs::read_to_string(machine.folder.path().join("pid")).expect("a number");
    let process = std::path::PathBuf::from(format!("/proc/{}", pid.trim()));
    within("the command's end", async {
        while process.exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_machine_is_told_is_done_there_and_comes_back_whole() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let machine = joined(&app, &ada, &film).await;
    std::fs::write(machine.folder.path().join("tide.txt"), "high").unwrap();
    let run = told(&ada, &film, &script("cat tide.txt; echo; echo low >&2; pwd")).await;
    let seen = ended(&ada, &film, &run).await;
    assert_eq!(seen["run"]["state"], "complete", "{seen}");
    let done = executions(&ada, &film, &run).await;
    assert_eq!(
        (done.len(), &done[0]["outcome"]["end"], &done[0]["outcome"]["exitCode"]),
        (1, &json!("complete"), &json!(0))
    );
    assert_eq!(done[0]["runnerName"], "forge");
    let output = String::from_utf8(stream(&ada, &film, &done[0], "output").await).unwrap();
    assert!(output.starts_with("high\nlow\n"), "{output}");
    let eve = ada.invite(&app, &film, "eve", "viewer").await;
    assert_eq!(stream(&eve, &film, &done[0], "output").await, output.into_bytes());
}

#[tokio::test]
async fn what_is_told_while_no_machine_is_there_waits_and_is_done_in_order_when_one_comes() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut runs = Vec::new();
    for n in 0..5 {
        runs.push(told(&ada, &film, &script(&format!("echo {n} >> order; cat order"))).await);
    }
    let first = ada.get(&format!("/projects/{film}/runs/{}", runs[0])).await;
    assert_eq!(first["run"]["state"], "queued");
    let _machine = Machine::start(&app, &key, &film);
    for (n, run) in runs.iter().enumerate() {
        assert_eq!(ended(&ada, &film, run).await["run"]["state"], "complete");
        let done = executions(&ada, &film, run).await;
        let output = stream(&ada, &film, &done[0], "output").await;
        let expected: String = (0..=n).map(|n| format!("{n}\n")).collect();
        assert_eq!(String::from_utf8(output).unwrap(), expected);
    }
}

#[tokio::test]
async fn a_machine_that_comes_to_much_work_is_given_one_task_of_a_project_at_a_time_in_their_order() {
    const MANY: usize = 40;
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let (_, key) = runner(&ada, "forge").await;
    let mut runs = vec![told(&ada, &film, &script("while [ ! -e go ]; do sleep 0.01; done")).await];
    for n in 1..MANY {
        let alone = format!("mkdir busy || echo beside another >> order; echo {n} >> order; rmdir busy");
        runs.push(told(&ada, &film, &script(&alone)).await);
    }
    let mut machine = Machine::start(&app, &key, &film);
    machine.says("joined").await;
    let there = serving(&ada, &film, |runners| runners[0]["busy"] != 0).await;
    assert_eq!(there[0]["busy"], 1, "{there:?}");
    assert!(there[0]["slots"].as_u64().unwrap() > 1, "it could do more, of other projects");
    let queue = ada.get(&format!("/projects/{film}/fleet/queue")).await;
    let states: Vec<_> = queue.as_array().unwrap().iter().map(|queued| queued["state"].as_str()).collect();
    assert_eq!((states[0], states.len()), (Some("running"), MANY));
    assert!(states[1..].iter().all(|state| *state == Some("waiting")), "{states:?}");
    std::fs::write(machine.folder.path().join("go"), "").unwrap();
    assert_eq!(ended(&ada, &film, &runs[MANY - 1]).await["run"]["state"], "complete");
    let order = std::fs::read_to_string(machine.folder.path().join("order")).unwrap();
    assert_eq!(order, (1..MANY).map(|n| format!("{n}\n")).collect::<String>());
}

#[tokio::test]
async fn a_command_that_fails_is_told_as_that_and_is_not_tried_again() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let _machine = joined(&app, &ada, &film).await;
    let run = told(&ada, &film, &script("echo before; exit 3")).await;
    let seen = ended(&ada, &film, &run).await;
    assert_eq!(seen["run"]["state"], "failed");
    assert_eq!(seen["steps"][0]["reason"]["error"], "It ended with 3.");
    let done = executions(&ada, &film, &run).await;
    assert_eq!((done.len(), &done[0]["outcome"]["exitCode"]), (1, &json!(3)));
    assert_eq!(stream(&ada, &film, &done[0], "output").await, b"before\n");
}

#[tokio::test]
async fn a_run_that_is_cancelled_is_ended_on_the_machine() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let machine = joined(&app, &ada, &film).await;
    let run = told(&ada, &film, &script("echo $$ > pid; echo begun; sleep 1000")).await;
    let pid = machine.folder.path().join("pid");
    within("the command", async {
        while std::fs::read_to_string(&pid).map_or(true, |pid| pid.trim().is_empty()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(ada.send(Method::POST, &format!("/projects/{film}/runs/{run}/cancel")).await.0, 204);
    let seen = ended(&ada, &film, &run).await;
    assert_eq!(seen["run"]["state"], "cancelled");
    gone(&machine).await;
    let done = executions(&ada, &film, &run).await;
    assert_eq!(done[0]["outcome"]["end"], "cancelled");
    assert_eq!(stream(&ada, &film, &done[0], "output").await, b"begun\n");
}

#[tokio::test]
async fn what_a_machine_does_goes_on_while_the_server_is_away() {
    let (mut app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let mut machine = joined(&app, &ada, &film).await;
    let go = machine.folder.path().join("go");
    let wait = "echo first; while [ ! -e go ]; do sleep 0.05; done; echo last; touch done";
    let run = told(&ada, &film, &script(wait)).await;
    within("the output", async {
        while executions(&ada, &film, &run).await.first().is_none_or(|done| done["streams"] == json!([])) {}
    })
    .await;
    app.kill().await;
    machine.says("The next try is in").await;
    std::fs::write(&go, "").unwrap();
    within("the command's end", async {
        while !machine.folder.path().join("done").exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    app.start_again().await;
    assert_eq!(ended(&ada, &film, &run).await["run"]["state"], "complete");
    let done = executions(&ada, &film, &run).await;
    assert_eq!(done.len(), 1, "it was done once");
    assert_eq!(stream(&ada, &film, &done[0], "output").await, b"first\nlast\n");
}

#[tokio::test]
async fn what_a_machine_was_doing_when_it_was_killed_is_done_again_before_what_came_later() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let mut machine = joined(&app, &ada, &film).await;
    let wait = "echo $$ > pid; echo begun; while [ ! -e go ]; do sleep 0.05; done; echo one >> order";
    let first = told(&ada, &film, &script(wait)).await;
    let second = told(&ada, &film, &script("echo two >> order; cat order")).await;
    within("the output", async {
        while executions(&ada, &film, &first).await.first().is_none_or(|done| done["streams"] == json!([])) {}
    })
    .await;
    machine.kill().await;
    gone(&machine).await;
    std::fs::write(machine.folder.path().join("go"), "").unwrap();
    machine.start_again();
    assert_eq!(ended(&ada, &film, &first).await["run"]["state"], "complete");
    let done = executions(&ada, &film, &first).await;
    let ends: Vec<&Value> = done.iter().map(|done| &done["outcome"]["end"]).collect();
    assert_eq!(ends, ["lost", "complete"]);
    assert_eq!(stream(&ada, &film, &done[1], "output").await, b"begun\n");
    assert_eq!(ended(&ada, &film, &second).await["run"]["state"], "complete");
    let done = executions(&ada, &film, &second).await;
    assert_eq!(stream(&ada, &film, &done[0], "output").await, b"one\ntwo\n");
}

#[tokio::test]
async fn orders_that_make_no_sense_or_lead_out_of_the_folder_are_refused() {
    let (_app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let engine = json!({ "kind": "command", "argv": ["true"] });
    for order in [
        json!({ "engine": { "kind": "command", "argv": [] } }),
        json!({ "engine": { "kind": "shell", "text": "true" } }),
        json!({ "engine": engine, "folder": "/etc" }),
        json!({ "engine": engine, "folder": "a/../../b" }),
        json!({ "engine": engine, "collect": ["../secret"] }),
        json!({ "engine": engine, "bounds": { "minutes": 0 } }),
    ] {
        let body = json!({ "order": order });
        let (status, _) = ada.send_json(Method::POST, &format!("/projects/{film}/fleet/runs"), &body).await;
        assert_eq!(status, 400, "{order}");
    }
}

#[tokio::test]
async fn what_waits_says_for_what_and_a_runner_what_it_does() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let queue = async || ada.get(&format!("/projects/{film}/fleet/queue")).await;
    let ask = json!({ "order": { "engine": { "kind": "agent", "name": "painter", "prompt": "Paint" } } });
    let painted = told(&ada, &film, &ask).await;
    let mut machine = joined(&app, &ada, &film).await;
    let first = told(&ada, &film, &script("echo begun; while [ ! -e go ]; do sleep 0.05; done")).await;
    let second = told(&ada, &film, &script("true")).await;
    within("the output", async {
        while executions(&ada, &film, &first).await.first().is_none_or(|done| done["streams"] == json!([])) {}
    })
    .await;
    let seen = queue().await;
    let told = |n: usize| (&seen[n]["runId"], &seen[n]["state"], &seen[n]["reason"]["kind"]);
    assert_eq!(told(0), (&json!(first), &json!("running"), &Value::Null), "{seen}");
    assert_eq!(told(1), (&json!(painted), &json!("waiting"), &json!("noRunner")), "{seen}");
    assert_eq!(told(2), (&json!(second), &json!("waiting"), &json!("turn")), "{seen}");
    assert_eq!((&seen[0]["runnerName"], &seen[2]["byName"]), (&json!("forge"), &json!("Ada")), "{seen}");
    let serving = ada.get(&format!("/projects/{film}/runners")).await;
    assert_eq!((&serving[0]["busy"], &serving[0]["commands"]), (&json!(1), &json!(true)), "{serving}");
    std::fs::write(machine.folder.path().join("go"), "").unwrap();
    for run in [&first, &second] {
        assert_eq!(ended(&ada, &film, run).await["run"]["state"], "complete");
    }
    let serving = ada.get(&format!("/projects/{film}/runners")).await;
    assert_eq!((&serving[0]["busy"], &serving[0]["done"]), (&json!(0), &json!(2)), "{serving}");
    assert_eq!(serving[0]["breaker"], json!({ "state": "closed" }));
    machine.kill().await;
    machine::serving(&ada, &film, |runners| runners[0]["present"] == json!(false)).await;
    let last = tests::fleet::told(&ada, &film, &script("true")).await;
    let seen = queue().await;
    assert_eq!((&seen[1]["runId"], &seen[1]["reason"]["kind"]), (&json!(last), &json!("away")), "{seen}");
    assert!(seen[1]["reason"]["message"].as_str().unwrap().starts_with("forge is not there"), "{seen}");
    let of_kind =
        async |kind: &str| ada.get(&format!("/projects/{film}/runs?kind={kind}")).await["totalDocs"].clone();
    assert_eq!((of_kind("fleet").await, of_kind("fleet.agent").await), (json!(4), json!(1)));
    assert_eq!((of_kind("flee").await, of_kind("film").await), (json!(0), json!(0)));
}
