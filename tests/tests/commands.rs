//! Commands: what people type about the fleet is done, told and written down, for those whose role it is.

use reqwest::Method;
use serde_json::{Value, json};
use tests::fleet::ended_as;
use tests::machine::joined;
use tests::{Actor, two_people};

/// What a command answers that must succeed.
async fn give(actor: &Actor, project: &str, line: &str) -> Value {
    actor.post(&format!("/projects/{project}/commands"), &json!({ "line": line })).await
}

/// The status and the code with which a command is refused, and why.
async fn refused(actor: &Actor, project: &str, line: &str) -> (u16, String) {
    let body = json!({ "line": line });
    let (status, answer) =
        actor.send_json(Method::POST, &format!("/projects/{project}/commands"), &body).await;
    assert!(!status.is_success(), "{line}: {answer}");
    (status.as_u16(), answer.to_string())
}

/// The lines of a reply as one text.
fn text(reply: &Value) -> String {
    let lines = reply["lines"].as_array().expect("lines").iter();
    lines.map(|line| line.as_str().expect("a line")).collect::<Vec<_>>().join("\n")
}

/// A column of a reply's table.
fn column(reply: &Value, name: &str) -> Vec<String> {
    let columns = reply["table"]["columns"].as_array().expect("a table");
    let at = columns.iter().position(|column| column == name).expect("the column");
    let rows = reply["table"]["rows"].as_array().expect("rows").iter();
    rows.map(|row| row[at].as_str().expect("a text").to_owned()).collect()
}

/// The id of the run that a reply is about.
fn run_of(reply: &Value) -> String {
    reply["runId"].as_str().expect("a run").to_owned()
}

#[tokio::test]
async fn what_is_typed_is_done_by_a_machine_and_its_last_lines_are_told() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let _machine = joined(&app, &ada, &film).await;
    let ordered = give(&ada, &film, "do --on forge -- sh -c 'echo one; echo \"two  2\"; echo three'").await;
    let run = run_of(&ordered);
    assert_eq!(ended_as(&ada, &film, &run).await, "complete");
    let logs = give(&ada, &film, &format!("logs {run} 2")).await;
    assert_eq!(text(&logs), "two  2\nthree");
    let status = give(&ada, &film, "status").await;
    assert!(text(&status).contains("0 runs under way, 0 waiting."), "{status}");
    assert!(text(&status).contains("1 of 1 runner there."), "{status}");
    let runners = give(&ada, &film, "runners").await;
    assert_eq!(
        (column(&runners, "Runner"), column(&runners, "Now")),
        (vec!["forge".into()], vec!["there".into()])
    );
    let health = give(&ada, &film, "health").await;
    assert_eq!(column(&health, "Went well"), ["1"]);
    assert_eq!(column(&health, "Went badly"), ["0"]);
}

#[tokio::test]
async fn what_waits_is_told_with_why_and_can_be_cancelled_and_done_again() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let ordered = give(&ada, &film, "do -- true").await;
    assert!(text(&ordered).contains("No runner is there now"), "{ordered}");
    let run = run_of(&ordered);
    let queue = give(&ada, &film, "queue").await;
    assert_eq!(column(&queue, "Run"), [run.as_str()]);
    assert_eq!(
        column(&queue, "Why"),
        ["No runner that serves the project runs commands. It waits for a day."]
    );
    assert_eq!(refused(&ada, &film, &format!("retry {run}")).await.0, 409);
    // An abbreviation that only one run of the project has will do.
    give(&ada, &film, &format!("cancel {}", &run[..24])).await;
    assert_eq!(ended_as(&ada, &film, &run).await, "cancelled");
    assert_eq!(refused(&ada, &film, &format!("cancel {run}")).await.0, 409);
    give(&ada, &film, &format!("retry {run}")).await;
    let _machine = joined(&app, &ada, &film).await;
    assert_eq!(ended_as(&ada, &film, &run).await, "complete");
    assert_eq!(text(&give(&ada, &film, "queue").await), "Nothing waits.");
    // Whoever is quick makes several runs whose ids begin alike.
    for _ in 0..2 {
        give(&ada, &film, "ask nobody Don't").await;
    }
    let (status, why) = refused(&ada, &film, &format!("logs {}", &run[..10])).await;
    assert!(status == 400 && why.contains("Several runs begin with"), "{status} {why}");
    for (wrong, status) in [("run_zzzzzz", 404), ("run_0", 400), ("prj_012345", 400)] {
        assert_eq!(refused(&ada, &film, &format!("logs {wrong}")).await.0, status, "{wrong}");
    }
}

#[tokio::test]
async fn a_role_gives_the_commands_that_are_for_it_and_what_changes_is_in_the_audit_log() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let _machine = joined(&app, &ada, &film).await;
    let (vera, eli) =
        (ada.invite(&app, &film, "vera", "viewer").await, ada.invite(&app, &film, "eli", "editor").await);
    for (actor, line) in [
        (&vera, "do -- true"),
        (&vera, "ask scribe Write"),
        (&vera, "cancel run_00000000000000000000000000"),
        (&vera, "retry run_00000000000000000000000000"),
        (&vera, "health reset forge"),
        (&eli, "schedule pause Cues"),
        // An editor, but it is Ada's runner.
        (&eli, "health reset forge"),
    ] {
        assert_eq!(refused(actor, &film, line).await.0, 403, "{line}");
    }
    let key = ada.post("/auth/keys", &json!({ "name": "reader", "scope": "read" })).await;
    let reader = ada.by(key["key"].as_str().expect("a key"));
    assert_eq!(refused(&reader, &film, "do -- true").await.0, 403);
    give(&reader, &film, "status").await;
    for line in [
        "help",
        "status",
        "runners",
        "queue",
        "usage 30",
        "policy",
        "schedule list",
        "health",
        "retention",
        "help do",
    ] {
        give(&vera, &film, line).await;
    }
    let run = run_of(&give(&eli, &film, "do -- echo secret").await);
    assert_eq!(ended_as(&ada, &film, &run).await, "complete");
    give(&ada, &film, "health reset forge").await;
    let audit = ada.get(&format!("/projects/{film}/audit")).await;
    let found: Vec<_> = audit["docs"].as_array().expect("a list").iter().collect();
    let found: Vec<_> = found
        .into_iter()
        .filter(|entry| entry["action"].as_str().is_some_and(|action| action.starts_with("command.")))
        .map(|entry| (&entry["action"], &entry["personId"], &entry["target"], &entry["details"]))
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (&json!("command.health_reset"), &json!(ada.id)));
    assert_eq!((found[1].0, found[1].1, found[1].2), (&json!("command.do"), &json!(eli.id), &json!(run)));
    assert_eq!(found[1].3, &json!({ "program": "echo", "from": "ui" }));
}

#[tokio::test]
async fn a_runners_owner_who_is_an_editor_resets_it() {
    let (app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let eli = ada.invite(&app, &film, "eli", "editor").await;
    let _machine = joined(&app, &eli, &film).await;
    give(&eli, &film, "health reset forge").await;
    give(&ada, &film, "health reset FORGE").await;
    assert_eq!(refused(&ada, &film, "health reset anvil").await.0, 404);
}

#[tokio::test]
async fn schedules_are_paused_and_resumed_by_name() {
    let (_app, ada, _) = two_people().await;
    let film = ada.film("Tides").await;
    let order = json!({ "kind": "task", "task": "Which sounds and music cues do we need?" });
    let when = json!({ "kind": "cron", "cron": "0 3 * * *", "timeZone": "UTC" });
    let new = json!({ "name": "Night cues", "order": order, "when": when });
    ada.post(&format!("/projects/{film}/schedules"), &new).await;
    for (line, state) in
        [("schedule pause \"night cues\"", "paused"), ("schedule resume 'Night cues'", "active")]
    {
        give(&ada, &film, line).await;
        assert_eq!(column(&give(&ada, &film, "schedule list").await, "State"), [state]);
        assert_eq!(refused(&ada, &film, line).await.0, 409, "{line}");
    }
}

#[tokio::test]
async fn what_is_no_command_is_answered_by_the_nearest_and_a_line_is_completed() {
    let (app, ada, ben) = two_people().await;
    let film = ada.film("Tides").await;
    let (status, why) = refused(&ada, &film, "stauts").await;
    assert!(status == 400 && why.contains("Did you mean status?"), "{why}");
    assert_eq!(refused(&ben, &film, "status").await.0, 404);
    let vera = ada.invite(&app, &film, "vera", "viewer").await;
    let run = run_of(&give(&ada, &film, "do -- true").await);
    let list = async |actor: &Actor, line: &str| {
        actor.get(&format!("/projects/{film}/commands?line={}", line.replace(' ', "%20"))).await
    };
    assert_eq!(list(&ada, "ca").await["completions"], json!(["cancel"]));
    assert_eq!(list(&vera, "ca").await["completions"], json!([]));
    assert_eq!(list(&ada, "cancel run_").await["completions"], json!([format!("cancel {run}")]));
    assert_eq!(list(&ada, "schedule ").await["completions"].as_array().expect("a list").len(), 3);
    let all = vera.get(&format!("/projects/{film}/commands")).await;
    let find = |name: &str| {
        let all = all["commands"].as_array().expect("a list");
        all.iter().find(|command| command["name"] == name).expect("the command").clone()
    };
    assert_eq!((&find("do")["allowed"], &find("do")["needs"]), (&json!(false), &json!("editor")));
    assert_eq!(
        (&find("logs")["allowed"], &find("logs")["usage"]),
        (&json!(true), &json!("logs RUN [LINES]"))
    );
}
