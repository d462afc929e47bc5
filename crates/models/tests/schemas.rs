//! Answers that must have a form, and tools: on a scripted model, in virtual time.
#![allow(clippy::unwrap_used, reason = "what tests are set up with must work")]

mod doubles;

use doubles::{ambient, fault, hear};
use models::{
    Act, Breakage, Delta, Kind, Message, Models, Options, Provider, Request, Route, Scene, Schema, Script,
    Scripted, Stop, Target, Tool,
};
use serde_json::json;

fn saying(texts: &[&str]) -> Scripted {
    let scenes = texts.iter().map(|text| Scene {
        times: Some(1),
        acts: vec![Act::Say((*text).to_owned()), Act::Tokens { input: 10, output: 1 }],
        ..Scene::default()
    });
    Scripted::new(Script { name: "s".into(), scenes: scenes.collect() })
}

fn route(scripted: &Scripted) -> Route {
    Target::new(Provider::Scripted(scripted.clone()), "m").into()
}

fn models() -> Models {
    Models::new(Options::default(), ambient()).unwrap()
}

fn scene_schema() -> Schema {
    let json = json!({"type": "object", "required": ["place"], "properties": {"place": {"type": "string"}}});
    Schema::new("scene", json).unwrap()
}

fn request() -> Request {
    Request::new(vec![Message::user("Where?")]).with_schema(scene_schema())
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_fits_is_given_as_json() {
    let scripted = saying(&["{\"place\": \"harbour\"}"]);
    let answer = models().complete(&route(&scripted), request()).await.unwrap();
    assert_eq!((answer.value, answer.repaired), (Some(json!({"place": "harbour"})), false));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_fit_is_sent_back_once_and_both_are_paid() {
    let scripted = saying(&["{\"where\": 1}", "```json\n{\"place\": \"harbour\"}\n```"]);
    let answer = models().complete(&route(&scripted), request()).await.unwrap();
    assert_eq!((answer.value, answer.repaired), (Some(json!({"place": "harbour"})), true));
    assert_eq!((answer.spent.usage.input_tokens, answer.spent.usage.output_tokens), (20, 2));
}

#[tokio::test(start_paused = true)]
async fn the_model_is_told_what_does_not_fit() {
    let first = Scene { times: Some(1), acts: vec![Act::Say("{}".into())], ..Scene::default() };
    let told = Scene {
        when: Some("\"place\" is a required property".into()),
        acts: vec![Act::Say("{\"place\": \"quay\"}".into())],
        ..Scene::default()
    };
    let scripted = Scripted::new(Script { name: "s".into(), scenes: vec![first, told] });
    assert!(models().complete(&route(&scripted), request()).await.unwrap().repaired);
}

#[tokio::test(start_paused = true)]
async fn two_answers_that_do_not_fit_are_an_error_that_says_what_both_cost() {
    let scripted = saying(&["no", "no", "{\"place\": \"harbour\"}"]);
    let error = models().complete(&route(&scripted), request()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidOutput);
    assert_eq!((error.spent().unwrap().usage.input_tokens, scripted.played()), (20, vec![1, 1, 0]));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_cut_off_or_declined_is_not_sent_back() {
    for stop in [Stop::MaxTokens, Stop::Declined] {
        let acts = vec![Act::Say("{\"pla".into()), Act::Stop(stop)];
        let scripted =
            Scripted::new(Script { name: "s".into(), scenes: vec![Scene { acts, ..Scene::default() }] });
        assert_eq!(fault(models().complete(&route(&scripted), request()).await).kind(), Kind::InvalidOutput);
        assert_eq!(scripted.played(), [1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_does_not_fit_ends_with_an_error_in_place_of_done() {
    let scripted = saying(&["no"]);
    let (heard, error) = hear(&models(), &route(&scripted), request()).await;
    assert_eq!(error.unwrap().kind(), Kind::InvalidOutput);
    assert!(matches!(heard.last(), Some(Delta::Spent(_))), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn tool_calls_come_whole_and_are_checked_by_the_tools_schema() {
    let acts = vec![
        Act::Say("Let me see.".into()),
        Act::Call { name: "scene".into(), arguments: json!({"place": "harbour"}) },
        Act::Call { name: "scene".into(), arguments: json!({"place": 5}) },
    ];
    let scripted =
        Scripted::new(Script { name: "s".into(), scenes: vec![Scene { acts, ..Scene::default() }] });
    let tool = Tool { description: "looks".into(), arguments: scene_schema() };
    let request = Request::new(vec![Message::user("Where?")]).with_tools(vec![tool.clone()]);
    let answer = models().complete(&route(&scripted), request).await.unwrap();
    let calls = &answer.turn.tool_calls;
    assert_eq!((answer.stop, calls.len()), (Stop::ToolCalls, 2));
    assert!(calls[0].id.starts_with("call_") && calls[0].id != calls[1].id);
    assert!(tool.check(&calls[0]).is_ok());
    assert!(tool.check(&calls[1]).unwrap_err().contains("/place"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_calls_a_tool_need_not_fit_the_schema_yet() {
    let acts = vec![Act::Call { name: "scene".into(), arguments: json!({}) }];
    let scripted =
        Scripted::new(Script { name: "s".into(), scenes: vec![Scene { acts, ..Scene::default() }] });
    let answer = models().complete(&route(&scripted), request()).await.unwrap();
    assert_eq!((answer.value, answer.turn.tool_calls.len()), (None, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_breaks_off_says_what_it_cost() {
    let acts = vec![Act::Say("Once upon".into()), Act::Break(Breakage::Cut)];
    let scripted =
        Scripted::new(Script { name: "s".into(), scenes: vec![Scene { acts, ..Scene::default() }] });
    let error = models().complete(&route(&scripted), request()).await.unwrap_err();
    let usage = error.spent().unwrap().usage;
    assert!(usage.estimated && usage.output_tokens == 3, "{usage:?}");
}
