//! Streams over HTTP: cut anywhere and resumed, heard by several, stopped, and closed to whom they do not concern.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::actor::answered;
use tests::model::Call;
use tests::stream::{Event, text};
use tests::{Actor, Atelier, Model, PASSWORD, Stream, two_people};

/// A server with a model, and a conversation in which it is asked something.
struct Talk {
    app: Atelier,
    ada: Actor,
    ben: Actor,
    conversation: String,
    message: String,
    model: Model,
}

impl Talk {
    /// Asks, and gives the answer that the model now has to give.
    async fn begun() -> (Self, Call) {
        let (app, ada, ben) = two_people().await;
        let mut model = Model::start().await;
        model.serve(&ada).await;
        let film = ada.film("Tides").await;
        model.allow(&ada, &film).await;
        let (conversation, message) = ask(&ada, &film, None).await;
        let call = model.asked().await;
        (Self { app, ada, ben, conversation, message, model }, call)
    }

    async fn listen(&self, last: Option<&str>) -> Stream {
        Stream::open(&self.ada, &self.conversation, last).await
    }

    fn stream_address(&self) -> String {
        format!("{}/api/v1/orchestrator/stream?conversationId={}", self.app.url, self.conversation)
    }
}

/// Says something in chat mode, and does not wait for the answer: its conversation and its message.
async fn ask(ada: &Actor, film: &str, conversation: Option<&str>) -> (String, String) {
    let mut said = json!({ "projectId": film, "mode": "chat", "content": "Tell me of the tide." });
    if let Some(conversation) = conversation {
        said["conversationId"] = json!(conversation);
    }
    let request =
        ada.request(Method::POST, "/orchestrator/chat").header("Prefer", "respond-async").json(&said);
    let (status, begun) = answered(request).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{begun}");
    let id = |name: &str| begun[name].as_str().expect("an id").to_owned();
    (id("conversationId"), id("messageId"))
}

/// Pieces of an answer: plain, beyond ASCII, empty lines, and what looks like the protocol itself.
fn pieces() -> Vec<String> {
    let odd = [
        "Ebb ",
        "and flood, ",
        "潮 ",
        "und Flut: ",
        "🌊\u{301} ",
        "\n\n",
        "data: none\n",
        "id: 7\n\nevent: x\n",
        "\r\n",
    ];
    (0..27).map(|n| format!("{}{n} ", odd[n % odd.len()])).collect()
}

/// Hears until so much of the text is there, or the line is cut. The events that came.
async fn hear_until(stream: &mut Stream, heard: &str, wanted: &str) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    while format!("{heard}{}", text(&events)) != wanted {
        match stream.next().await {
            Some(event) => events.push(event),
            None => break,
        }
    }
    events
}

#[tokio::test]
async fn a_stream_tells_the_start_each_piece_and_the_whole_as_the_seed_has_it() {
    let (talk, mut call) = Talk::begun().await;
    let stream = talk.listen(None).await;
    call.say("One ").await;
    call.say("two.").await;
    call.end().await;
    let heard = stream.whole().await;
    assert!(heard.iter().all(|event| event.name == "message"));
    let message = &talk.message;
    assert_eq!(heard[0].data, json!({ "type": "start", "messageId": message, "mode": "chat" }));
    assert_eq!(heard[0].id, format!("{message}.0"));
    let last = heard.last().unwrap();
    assert_eq!(
        (last.kind(), &last.data["content"], &last.data["messageId"]),
        ("complete", &json!("One two."), &json!(message))
    );
    assert_eq!(
        (last.id.clone(), &last.data["metadata"]["answeredBy"]),
        (format!("{message}.end"), &json!("understudy"))
    );
    for chunk in &heard[1..heard.len() - 1] {
        assert_eq!((chunk.kind(), &chunk.data["content"]), ("chunk", &chunk.data["delta"]));
    }
    assert_eq!(text(&heard), "One two.");
}

#[tokio::test]
async fn cut_after_every_piece_and_resumed_a_stream_gives_exactly_the_text_of_an_uncut_one() {
    let (talk, mut call) = Talk::begun().await;
    let mut uncut = talk.listen(None).await;
    let (mut whole, mut heard, mut seen) = (String::new(), String::new(), Vec::<String>::new());
    let mut steady = Vec::new();
    for piece in pieces() {
        call.say(&piece).await;
        let before = whole.clone();
        whole.push_str(&piece);
        steady.extend(hear_until(&mut uncut, &before, &whole).await);
        let mut cut = talk.listen(seen.last().map(String::as_str)).await;
        for event in hear_until(&mut cut, &heard.clone(), &whole).await {
            heard.push_str(event.delta());
            assert!(!seen.contains(&event.id), "{} came twice", event.id);
            seen.push(event.id);
        }
    }
    call.end().await;
    let rest = talk.listen(seen.last().map(String::as_str)).await.whole().await;
    assert_eq!((heard.as_str(), text(&steady)), (whole.as_str(), whole.clone()));
    assert_eq!((rest.len(), &rest[0].data["content"]), (1, &json!(whole)));
    // Later, from the database, from every place in it.
    for (place, id) in seen.iter().enumerate() {
        let rest = talk.listen(Some(id)).await.whole().await;
        let chars: usize = id.rsplit('.').next().unwrap().parse().unwrap();
        let missing: String = whole.chars().skip(chars).collect();
        assert_eq!(text(&rest), missing, "resumed after event {place}");
    }
}

#[tokio::test]
async fn a_line_that_breaks_within_an_event_loses_and_repeats_nothing() {
    let (talk, mut call) = Talk::begun().await;
    let (mut whole, mut heard, mut last) = (String::new(), String::new(), None::<String>);
    for (round, piece) in pieces().iter().enumerate() {
        call.say(piece).await;
        whole.push_str(piece);
        // Each attempt lets more bytes through, until a whole event fits.
        let mut bytes = 1 + round * 7;
        while heard != whole {
            let mut cut = Stream::open_for(&talk.ada, &talk.conversation, last.as_deref(), bytes).await;
            for event in hear_until(&mut cut, &heard.clone(), &whole).await {
                heard.push_str(event.delta());
                last = Some(event.id);
            }
            assert!(whole.starts_with(&heard), "{heard:?} is not the beginning of {whole:?}");
            bytes += 61;
        }
    }
    call.end().await;
    let rest = talk.listen(last.as_deref()).await.whole().await;
    assert_eq!((text(&rest).as_str(), &rest.last().unwrap().data["content"]), ("", &json!(heard)));
}

#[tokio::test]
async fn everyone_who_listens_hears_the_same_and_the_next_answer_too() {
    let (mut talk, mut call) = Talk::begun().await;
    let (early, mut staying) = (talk.listen(None).await, talk.listen(None).await);
    call.say("Ebb. ").await;
    let late = talk.listen(None).await;
    call.say("Flood.").await;
    call.end().await;
    let (early, late) = (early.whole().await, late.whole().await);
    assert_eq!((text(&early), text(&late)), ("Ebb. Flood.".to_owned(), "Ebb. Flood.".to_owned()));
    let film = talk.ada.get("/projects").await["docs"][0]["id"].as_str().unwrap().to_owned();
    let (_, second) = ask(&talk.ada, &film, Some(&talk.conversation)).await;
    let mut call = talk.model.asked().await;
    call.say("Slack water.").await;
    call.end().await;
    let mut heard = Vec::new();
    while heard.iter().filter(|event: &&Event| event.is_last()).count() < 2 {
        heard.push(staying.next().await.expect("it goes on"));
    }
    assert_eq!(text(&heard), "Ebb. Flood.Slack water.");
    let resumed = talk.listen(Some(&early.last().unwrap().id)).await.whole().await;
    assert_eq!(
        (resumed[0].data["messageId"].as_str(), text(&resumed).as_str()),
        (Some(&*second), "Slack water.")
    );
}

#[tokio::test]
async fn a_stopped_answer_is_kept_as_far_as_it_came_and_its_listeners_are_told() {
    let (talk, mut call) = Talk::begun().await;
    let mut stream = talk.listen(None).await;
    call.say("Ebb and ").await;
    hear_until(&mut stream, "", "Ebb and ").await;
    let stop = format!("/orchestrator/conversations/{}/stop", talk.conversation);
    assert_eq!(talk.ben.send(Method::POST, &stop).await.0, StatusCode::NOT_FOUND);
    assert_eq!(talk.ada.send(Method::POST, &stop).await.0, StatusCode::NO_CONTENT);
    let end = stream.whole().await;
    assert_eq!((end.len(), end[0].kind(), &end[0].data["content"]), (1, "complete", &json!("Ebb and ")));
    let messages = talk.ada.get(&format!("/orchestrator/conversations/{}/messages", talk.conversation)).await;
    let answer = &messages["docs"][0];
    assert_eq!((&answer["state"], &answer["content"]), (&json!("stopped"), &json!("Ebb and ")));
    assert_eq!(talk.ada.send(Method::POST, &stop).await.0, StatusCode::NO_CONTENT, "twice does no harm");
}

#[tokio::test]
async fn a_model_that_breaks_off_is_told_and_what_it_said_is_kept() {
    let (talk, mut call) = Talk::begun().await;
    let mut stream = talk.listen(None).await;
    call.say("Ebb and ").await;
    hear_until(&mut stream, "", "Ebb and ").await;
    drop(call);
    let rest = stream.whole().await;
    let whole = rest.last().unwrap();
    let content = whole.data["content"].as_str().unwrap_or_default();
    assert!(content.starts_with("Ebb and ") && content.len() > "Ebb and ".len(), "{}", whole.data);
    assert!(whole.data["metadata"]["fallback"].is_string(), "{}", whole.data);
}

#[tokio::test]
async fn an_agent_that_could_not_do_its_step_is_told_as_such_and_why() {
    let (app, ada, _) = two_people().await;
    let mut model = Model::start().await;
    model.serve(&ada).await;
    let film = ada.film("Tides").await;
    model.allow(&ada, &film).await;
    let said =
        json!({ "projectId": film, "mode": "data", "content": "name: Mara Voss\nrole: ferry captain" });
    let chat = answered(ada.request(Method::POST, "/orchestrator/chat").json(&said));
    let model = async {
        let call = model.asked().await;
        // What the agent would write to is gone before it is done.
        assert_eq!(ada.send(Method::DELETE, &format!("/projects/{film}")).await.0, StatusCode::NO_CONTENT);
        call.end().await;
        loop {
            model.asked().await.end().await;
        }
    };
    let (status, refused) = tokio::select! {
        answered = chat => answered,
        () = model => unreachable!("it goes on answering"),
    };
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &json!("AGENT_ERROR")),
        "{refused}"
    );
    assert!(refused["error"].as_str().is_some_and(|why| why.contains("is not there")), "{refused}");
    drop(app);
}

#[tokio::test]
async fn a_conversation_is_heard_by_its_person_and_by_nobody_else() {
    let (talk, call) = Talk::begun().await;
    let path = format!("/orchestrator/stream?conversationId={}", talk.conversation);
    assert_eq!(talk.ben.send(Method::GET, &path).await.0, StatusCode::NOT_FOUND, "not in the project");
    let film = talk.ada.get("/projects").await["docs"][0]["id"].as_str().unwrap().to_owned();
    let eve = talk.ada.invite(&talk.app, &film, "eve", "owner").await;
    assert_eq!(eve.send(Method::GET, &path).await.0, StatusCode::NOT_FOUND, "another's talk");
    assert_eq!(
        tests::client().get(talk.stream_address()).send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let wrong = talk.ada.request(Method::GET, &path).header("Last-Event-ID", "nonsense");
    let (status, refused) = answered(wrong).await;
    assert_eq!((status, &refused["details"]["field"]), (StatusCode::BAD_REQUEST, &json!("Last-Event-ID")));
    call.end().await;
}

#[tokio::test]
async fn whoever_is_taken_out_of_a_project_hears_no_more_of_an_answer_that_is_being_written() {
    let (mut talk, call) = Talk::begun().await;
    let first = talk.listen(None).await;
    call.end().await;
    first.whole().await;
    let film = talk.ada.get("/projects").await["docs"][0]["id"].as_str().unwrap().to_owned();
    let eve = talk.ada.invite(&talk.app, &film, "eve", "viewer").await;
    let (conversation, _) = ask(&eve, &film, None).await;
    let mut call = talk.model.asked().await;
    let (mut hers, mut adas) = (Stream::open(&eve, &conversation, None).await, talk.listen(None).await);
    call.say("Ebb.").await;
    assert_eq!(text(&hear_until(&mut hers, "", "Ebb.").await), "Ebb.");
    let (status, _) = talk.ada.send(Method::DELETE, &format!("/projects/{film}/members/{}", eve.id)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    // The model says nothing more: the stream ends by itself, and nobody else's does.
    assert_eq!(hers.next().await, None);
    call.end().await;
    let (_, second) = ask(&talk.ada, &film, Some(&talk.conversation)).await;
    talk.model.asked().await.end().await;
    assert_eq!(adas.next().await.unwrap().data["messageId"], json!(second));
}

#[tokio::test]
async fn a_browsers_own_event_source_is_known_by_its_cookie_and_only_from_this_servers_pages() {
    let (talk, mut call) = Talk::begun().await;
    let body = json!({ "email": "ada@example.org", "password": PASSWORD });
    let answer =
        tests::client().post(format!("{}/api/v1/auth/login", talk.app.url)).json(&body).send().await.unwrap();
    let cookies: Vec<&str> =
        answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    for cookie in &cookies {
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    }
    let cookie = cookies.iter().find(|cookie| cookie.starts_with("atelier_stream=")).expect("a cookie");
    assert!(cookie.contains("Path=/api/v1/orchestrator/stream"), "{cookie}");
    let value = cookie.split(';').next().unwrap().to_owned();
    let listen = |origin: Option<&str>, site: &str| {
        let request = tests::client()
            .get(talk.stream_address())
            .header("cookie", &value)
            .header("sec-fetch-site", site);
        match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        }
    };
    let mut own = listen(None, "same-origin").send().await.unwrap();
    assert_eq!(own.status(), StatusCode::OK);
    call.say("Ebb.").await;
    let first = own.chunk().await.unwrap().expect("something");
    assert!(String::from_utf8_lossy(&first).contains("event: message"));
    for (origin, site) in [
        (Some("https://evil.example"), "cross-site"),
        (Some("https://evil.example"), "same-origin"),
        (Some("null"), "cross-site"),
        (None, "cross-site"),
        (None, "same-site"),
    ] {
        let (status, refused) = answered(listen(origin, site)).await;
        assert_eq!(
            (status, &refused["code"]),
            (StatusCode::FORBIDDEN, &json!("FORBIDDEN")),
            "{origin:?} {site}"
        );
    }
    // The cookie is for listening, and for nothing else.
    let other = tests::client().get(format!("{}/api/v1/projects", talk.app.url)).header("cookie", &value);
    let (status, _): (_, Value) = answered(other).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    call.end().await;
}
