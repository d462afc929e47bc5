//! Slack: what it signed is heard once, people who are known there do what they may, and runs are told of in one message.

use reqwest::Method;
use serde_json::{Value, json};
use tests::machine::{Machine, runner};
use tests::slack::{Sent, TOKEN};
use tests::{Actor, Atelier, Slack};

const HEARD: (u16, String) = (200, String::new());

/// Has a member of the team be known as a person.
async fn link(slack: &mut Slack, app: &Atelier, person: &Actor, member: &str) {
    let code = person.post("/slack/link", &json!({})).await["code"].as_str().expect("a code").to_owned();
    assert_eq!(slack.command(app, member, "C1", &format!("link {code}")).send().await, HEARD);
    assert!(slack.answered().await.contains("You are known in Atelier now"));
}

/// Gives a command; gives the answer.
async fn say(slack: &mut Slack, app: &Atelier, member: &str, text: &str) -> String {
    assert_eq!(slack.command(app, member, "C1", text).send().await, HEARD);
    slack.answered().await
}

/// A server with Ada, who is U1, in whose channel C1 a film is talked of.
async fn stage() -> (Slack, Atelier, Actor, String) {
    let mut slack = Slack::start().await;
    let (app, ada) = slack.server().await;
    let film = ada.film("Tides").await;
    link(&mut slack, &app, &ada, "U1").await;
    assert!(say(&mut slack, &app, "U1", "use tides").await.contains("talks of Tides"));
    (slack, app, ada, film)
}

async fn runs(actor: &Actor, project: &str) -> Vec<Value> {
    actor.get(&format!("/projects/{project}/runs")).await["docs"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn only_what_slack_signed_lately_is_heard() {
    let mut slack = Slack::start().await;
    let app = Atelier::start().await;
    let challenge = Sent::json(&app, &json!({ "type": "url_verification", "challenge": "3eZbrw" }));
    assert_eq!(challenge.send().await.0, 404, "no secret is set");
    let ada = app.first_person().await;
    slack.introduce(&ada).await;
    assert_eq!(challenge.send().await, (200, "3eZbrw".into()));
    for seconds in [-290, 290] {
        assert_eq!(challenge.send_as(seconds, |request| request).await.0, 200);
    }
    for seconds in [-310, 310] {
        assert_eq!(challenge.send_as(seconds, |request| request).await.0, 401);
    }
    assert_eq!(challenge.send_as(0, |request| request.body("{}")).await.0, 401);
    assert_eq!(tests::client().post(format!("{}/api/v1/slack", app.url)).send().await.unwrap().status(), 401);
    assert_eq!(Sent::json(&app, &json!({ "type": "event_callback" })).send().await.0, 400);
    assert_eq!(Sent::json(&app, &json!({ "type": "app_rate_limited" })).send().await, HEARD);
    let settings = ada.get("/settings/slack").await;
    assert_eq!(
        settings,
        json!({ "hasSigningSecret": true, "hasBotToken": true, "hasAppToken": false, "socketIsOpen": false })
    );
    assert!(slack.is_silent());
}

#[tokio::test]
async fn whoever_is_unknown_may_do_nothing_and_is_told_how_to_link() {
    let (mut slack, app, ada, film) = stage().await;
    for text in ["status", "use tides", "do -- true", "help"] {
        let told = say(&mut slack, &app, "U2", text).await;
        assert!(told.contains("/atelier link CODE"), "{text}: {told}");
    }
    let told = say(&mut slack, &app, "U2", "link 0000-0000-0000").await;
    assert!(told.contains("not good"), "{told}");
    // A code is good once.
    let code = ada.post("/slack/link", &json!({})).await["code"].as_str().unwrap().to_owned();
    assert!(say(&mut slack, &app, "U3", &format!("link {code}")).await.contains("known"));
    assert!(say(&mut slack, &app, "U4", &format!("link {code}")).await.contains("not good"));
    assert_eq!(ada.send(Method::DELETE, "/slack/link").await.0, 204);
    assert!(say(&mut slack, &app, "U1", "status").await.contains("/atelier link CODE"));
    assert!(runs(&ada, &film).await.is_empty());
}

#[tokio::test]
async fn people_may_in_slack_what_they_may_in_the_project_of_the_channel() {
    let (mut slack, app, ada, film) = stage().await;
    let vera = ada.invite(&app, &film, "vera", "viewer").await;
    link(&mut slack, &app, &vera, "U2").await;
    assert!(say(&mut slack, &app, "U2", "status").await.contains("0 runs under way"));
    assert!(say(&mut slack, &app, "U2", "do -- true").await.contains("needs the role editor"));
    assert!(say(&mut slack, &app, "U2", "use Tides").await.contains("role owner"));
    let ben = ada.befriend(&app, "ben").await;
    link(&mut slack, &app, &ben, "U3").await;
    assert!(say(&mut slack, &app, "U3", "status").await.contains("No project of yours"));
    assert!(say(&mut slack, &app, "U3", "use Tides").await.contains("no such project"));
    assert_eq!(slack.command(&app, "U1", "C9", "status").send().await, HEARD);
    assert!(slack.answered().await.contains("No project of yours"));
    assert!(say(&mut slack, &app, "U1", "stauts").await.contains("Did you mean status?"));
    assert!(say(&mut slack, &app, "U1", "").await.contains("Commands"));
    let audit = ada.get(&format!("/projects/{film}/audit")).await;
    let set = audit["docs"].as_array().unwrap().iter().find(|entry| entry["action"] == "slack.channel_set");
    assert_eq!(set.expect("an entry")["target"], "C1");
}

#[tokio::test]
async fn what_slack_tells_again_is_done_once() {
    let (mut slack, app, ada, film) = stage().await;
    let order = slack.command(&app, "U1", "C1", "do -- true");
    let mention = slack.event(&app, "U1", "C1", json!({ "type": "app_mention", "text": "<@U0> do -- true" }));
    // In disorder, and at once.
    let sent = tokio::join!(order.send(), mention.send_again(1), order.send_again(1), mention.send());
    assert_eq!((sent.0, sent.1, sent.2, sent.3), (HEARD, HEARD, HEARD, HEARD));
    for time in 2..4 {
        assert_eq!((order.send_again(time).await, mention.send_again(time).await), (HEARD, HEARD));
    }
    for _ in 0..2 {
        slack.called_so(|call| call.method == "chat.postMessage").await;
    }
    // Whatever comes after has been heeded after all of these.
    assert!(say(&mut slack, &app, "U1", "status").await.contains("2 waiting"));
    assert_eq!(runs(&ada, &film).await.len(), 2);
}

#[tokio::test]
async fn a_run_is_told_of_in_one_message_up_to_its_result_and_not_too_often() {
    let (mut slack, app, ada, film) = stage().await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start(&app, &key, &film);
    machine.says("joined").await;
    slack.refuse("chat.postMessage", 1);
    slack.refuse("chat.update", 1);
    let order = "do -- sh -c 'while [ ! -e go ]; do sleep 0.05; done; echo one'";
    assert_eq!(slack.command(&app, "U1", "C1", order).send().await, HEARD);
    let refused = slack.called_so(|call| call.method == "refused chat.postMessage").await;
    let posted = slack.called_so(|call| call.method == "chat.postMessage").await;
    assert!(posted.at - refused.at >= std::time::Duration::from_millis(900), "it was asked to wait a second");
    assert_eq!((posted.bearer.as_str(), &posted.body["channel"]), (TOKEN, &json!("C1")));
    assert!(posted.body["blocks"].to_string().contains("\"value\":\"cancel run_"), "{}", posted.body);
    std::fs::write(machine.folder.path().join("go"), "").unwrap();
    let mut last: Option<tests::slack::Call> = None;
    loop {
        let call = slack.called_so(|call| call.method == "chat.update").await;
        assert_eq!((&call.body["channel"], &call.body["ts"]), (&json!("C1"), &json!("1700000000.000100")));
        if let Some(last) = &last {
            assert!(call.at - last.at >= std::time::Duration::from_millis(2_900), "too often");
            assert_ne!(call.body, last.body, "nothing new");
        }
        let text = call.body["text"].as_str().unwrap().to_owned();
        last = Some(call);
        if text.contains("complete") {
            assert!(text.contains("✓ do") && text.contains("It took"), "{text}");
            break;
        }
    }
    let last = last.unwrap();
    assert!(!last.body["blocks"].to_string().contains("cancel"), "nothing is to be cancelled any more");
}

#[tokio::test]
async fn a_button_does_what_its_command_does_for_those_who_may() {
    let (mut slack, app, ada, film) = stage().await;
    let vera = ada.invite(&app, &film, "vera", "viewer").await;
    link(&mut slack, &app, &vera, "U2").await;
    assert_eq!(slack.command(&app, "U1", "C1", "do -- true").send().await, HEARD);
    let posted = slack.called_so(|call| call.method == "chat.postMessage").await;
    let value = posted.body["blocks"][1]["elements"][0]["value"].as_str().expect("a button").to_owned();
    assert_eq!(slack.press(&app, "U2", "C1", "1700000000.000100", &value).send().await, HEARD);
    assert!(slack.answered().await.contains("needs the role editor"));
    assert_eq!(slack.press(&app, "U1", "C1", "1700000000.000100", &value).send().await, HEARD);
    assert!(slack.answered().await.contains("is being cancelled"));
    let told = slack.called_so(|call| call.body["text"].to_string().contains("cancelled")).await;
    assert_eq!((told.method.as_str(), &told.body["ts"]), ("chat.update", &json!("1700000000.000100")));
    assert_eq!(runs(&ada, &film).await[0]["state"], "cancelled");
}

#[tokio::test]
async fn what_is_said_in_a_thread_that_atelier_began_goes_on_with_what_its_agent_did_last() {
    let (mut slack, app, ada, film) = stage().await;
    let memory = tempfile::tempdir().unwrap();
    let (_, key) = runner(&ada, "forge").await;
    let kind = format!("recalls '{}'", memory.path().display());
    let mut machine = Machine::start_with_agent(&app, &key, &film, &kind);
    machine.keep_in_git();
    machine.says("joined").await;
    assert_eq!(slack.command(&app, "U1", "C1", "ask double Write a song").send().await, HEARD);
    let root = "1700000000.000100";
    let over = async |slack: &mut Slack| {
        let is_over = |call: &tests::slack::Call| call.method == "files.completeUploadExternal";
        let shared = slack.called_so(is_over).await;
        assert_eq!(shared.body["thread_ts"], root, "the diff is in the thread");
    };
    over(&mut slack).await;
    let reply = |thread: &str, text: &str| json!({ "type": "message", "thread_ts": thread, "text": text });
    // Others' threads, and what programs say, are nobody's orders.
    let mut ours = reply(root, "Don’t rhyme");
    ours["bot_id"] = json!("B1");
    assert_eq!(slack.event(&app, "U1", "C1", ours).send().await, HEARD);
    assert_eq!(slack.event(&app, "U1", "C1", reply("1600000000.000100", "Another")).send().await, HEARD);
    for (text, all) in
        [("Don’t rhyme", "Write a song | Don't rhyme"), ("Sing", "Write a song | Don't rhyme | Sing")]
    {
        assert_eq!(slack.event(&app, "U1", "C1", reply(root, text)).send().await, HEARD);
        let posted = slack.called_so(|call| call.method == "chat.postMessage").await;
        assert_eq!(posted.body["thread_ts"], root);
        over(&mut slack).await;
        let run = runs(&ada, &film).await[0]["id"].as_str().unwrap().to_owned();
        let done = tests::fleet::executions(&ada, &film, &run).await;
        let answer = tests::fleet::stream(&ada, &film, &done[0], "answer").await;
        assert_eq!(String::from_utf8(answer).unwrap(), format!("I was told: {all}\n"));
    }
    let titles: Vec<_> = runs(&ada, &film).await.iter().map(|run| run["title"].clone()).collect();
    assert_eq!(titles, ["Sing", "Don't rhyme", "Write a song"]);
}

#[tokio::test]
async fn an_agent_that_has_not_begun_is_told_nothing_more_and_that_is_said() {
    let (mut slack, app, ada, film) = stage().await;
    assert_eq!(slack.command(&app, "U1", "C1", "ask scribe Write a song").send().await, HEARD);
    slack.called_so(|call| call.method == "chat.postMessage").await;
    let reply = json!({ "type": "message", "thread_ts": "1700000000.000100", "text": "Don’t rhyme" });
    assert_eq!(slack.event(&app, "U1", "C1", reply).send().await, HEARD);
    let told = slack.called_so(|call| call.method == "chat.postEphemeral").await;
    assert!(told.body["text"].to_string().contains("Say it once that is at work"), "{}", told.body);
    assert_eq!(runs(&ada, &film).await.len(), 1);
}

#[tokio::test]
async fn what_is_said_in_the_thread_of_an_agent_at_work_is_said_to_it() {
    let (mut slack, app, ada, film) = stage().await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start_with_agent(&app, &key, &film, "listens");
    machine.says("joined").await;
    assert_eq!(slack.command(&app, "U1", "C1", "ask double ask").send().await, HEARD);
    slack.called_so(|call| call.method == "chat.postMessage").await;
    let ask = tests::fleet::asked(&ada, &film).await;
    let reply = json!({ "type": "message", "thread_ts": "1700000000.000100", "text": "Don’t rhyme" });
    assert_eq!(slack.event(&app, "U1", "C1", reply).send().await, HEARD);
    slack.called_so(|call| call.body["text"].to_string().contains("is told")).await;
    assert_eq!(tests::fleet::answer(&ada, &film, &ask, "yes").await.0, 204);
    let all = runs(&ada, &film).await;
    assert_eq!(all.len(), 1, "nothing new was ordered");
    let run = all[0]["id"].as_str().unwrap();
    assert_eq!(tests::fleet::ended(&ada, &film, run).await["run"]["state"], "complete");
    let done = tests::fleet::executions(&ada, &film, run).await;
    let answer = tests::fleet::stream(&ada, &film, &done[0], "answer").await;
    assert_eq!(String::from_utf8(answer).unwrap(), "I was told: Don't rhyme\n");
}

#[tokio::test]
async fn a_server_that_was_started_again_tells_on_of_what_it_told_of() {
    let (mut slack, mut app, ada, film) = stage().await;
    assert_eq!(slack.command(&app, "U1", "C1", "do -- true").send().await, HEARD);
    slack.called_so(|call| call.method == "chat.postMessage").await;
    slack.called_so(|call| call.method == "chat.update").await;
    app.kill().await;
    app.start_again().await;
    let run = runs(&ada, &film).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(ada.send(Method::POST, &format!("/projects/{film}/runs/{run}/cancel")).await.0, 204);
    let told = slack.called_so(|call| call.body["text"].to_string().contains("cancelled")).await;
    assert_eq!(told.body["ts"], "1700000000.000100");
}

#[tokio::test]
async fn what_an_agent_withdraws_is_told_in_the_message_and_has_no_buttons_any_more() {
    let (mut slack, app, ada, film) = stage().await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start_with_agent(&app, &key, &film, "withdraws");
    machine.says("joined").await;
    assert_eq!(slack.command(&app, "U1", "C1", "ask double Write two files").send().await, HEARD);
    let asks = |call: &tests::slack::Call| call.body["blocks"].to_string().contains("\"answer run_");
    slack.called_so(asks).await;
    std::fs::write(machine.folder.path().join("withdraw"), "").unwrap();
    let told = slack.called_so(|call| call.method == "chat.update" && !asks(call)).await;
    let text = told.body["text"].as_str().unwrap();
    assert!(text.contains("Withdrawn by the agent on forge: Write written.txt"), "{text}");
}

#[tokio::test]
async fn what_was_acknowledged_is_done_once_though_the_server_is_killed_before_it_begins() {
    let (mut slack, mut app, ada, film) = stage().await;
    // As many words as are heeded at once wait for Slack, so that what comes now is acknowledged and no more.
    slack.hold("hook", true);
    for _ in 0..16 {
        assert_eq!(slack.command(&app, "U1", "C1", "status").send().await, HEARD);
    }
    for _ in 0..16 {
        slack.called_so(|call| call.method == "hook").await;
    }
    let order = slack.command(&app, "U1", "C1", "do -- true");
    assert_eq!(order.send().await, HEARD);
    assert!(runs(&ada, &film).await.is_empty());
    app.kill().await;
    slack.hold("hook", false);
    app.start_again().await;
    slack.called_so(|call| call.method == "chat.postMessage").await;
    assert_eq!(order.send_again(1).await, HEARD);
    // Whatever comes after has been heeded after it.
    assert!(say(&mut slack, &app, "U1", "queue").await.contains("do"));
    assert_eq!(runs(&ada, &film).await.len(), 1);
}

#[tokio::test]
async fn an_order_is_not_given_twice_though_the_server_is_killed_before_it_has_answered() {
    let (mut slack, mut app, ada, film) = stage().await;
    slack.hold("chat.postMessage", true);
    assert_eq!(slack.command(&app, "U1", "C1", "do -- true").send().await, HEARD);
    slack.called_so(|call| call.method == "chat.postMessage").await;
    assert_eq!(runs(&ada, &film).await.len(), 1, "it is ordered, and nobody knows");
    app.kill().await;
    slack.hold("chat.postMessage", false);
    app.start_again().await;
    let told = slack.called_so(|call| call.method == "chat.postMessage").await;
    let all = runs(&ada, &film).await;
    assert_eq!(all.len(), 1);
    let cancels = format!("cancel {}", all[0]["id"].as_str().unwrap());
    assert!(told.body["blocks"].to_string().contains(&cancels), "{}", told.body);
}

#[tokio::test]
async fn what_an_agent_wants_permission_for_is_allowed_in_slack_once_and_its_diff_comes_back() {
    let (mut slack, app, ada, film) = stage().await;
    let (_, key) = runner(&ada, "forge").await;
    let mut machine = Machine::start_with_agent(&app, &key, &film, "writes");
    machine.says("joined").await;
    machine.keep_in_git();
    assert_eq!(slack.command(&app, "U1", "C1", "ask double Write two files").send().await, HEARD);
    let asks = |call: &tests::slack::Call| call.body["blocks"].to_string().contains("\"answer run_");
    let told = slack.called_so(asks).await;
    assert!(told.body["text"].to_string().contains("Write written.txt"), "{}", told.body);
    let buttons = told.body["blocks"][1]["elements"].as_array().expect("buttons").clone();
    let yes = buttons.iter().find(|button| button["style"] == "primary").expect("a button");
    let (yes, at) = (yes["value"].as_str().expect("a value").to_owned(), "1700000000.000100");
    // Twice, as an impatient hand does.
    let (one, two) = (slack.press(&app, "U1", "C1", at, &yes), slack.press(&app, "U1", "C1", at, &yes));
    assert_eq!(tokio::join!(one.send(), two.send()), (HEARD, HEARD));
    let said = [slack.answered().await, slack.answered().await];
    assert!(said.iter().any(|said| said.contains("is answered")), "{said:?}");
    assert!(said.iter().any(|said| said.contains("answered before, by Ada")), "{said:?}");
    let done = slack.called_so(|call| call.body["text"].to_string().contains("complete")).await;
    assert!(done.body["text"].to_string().contains("2 files changed"), "{}", done.body);
    let run = runs(&ada, &film).await[0]["id"].as_str().unwrap().to_owned();
    let executions = tests::fleet::executions(&ada, &film, &run).await;
    let diff = tests::fleet::stream(&ada, &film, &executions[0], "diff").await;
    let diff = String::from_utf8(diff).unwrap();
    assert!(diff.contains("+by the client"));
    // In the thread there is the diff as a file.
    let uploaded = slack.called_so(|call| call.method == "upload").await;
    assert_eq!(uploaded.body, json!(diff));
    let shared = slack.called_so(|call| call.method == "files.completeUploadExternal").await;
    assert_eq!((&shared.body["channel_id"], &shared.body["thread_ts"]), (&json!("C1"), &json!(at)));
    assert_eq!(shared.body["files"][0]["title"], "changes.diff");
}
