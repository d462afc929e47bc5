//! What goes wrong on the way to a provider: over real HTTP on loopback.
#![allow(clippy::unwrap_used, reason = "what tests are set up with must work")]

mod doubles;

use std::time::Duration;

use doubles::{Double, Part, Reply, fault, freeze, hear, key, models, models_with, part, seconds, text};
use futures_util::StreamExt;
use models::{Base, Delta, Fault, Kind, Message, OpenAi, Provider, Request, Route, Target, Wait};
use serde_json::json;

fn route(double: &Double) -> Route {
    Target::new(Provider::OpenAi(OpenAi::at(double.base("/v1"), Some(key()))), "m").into()
}

fn hello() -> Request {
    Request::new(vec![Message::user("Hello")])
}

fn say(text: &str) -> String {
    json!({"choices": [{"index": 0, "delta": {"content": text}}]}).to_string()
}

fn whole(text: &str) -> Reply {
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}).to_string();
    Reply::events([say(text), end, "[DONE]".into()])
}

#[tokio::test]
async fn a_connection_cut_in_mid_token_keeps_what_arrived_and_is_not_tried_again() {
    let broken = Reply::events([say("Once upon")]).then(part("data: {\"choices\":[{\"de")).then(Part::Cut);
    let mut double = Double::serving([broken, whole("again")]).await;
    let (heard, error) = hear(&models(), &route(&double), hello()).await;
    assert_eq!(text(&heard), "Once upon");
    assert_eq!(*error.unwrap().fault(), Fault::Cut { received: 9 });
    double.request().await;
    assert!(double.is_quiet(), "what was passed on is not said twice");
}

#[tokio::test]
async fn a_stream_that_ends_without_an_end_is_cut_off_too() {
    let double = Double::serving([Reply::events([say("Once")])]).await;
    let (heard, error) = hear(&models(), &route(&double), hello()).await;
    assert_eq!((text(&heard).as_str(), error.unwrap().kind()), ("Once", Kind::Cut));
}

#[tokio::test]
async fn a_connection_cut_before_the_first_word_is_tried_again() {
    let broken = Reply::events(Vec::<String>::new()).then(Part::Cut);
    let mut double = Double::serving([broken, whole("Here")]).await;
    let answer = models().complete(&route(&double), hello()).await.unwrap();
    assert_eq!((answer.turn.text.as_str(), answer.served.attempts), ("Here", 2));
    double.request().await;
    double.request().await;
}

#[tokio::test]
async fn a_500_is_tried_again() {
    let double = Double::serving([Reply::status(500, "oops"), Reply::status(529, "{}"), whole("Here")]).await;
    let answer = models().complete(&route(&double), hello()).await.unwrap();
    assert_eq!((answer.turn.text.as_str(), answer.served.attempts), ("Here", 3));
}

#[tokio::test]
async fn a_429_is_tried_again_after_the_time_that_it_names() {
    let limited = Reply::status(429, "{}").header("retry-after-ms", "20");
    let double = Double::serving([limited, whole("Here")]).await;
    let began = tokio::time::Instant::now();
    models().complete(&route(&double), hello()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(20));
}

#[tokio::test]
async fn a_429_that_names_a_time_beyond_the_deadline_is_told_at_once_and_does_not_open_the_breaker() {
    let mut double = Double::serving([Reply::status(429, "{}").header("Retry-After", "3600")]).await;
    let models = models();
    for _ in 0..7 {
        let fault = fault(models.complete(&route(&double), hello()).await);
        assert_eq!(fault, Fault::RateLimited { retry_after: Some(seconds(3_600)) });
        double.request().await;
    }
}

#[tokio::test]
async fn a_first_word_that_is_too_slow_is_given_up() {
    let mut double = Double::serving([Reply::events(Vec::<String>::new()).then(Part::Hang)]).await;
    let models = models_with(|options| options.retry.attempts = 1);
    let _frozen = freeze();
    let route = route(&double);
    let slow = async {
        double.request().await;
        tokio::time::advance(seconds(121)).await;
    };
    let (answer, ()) = tokio::join!(models.complete(&route, hello()), slow);
    assert_eq!(fault(answer), Fault::Timeout(Wait::FirstToken));
}

#[tokio::test]
async fn a_next_word_that_is_too_slow_is_given_up() {
    let double = Double::serving([Reply::events([say("Once")]).then(Part::Hang)]).await;
    let models = models();
    let _frozen = freeze();
    let mut stream = models.stream(&route(&double), hello());
    assert!(matches!(stream.next().await, Some(Ok(Delta::Start(_)))));
    assert!(matches!(stream.next().await, Some(Ok(Delta::Text { .. }))));
    let (spent, ()) = tokio::join!(stream.next(), tokio::time::advance(seconds(61)));
    assert!(matches!(spent, Some(Ok(Delta::Spent(_)))), "{spent:?}");
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(*error.fault(), Fault::Timeout(Wait::BetweenTokens));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn dropping_the_stream_closes_its_connection() {
    let mut double = Double::serving([Reply::events([say("Once")]).then(Part::Hang)]).await;
    let models = models();
    let mut stream = models.stream(&route(&double), hello());
    assert!(stream.next().await.unwrap().is_ok());
    drop(stream);
    double.let_go().await;
}

#[tokio::test]
async fn giving_up_a_call_before_its_first_word_closes_its_connection() {
    let mut double = Double::serving([Reply::events(Vec::<String>::new()).then(Part::Hang)]).await;
    let (models, route) = (models(), route(&double));
    let mut call = Box::pin(models.complete(&route, hello()));
    tokio::select! {
        _ = &mut call => panic!("it cannot end"),
        _ = double.request() => {}
    }
    drop(call);
    double.let_go().await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut elsewhere = Double::serving([whole("stolen")]).await;
    let to = elsewhere.base("/v1/chat/completions").to_string();
    let double = Double::serving([Reply::status(307, "").header("location", to)]).await;
    assert_eq!(fault(models().complete(&route(&double), hello()).await).kind(), Kind::BadRequest);
    assert!(elsewhere.is_quiet());
}

#[tokio::test]
async fn a_line_that_never_ends_is_given_up() {
    let huge = Reply::events([say("Once")]).then(part(&format!("data: {}", "x".repeat(3_000_000))));
    let double = Double::serving([huge.then(Part::Hang)]).await;
    let (heard, error) = hear(&models(), &route(&double), hello()).await;
    assert_eq!((text(&heard).as_str(), error.unwrap().kind()), ("Once", Kind::InvalidOutput));
}

#[tokio::test]
async fn an_error_as_long_as_a_book_is_read_only_to_its_bound() {
    let double = Double::serving([Reply::status(400, "x".repeat(5_000_000))]).await;
    let Fault::BadRequest { message } = fault(models().complete(&route(&double), hello()).await) else {
        panic!("not refused");
    };
    assert!(message.len() < 600);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_not_reached_and_its_address_is_not_told() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let base = Base::parse(&format!("http://{address}/hidden-path")).unwrap();
    let route = Target::new(Provider::OpenAi(OpenAi::at(base, Some(key()))), "m").into();
    let error = models().complete(&route, hello()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Network);
    assert!(!error.to_string().contains("hidden-path"), "{error}");
}

#[tokio::test]
async fn a_key_that_the_provider_repeats_is_scrubbed() {
    let words = json!({"error": {"message": "no model for sk-test-0123456789"}}).to_string();
    let double = Double::serving([Reply::status(404, words)]).await;
    let error = models().complete(&route(&double), hello()).await.unwrap_err();
    assert!(error.to_string().contains("no model for [key]"), "{error}");
    assert!(!format!("{error:?}").contains("0123456789"));
}

#[tokio::test]
async fn a_web_page_in_place_of_a_stream_is_not_usable() {
    let double = Double::serving([Reply::status(200, "<html>").header("content-type", "text/html")]).await;
    assert_eq!(fault(models().complete(&route(&double), hello()).await).kind(), Kind::InvalidOutput);
}

#[tokio::test]
async fn a_stream_cut_into_single_bytes_is_the_same_stream() {
    let body = format!(
        "data: {}\n\ndata: [DONE]\n\n",
        json!({"choices": [{
        "index": 0, "delta": {"content": "Zoë spielt 琴 🎬"}, "finish_reason": "stop"}]})
    );
    let mut reply = Reply::events(Vec::<String>::new());
    for byte in body.bytes() {
        reply = reply.then(Part::Bytes(vec![byte].into()));
    }
    let double = Double::serving([reply]).await;
    assert_eq!(models().complete(&route(&double), hello()).await.unwrap().turn.text, "Zoë spielt 琴 🎬");
}

#[tokio::test]
async fn a_server_without_tls_is_not_reached_by_https() {
    let mut double = Double::serving([whole("in clear")]).await;
    let base = Base::parse(&double.base("/v1").to_string().replace("http://", "https://")).unwrap();
    let route = Target::new(Provider::OpenAi(OpenAi::at(base, Some(key()))), "m").into();
    assert_eq!(fault(models().complete(&route, hello()).await).kind(), Kind::Network);
    assert!(double.is_quiet(), "the key was not sent in clear");
}
