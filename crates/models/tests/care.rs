//! How the models are cared for when they fail: on a scripted model, in virtual time.
#![allow(clippy::unwrap_used, reason = "what tests are set up with must work")]

mod doubles;

use std::sync::Arc;

use doubles::{ambient, fault, hear, seconds, text};
use futures_util::{StreamExt, future};
use kernel::{Ambient, ManualClock, SeededRandom, Timestamp};
use models::{
    Act, Breakage, Cost, Delta, Fault, Kind, Message, Models, Options, Provider, ProviderKind, Request,
    Route, Scene, Script, Scripted, Stop, Target, Wait,
};
use tokio::time::Instant;

fn scene(acts: impl Into<Vec<Act>>) -> Scene {
    Scene { times: Some(1), acts: acts.into(), ..Scene::default() }
}

fn say(text: &str) -> Act {
    Act::Say(text.to_owned())
}

fn script(scenes: impl Into<Vec<Scene>>) -> Scripted {
    Scripted::new(Script { name: "s".into(), scenes: scenes.into() })
}

fn target(scripted: &Scripted) -> Target {
    Target::new(Provider::Scripted(scripted.clone()), "m")
}

fn route(scripted: &Scripted) -> Route {
    target(scripted).into()
}

fn models() -> Models {
    Models::new(Options::default(), ambient()).unwrap()
}

fn hello() -> Request {
    Request::new(vec![Message::user("Hello")])
}

/// A model that always breaks so.
fn broken(breakage: Breakage) -> Scripted {
    script([Scene { acts: vec![Act::Break(breakage)], ..Scene::default() }])
}

#[tokio::test(start_paused = true)]
async fn a_stream_begins_with_who_answers_and_ends_with_what_it_took() {
    let scripted = script([scene([say("One two"), Act::Tokens { input: 3, output: 2 }])]);
    let (heard, error) = hear(&models(), &route(&scripted), hello()).await;
    assert_eq!(error, None);
    let [
        Delta::Start(served),
        Delta::Text { text: one },
        Delta::Text { text: two },
        Delta::Spent(spent),
        done,
    ] = &heard[..]
    else {
        panic!("{heard:?}");
    };
    assert_eq!(
        (served.attempts, served.fallback.is_none(), one.as_str(), two.as_str()),
        (1, true, "One", " two")
    );
    assert_eq!((spent.usage.input_tokens, spent.usage.estimated, spent.cost), (3, false, Cost::MicroUsd(0)));
    assert_eq!(*done, Delta::Done { stop: Stop::End });
}

#[tokio::test(start_paused = true)]
async fn a_failure_before_the_first_word_is_tried_again_after_a_pause() {
    let scripted = script([
        scene([Act::Break(Breakage::Overloaded)]),
        scene([Act::Break(Breakage::Cut)]),
        scene([say("Here")]),
    ]);
    let began = Instant::now();
    let answer = models().complete(&route(&scripted), hello()).await.unwrap();
    assert_eq!((answer.turn.text.as_str(), answer.served.attempts), ("Here", 3));
    assert!(began.elapsed() > seconds(0) && began.elapsed() <= seconds(2), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_was_passed_on_is_never_said_twice() {
    let scripted =
        script([scene([say("Once upon a ti"), Act::Break(Breakage::Cut)]), scene([say("Once upon a time")])]);
    let (heard, error) = hear(&models(), &route(&scripted), hello()).await;
    assert_eq!(text(&heard), "Once upon a ti");
    assert_eq!(*error.unwrap().fault(), Fault::Cut { received: 14 });
    let Some(Delta::Spent(spent)) = heard.last() else { panic!("{heard:?}") };
    assert!(
        spent.usage.estimated && spent.usage.output_tokens == 4,
        "it was paid for all the same: {spent:?}"
    );
    assert_eq!(scripted.played(), [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_asks_to_be_left_alone_is_and_that_does_not_count_against_it() {
    let mut scenes = vec![scene([Act::Break(Breakage::RateLimited(20_000))]); 2];
    scenes.push(scene([say("Now")]));
    let scripted = script(scenes);
    let began = Instant::now();
    models().complete(&route(&scripted), hello()).await.unwrap();
    assert!(began.elapsed() >= seconds(40) && began.elapsed() < seconds(43), "{:?}", began.elapsed());

    let (models, limited) = (models(), broken(Breakage::RateLimited(1)));
    for _ in 0..10 {
        assert_eq!(fault(models.complete(&route(&limited), hello()).await).kind(), Kind::RateLimited);
    }
    assert_eq!(limited.played(), [30], "the breaker never closed the way");
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_told_at_once() {
    let limited = broken(Breakage::RateLimited(3_600_000));
    let began = Instant::now();
    let fault = fault(models().complete(&route(&limited), hello()).await);
    assert_eq!(fault, Fault::RateLimited { retry_after: Some(seconds(3_600)) });
    assert_eq!(began.elapsed(), seconds(0));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_is_not_tried_again() {
    let scripted = broken(Breakage::Unauthorised);
    assert_eq!(fault(models().complete(&route(&scripted), hello()).await), Fault::Unauthorised);
    assert_eq!(scripted.played(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_keeps_failing_is_not_asked_until_its_time_is_over() {
    let (models, ill) = (models(), broken(Breakage::Overloaded));
    for _ in 0..2 {
        let _ = models.complete(&route(&ill), hello()).await;
    }
    assert_eq!(ill.played(), [5], "the fifth failure opened the breaker in the middle of the second call");
    assert_eq!(fault(models.complete(&route(&ill), hello()).await).kind(), Kind::Refused);
    assert_eq!(ill.played(), [5], "not dispatched");
    let well = Scripted::saying("Well again");
    tokio::time::advance(seconds(30)).await;
    let _ = models.complete(&route(&ill), hello()).await;
    assert_eq!(ill.played(), [6], "one probe, and its failure opened it again");
    assert!(models.complete(&route(&well), hello()).await.is_ok(), "another engine is not touched");
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_survives_a_restart() {
    let (before, ill) = (models(), broken(Breakage::Overloaded));
    for _ in 0..2 {
        let _ = before.complete(&route(&ill), hello()).await;
    }
    let stored = serde_json::to_string(&before.breakers().saved()).unwrap();
    let options = Options { breakers: serde_json::from_str(&stored).unwrap(), ..Options::default() };
    let after = Models::new(options, ambient()).unwrap();
    assert_eq!(fault(after.complete(&route(&ill), hello()).await).kind(), Kind::Refused);
    after.breakers().reset(&target(&ill).engine());
    assert_eq!(fault(after.complete(&route(&ill), hello()).await).kind(), Kind::Overloaded);
}

#[tokio::test(start_paused = true)]
async fn a_fallback_is_named_with_its_reason() {
    let (first, second) = (broken(Breakage::Unauthorised), Scripted::saying("Instead"));
    let stand_in = Target::new(Provider::Scripted(second), "other");
    let answer = models().complete(&route(&first).or(stand_in), hello()).await.unwrap();
    let fallback = answer.served.fallback.unwrap();
    assert_eq!((answer.served.by.model.as_str(), fallback.instead_of.model.as_str()), ("other", "m"));
    assert_eq!(fallback.because, Kind::Unauthorised);
}

#[tokio::test(start_paused = true)]
async fn if_nobody_answers_the_first_choices_error_is_told() {
    let (first, second) = (broken(Breakage::Unauthorised), broken(Breakage::Network));
    let route = route(&first).or(Target::new(Provider::Scripted(second), "other"));
    let error = models().complete(&route, hello()).await.unwrap_err();
    assert_eq!((error.kind(), error.by().model.as_str()), (Kind::Unauthorised, "m"));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_does_not_begin_is_given_up_after_its_time_and_tried_again() {
    let scripted = broken(Breakage::Stall);
    let began = Instant::now();
    let fault = fault(models().complete(&route(&scripted), hello()).await);
    assert_eq!(fault, Fault::Timeout(Wait::FirstToken));
    assert_eq!(scripted.played(), [3]);
    assert!(began.elapsed() >= seconds(360) && began.elapsed() < seconds(363), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_model_that_falls_silent_is_given_up_and_not_tried_again() {
    let scripted = script([scene([say("One"), Act::Break(Breakage::Stall)])]);
    let began = Instant::now();
    let (heard, error) = hear(&models(), &route(&scripted), hello()).await;
    assert_eq!(
        (text(&heard).as_str(), error.unwrap().fault()),
        ("One", &Fault::Timeout(Wait::BetweenTokens))
    );
    assert_eq!((began.elapsed(), scripted.played()), (seconds(60), vec![1]));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_never_comes_to_an_end_is_given_up_in_the_end() {
    let scripted = script([scene([Act::Pace(50_000), say(&"word ".repeat(100))])]);
    let began = Instant::now();
    let (heard, error) = hear(&models(), &route(&scripted), hello()).await;
    assert_eq!(*error.unwrap().fault(), Fault::Timeout(Wait::Overall));
    assert!(text(&heard).starts_with("word word"));
    assert_eq!(began.elapsed(), seconds(600));
}

#[tokio::test(start_paused = true)]
async fn a_slow_listener_is_not_the_models_fault() {
    let scripted = Scripted::saying("One two three");
    let models = models();
    let mut stream = models.stream(&route(&scripted), hello());
    let mut heard = 0;
    while let Some(delta) = stream.next().await {
        delta.unwrap();
        heard += 1;
        tokio::time::sleep(seconds(90)).await;
    }
    assert_eq!(heard, 6);
}

#[tokio::test(start_paused = true)]
async fn calls_to_a_paced_provider_start_an_interval_apart() {
    let options = Options { pace_ms: [(ProviderKind::Scripted, 1_000)].into(), ..Options::default() };
    let models = Models::new(options, ambient()).unwrap();
    let (scripted, began) = (Scripted::saying("x"), Instant::now());
    let route = route(&scripted);
    let ends = (0..3).map(|_| async {
        models.complete(&route, hello()).await.unwrap();
        began.elapsed()
    });
    let mut ends = future::join_all(ends).await;
    ends.sort();
    assert_eq!(ends, [seconds(0), seconds(1), seconds(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_lets_the_next_one_through() {
    let models = models();
    let moody = script([
        Scene { times: Some(5), acts: vec![Act::Break(Breakage::Overloaded)], ..Scene::default() },
        scene([say("Long story"), Act::Break(Breakage::Stall)]),
        scene([say("Well")]),
    ]);
    for _ in 0..2 {
        let _ = models.complete(&route(&moody), hello()).await;
    }
    tokio::time::advance(seconds(30)).await;
    let mut probe = models.stream(&route(&moody), hello());
    assert!(probe.next().await.unwrap().is_ok());
    assert_eq!(fault(models.complete(&route(&moody), hello()).await).kind(), Kind::Refused);
    drop(probe);
    assert_eq!(models.complete(&route(&moody), hello()).await.unwrap().turn.text, "Well");
}

#[tokio::test(start_paused = true)]
async fn a_successful_test_of_the_settings_closes_the_breaker() {
    let models = models();
    let scripted = script([
        Scene { times: Some(5), acts: vec![Act::Break(Breakage::Overloaded)], ..Scene::default() },
        Scene { acts: vec![Act::Think("Hm".into()), say(" ready\n")], ..Scene::default() },
    ]);
    for _ in 0..2 {
        let _ = models.complete(&route(&scripted), hello()).await;
    }
    let probe = models.probe(&target(&scripted)).await.unwrap();
    assert_eq!((probe.reply.as_str(), probe.took_ms, probe.spent.usage.estimated), ("ready", 0, true));
    assert!(models.complete(&route(&scripted), hello()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_test_of_the_settings_is_made_once_and_does_not_last() {
    let stalled = broken(Breakage::Stall);
    let began = Instant::now();
    let error = models().probe(&target(&stalled)).await.unwrap_err();
    assert_eq!((error.kind(), began.elapsed(), stalled.played()), (Kind::Timeout, seconds(30), vec![1]));
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_stands_still_stops_no_call() {
    let clock = Arc::new(ManualClock::at(Timestamp(0)));
    let ambient = Ambient::new(clock, Arc::new(SeededRandom::new(1)));
    let models = Models::new(Options::default(), ambient).unwrap();
    let scripted = script([scene([Act::Break(Breakage::RateLimited(5_000))]), scene([say("Here")])]);
    assert!(models.complete(&route(&scripted), hello()).await.is_ok());
    let stalled = script([scene([say("x"), Act::Break(Breakage::Stall)])]);
    assert_eq!(fault(models.complete(&route(&stalled), hello()).await).kind(), Kind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn an_endless_answer_is_given_up_at_its_bound() {
    let mut options = Options::default();
    options.bounds.answer = 100;
    let models = Models::new(options, ambient()).unwrap();
    let scripted = script([scene([Act::Think("hm ".repeat(20)), say(&"word ".repeat(100))])]);
    let (heard, error) = hear(&models, &route(&scripted), hello()).await;
    assert_eq!(error.unwrap().kind(), Kind::InvalidOutput);
    assert_eq!(text(&heard).len(), 39, "thoughts count too");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_would_take_is_not_sent() {
    let scripted = Scripted::saying("x");
    let request = Request::new(vec![Message::assistant("x")]);
    assert_eq!(fault(models().complete(&route(&scripted), request).await).kind(), Kind::BadRequest);
    assert_eq!(scripted.played(), [0]);
}
