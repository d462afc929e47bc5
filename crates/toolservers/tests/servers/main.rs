//! Servers of others, real ones over HTTP and as commands: what they give, what is refused, and that none holds anybody up.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets an error has failed")]

mod double;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use double::{TOKEN, Tools, answering, serve, silent};
use http::{Response, StatusCode};
use http_body_util::Full;
use kernel::{Ambient, ManualClock, SeededRandom, Timestamp};
use resilience::breaker::Position;
use rmcp::ServiceExt;
use serde_json::{Map, Value, json};
use toolservers::{BadAddress, Command, Fault, Options, Place, Session, Token, ToolServers};

/// Makes this test's own executable a server of tools on its standard input and output.
const AS_SERVER: &str = "TOOLSERVERS_TEST_AS_SERVER";

fn options() -> Options {
    Options { private_addresses: true, ..Options::default() }
}

fn servers(options: Options) -> ToolServers {
    ToolServers::new(options, Ambient::system()).unwrap()
}

fn place(servers: &ToolServers, address: &str, token: Option<&str>) -> Place {
    Place::Address(servers.address(address).unwrap(), token.map(Token::new))
}

async fn open(servers: &ToolServers, address: &str) -> Result<Session, Fault> {
    servers.open("weather", &place(servers, address, None)).await
}

fn arguments(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[tokio::test]
async fn the_tools_of_a_server_are_listed_with_what_it_says_of_them_and_can_be_called() {
    let servers = servers(options());
    let session = open(&servers, &serve(Tools::default(), false).await).await.unwrap();
    let reads: Vec<(&str, bool)> =
        session.tools().iter().map(|tool| (tool.name.as_str(), tool.only_reads)).collect();
    assert_eq!(
        reads,
        [("tide", true), ("post", false), ("fail", true), ("flood", true), ("hang", true), ("mute", false)],
        "what says nothing of itself may write"
    );
    assert_eq!(session.tools()[0].arguments["properties"]["place"]["type"], "string");
    let answer = session.call("tide", arguments(json!({ "place": "Porthaven" }))).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.failed), ("High tide at \"Porthaven\": 6:12.", false));
    let failed = session.call("fail", Map::new()).await.unwrap();
    assert_eq!((failed.text.as_str(), failed.failed), ("The gauge is broken.", true));
    let refused = session.call("nothing", Map::new()).await.unwrap_err();
    assert!(matches!(&refused, Fault::Refused(why) if why.contains("no tool nothing")), "{refused:?}");
}

#[tokio::test]
async fn a_token_is_sent_and_a_wrong_one_is_told() {
    let servers = servers(options());
    let address = serve(Tools::default(), true).await;
    for token in [None, Some("wrong")] {
        let refused = servers.open("weather", &place(&servers, &address, token)).await.err().unwrap();
        assert_eq!(refused, Fault::Unauthorised);
    }
    let session = servers.open("weather", &place(&servers, &address, Some(TOKEN))).await.unwrap();
    assert!(session.call("post", Map::new()).await.is_ok());
    assert!(!format!("{:?}", place(&servers, &address, Some(TOKEN))).contains(TOKEN));
}

#[tokio::test]
async fn a_call_that_is_not_answered_in_time_is_given_up_and_the_next_one_works() {
    let servers = servers(Options { call: Duration::from_millis(300), ..options() });
    let session = open(&servers, &serve(Tools::default(), false).await).await.unwrap();
    let slow = session.call("hang", Map::new()).await.unwrap_err();
    assert_eq!(slow, Fault::Slow(Duration::from_millis(300)));
    assert!(session.call("tide", arguments(json!({ "place": "x" }))).await.is_ok());
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused() {
    let servers = servers(options());
    let session = open(&servers, &serve(Tools::default(), false).await).await.unwrap();
    assert_eq!(session.call("flood", Map::new()).await.unwrap_err(), Fault::TooLarge(256 << 10));
}

#[tokio::test]
async fn a_server_that_is_silent_dead_or_answers_wrongly_is_told_by_what_is_wrong() {
    let servers = servers(Options { opening: Duration::from_millis(500), ..options() });
    let fault = async |address: &str| open(&servers, address).await.err().unwrap();
    assert_eq!(fault(&silent().await).await, Fault::Slow(Duration::from_millis(500)));

    let json = |status: StatusCode, body: &'static str| {
        move || {
            let answer = Response::builder().status(status).header("content-type", "application/json");
            answer.body(Full::new(Bytes::from(body))).unwrap()
        }
    };
    let broken = fault(&answering(json(StatusCode::INTERNAL_SERVER_ERROR, "oh")).await).await;
    assert_eq!(broken, Fault::Broken(500));
    servers.breakers().reset("weather");
    for body in ["<html>", "{}", "{\"jsonrpc\":\"2.0\"", "[]"] {
        let malformed = fault(&answering(json(StatusCode::OK, body)).await).await;
        assert!(matches!(malformed, Fault::Malformed(_)), "{body}: {malformed:?}");
        servers.breakers().reset("weather");
    }
    let page = || {
        Response::builder()
            .header("content-type", "text/html")
            .body(Full::new(Bytes::from("<html>")))
            .unwrap()
    };
    let malformed = fault(&answering(page).await).await;
    assert!(matches!(malformed, Fault::Malformed(_)), "{malformed:?}");

    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/mcp", gone.local_addr().unwrap());
    drop(gone);
    let unreachable = fault(&address).await;
    assert!(matches!(&unreachable, Fault::Unreachable(why) if !why.contains("127.0.0.1")), "{unreachable:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let tools = Tools::default();
    let inside = serve(tools.clone(), false).await;
    let redirect = move || {
        let answer =
            Response::builder().status(StatusCode::TEMPORARY_REDIRECT).header("location", inside.clone());
        answer.body(Full::new(Bytes::new())).unwrap()
    };
    let refused = open(&servers(options()), &answering(redirect).await).await.err().unwrap();
    assert_eq!(refused, Fault::Broken(307));
}

#[tokio::test]
async fn what_is_in_our_own_networks_is_reached_only_where_that_is_allowed() {
    let address = serve(Tools::default(), false).await;
    let allowed = servers(options());
    assert!(open(&allowed, &address).await.is_ok());
    let strict = servers(Options::default());
    assert_eq!(strict.address(&address), Err(BadAddress::Scheme));
    // Written down when more was allowed.
    let kept = place(&allowed, &address.replace("http://", "https://"), None);
    assert_eq!(strict.open("weather", &kept).await.err().unwrap(), Fault::Address(BadAddress::Private));
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_left_alone_for_a_while_also_after_a_restart() {
    let clock = Arc::new(ManualClock::at(Timestamp(1_000_000)));
    let ambient = || Ambient::new(clock.clone(), Arc::new(SeededRandom::new(1)));
    let broken = answering(|| Response::builder().status(500).body(Full::new(Bytes::new())).unwrap()).await;
    let before = ToolServers::new(options(), ambient()).unwrap();
    let mut changes = before.breakers().changes();
    for _ in 0..5 {
        assert_eq!(open(&before, &broken).await.err().unwrap(), Fault::Broken(500));
    }
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    assert_eq!(open(&before, &broken).await.err().unwrap(), Fault::Resting { seconds: 30 });
    let breakers = before.breakers().saved();
    let after = ToolServers::new(Options { breakers, ..options() }, ambient()).unwrap();
    let good = serve(Tools::default(), false).await;
    assert_eq!(open(&after, &good).await.err().unwrap(), Fault::Resting { seconds: 30 });
    assert!(servers(options()).breakers().view("weather").is_none());
    clock.advance(30_000);
    assert!(open(&after, &good).await.is_ok());
    assert_eq!(after.breakers().view("weather").unwrap().position, Position::Closed);
}

/// Not a rule, but what the next one starts: this executable as a server on its standard input and output.
#[tokio::test]
async fn serves_on_its_own_input_and_output_when_it_is_told_to() {
    if std::env::var_os(AS_SERVER).is_some() {
        let service = Tools::default().serve(rmcp::transport::stdio()).await.unwrap();
        service.waiting().await.unwrap();
        std::process::exit(0);
    }
}

/// That server, as a command.
fn tides() -> Command {
    Command {
        name: "tides".into(),
        program: std::env::current_exe().unwrap(),
        args: ["serves_on_its_own_input_and_output_when_it_is_told_to", "--exact", "--nocapture", "--quiet"]
            .map(str::to_owned)
            .to_vec(),
        env: BTreeMap::from([(AS_SERVER.to_owned(), "1".to_owned())]),
    }
}

#[tokio::test]
async fn a_command_that_writes_a_line_without_an_end_is_read_no_further() {
    let servers = servers(Options { commands: vec![tides()], ..Options::default() });
    let session = servers.open("tides", &Place::Command("tides".into())).await.unwrap();
    for _ in 0..2 {
        let fault = session.call("gush", Map::new()).await.unwrap_err();
        assert_eq!(fault, Fault::TooLarge(1 << 20));
    }
    drop(session);
    let session = servers.open("tides", &Place::Command("tides".into())).await.unwrap();
    assert!(session.call("post", Map::new()).await.is_ok(), "another begins anew");
}

#[tokio::test]
async fn a_command_of_the_configuration_is_a_server_and_no_other_is() {
    let servers = servers(Options { commands: vec![tides()], ..Options::default() });
    assert_eq!(servers.commands().collect::<Vec<_>>(), ["tides"]);
    let session = servers.open("tides", &Place::Command("tides".into())).await.unwrap();
    let answer = session.call("tide", arguments(json!({ "place": "Porthaven" }))).await.unwrap();
    assert!(answer.text.contains("6:12"), "{answer:?}");
    let none = servers.open("sh", &Place::Command("/bin/sh".into())).await.err().unwrap();
    assert_eq!(none, Fault::NoCommand("/bin/sh".into()));
}

#[tokio::test]
async fn a_write_is_made_once_for_each_call() {
    let tools = Tools::default();
    let session = open(&servers(options()), &serve(tools.clone(), false).await).await.unwrap();
    session.call("post", Map::new()).await.unwrap();
    assert_eq!(tools.written.load(Ordering::Relaxed), 1);
}
