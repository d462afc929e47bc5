//! How an answer is heard: from any place, by any number, through stops and restarts, without a gap or a repeat.

use agents::orchestrator::{Listener, Options};
use kernel::{Code, PageRequest};
use models::Act;
use proptest::prelude::*;
use wire::orchestrator::{MessageState, Mode, StreamEvent};

use crate::stage::{FILM, Stage, hear, says, scene, text};

fn chars(text: &str, from: usize) -> String {
    text.chars().skip(from).collect()
}

/// Hears what has been written of an answer that is silent now.
async fn hear_so_far(listener: &mut Listener, missing: &str) {
    let mut heard = String::new();
    while heard != missing {
        match listener.next().await.unwrap() {
            (_, StreamEvent::Chunk { delta, .. }) => heard.push_str(&delta),
            (_, event) => assert!(matches!(event, StreamEvent::Start { .. }), "{event:?}"),
        }
    }
}

#[tokio::test]
async fn a_stream_says_start_then_each_new_piece_then_the_whole_with_an_id_for_each() {
    let stage = Stage::set().await;
    stage.play([scene([Act::Pace(1), says("One two three")])]);
    let conversation = stage.conversation().await;
    let mut listener = stage.listen(conversation, None).await;
    let turn = stage.begin("chat", "Count.", conversation).await;
    let heard = hear(&mut listener).await;
    let (id, first) = &heard[0];
    assert_eq!(*id, format!("{}.0", turn.message_id));
    assert!(
        matches!(first, StreamEvent::Start { message_id, mode: Mode::Chat } if *message_id == turn.message_id)
    );
    let mut so_far = 0;
    for (id, event) in &heard[1..heard.len() - 1] {
        let StreamEvent::Chunk { delta, .. } = event else { panic!("{event:?}") };
        assert!(!delta.is_empty());
        so_far += delta.chars().count();
        assert_eq!(*id, format!("{}.{so_far}", turn.message_id));
    }
    assert_eq!(text(&heard), "One two three");
    let (id, last) = &heard[heard.len() - 1];
    assert_eq!(*id, format!("{}.end", turn.message_id));
    let StreamEvent::Complete { message_id, content, mode: Mode::Chat, metadata } = last else {
        panic!("{last:?}")
    };
    assert_eq!((*message_id, content.as_str()), (turn.message_id, "One two three"));
    assert_eq!(metadata.as_ref().unwrap().answered_by.as_deref(), Some("actor"));
}

#[test]
fn cut_anywhere_and_resumed_a_stream_gives_exactly_the_text_of_an_uncut_one() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stage = runtime.block_on(Stage::set());
    let config = ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(said in "[a-z é漢🙂\u{301}\n]{0,24}[a-zß]")| {
        runtime.block_on(async {
            let conversation = stage.conversation().await;
            let turn = stage.begin_silent_after(&said, conversation).await;
            let length = said.chars().count();
            let mut listeners = Vec::new();
            for cut in 0..=length {
                let last = format!("{}.{cut}", turn.message_id);
                listeners.push(stage.listen(conversation, Some(&last)).await);
            }
            stage.orchestrator.stop(&stage.ada, conversation).await.unwrap();
            for (cut, live) in listeners.iter_mut().enumerate() {
                let missing = chars(&said, cut);
                let heard = hear(live).await;
                prop_assert_eq!(text(&heard), missing.as_str(), "live, cut at {}", cut);
                let starts = heard.iter().any(|(_, event)| matches!(event, StreamEvent::Start { .. }));
                prop_assert!(!starts, "a resumed answer has started before");
                let last = format!("{}.{cut}", turn.message_id);
                let heard_later = hear(&mut stage.listen(conversation, Some(&last)).await).await;
                prop_assert_eq!(text(&heard_later), missing, "stored, cut at {}", cut);
                prop_assert_eq!(&heard_later.last().unwrap().0, &heard.last().unwrap().0);
            }
            Ok(())
        })?;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_is_cut_off_after_every_event_hears_the_same_as_one_that_is_not() {
    let stage = Stage::set().await;
    let said = "Ebb and flood, 潮 und Flut. ".repeat(40);
    let mut ends = Vec::new();
    let conversation = stage.conversation().await;
    for _ in 0..3 {
        stage.play([scene([says(&said)])]);
        let mut steady = stage.listen(conversation, None).await;
        let turn = stage.begin("chat", "Speak.", conversation).await;
        let mut heard = vec![(format!("{}.0", turn.message_id), None)];
        while !heard.last().unwrap().0.ends_with(".end") {
            let mut once = stage.listen(conversation, Some(&heard.last().unwrap().0)).await;
            let (id, event) = once.next().await.unwrap();
            heard.push((id, Some(event)));
        }
        let heard: Vec<_> = heard.into_iter().filter_map(|(id, event)| Some((id, event?))).collect();
        assert_eq!(text(&heard), said);
        assert_eq!(text(&hear(&mut steady).await), said);
        ends.push(heard.last().unwrap().0.clone());
    }
    assert!(ends.is_sorted(), "each round heard its own answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_heard_the_end_of_an_answer_can_go_on_at_once() {
    let stage = Stage::set().await;
    let conversation = stage.conversation().await;
    for _ in 0..50 {
        let request = stage.say("chat", "Shortcuts?", Some(conversation));
        stage.orchestrator.chat(&stage.ada, &FILM, request).await.unwrap();
    }
    assert_eq!(stage.messages(conversation).await.len(), 50, "a page");
}

#[tokio::test]
async fn a_listener_that_comes_late_hears_what_was_said_so_far_and_then_the_rest() {
    let stage = Stage::set().await;
    let conversation = stage.conversation().await;
    let turn = stage.begin_silent_after("So far.", conversation).await;
    let mut late = stage.listen(conversation, None).await;
    hear_so_far(&mut late, "So far.").await;
    stage.orchestrator.stop(&stage.ada, conversation).await.unwrap();
    let (id, event) = late.next().await.unwrap();
    assert_eq!(id, format!("{}.end", turn.message_id));
    assert!(matches!(event, StreamEvent::Complete { content, .. } if content == "So far."));
}

#[tokio::test]
async fn a_listener_who_does_not_listen_slows_neither_the_answer_nor_another_listener() {
    let stage = Stage::set().await;
    let long = "word ".repeat(5_000);
    stage.play([scene([says(&long)])]);
    let conversation = stage.conversation().await;
    let mut slow = stage.listen(conversation, None).await;
    let mut quick = stage.listen(conversation, None).await;
    stage.begin("chat", "Go.", conversation).await;
    assert_eq!(text(&hear(&mut quick).await), long);
    assert_eq!(text(&hear(&mut slow).await), long);
}

#[tokio::test]
async fn an_answer_is_finished_and_stored_when_everyone_who_listened_has_gone() {
    let stage = Stage::set().await;
    stage.play([scene([Act::Pace(1), says("I go on")])]);
    let conversation = stage.conversation().await;
    let mut listener = stage.listen(conversation, None).await;
    let turn = stage.begin("chat", "Go.", conversation).await;
    listener.next().await.unwrap();
    drop(listener);
    let last = format!("{}.0", turn.message_id);
    assert_eq!(text(&hear(&mut stage.listen(conversation, Some(&last)).await).await), "I go on");
    assert_eq!(stage.messages(conversation).await[0].state, MessageState::Complete);
}

#[tokio::test]
async fn one_stream_hears_one_answer_after_the_other_and_a_resumed_one_those_it_missed() {
    let stage = Stage::set().await;
    let conversation = stage.conversation().await;
    let mut listener = stage.listen(conversation, None).await;
    let mut ends = Vec::new();
    for word in ["one", "two", "three"] {
        stage.play([scene([says(word)])]);
        stage.begin("chat", "Next.", conversation).await;
        let heard = hear(&mut listener).await;
        assert_eq!(text(&heard), word);
        ends.push(heard.last().unwrap().0.clone());
    }
    // With nobody left in the room, only the database knows what was said in it.
    drop(listener);
    let mut resumed = stage.listen(conversation, Some(&ends[0])).await;
    for word in ["two", "three"] {
        assert_eq!(text(&hear(&mut resumed).await), word);
    }
    let mut idle = stage.listen(conversation, None).await;
    stage.play([scene([says("four")])]);
    stage.begin("chat", "Next.", conversation).await;
    assert_eq!(text(&hear(&mut idle).await), "four", "what was over before is not said again");
    assert_eq!(text(&hear(&mut resumed).await), "four");
}

#[tokio::test]
async fn a_last_id_that_is_none_of_the_streams_is_refused() {
    let stage = Stage::set().await;
    let conversation = stage.conversation().await;
    let refused = async |last: &str| {
        stage.orchestrator.listen(&stage.ada, conversation, Some(last)).await.err().unwrap().code()
    };
    for bad in ["", "7", "msg_1.5", "msg_00000000000000000000000001.-1"] {
        assert_eq!(refused(bad).await, Code::ValidationError, "{bad}");
    }
    for unknown in ["msg_00000000000000000000000001.5", "msg_00000000000000000000000001.end"] {
        assert_eq!(refused(unknown).await, Code::NotFound, "{unknown}");
    }
}

#[tokio::test]
async fn a_stop_ends_the_models_work_and_keeps_what_was_written() {
    let stage = Stage::set().await;
    let conversation = stage.conversation().await;
    stage.begin_silent_after("Half of it", conversation).await;
    stage.orchestrator.stop(&stage.ada, conversation).await.unwrap();
    let message = stage.messages(conversation).await.swap_remove(0);
    assert_eq!((message.state, message.content.as_str()), (MessageState::Stopped, "Half of it"));
    assert!(message.metadata.unwrap().fallback.unwrap().contains("stopped"));
    // Nothing is left to stop, and the conversation is free.
    stage.orchestrator.stop(&stage.ada, conversation).await.unwrap();
    stage.play([scene([says("Again")])]);
    let request = stage.say("chat", "Again.", Some(conversation));
    assert_eq!(stage.orchestrator.chat(&stage.ada, &FILM, request).await.unwrap().content, "Again");
}

#[tokio::test]
async fn while_an_answer_is_written_a_second_request_is_refused_and_leaves_no_trace() {
    let stage = Stage::set().await;
    let conversation = stage.conversation().await;
    stage.begin_silent_after("Wait", conversation).await;
    let request = stage.say("chat", "And this?", Some(conversation));
    let error = stage.orchestrator.begin(&stage.ada, &FILM, request).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    assert_eq!(stage.messages(conversation).await.len(), 2);
}

#[tokio::test]
async fn more_answers_than_the_bound_are_refused_and_room_is_made_when_one_ends() {
    let stage = Stage::set_with(Options { max_live: 1, ..Options::default() }).await;
    let busy = stage.conversation().await;
    stage.begin_silent_after("Wait", busy).await;
    let request = || stage.say("query", "Who is Mara?", None);
    let error = stage.orchestrator.begin(&stage.ada, &FILM, request()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    stage.orchestrator.stop(&stage.ada, busy).await.unwrap();
    stage.language.set(None);
    let answer = stage.orchestrator.chat(&stage.ada, &FILM, request()).await.unwrap();
    assert!(answer.content.starts_with("Mara"));
}

#[tokio::test]
async fn more_listeners_than_the_bound_are_refused_and_room_is_made_when_one_leaves() {
    let stage = Stage::set_with(Options { max_listeners: 1, ..Options::default() }).await;
    let conversation = stage.conversation().await;
    let first = stage.listen(conversation, None).await;
    let second = stage.orchestrator.listen(&stage.ada, conversation, None).await;
    assert_eq!(second.err().unwrap().code(), Code::Unavailable);
    drop(first);
    stage.listen(conversation, None).await;
}

#[tokio::test]
async fn nobody_else_sees_hears_stops_or_goes_on_with_a_persons_conversation() {
    let stage = Stage::set().await;
    let conversation = stage.conversation().await;
    stage.begin_silent_after("Private", conversation).await;
    let (orchestrator, ben) = (&stage.orchestrator, &stage.ben);
    let codes = [
        orchestrator.messages(ben, conversation, PageRequest::default()).await.err().unwrap().code(),
        orchestrator.listen(ben, conversation, None).await.err().unwrap().code(),
        orchestrator.stop(ben, conversation).await.err().unwrap().code(),
        orchestrator.remove(ben, conversation).await.err().unwrap().code(),
        // Not CONFLICT, which would tell that it is there.
        orchestrator
            .begin(ben, &FILM, stage.say("chat", "Hello?", Some(conversation)))
            .await
            .err()
            .unwrap()
            .code(),
    ];
    assert_eq!(codes, [Code::NotFound; 5]);
    assert_eq!(stage.messages(conversation).await[0].state, MessageState::Streaming);
}

#[tokio::test]
async fn after_a_crash_an_answer_is_broken_off_with_the_text_that_was_saved_and_resumes_to_that() {
    let options = Options { save_chars: 1, ..Options::default() };
    let mut stage = Stage::set_with(options).await;
    let conversation = stage.conversation().await;
    let turn = stage.begin_silent_after("Saved so far", conversation).await;
    // The old server is as good as dead: its model never speaks again, and nobody asks it anything.
    stage.restart(options);
    assert_eq!(stage.orchestrator.recover().await.unwrap(), 1);
    assert_eq!(stage.orchestrator.recover().await.unwrap(), 0);
    let message = stage.messages(conversation).await.swap_remove(0);
    assert_eq!((message.state, message.content.as_str()), (MessageState::Failed, "Saved so far"));
    for (heard, missing) in [(5, " so far"), (12, ""), (99, "")] {
        let last = format!("{}.{heard}", turn.message_id);
        let events = hear(&mut stage.listen(conversation, Some(&last)).await).await;
        assert_eq!(text(&events), missing);
        let (_, StreamEvent::Error { error, code }) = events.last().unwrap() else { panic!("{events:?}") };
        assert_eq!(*code, Code::OrchestrationError);
        assert!(error.contains("What was written is kept"));
    }
}

#[tokio::test]
async fn a_conversation_that_is_removed_ends_its_streams_and_its_answer() {
    let stage = Stage::set().await;
    let conversation = stage.conversation().await;
    stage.begin_silent_after("Gone", conversation).await;
    let mut listener = stage.listen(conversation, None).await;
    hear_so_far(&mut listener, "Gone").await;
    stage.orchestrator.remove(&stage.ada, conversation).await.unwrap();
    assert!(matches!(listener.next().await, Some((_, StreamEvent::Complete { .. }))));
    assert!(listener.next().await.is_none());
    let error =
        stage.orchestrator.messages(&stage.ada, conversation, PageRequest::default()).await.err().unwrap();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn a_server_that_stops_stores_what_was_written_and_ends_every_stream() {
    let stage = Stage::set().await;
    let (talking, idle) = (stage.conversation().await, stage.conversation().await);
    stage.begin_silent_after("Up to here", talking).await;
    let mut hearing = stage.listen(talking, None).await;
    let mut waiting = stage.listen(idle, None).await;
    hear_so_far(&mut hearing, "Up to here").await;
    stage.orchestrator.close().await;
    let message = stage.messages(talking).await.swap_remove(0);
    assert_eq!((message.state, message.content.as_str()), (MessageState::Failed, "Up to here"));
    assert!(matches!(hearing.next().await, Some((_, StreamEvent::Error { .. }))));
    assert!(hearing.next().await.is_none());
    assert!(waiting.next().await.is_none());
    let error = stage.orchestrator.begin(&stage.ada, &FILM, stage.say("chat", "?", None)).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(stage.orchestrator.listen(&stage.ada, idle, None).await.is_err());
}
