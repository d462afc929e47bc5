//! What an import reads of a project is all that its proposal depends on.

use kernel::{Ambient, EntityId, Role};
use proptest::prelude::*;
use store::changes::{self, Draft, Patch, Write};
use store::{Options, Scope, Store, Tenant, entities, facts, people, projects};
use wire::projects::ProjectType;

use super::state::PREDICATES;
use super::*;
use crate::film::{SAMPLE, imports};

struct Stage {
    store: Store,
    scope: Scope,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn open(kind: ProjectType) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::sqlite(folder.path().join("atelier.db"));
        let store = Store::open(options, Ambient::system()).await.unwrap();
        let made = store.transact(move |tx| {
            let person = people::create(tx, "ada@example.org", "Ada", None, true)?.id;
            let project = projects::create(tx, person, "Tides", kind)?;
            Scope::admit(tx, person, project.id, Role::Owner)
        });
        let scope = made.await.unwrap();
        Self { store, scope, _folder: folder }
    }

    /// What is proposed for a file, which must be what would be proposed if all of the project were read; and saves it.
    async fn import(&self, filename: &'static str, text: &str) -> Prepared {
        let reading = || read(filename, text.as_bytes()).unwrap();
        let title = reading().title().to_owned();
        let [needed, whole] = self
            .store
            .read_in(&self.scope, move |t| Ok([State::read(t, &title, filename)?, whole(t)?]))
            .await
            .unwrap();
        let prepared = prepare(reading(), &needed);
        assert_eq!(prepared, prepare(reading(), &whole));
        let saved = prepared.clone();
        self.store.transact_in(&self.scope, move |t| imports::save(t, &saved)).await.unwrap();
        prepared
    }

    async fn change(&self, id: EntityId, patch: Patch) {
        let write = Write::Change { id, expected: None, patch };
        let draft = Draft { writes: vec![write], ..Draft::default() };
        self.store.transact_in(&self.scope, move |t| changes::apply(t, &draft)).await.unwrap();
    }
}

/// All of the project.
fn whole(t: &mut Tenant<'_, '_>) -> Result<State> {
    let mut facts = facts::with(t, PREDICATES)?;
    facts.sort_by_key(|fact| fact.id);
    Ok(State {
        kind: projects::kind(t)?,
        scripts: scripts(t)?,
        episodes: entities::whole(t, "episodes")?,
        scenes: entities::whole(t, "scenes")?,
        characters: entities::whole(t, "characters")?,
        locations: entities::whole(t, "locations")?,
        facts,
    })
}

#[tokio::test]
async fn of_the_sample_and_its_second_draft_all_is_read_that_they_can_touch() {
    let stage = Stage::open(ProjectType::Movie).await;
    let first = stage.import("ferry.fountain", SAMPLE).await;
    assert!(first.records.iter().all(|record| record.action == ProposedAction::Create));
    let scenes = stage.store.read_in(&stage.scope, |t| entities::whole(t, "scenes")).await.unwrap();
    let body = scenes[1].body.as_ref().map(|body| body.replace('e', "a"));
    stage.change(scenes[1].id, Patch { body, ..Patch::default() }).await;
    // Without its second half, and with another scene in the first.
    let half = SAMPLE.match_indices("\n\nINT. ").nth(3).unwrap().0;
    let second = format!("{}\n\nEXT. ROAD - DAY\n\nMARA (34) walks.\n\nMARA\nHm.\n", &SAMPLE[..half]);
    let prepared = stage.import("ferry-2.fountain", &second).await;
    for action in
        [ProposedAction::Keep, ProposedAction::Change, ProposedAction::Create, ProposedAction::Remove]
    {
        assert!(prepared.records.iter().any(|record| record.action == action), "{action:?}");
    }
    assert!(!prepared.standing.is_empty());
}

/// An episode under one of two titles, with some of the same people and places.
fn episode() -> impl Strategy<Value = String> {
    let scene =
        ("[A-C]", "(DAY|NIGHT)", "(MARA|JOSS|PIA)", 0_usize..3).prop_map(|(place, time, who, words)| {
            format!(
                "INT. {place} - {time}\n\n{who} waits.\n\n{who}\n{}Enough.\n\n",
                "Not yet. ".repeat(words)
            )
        });
    let scenes = proptest::collection::vec(scene, 1..6);
    ("(Pilot|Finale)", scenes).prop_map(|(title, scenes)| format!("Title: {title}\n\n{}", scenes.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_a_series_all_is_read_that_an_episode_can_touch(
        episodes in proptest::collection::vec((episode(), "(one|two|three)"), 2..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stage = Stage::open(ProjectType::Series).await;
            for (text, name) in &episodes {
                let filename = match name.as_str() {
                    "one" => "one.fountain",
                    "two" => "two.fountain",
                    _ => "three.fountain",
                };
                stage.import(filename, text).await;
            }
        });
    }
}
