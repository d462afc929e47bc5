//! Facts: superseded and never overwritten, never of another project, never twice.

use kernel::PageRequest;
use store::changes::{Draft, Write};
use store::facts;

use crate::stage::fact;

on_both! {
    async fn a_fact_reads_back_as_it_was_recorded(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara", "Joss"]).await;
        let new = facts::NewFact { weight: Some(0.1 + 0.2), ..fact(ids[0], "knows", ids[1]) };
        let draft = Draft { facts: vec![new.clone()], ..Draft::default() };
        let id = stage.apply(&scope, draft).await.unwrap().facts[0];
        let read = stage.store.read_in(&scope, move |t| facts::get(t, id)).await.unwrap();
        assert_eq!((read.subject, read.object, read.predicate), (new.subject, new.object, new.predicate));
        assert_eq!((read.weight, read.confidence), (new.weight, new.confidence));
        assert_eq!((read.source, read.value, read.origin), (new.source, new.value, new.origin));
    }

    async fn a_superseded_fact_holds_no_longer_and_is_kept(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara", "Joss", "Ines"]).await;
        let first = Draft { facts: vec![fact(ids[0], "loves", ids[1])], ..Draft::default() };
        let ended = stage.apply(&scope, first).await.unwrap().facts;
        let second = Draft { facts: vec![fact(ids[0], "loves", ids[2])], ended, ..Draft::default() };
        stage.apply(&scope, second).await.unwrap();
        let held = stage.store.read_in(&scope, |t| facts::with(t, &["loves"])).await.unwrap();
        assert_eq!(held.iter().map(|fact| fact.object).collect::<Vec<_>>(), [Some(ids[2])]);
        let all = stage.place.rows("SELECT valid_to FROM facts ORDER BY id").await;
        assert_eq!(all, [[stage.ambient.now().0.to_string()], [String::new()]]);
    }

    async fn a_fact_that_holds_is_not_recorded_twice(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara", "Joss"]).await;
        let twice = vec![fact(ids[0], "knows", ids[1]), fact(ids[0], "knows", ids[1])];
        let first = stage.apply(&scope, Draft { facts: twice.clone(), ..Draft::default() }).await.unwrap();
        let second = stage.apply(&scope, Draft { facts: twice, ..Draft::default() }).await.unwrap();
        assert_eq!(first.facts, second.facts);
        assert_eq!(first.facts[0], first.facts[1]);
        assert_eq!(stage.place.rows("SELECT id FROM facts").await.len(), 1);
    }

    async fn facts_of_a_removed_record_wait_for_its_return(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara", "Joss"]).await;
        let draft = Draft { facts: vec![fact(ids[0], "knows", ids[1])], ..Draft::default() };
        stage.apply(&scope, draft).await.unwrap();
        for (write, held) in [(Write::Remove(ids[1]), 0), (Write::Restore(ids[1]), 1)] {
            stage.apply(&scope, Draft { writes: vec![write], ..Draft::default() }).await.unwrap();
            let about = vec![ids[0]];
            let found = stage.store.read_in(&scope, move |t| facts::about(t, &about)).await.unwrap();
            assert_eq!(found.len(), held);
        }
    }

    async fn of_many_records_each_fact_is_found_once(stage) {
        let scope = stage.begun().await;
        let names: Vec<String> = (0..450).map(|n| format!("Extra {n}")).collect();
        let ids = stage.make(&scope, "characters", &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
        // Some lead from the first ids that are asked for to the last ones.
        let facts: Vec<_> = ids.iter().zip(ids.iter().rev()).map(|(a, b)| fact(*a, "knows", *b)).collect();
        let made = stage.apply(&scope, Draft { facts: facts.clone(), ..Draft::default() }).await.unwrap().facts;
        let again = stage.apply(&scope, Draft { facts, ..Draft::default() }).await.unwrap().facts;
        assert_eq!(again, made, "what holds already is not recorded anew");
        let found = stage.store.read_in(&scope, move |t| facts::about(t, &ids)).await.unwrap();
        assert_eq!(found.iter().map(|fact| fact.id).collect::<Vec<_>>(), made);
        let end = Draft { ended: made, ..Draft::default() };
        stage.apply(&scope, end).await.unwrap();
        assert!(stage.store.read_in(&scope, |t| facts::with(t, &["knows"])).await.unwrap().is_empty());
    }

    async fn a_fact_without_another_record_is_not_recorded_twice(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara"]).await;
        let alone = facts::NewFact { object: None, value: Some("34".into()), ..fact(ids[0], "age", ids[0]) };
        let older = facts::NewFact { value: Some("35".into()), ..alone.clone() };
        let first = stage.apply(&scope, Draft { facts: vec![alone.clone()], ..Draft::default() }).await.unwrap();
        let second = stage.apply(&scope, Draft { facts: vec![older, alone], ..Draft::default() }).await.unwrap();
        assert_eq!(second.facts[1], first.facts[0]);
        assert_ne!(second.facts[0], first.facts[0]);
    }

    async fn relationships_are_seen_from_both_sides_heaviest_first(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara", "Joss", "Ines"]).await;
        let light = facts::NewFact { weight: Some(0.5), ..fact(ids[0], "knows", ids[1]) };
        let draft = Draft { facts: vec![light, fact(ids[2], "knows", ids[0])], ..Draft::default() };
        stage.apply(&scope, draft).await.unwrap();
        let (id, page) = (ids[0], PageRequest { limit: 1, after: None });
        let first = stage.store.read_in(&scope, move |t| facts::relationships(t, id, &page)).await.unwrap();
        assert_eq!((first.total, first.rows[0].source_name.as_str()), (2, "Ines"));
        let page = PageRequest { limit: 1, after: first.next };
        let second = stage.store.read_in(&scope, move |t| facts::relationships(t, id, &page)).await.unwrap();
        assert_eq!((second.next, second.rows[0].target_name.as_str()), (None, "Joss"));
    }

    async fn facts_with_no_predicate_are_none(stage) {
        let scope = stage.begun().await;
        assert!(stage.store.read_in(&scope, |t| facts::with(t, &[])).await.unwrap().is_empty());
    }
}
