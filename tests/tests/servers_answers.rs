//! Answers with two servers: what one of them writes is heard, stopped and outlived on the other.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::model::Call;
use tests::stream::{Event, text};
use tests::{Actor, House, Model, Stream, within};

/// Two servers, and a person who was told something in a conversation on the first of them.
struct Talk {
    house: House,
    model: Model,
    ada: Actor,
    /// The same on the other server.
    there: Actor,
    conversation: String,
    said: Value,
}

impl Talk {
    async fn begin() -> Option<Self> {
        let (house, ada) = House::open().await?;
        let model = Model::start().await;
        model.serve(&ada).await;
        let (film, there) = (ada.film("Tides").await, ada.at(&house.two));
        model.allow(&ada, &film).await;
        let conversation = ada.post("/orchestrator/conversations", &json!({ "projectId": film })).await;
        let conversation = conversation["id"].as_str().unwrap().to_owned();
        let said = json!({ "projectId": film, "mode": "chat", "content": "Tell me of the tide.", "conversationId": conversation });
        Some(Self { house, model, ada, there, conversation, said })
    }

    /// Asks on a server without waiting for the answer.
    async fn ask(&self, actor: &Actor) -> (StatusCode, Value) {
        let request = actor.request(Method::POST, "/orchestrator/chat").header("Prefer", "respond-async");
        tests::actor::answered(request.json(&self.said)).await
    }

    /// Asks on the first server, and gives the model's call.
    async fn asked(&mut self) -> Call {
        let ada = self.ada.clone();
        assert_eq!(self.ask(&ada).await.0, StatusCode::ACCEPTED);
        self.model.asked().await
    }

    async fn listen(&self, last: Option<&str>) -> Stream {
        Stream::open(&self.there, &self.conversation, last).await
    }
}

/// Hears until a text has come.
async fn hear_of(stream: &mut Stream, heard: &mut Vec<Event>, wanted: &str) {
    within(wanted, async {
        while !text(heard).contains(wanted) {
            heard.push(stream.next().await.expect("more of the answer"));
        }
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_one_server_writes_is_heard_on_the_other_while_it_is_written() {
    let Some(mut talk) = Talk::begin().await else { return };
    let (mut early, mut heard) = (talk.listen(None).await, Vec::new());
    let mut call = talk.asked().await;
    // What is long enough is saved at once, and what is saved is heard.
    let pieces = ["Ebb and flood, 潮. ".repeat(150), "Slack wäter. ".repeat(200), "Neap tide. ".repeat(200)];
    for piece in &pieces {
        call.say(piece).await;
        hear_of(&mut early, &mut heard, piece).await;
    }
    // Whoever comes from the writing server with more than is stored hears nothing twice.
    let here = {
        let (mut stream, mut here) = (Stream::open(&talk.ada, &talk.conversation, None).await, Vec::new());
        call.say("last words").await;
        hear_of(&mut stream, &mut here, "last words").await;
        here
    };
    let resumed = talk.listen(here.last().map(|event| event.id.as_str())).await;
    call.say(", and the end.").await;
    call.end().await;
    heard.extend(early.whole().await);
    let whole = pieces.concat() + "last words, and the end.";
    assert_eq!(text(&heard), whole);
    let last = heard.last().unwrap();
    assert_eq!((last.kind(), &last.data["content"]), ("complete", &json!(whole)));
    assert_eq!(heard.iter().filter(|event| event.kind() == "start").count(), 1);
    let rest = resumed.whole().await;
    assert_eq!((text(&here) + &text(&rest), rest.last().unwrap()), (whole, last));
}

#[tokio::test]
async fn in_a_conversation_one_answer_is_written_at_a_time_whichever_server_is_asked() {
    let Some(mut talk) = Talk::begin().await else { return };
    let mut call = talk.asked().await;
    let (status, refused) = talk.ask(&talk.there).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("CONFLICT")));
    let stream = talk.listen(None).await;
    call.say("Ebb.").await;
    call.end().await;
    // Whoever hears the end can go on at once.
    assert_eq!(stream.whole().await.last().unwrap().kind(), "complete");
    let there = talk.there.clone();
    assert_eq!(talk.ask(&there).await.0, StatusCode::ACCEPTED);
    talk.model.asked().await.end().await;
}

#[tokio::test]
async fn an_answer_that_one_server_writes_is_stopped_by_way_of_the_other() {
    let Some(mut talk) = Talk::begin().await else { return };
    let stream = talk.listen(None).await;
    let mut call = talk.asked().await;
    let long = "Ebb and flood. ".repeat(200);
    call.say(&long).await;
    let path = format!("/orchestrator/conversations/{}/stop", talk.conversation);
    assert_eq!(talk.there.send(Method::POST, &path).await.0, StatusCode::NO_CONTENT);
    let messages =
        talk.there.get(&format!("/orchestrator/conversations/{}/messages", talk.conversation)).await;
    assert_eq!(messages["docs"][0]["state"], "stopped");
    assert_eq!(stream.whole().await.last().unwrap().kind(), "complete");
}

#[tokio::test]
async fn an_answer_whose_server_dies_is_kept_as_far_as_it_came_and_the_other_goes_on() {
    let Some(mut talk) = Talk::begin().await else { return };
    let (mut stream, mut heard) = (talk.listen(None).await, Vec::new());
    let mut call = talk.asked().await;
    let long = "Ebb and flood. ".repeat(200);
    call.say(&long).await;
    hear_of(&mut stream, &mut heard, &long).await;
    // A server that starts meanwhile breaks off nothing that another writes.
    let third = talk.house.third().await;
    let messages =
        talk.ada.at(&third).get(&format!("/orchestrator/conversations/{}/messages", talk.conversation)).await;
    assert_eq!(messages["docs"][0]["state"], "streaming");
    talk.house.one.kill().await;
    drop(call);
    heard.extend(within("the end of a broken answer", stream.whole()).await);
    assert_eq!(heard.last().unwrap().kind(), "error");
    assert!(text(&heard).starts_with(&long));
    let there = talk.there.clone();
    assert_eq!(talk.ask(&there).await.0, StatusCode::ACCEPTED);
    talk.model.asked().await.end().await;
}
