//! A step that asks a person goes on with the conversation that its model was in, also after a restart and on another server.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::model::Call;
use tests::{Actor, Atelier, Database, House, Model, on_both, within};

/// Tokens of the run: enough for one call, and for none after it.
const RUN: u64 = 30_000;

/// The sample film, whose cues' model has called a tool; with the budget used up by that, the step asks.
struct Asked {
    ada: Actor,
    model: Model,
    project: String,
    run: String,
    /// What the model was asked first.
    first: Value,
    /// The record that it read.
    mara: Value,
}

impl Asked {
    async fn on(ada: Actor) -> Self {
        let mut model = Model::start().await;
        model.serve(&ada).await;
        let project = ada.post("/projects/sample", &json!({})).await["id"].as_str().unwrap().to_owned();
        let budgets = json!({ "unpriced": true, "runTokens": RUN });
        let (status, answer) =
            ada.send_json(Method::PUT, &format!("/projects/{project}/budgets"), &budgets).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let mara = ada.get(&format!("/projects/{project}/characters")).await["docs"][0].clone();
        let order =
            json!({ "projectId": project, "task": "Which sounds and music cues do we need?", "async": true });
        let task = ada.post("/orchestrator/task", &order).await;
        let run = format!("/projects/{project}/runs/{}", task["taskId"].as_str().unwrap());
        let mut call = model.asked().await;
        let first = call.body.clone();
        call.use_tool("c1", "record_read", &json!({ "id": mara["id"] })).await;
        call.count(RUN - 100, 50).await;
        call.end().await;
        let asked = Self { ada, model, project, run, first, mara };
        let question = asked.step("waiting").await["reason"]["question"].clone();
        assert!(question.as_str().unwrap().contains("has used"), "{question}");
        asked
    }

    /// The cues' step, once it is in that state.
    async fn step(&self, state: &str) -> Value {
        within(state, async {
            loop {
                let detail = self.ada.get(&self.run).await;
                let steps = detail["steps"].as_array().unwrap();
                let cues = steps.iter().find(|step| step["name"] == "audio/cues").unwrap();
                if cues["state"] == state {
                    return cues.clone();
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Adds enough to the run's budget, and gives what the model is asked then.
    async fn answered(&mut self) -> Call {
        let step = self.step("waiting").await["id"].as_str().unwrap().to_owned();
        let path = format!("{}/steps/{step}/answer", self.run);
        let raise = json!({ "answer": "raise 100000 tokens" });
        let (status, refused) = self.ada.send_json(Method::POST, &path, &raise).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{refused}");
        self.model.asked().await
    }

    /// The call goes on where the first one ended: nothing is asked twice, and what was called has its result. So it has done
    /// so many `times`.
    async fn goes_on(&self, mut call: Call, times: usize) {
        let (before, now) =
            (self.first["messages"].as_array().unwrap(), call.body["messages"].as_array().unwrap());
        assert_eq!((&now[..2], now.len()), (&before[..], 4), "{now:?}");
        assert_eq!((&now[2]["tool_calls"][0]["id"], &now[3]["role"]), (&json!("c1"), &json!("tool")));
        assert!(now[3]["content"].as_str().unwrap().contains(self.mara["name"].as_str().unwrap()), "{now:?}");
        let remark = json!({ "text": "She hears the foghorn first.", "sources": [self.mara["id"]] });
        let answer =
            json!({ "summary": { "text": "", "sources": [] }, "remarks": [remark], "suggestions": [] });
        call.say(&answer.to_string()).await;
        call.end().await;
        let step = self.step("complete").await;
        let path = format!("{}/steps/{}", self.run, step["id"].as_str().unwrap());
        let output = self.ada.get(&path).await["output"].clone();
        // What the tool gave before it asked may be cited after it.
        assert_eq!(output["added"]["remarks"], json!([remark]), "{output}");
        assert_eq!(self.ada.get(&self.run).await["usage"][0]["calls"], 2);
        assert_eq!(self.count("prompt").await, 1);
        assert_eq!((self.count("tool_call").await, self.count("goes_on").await), (1, times));
        assert_eq!(self.count("kept").await, 0, "what is sealed is nothing to read");
    }

    async fn log(&self) -> Vec<Value> {
        let log = self.ada.get(&format!("{}/log?limit=1000", self.run)).await;
        log["entries"].as_array().unwrap().clone()
    }

    async fn count(&self, kind: &str) -> usize {
        self.log().await.iter().filter(|entry| entry["kind"] == kind).count()
    }
}

on_both! {
    async fn a_step_that_asked_goes_on_with_its_conversation(database) {
        let app = Atelier::start_on(database).await;
        let mut asked = Asked::on(app.first_person().await).await;
        let call = asked.answered().await;
        asked.goes_on(call, 1).await;
    }

    async fn a_step_that_asked_goes_on_with_its_conversation_after_a_power_cut(database) {
        let mut app = Atelier::start_on(database).await;
        let mut asked = Asked::on(app.first_person().await).await;
        app.kill().await;
        app.start_again().await;
        // And when it is cut off again while the model thinks, from the same place.
        let cut = asked.answered().await;
        app.kill().await;
        drop(cut);
        app.start_again().await;
        let call = asked.model.asked().await;
        asked.goes_on(call, 2).await;
    }
}

#[tokio::test]
async fn a_step_that_asked_goes_on_with_its_conversation_on_another_server() {
    let Some((mut house, ada)) = House::open().await else { return };
    let mut asked = Asked::on(ada).await;
    house.one.kill().await;
    asked.ada = asked.ada.at(&house.two);
    let call = asked.answered().await;
    asked.goes_on(call, 1).await;
}

#[tokio::test]
async fn a_conversation_whose_agent_has_changed_begins_anew_and_says_so() {
    let app = Atelier::start_on(&Database::Sqlite).await;
    let mut asked = Asked::on(app.first_person().await).await;
    let file = "---\nname: cues\ntitle: Cue list\ndepartment: audio\nrole: specialist\nengine: film.cues\n---\nYou listen.\n";
    let path = format!("/projects/{}/agents/audio/cues", asked.project);
    let (status, changed) = asked.ada.send_json(Method::PUT, &path, &json!({ "definition": file })).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    let call = asked.answered().await;
    let messages = call.body["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0]["content"].as_str().unwrap().starts_with("You listen."));
    assert_eq!((asked.count("prompt").await, asked.count("goes_on").await), (2, 0));
    let log = asked.log().await;
    let anew = log.iter().find(|entry| entry["kind"] == "anew").unwrap();
    assert!(anew["text"].as_str().unwrap().contains("have changed since"), "{anew}");
}
