//! Conversations: each person's own, in order, and broken off when the server stops.

use kernel::{Code, PageRequest, PersonId, Role};
use store::{Scope, conversations, members};
use wire::orchestrator::{Author, Message, MessageState, Mode};

use crate::stage::Stage;

async fn join(stage: &Stage, owner: &Scope, person: PersonId) -> Scope {
    let (email, ends) = (format!("{person}@example.org"), stage.ambient.now().plus_millis(1000));
    let invited = stage
        .store
        .transact_in(owner, move |t| members::invite(t, &email, Role::Editor, &person.to_string(), ends));
    invited.await.unwrap();
    let project = owner.project();
    let admitted = stage.store.transact(move |tx| {
        let found = members::by_token(tx, &person.to_string())?;
        members::accept(tx, &found, person)?;
        Scope::admit(tx, person, project, Role::Editor)
    });
    admitted.await.unwrap()
}

fn message(stage: &Stage, conversation: kernel::ConversationId, author: Author, content: &str) -> Message {
    Message {
        id: stage.ambient.id(),
        conversation_id: conversation,
        author,
        mode: Mode::Query,
        state: if author == Author::User { MessageState::Complete } else { MessageState::Streaming },
        content: content.into(),
        metadata: None,
        created_at: stage.ambient.now(),
    }
}

on_both! {
    async fn messages_are_read_newest_first_a_page_at_a_time(stage) {
        let scope = stage.begun().await;
        let conversation = stage.store.transact_in(&scope, conversations::create).await.unwrap();
        for n in 0..5 {
            let message = message(stage, conversation.id, Author::User, &format!("question {n}"));
            stage.store.transact_in(&scope, move |t| conversations::add(t, &message)).await.unwrap();
        }
        let (id, mut page, mut read) = (conversation.id, PageRequest { limit: 2, after: None }, Vec::new());
        loop {
            let asked = page.clone();
            let listed =
                stage.store.read_in(&scope, move |t| conversations::messages(t, id, &asked)).await.unwrap();
            assert_eq!(listed.total, 5);
            read.extend(listed.rows.into_iter().map(|message| message.content));
            match listed.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        assert_eq!(read, ["question 4", "question 3", "question 2", "question 1", "question 0"]);
        let titled = stage.store.read_in(&scope, move |t| conversations::get(t, id)).await.unwrap();
        assert_eq!(titled.title, "question 0");
    }

    async fn nobody_sees_the_conversation_of_another_member(stage) {
        let hers = stage.begun().await;
        let ben = stage.person("ben").await;
        let his = join(stage, &hers, ben).await;
        let id = stage.store.transact_in(&hers, conversations::create).await.unwrap().id;
        let seen = stage.store.read_in(&his, move |t| conversations::get(t, id)).await;
        assert_eq!(seen.unwrap_err().code(), Code::NotFound);
        let removed = stage.store.transact_in(&his, move |t| conversations::remove(t, id)).await;
        assert_eq!(removed.unwrap_err().code(), Code::NotFound);
    }

    async fn no_message_reaches_a_conversation_of_another_project(stage) {
        let hers = stage.begun().await;
        let ben = stage.person("ben").await;
        let his = stage.project(ben).await;
        let id = stage.store.transact_in(&hers, conversations::create).await.unwrap().id;
        let message = message(stage, id, Author::User, "hello");
        let added = stage.store.transact_in(&his, move |t| conversations::add(t, &message)).await;
        assert_eq!(added.unwrap_err().code(), Code::NotFound);
        assert!(stage.place.rows("SELECT id FROM messages").await.is_empty());
    }

    async fn an_answer_that_was_broken_off_keeps_its_text_and_says_so(stage) {
        let scope = stage.begun().await;
        let conversation = stage.store.transact_in(&scope, conversations::create).await.unwrap().id;
        let answer = message(stage, conversation, Author::Assistant, "");
        let id = answer.id;
        let begun = stage.store.transact_in(&scope, move |t| {
            conversations::add(t, &answer)?;
            conversations::update(t, id, MessageState::Streaming, "At the harbour", None)
        });
        begun.await.unwrap();
        assert_eq!(stage.store.read(conversations::under_way).await.unwrap(), [(conversation, id)]);
        assert!(stage.store.transact(move |tx| conversations::break_off(tx, id)).await.unwrap());
        assert!(!stage.store.transact(move |tx| conversations::break_off(tx, id)).await.unwrap(), "it has ended");
        assert_eq!(stage.store.read(conversations::under_way).await.unwrap(), []);
        let page = PageRequest::default();
        let read =
            stage.store.read_in(&scope, move |t| conversations::messages(t, conversation, &page)).await.unwrap();
        assert_eq!((read.rows[0].state, read.rows[0].content.as_str()), (MessageState::Failed, "At the harbour"));
    }
}
