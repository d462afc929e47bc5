//! What is answered in each mode: by rules, by a model, and when a model fails.

use kernel::{Code, ConversationId, EntityId};
use models::{Act, Breakage, Stop};
use store::usage;
use wire::orchestrator::{
    Author, ChatHints, ChatResponse, DateRange, Message, MessageState, QueryFilters, QueryRequest,
};
use wire::usage::{Budgets, UsageBy};

use crate::stage::{FILM, HARBOUR, Stage, nothing, says, scene, scene_when};

async fn ask(stage: &Stage, mode: &str, content: &str) -> ChatResponse {
    stage.orchestrator.chat(&stage.ada, &FILM, stage.say(mode, content, None)).await.unwrap()
}

fn question(stage: &Stage, query: &str) -> QueryRequest {
    QueryRequest { query: query.to_owned(), project_id: stage.project(), filters: None, limit: None }
}

#[tokio::test]
async fn without_a_model_a_question_is_answered_by_rules_with_its_sources_and_says_so() {
    let stage = Stage::set().await;
    let answer = ask(&stage, "query", "Which scenes is Mara in?").await;
    assert!(answer.content.starts_with("2 scenes with Mara"), "{}", answer.content);
    assert!(answer.content.contains("Sources: EXT. HARBOUR - NIGHT (scene)"), "{}", answer.content);
    let metadata = answer.metadata.unwrap();
    assert_eq!(metadata.answered_by.as_deref(), Some("rules"));
    assert!(metadata.fallback.unwrap().contains("No language model is set"));
    assert_eq!(metadata.query.unwrap().total, 2);
    assert_eq!(metadata.usage, None);
}

#[tokio::test]
async fn a_question_that_nothing_answers_is_not_put_to_a_model() {
    let stage = Stage::set().await;
    let actor = stage.play([scene([says("I made this up.")])]);
    let answer = ask(&stage, "query", "xylophone zeppelin").await;
    assert!(answer.content.starts_with("Nothing in this project answers that."), "{}", answer.content);
    assert_eq!(actor.played(), [0]);
}

#[tokio::test]
async fn a_model_answers_from_the_text_of_what_was_found_and_its_cost_stands_beside_it() {
    let stage = Stage::set().await;
    let acts = [says("She ties the ferry."), Act::Tokens { input: 120, output: 7 }];
    stage.play([scene_when("Mara ties the ferry to the quay.", acts)]);
    let answer = ask(&stage, "query", "Which scenes is Mara in?").await;
    assert_eq!(answer.content, "She ties the ferry.");
    let metadata = answer.metadata.unwrap();
    assert_eq!(metadata.answered_by.as_deref(), Some("actor"));
    assert_eq!(metadata.fallback, None);
    let usage = metadata.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.estimated), (120, 7, false));
    assert_eq!(metadata.query.unwrap().total, 2);
}

/// Sets how many tokens the project may take in a day.
async fn allow(stage: &Stage, day_tokens: i64) {
    let budgets = Budgets { day_tokens: Some(day_tokens), ..Budgets::default() };
    stage.store.transact_in(&stage.ada, move |t| usage::set_budgets(t, &budgets)).await.unwrap();
}

/// What was taken since ever, by who answered.
async fn taken(stage: &Stage) -> Vec<(String, i64)> {
    let report = |t: &mut store::Tenant<'_, '_>| usage::report(t, UsageBy::Agent, kernel::Timestamp(0));
    let rows = stage.store.read_in(&stage.ada, report).await.unwrap();
    rows.into_iter().map(|row| (row.key, row.sum.input_tokens + row.sum.output_tokens)).collect()
}

#[tokio::test]
async fn what_a_question_takes_counts_and_with_the_budget_used_up_the_rules_answer_and_say_so() {
    let stage = Stage::set().await;
    let actor = stage.play([scene([says("She ties the ferry."), Act::Tokens { input: 5_000, output: 7 }])]);
    allow(&stage, 6_000).await;
    assert_eq!(ask(&stage, "query", "Which scenes is Mara in?").await.content, "She ties the ferry.");
    assert_eq!(taken(&stage).await, [("query".to_owned(), 5_007)]);
    let answer = ask(&stage, "query", "Which scenes is Mara in?").await;
    assert!(answer.content.starts_with("2 scenes with Mara"), "{}", answer.content);
    let metadata = answer.metadata.unwrap();
    assert_eq!(metadata.answered_by.as_deref(), Some("rules"));
    let why = metadata.fallback.unwrap();
    assert!(
        why.contains("the project's day has used 5,007 of 6,000 tokens") && why.contains("An owner"),
        "{why}"
    );
    assert_eq!((actor.played(), taken(&stage).await.len()), (vec![1], 1));
}

#[tokio::test]
async fn what_talk_takes_counts_and_with_the_budget_used_up_no_model_is_asked_and_the_answer_says_so() {
    let stage = Stage::set().await;
    let actor = stage.play([scene([says("Ebb and flood."), Act::Tokens { input: 5_000, output: 7 }])]);
    allow(&stage, 6_000).await;
    assert_eq!(ask(&stage, "chat", "Tell me of the tide.").await.content, "Ebb and flood.");
    assert_eq!(taken(&stage).await, [("chat".to_owned(), 5_007)]);
    for (said, answered) in
        [("And then?", "the project's day has used"), ("Which shortcuts are there?", "Ctrl+K")]
    {
        let answer = ask(&stage, "chat", said).await;
        assert!(answer.content.contains(answered), "{}", answer.content);
        let metadata = answer.metadata.unwrap();
        assert_eq!(metadata.answered_by.as_deref(), Some("rules"));
        assert!(metadata.fallback.unwrap().contains("An owner can raise"), "{said}");
    }
    assert_eq!((actor.played(), taken(&stage).await.len()), (vec![1], 1));
}

#[tokio::test]
async fn what_data_mode_reads_with_the_budget_used_up_is_read_by_rules_and_says_so() {
    let stage = Stage::set().await;
    let actor = stage.play([scene([says("{\"records\": []}"), Act::Tokens { input: 100, output: 7 }])]);
    ask(&stage, "data", "name: Mara Voss").await;
    assert_eq!((actor.played(), taken(&stage).await), (vec![1], vec![("data".to_owned(), 107)]));
    allow(&stage, 200).await;
    let metadata = ask(&stage, "data", "name: Joss").await.metadata.unwrap();
    assert_eq!((metadata.answered_by.as_deref(), actor.played()), (Some("rules"), vec![1]));
    let why = metadata.fallback.unwrap();
    assert!(why.contains("read by rules") && why.contains("has used 107 of 200 tokens"), "{why}");
}

#[tokio::test]
async fn text_of_the_project_reaches_a_model_only_as_a_quoted_string() {
    let stage = Stage::set().await;
    let quoted = serde_json::to_string(HARBOUR).unwrap();
    assert_ne!(quoted.trim_matches('"'), HARBOUR, "the text has something to quote");
    stage.play([scene_when(&quoted, [says("quoted")]), scene([says("not quoted")])]);
    assert_eq!(ask(&stage, "query", "Which scenes is Mara in?").await.content, "quoted");
}

#[tokio::test]
async fn material_that_does_not_fit_its_bound_is_left_out() {
    let options = agents::orchestrator::Options { material: 100, ..Default::default() };
    let stage = Stage::set_with(options).await;
    stage.play([scene_when("ties the ferry", [says("given")]), scene([says("left out")])]);
    assert_eq!(ask(&stage, "query", "Which scenes is Mara in?").await.content, "left out");
}

#[tokio::test]
async fn a_model_that_does_not_begin_is_replaced_by_rules_and_the_reason_is_named() {
    let stage = Stage::set().await;
    stage.play([scene([Act::Break(Breakage::Unauthorised)])]);
    let answer = ask(&stage, "query", "Which scenes is Mara in?").await;
    assert!(answer.content.starts_with("2 scenes with Mara"), "{}", answer.content);
    let metadata = answer.metadata.unwrap();
    assert_eq!(metadata.answered_by.as_deref(), Some("rules"));
    assert!(metadata.fallback.unwrap().contains("did not accept the key"));
}

#[tokio::test]
async fn a_model_that_breaks_in_the_middle_keeps_its_words_and_rules_finish_the_answer() {
    let stage = Stage::set().await;
    stage.play([scene([says("She is in"), Act::Break(Breakage::Cut)])]);
    let answer = ask(&stage, "query", "Which scenes is Mara in?").await;
    let (kept, rest) = answer.content.split_once("\n\n").unwrap();
    assert_eq!(kept, "She is in");
    assert!(rest.contains("broke off") && rest.contains("2 scenes with Mara"), "{rest}");
    let metadata = answer.metadata.unwrap();
    assert_eq!(metadata.answered_by.as_deref(), Some("actor"));
    assert!(metadata.fallback.unwrap().contains("broke off"));
    assert!(metadata.usage.unwrap().output_tokens > 0, "what was spent is recorded all the same");
}

#[tokio::test]
async fn a_model_that_says_nothing_or_declines_is_replaced_by_rules() {
    let stage = Stage::set().await;
    for acts in [vec![], vec![Act::Stop(Stop::Declined)]] {
        stage.play([scene(acts)]);
        let answer = ask(&stage, "query", "Which scenes is Mara in?").await;
        assert!(answer.content.starts_with("2 scenes with Mara"), "{}", answer.content);
        assert_eq!(answer.metadata.unwrap().answered_by.as_deref(), Some("rules"));
    }
}

#[tokio::test]
async fn an_answer_that_reached_its_tokens_says_so() {
    let stage = Stage::set().await;
    stage.play([scene([says("Once upon a"), Act::Stop(Stop::MaxTokens)])]);
    let answer = ask(&stage, "chat", "Tell me a story.").await;
    assert_eq!(answer.content, "Once upon a");
    assert!(answer.metadata.unwrap().fallback.unwrap().contains("may not have finished"));
}

#[tokio::test]
async fn a_question_that_finds_nothing_is_asked_again_about_what_the_person_looks_at() {
    let stage = Stage::set().await;
    let found = stage.orchestrator.query(&stage.ada, &FILM, question(&stage, "Who is Mara?")).await.unwrap();
    let mara: EntityId = found.results[0].id;
    let ask = async |hints| {
        let mut request = stage.say("query", "xylophone", None);
        request.metadata = hints;
        stage.orchestrator.chat(&stage.ada, &FILM, request).await.unwrap().metadata.unwrap().query.unwrap()
    };
    assert_eq!(ask(None).await.total, 0);
    let hints = ChatHints { context_entities: Some(vec![mara]), suggested_departments: None };
    assert_eq!(ask(Some(hints)).await.query_analysis.entities, ["Mara"]);
}

#[tokio::test]
async fn without_a_model_talk_is_not_pretended_and_atelier_still_explains_itself() {
    let stage = Stage::set().await;
    let answer = ask(&stage, "chat", "What do you think of Tarkovsky?").await;
    assert!(answer.content.starts_with("General talk needs a language model"), "{}", answer.content);
    let answer = ask(&stage, "chat", "Which shortcuts are there?").await;
    assert!(answer.content.contains("Ctrl+K"), "{}", answer.content);
    assert_eq!(answer.metadata.unwrap().answered_by.as_deref(), Some("rules"));
}

#[tokio::test]
async fn talk_with_a_model_knows_what_was_said_before_but_nothing_of_the_project() {
    let stage = Stage::set().await;
    let conversation = stage.conversation().await;
    let mut heard = Vec::new();
    for (mode, content) in
        [("chat", "My name is Ada."), ("query", "Which scenes is Mara in?"), ("chat", "What is my name?")]
    {
        stage.play([scene([says(&format!("answer to {content}"))])]);
        let request = stage.say(mode, content, Some(conversation));
        heard.push(stage.orchestrator.chat(&stage.ada, &FILM, request).await.unwrap());
    }
    assert!(heard.iter().all(|answer| answer.conversation_id == conversation));
    assert!(heard[2].metadata.as_ref().unwrap().query.is_none());
    // The estimate counts four bytes a token of all that was sent: with the first turn, without the question's material.
    let sent = heard[2].metadata.as_ref().unwrap().usage.unwrap().input_tokens;
    let first = heard[0].metadata.as_ref().unwrap().usage.unwrap().input_tokens;
    let turn = "My name is Ada.".len() + "answer to My name is Ada.".len() + 2 * 16;
    let longer = "What is my name?".len() - "My name is Ada.".len();
    assert!(sent.abs_diff(first + ((turn + longer) / 4) as u64) <= 1, "{first} then {sent}");
}

#[tokio::test]
async fn talk_that_a_model_breaks_off_keeps_its_words_and_says_why() {
    let stage = Stage::set().await;
    stage.play([scene([says("Well, I"), Act::Break(Breakage::Cut)])]);
    let answer = ask(&stage, "chat", "Go on.").await;
    assert!(answer.content.starts_with("Well, I\n\n") && answer.content.contains("broke off"));
    stage.play([scene([Act::Break(Breakage::Unauthorised)])]);
    let answer = ask(&stage, "chat", "Go on.").await;
    assert!(answer.content.contains("did not accept the key"), "{}", answer.content);
    assert_eq!(answer.metadata.unwrap().answered_by.as_deref(), Some("rules"));
}

#[tokio::test]
async fn an_answer_is_cut_at_its_bound_and_says_so() {
    let options = agents::orchestrator::Options { max_answer: 7, ..Default::default() };
    let stage = Stage::set_with(options).await;
    stage.play([scene([says("äöü äöü äöü")])]);
    let answer = ask(&stage, "chat", "Umlauts, please.").await;
    assert_eq!(answer.content, "äöü äöü");
    assert!(answer.metadata.unwrap().fallback.unwrap().contains("cut at 7 characters"));
}

#[tokio::test]
async fn a_talk_is_kept_with_both_sides_and_titled_by_its_first_words() {
    let stage = Stage::set().await;
    let answer = ask(&stage, "chat", "<b>Hello</b> there").await;
    let messages = stage.messages(answer.conversation_id).await;
    let [answered, asked] = &messages[..] else { panic!("two messages: {messages:?}") };
    assert_eq!((asked.author, asked.content.as_str()), (Author::User, "Hello there"));
    assert_eq!((answered.author, answered.state), (Author::Assistant, MessageState::Complete));
    assert_eq!((answered.id, &answered.content), (answer.message_id, &answer.content));
    let page = kernel::PageRequest::default();
    let listed = stage.orchestrator.conversations(&stage.ada, page.clone()).await.unwrap();
    assert_eq!((listed.total, listed.rows[0].title.as_str()), (1, "Hello there"));
    assert_eq!(stage.orchestrator.conversations(&stage.ben, page).await.unwrap().total, 0);
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_with_a_code_before_anything_is_stored() {
    let stage = Stage::set().await;
    let refused = async |change: &dyn Fn(&mut wire::orchestrator::ChatRequest)| {
        let mut request = stage.say("query", "Who is Mara?", None);
        change(&mut request);
        stage.orchestrator.begin(&stage.ada, &FILM, request).await.unwrap_err().code()
    };
    assert_eq!(refused(&|r| r.mode = "task".into()).await, Code::InvalidMode);
    assert_eq!(refused(&|r| r.mode = "Query".into()).await, Code::InvalidMode);
    assert_eq!(refused(&|r| r.content = " <br> ".into()).await, Code::ValidationError);
    assert_eq!(refused(&|r| r.project_id = nothing()).await, Code::MissingProject);
    assert_eq!(refused(&|r| r.conversation_id = Some(nothing::<ConversationId>())).await, Code::NotFound);
    let hints = |entities: usize, departments: usize| ChatHints {
        context_entities: Some(vec![nothing(); entities]),
        suggested_departments: Some(vec!["story".into(); departments]),
    };
    assert_eq!(refused(&|r| r.metadata = Some(hints(51, 1))).await, Code::ValidationError);
    assert_eq!(refused(&|r| r.metadata = Some(hints(1, 8))).await, Code::ValidationError);
    let page = kernel::PageRequest::default();
    assert_eq!(stage.orchestrator.conversations(&stage.ada, page).await.unwrap().total, 0);
}

#[tokio::test]
async fn a_plain_question_names_the_field_that_is_out_of_bounds() {
    let stage = Stage::set().await;
    let refused = async |filters: QueryFilters, limit: Option<u32>| {
        let request =
            QueryRequest { filters: Some(filters), limit, ..question(&stage, "Which scenes is Mara in?") };
        let error = stage.orchestrator.query(&stage.ada, &FILM, request).await.unwrap_err();
        error.details().unwrap()["field"].as_str().unwrap().to_owned()
    };
    let none = QueryFilters::default;
    assert_eq!(refused(none(), Some(0)).await, "limit");
    assert_eq!(refused(none(), Some(101)).await, "limit");
    let types = QueryFilters { entity_types: Some(vec!["scene".into(); 11]), ..none() };
    assert_eq!(refused(types, None).await, "filters.entityTypes");
    let tags = QueryFilters { tags: Some(vec![String::new()]), ..none() };
    assert_eq!(refused(tags, None).await, "filters.tags");
    let range = DateRange { start: kernel::Timestamp(2), end: kernel::Timestamp(1) };
    assert_eq!(refused(QueryFilters { date_range: Some(range), ..none() }, None).await, "filters.dateRange");
    let request = QueryRequest { limit: Some(1), ..question(&stage, "Which scenes is Mara in?") };
    let found = stage.orchestrator.query(&stage.ada, &FILM, request).await.unwrap();
    assert_eq!((found.results.len(), found.total), (1, 2));
}

#[tokio::test]
async fn an_answer_under_way_is_read_with_the_text_so_far() {
    let stage = Stage::set().await;
    let conversation = stage.conversation().await;
    stage.begin_silent_after("so far", conversation).await;
    let Message { state, content, .. } = stage.messages(conversation).await.swap_remove(0);
    assert_eq!((state, content.as_str()), (MessageState::Streaming, "so far"));
}

#[tokio::test]
async fn in_data_mode_the_answer_says_what_was_understood_and_the_preview_waits_for_a_decision() {
    let stage = Stage::set().await;
    let answer = ask(&stage, "data", "type: character\nname: Joss Brand\nage: 41").await;
    assert!(
        answer.content.starts_with("This reads as a character: Joss Brand (age 41)"),
        "{}",
        answer.content
    );
    assert!(answer.content.ends_with("Nothing is saved until you decide."), "{}", answer.content);
    let metadata = answer.metadata.unwrap();
    let preview = metadata.ingest.unwrap();
    assert_eq!(preview.preview.parsed_data["name"], "Joss Brand");
    assert_eq!(metadata.recommendation, Some(preview.recommendation));
    assert_eq!(metadata.quality_score, Some(preview.quality_scores.overall));
    assert_eq!(metadata.departments, Some(vec!["story".to_owned()]));
    assert_eq!(metadata.answered_by.as_deref(), Some("rules"));
    let found = stage.orchestrator.query(&stage.ada, &FILM, question(&stage, "Who is Joss?")).await.unwrap();
    assert!(found.results.iter().all(|result| !result.title.contains("Joss")), "nothing is saved yet");
}

#[tokio::test]
async fn data_mode_names_what_the_text_may_repeat_and_what_else_it_speaks_of() {
    let stage = Stage::set().await;
    let people = r#"[{"type": "character", "name": "Mara"}, {"type": "character", "name": "Joss Brand"}]"#;
    let answer = ask(&stage, "data", people).await;
    assert!(answer.content.contains("may be the same as Mara"), "{}", answer.content);
    assert!(answer.content.contains("Joss Brand (character)"), "{}", answer.content);
}

#[tokio::test]
async fn a_viewer_asks_but_tells_a_project_nothing() {
    let stage = Stage::set().await;
    let request = |mode: &str| stage.say(mode, "type: character\nname: Joss Brand", None);
    let error = stage.orchestrator.begin(&stage.ben, &FILM, request("data")).await.unwrap_err();
    assert_eq!(error.code(), Code::Forbidden);
    stage.orchestrator.chat(&stage.ben, &FILM, request("query")).await.unwrap();
}
