//! Passages: the text index is in step with the records and never leaves the project.

use kernel::EntityId;
use store::Scope;
use store::changes::{Draft, Patch, Write};
use store::passages::{self, RANKED, Wanted};

use crate::stage::Stage;

/// Any of the words, in scenes.
fn any(words: &[String]) -> Wanted<'_> {
    Wanted { words, typing: false, collections: &["scenes"] }
}

async fn found(stage: &Stage, scope: &Scope, word: &str) -> Vec<EntityId> {
    let words = vec![word.to_owned()];
    let found = stage.store.read_in(scope, move |t| passages::search(t, &any(&words), 50)).await.unwrap();
    found.into_iter().map(|hit| hit.entity).collect()
}

async fn described(stage: &Stage, scope: &Scope, name: &str, text: &str) -> EntityId {
    let mut new = stage.new_entity("scenes", name);
    new.description = text.into();
    let id = new.id;
    let writes = vec![Write::Create(new)];
    stage.apply(scope, Draft { writes, ..Draft::default() }).await.unwrap();
    id
}

on_both! {
    async fn a_search_finds_inflected_words_and_only_in_its_project(stage) {
        let (ada, ben) = (stage.person("ada").await, stage.person("ben").await);
        let (hers, his) = (stage.project(ada).await, stage.project(ben).await);
        let scene = described(stage, &hers, "Harbour", "Mara is waiting for the smugglers.").await;
        described(stage, &his, "Elsewhere", "Smugglers everywhere, smugglers and more smugglers.").await;
        assert_eq!(found(stage, &hers, "smuggler").await, [scene]);
        assert_eq!(found(stage, &hers, "elsewhere").await, []);
    }

    async fn a_word_is_found_however_it_is_written(stage) {
        let scope = stage.begun().await;
        let id = described(stage, &scope, "Harbour", "O'Hara was RUNNING along the quay—half-drowned, yelling.").await;
        for word in ["hara", "O'Hara", "run", "runs", "quay", "drowned", "half-drowned", "Yelling", "yelled"] {
            assert_eq!(found(stage, &scope, word).await, [id], "{word}");
        }
    }

    async fn what_others_wrote_does_not_weigh_in_a_search(stage) {
        let (ada, ben) = (stage.person("ada").await, stage.person("ben").await);
        let (hers, his) = (stage.project(ada).await, stage.project(ben).await);
        // Of her words the lantern is the rare one, of his it is in every scene.
        let rare = described(stage, &hers, "One", "The lantern by the sea.").await;
        for n in 0..20 {
            described(stage, &hers, &format!("Two {n}"), "The harbour by the sea.").await;
            described(stage, &his, &format!("Three {n}"), "A lantern, a lantern, and another lantern.").await;
        }
        let words = ["lantern".to_owned(), "harbour".to_owned()];
        let found = stage.store.read_in(&hers, move |t| passages::search(t, &any(&words), 50)).await.unwrap();
        assert_eq!(found.len(), 21);
        if stage.store.backend() == "sqlite" {
            assert_eq!(found[0].entity, rare, "the rare word weighs more");
        }
    }

    async fn the_index_follows_a_change_a_removal_and_a_return(stage) {
        let scope = stage.begun().await;
        let id = described(stage, &scope, "Harbour", "A lantern swings.").await;
        let patch = Patch { description: Some("A torch burns.".into()), ..Patch::default() };
        for (write, lantern, torch) in [
            (Write::Change { id, expected: None, patch }, 0, 1),
            (Write::Remove(id), 0, 0),
            (Write::Restore(id), 0, 1),
        ] {
            stage.apply(&scope, Draft { writes: vec![write], ..Draft::default() }).await.unwrap();
            assert_eq!(found(stage, &scope, "lantern").await.len(), lantern);
            assert_eq!(found(stage, &scope, "torch").await.len(), torch);
        }
    }

    async fn no_word_is_read_as_query_syntax(stage) {
        let scope = stage.begun().await;
        let id = described(stage, &scope, "Harbour", "A lantern swings.").await;
        for word in ["lantern\"", "lantern)", "'lantern", "lantern:*", "lantern & !swings"] {
            let found = found(stage, &scope, word).await;
            assert!(found.iter().all(|entity| *entity == id), "{word}");
        }
        for word in ["\"", "NEAR(", "!", "&", "", "*", "a' OR 1=1 --"] {
            found(stage, &scope, word).await;
        }
    }

    async fn equal_texts_share_a_vector_and_texts_without_one_are_told(stage) {
        let scope = stage.begun().await;
        described(stage, &scope, "Harbour", "A lantern swings.").await;
        described(stage, &scope, "Harbour", "A lantern swings.").await;
        let waiting = stage.store.read_in(&scope, |t| passages::without_vector(t, &["scenes"], 10)).await.unwrap();
        assert_eq!(waiting.len(), 2);
        let counted = async || stage.store.read(|tx| passages::waiting(tx, &["scenes"])).await.unwrap();
        assert_eq!(counted().await, [(scope.project(), 4)]);
        let vectors: Vec<_> = waiting.into_iter().map(|waiting| (waiting.hash, vec![0u8, 255, 7])).collect();
        let again = vectors.clone();
        stage.store.transact_in(&scope, move |t| passages::keep_vectors(t, &vectors)).await.unwrap();
        stage.store.transact_in(&scope, move |t| passages::keep_vectors(t, &again)).await.unwrap();
        // What is written now has a vector already.
        described(stage, &scope, "Harbour", "A lantern swings.").await;
        let left = stage.store.read_in(&scope, |t| passages::without_vector(t, &["scenes"], 10)).await.unwrap();
        assert!(left.is_empty());
        assert_eq!(counted().await, []);
        let embedded = stage.store.read_in(&scope, |t| passages::embedded(t, &["scenes"])).await.unwrap();
        assert_eq!(embedded.len(), 6);
        assert!(embedded.iter().all(|embedded| embedded.vector == Some(vec![0, 255, 7])));
        assert_eq!(stage.store.check().await.unwrap(), []);
    }

    async fn texts_of_collections_that_nobody_asks_for_never_wait(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "screenplays", &["Tides"]).await;
        for collections in [&["scenes"][..], &[]] {
            let waiting = stage.store.read_in(&scope, move |t| passages::without_vector(t, collections, 10));
            assert!(waiting.await.unwrap().is_empty());
            assert_eq!(stage.store.read(move |tx| passages::waiting(tx, collections)).await.unwrap(), []);
            let embedded = stage.store.read_in(&scope, move |t| passages::embedded(t, collections));
            assert!(embedded.await.unwrap().is_empty());
            let ids = ids.clone();
            let embedded = stage.store.read_in(&scope, move |t| passages::embedded_of(t, &ids, collections));
            assert!(embedded.await.unwrap().is_empty());
        }
    }

    async fn who_is_typing_finds_all_words_of_which_the_last_is_a_beginning(stage) {
        let scope = stage.begun().await;
        let id = described(stage, &scope, "Harbour", "A lantern swings over O'Hara.").await;
        described(stage, &scope, "Quay", "A lantern.").await;
        for (words, expected) in [
            (vec!["lantern", "swi"], vec![id]),
            (vec!["o'hara"], vec![id]),
            (vec!["swi", "lantern"], vec![]),
            (vec!["lantern", "boat"], vec![]),
        ] {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            let found = stage.store.read_in(&scope, move |t| {
                passages::search(t, &Wanted { typing: true, ..any(&words) }, 10)
            });
            let found: Vec<EntityId> = found.await.unwrap().into_iter().map(|hit| hit.entity).collect();
            assert_eq!(found, expected);
        }
    }

    async fn a_collection_is_found_however_many_others_are_better(stage) {
        let scope = stage.begun().await;
        for n in 0..30 {
            described(stage, &scope, &format!("Lantern {n}"), "Lantern, lantern.").await;
        }
        let mut new = stage.new_entity("characters", "Una");
        new.description = "She once had, among many other things of which none is told, a lantern.".into();
        let una = new.id;
        stage.apply(&scope, Draft { writes: vec![Write::Create(new)], ..Draft::default() }).await.unwrap();
        let words = vec!["lantern".to_owned()];
        let found = stage.store.read_in(&scope, move |t| {
            passages::search(t, &Wanted { collections: &["characters"], ..any(&words) }, 2)
        });
        let found: Vec<EntityId> = found.await.unwrap().into_iter().map(|hit| hit.entity).collect();
        assert_eq!(found, [una]);
    }

    async fn words_that_are_everywhere_leave_the_choice_to_rarer_ones_and_are_found_by_themselves(stage) {
        let scope = stage.begun().await;
        // Two such paragraphs are too long for one passage.
        let pieces = |words: &str| {
            let piece = format!("{words}. {}", "Quiet water. ".repeat(31));
            vec![piece; RANKED as usize + 1].join("\n\n")
        };
        let everywhere = described(stage, &scope, "Log", &pieces("The harbour by the sea")).await;
        // What is in half of all weighs nothing.
        for name in ["Map", "Atlas"] {
            described(stage, &scope, name, &pieces("A road in the hills")).await;
        }
        let plain = described(stage, &scope, "One", "The ledger of a captain who is never seen again.").await;
        let both = described(stage, &scope, "Two", "The ledger by the harbour of a captain who is never seen.").await;
        let search = async |words: &[&str], limit: u32| -> Vec<EntityId> {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let found = stage.store.read_in(&scope, move |t| passages::search(t, &any(&words), limit)).await;
            found.unwrap().into_iter().map(|hit| hit.entity).collect()
        };
        let mut found = search(&["harbour", "ledger"], 50).await;
        if stage.store.backend() == "sqlite" {
            assert_eq!(found, [both, plain], "what holds the common word, too, comes first");
        }
        found.sort();
        assert_eq!(found, [plain, both]);
        assert_eq!(search(&["harbour"], 50).await.len(), 50);
        assert_eq!(search(&["harbour", "sea", "nowhere"], 50).await, [everywhere; 50]);
        // However many are asked for, no more are ranked.
        assert_eq!(search(&["harbour", "sea"], u32::MAX).await.len(), RANKED as usize);
    }

    async fn who_is_typing_sees_what_was_written_first(stage) {
        let scope = stage.begun().await;
        let once = described(stage, &scope, "One", "A lantern, among many other things that are told here.").await;
        let often = described(stage, &scope, "Two", "Lantern, lantern.").await;
        for (limit, expected) in [(1, vec![once]), (2, vec![once, often])] {
            let found = stage.store.read_in(&scope, move |t| {
                let words = ["lant".to_owned()];
                passages::search(t, &Wanted { typing: true, ..any(&words) }, limit)
            });
            let found: Vec<EntityId> = found.await.unwrap().into_iter().map(|hit| hit.entity).collect();
            assert_eq!(found, expected);
        }
    }

    async fn the_opening_of_a_record_is_the_first_piece_of_its_text(stage) {
        let scope = stage.begun().await;
        let told = described(stage, &scope, "Harbour", "A lantern swings.").await;
        let bare = described(stage, &scope, "Quay", "").await;
        let openings = stage.store.read_in(&scope, move |t| passages::openings(t, &[told, bare])).await.unwrap();
        let openings: Vec<_> = openings.iter().map(|p| (p.entity, p.field.as_str(), p.text.as_str())).collect();
        assert_eq!(openings, [(told, "description", "A lantern swings.")]);
    }

    async fn a_long_text_is_found_in_pieces_in_its_order(stage) {
        let scope = stage.begun().await;
        let text = (0..40).map(|n| format!("Paragraph {n} speaks of the sea at length.")).collect::<Vec<_>>();
        let id = described(stage, &scope, "Harbour", &text.join("\n\n")).await;
        let pieces = stage.store.read_in(&scope, move |t| passages::of(t, &[id])).await.unwrap();
        let joined: Vec<&str> = pieces.iter().filter(|p| p.field == "description").map(|p| p.text.as_str()).collect();
        assert!(joined.len() > 1);
        assert_eq!(joined.join("\n\n"), text.join("\n\n"));
    }
}
