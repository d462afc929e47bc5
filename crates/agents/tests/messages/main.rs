//! What agents say to each other: every rule holds on one server and between two, in memory and through Redis.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::time::Duration;

use agents::messages::{Floor, Heard, Listening, Messages, Options, Service, read};
use backplane::bus::Pattern;
use kernel::{Ambient, Id, KeyId, ProjectId, RunId};
use serde_json::json;
use store::Scope;
use tokio::sync::oneshot;
use wire::messages::{AgentMessage, MessageType, Recipients};

/// Names the Redis server to test on; without it, the one on this machine is.
const REDIS: &str = "ATELIER_TEST_REDIS_URL";
const HERE: &str = "redis://127.0.0.1:6379";
/// By then a test has failed that waits for something.
const PATIENCE: Duration = Duration::from_secs(20);
const QUEUE: usize = 8;

/// Two servers of one installation. In memory they are one.
struct Stage {
    one: Messages,
    two: Messages,
    bus: backplane::bus::Bus,
    project: ProjectId,
    run: RunId,
    is_one: bool,
    _ends: Vec<oneshot::Sender<()>>,
}

fn server(backplane: &backplane::Handle, ends: &mut Vec<oneshot::Sender<()>>) -> Messages {
    let options = Options { queue: QUEUE, ..Options::default() };
    let (service, messages) = Service::new(backplane.bus().clone(), Ambient::system(), options);
    let (end, ended) = oneshot::channel::<()>();
    tokio::spawn(service.run(async move { drop(ended.await) }));
    ends.push(end);
    messages
}

impl Stage {
    fn new(
        is_one: bool,
        one: Messages,
        two: Messages,
        bus: backplane::bus::Bus,
        ends: Vec<oneshot::Sender<()>>,
    ) -> Self {
        let ambient = Ambient::system();
        Self { one, two, bus, project: ambient.id(), run: ambient.id(), is_one, _ends: ends }
    }

    fn memory() -> Self {
        let mut ends = Vec::new();
        let backplane = backplane::Handle::alone(Ambient::system());
        let one = server(&backplane, &mut ends);
        Self::new(true, one.clone(), one, backplane.bus().clone(), ends)
    }

    /// None, said aloud, where there is no Redis and tests may be skipped.
    async fn redis() -> Option<Self> {
        let url = std::env::var(REDIS).unwrap_or_else(|_| HERE.to_owned());
        let prefix = format!("test-{}:", Ambient::system().id::<KeyId>());
        let (mut ends, mut linked) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let options = backplane::Options {
                redis: Some(url.clone()),
                prefix: prefix.clone(),
                ..backplane::Options::default()
            };
            let (service, handle) = backplane::Service::new(options, Ambient::system()).unwrap();
            let (end, ended) = oneshot::channel::<()>();
            tokio::spawn(service.run(async move { drop(ended.await) }));
            ends.push(end);
            if tokio::time::timeout(Duration::from_secs(3), handle.until_linked(true)).await.is_err() {
                let strict = std::env::var_os("ATELIER_NO_SKIP").is_some_and(|value| value == "1");
                assert!(!strict, "Redis ({REDIS}) cannot be reached, and nothing may be skipped here");
                eprintln!("SKIPPED on Redis ({REDIS}): it cannot be reached");
                return None;
            }
            linked.push(handle);
        }
        let (one, two) = (server(&linked[0], &mut ends), server(&linked[1], &mut ends));
        Some(Self::new(false, one, two, linked[0].bus().clone(), ends))
    }

    fn floor(&self, messages: &Messages) -> Floor {
        messages.floor(&Scope::server(self.project), self.run)
    }

    fn here(&self) -> Floor {
        self.floor(&self.one)
    }

    fn there(&self) -> Floor {
        self.floor(&self.two)
    }
}

/// Writes each rule as two tests, `memory` and `redis`.
macro_rules! on_both {
    ($(async fn $rule:ident($stage:ident) $body:block)*) => {$(
        mod $rule {
            #[allow(unused_imports)]
            use super::*;

            async fn rule($stage: &Stage) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                rule(&Stage::memory()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                if let Some(stage) = Stage::redis().await {
                    rule(&stage).await;
                }
            }
        }
    )*};
}

fn message(from: &str, to: Option<Recipients>, topic: &str) -> AgentMessage {
    let (from, topic) = (from.to_owned(), topic.to_owned());
    AgentMessage {
        from,
        to,
        topic,
        r#type: MessageType::Notification,
        payload: Default::default(),
        timestamp: 1,
        correlation_id: "c1".into(),
        priority: 5,
        memory_key: None,
        vector: None,
    }
}

fn to(name: &str) -> Option<Recipients> {
    Some(Recipients::One(name.to_owned()))
}

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

/// What is heard next. Being linked anew may be told first, which says nothing of these messages.
async fn next(listening: &mut Listening) -> Heard {
    loop {
        match tokio::time::timeout(PATIENCE, listening.next()).await.unwrap() {
            Heard::Missed(0) => {}
            heard => return heard,
        }
    }
}

async fn topic(listening: &mut Listening) -> String {
    match next(listening).await {
        Heard::Message(message) => message.topic.clone(),
        missed @ Heard::Missed(_) => panic!("{missed:?}"),
    }
}

on_both! {
    async fn whom_a_message_is_for_hears_it_on_whichever_server_they_are_and_nobody_hears_themselves(stage) {
        let mut cast = stage.there().listen("character/cast", pattern("**")).unwrap();
        let mut cues = stage.there().listen("audio/cues", pattern("**")).unwrap();
        let mut own = stage.there().listen("story/head", pattern("**")).unwrap();
        for (to, topic) in [
            (None, "to.all"),
            (to("audio/cues"), "to.cues"),
            (Some(Recipients::Many(vec!["audio/cues".into(), "character/cast".into()])), "to.both"),
            (to("visual/shots"), "to.another"),
        ] {
            stage.here().publish(&message("story/head", to, topic)).unwrap();
        }
        stage.here().publish(&message("audio/head", None, "last")).unwrap();
        for heard in ["to.all", "to.both", "last"] {
            assert_eq!(topic(&mut cast).await, heard);
        }
        for heard in ["to.all", "to.cues", "to.both", "last"] {
            assert_eq!(topic(&mut cues).await, heard);
        }
        assert_eq!(topic(&mut own).await, "last");
    }

    async fn only_topics_of_the_pattern_are_heard(stage) {
        let mut listening = ["work.*", "*.accepted", "work.**"].map(|text| stage.there().listen("a", pattern(text)).unwrap());
        for topic in ["work", "note.told", "works.accepting", "work.accepted"] {
            stage.here().publish(&message("b", None, topic)).unwrap();
        }
        for listening in &mut listening {
            assert_eq!(topic(listening).await, "work.accepted");
        }
    }

    async fn no_message_leaves_its_run_or_its_project(stage) {
        let ambient = Ambient::system();
        let other_run = stage.two.floor(&Scope::server(stage.project), ambient.id());
        let other_project = stage.two.floor(&Scope::server(ambient.id()), stage.run);
        let mut others = [other_run.clone(), other_project.clone()].map(|floor| floor.listen("a", pattern("**")).unwrap());
        let mut here = stage.there().listen("a", pattern("**")).unwrap();
        stage.here().publish(&message("b", None, "secret")).unwrap();
        assert_eq!(topic(&mut here).await, "secret");
        for floor in [
            stage.one.floor(&Scope::server(stage.project), RunId::from_bits(1)),
            stage.one.floor(&Scope::server(ProjectId::from_bits(1)), stage.run),
        ] {
            floor.publish(&message("b", None, "elsewhere")).unwrap();
        }
        other_run.publish(&message("b", None, "own")).unwrap();
        other_project.publish(&message("b", None, "own")).unwrap();
        for listening in &mut others {
            assert_eq!(topic(listening).await, "own");
        }
        assert!(here.now().is_none_or(|heard| heard == Heard::Missed(0)));
    }

    async fn a_request_gets_its_response_from_whoever_answers_and_nobody_elses(stage) {
        let floor = stage.there();
        let mut asked = floor.listen("audio/cues", pattern("ask.**")).unwrap();
        let answering = tokio::spawn(async move {
            let Heard::Message(query) = next(&mut asked).await else { panic!("a query was missed") };
            for (correlation_id, to_whom) in [("another", "story/head"), (query.correlation_id.as_str(), "visual/shots"), (query.correlation_id.as_str(), &*query.from)] {
                let response = AgentMessage {
                    r#type: MessageType::Response,
                    correlation_id: correlation_id.to_owned(),
                    payload: serde_json::from_value(json!({ "data": to_whom })).unwrap(),
                    ..message("audio/cues", to(to_whom), &query.topic)
                };
                floor.publish(&response).unwrap();
            }
        });
        let mut own = stage.here().listen("story/head", pattern("**")).unwrap();
        let query = AgentMessage { r#type: MessageType::Query, ..message("story/head", to("audio/cues"), "ask.audio.cues") };
        let response = stage.here().request(&query, PATIENCE).await.unwrap().unwrap();
        assert_eq!((response.payload.data, response.correlation_id.as_str()), (Some(json!("story/head")), "c1"));
        answering.await.unwrap();
        // The response went to who waited for it; the one to another question is a message like all others.
        let Heard::Message(other) = next(&mut own).await else { panic!("a message was missed") };
        assert_eq!(other.correlation_id, "another");
        assert!(own.now().is_none_or(|heard| heard == Heard::Missed(0)));
    }

    async fn a_request_that_nobody_answers_ends_at_its_deadline_and_can_be_made_again(stage) {
        let query = AgentMessage { r#type: MessageType::Query, ..message("story/head", to("audio/cues"), "ask.audio.cues") };
        for _ in 0..2 {
            assert_eq!(stage.here().request(&query, Duration::from_millis(50)).await.unwrap(), None);
        }
        let (floor, twice) = (stage.here(), query.clone());
        let mut asked = stage.here().listen("audio/cues", pattern("**")).unwrap();
        let waiting = tokio::spawn(async move { floor.request(&twice, PATIENCE).await });
        topic(&mut asked).await;
        assert!(stage.here().request(&query, PATIENCE).await.is_err(), "the same question waits already");
        waiting.abort();
    }

    async fn who_is_slow_is_told_how_many_it_missed_keeps_the_urgent_ones_and_slows_nobody(stage) {
        let mut slow = stage.here().listen("slow", pattern("**")).unwrap();
        let mut quick = stage.here().listen("quick", pattern("**")).unwrap();
        for n in 0..QUEUE + 3 {
            stage.here().publish(&message("b", None, &format!("n.{n}"))).unwrap();
            assert_eq!(topic(&mut quick).await, format!("n.{n}"));
        }
        stage.here().publish(&AgentMessage { priority: 10, ..message("b", None, "urgent") }).unwrap();
        assert_eq!(next(&mut slow).await, Heard::Missed(4));
        assert_eq!(topic(&mut slow).await, "urgent");
        for n in 0..QUEUE - 1 {
            assert_eq!(topic(&mut slow).await, format!("n.{n}"));
        }
        stage.here().publish(&message("b", None, "after")).unwrap();
        assert_eq!(topic(&mut slow).await, "after");
    }

    async fn what_cannot_be_read_is_counted_and_breaks_nothing(stage) {
        let mut listening = stage.there().listen("a", pattern("**")).unwrap();
        let whole = serde_json::to_value(message("b", None, "good")).unwrap();
        let place = json!({ "project": stage.project, "run": stage.run });
        let mut loud = whole.clone();
        loud["priority"] = json!(99);
        for parcel in [json!(null), json!({ "place": place }), json!({ "place": place, "message": loud }), json!({ "place": place, "message": whole, "more": 1 })] {
            stage.bus.publish("agents.messages", parcel.to_string()).unwrap();
        }
        stage.bus.publish("agents.messages", vec![0xff, 0x00]).unwrap();
        stage.here().publish(&message("b", None, "good")).unwrap();
        assert_eq!(topic(&mut listening).await, "good");
        // On one server nothing comes by way of the bus.
        let expected = if stage.is_one { 0 } else { 5 };
        assert_eq!(stage.two.malformed(), expected);
    }

    async fn what_is_no_message_cannot_be_said(stage) {
        let floor = stage.here();
        assert!(floor.publish(&message("", None, "a")).is_err());
        assert!(floor.publish(&message("b", None, "a.*")).is_err());
        assert!(read("{}").is_err());
    }

    async fn who_listens_no_more_takes_no_room(stage) {
        let options = Options::default();
        let mut all: Vec<Listening> = Vec::new();
        for n in 0..options.listeners {
            all.push(stage.here().listen(&format!("a{n}"), pattern("**")).unwrap());
        }
        assert!(stage.here().listen("one-more", pattern("**")).is_err());
        all.pop();
        assert!(stage.here().listen("one-more", pattern("**")).is_ok());
    }
}
