//! Runners: whose key is whose, who is there, and what they serve.

use kernel::{Code, PageRequest, Role};
use store::Scope;
use store::runners::{self, Bearer, Joined, Joining};
use wire::fleet::Runner;

use crate::stage::Stage;

fn joining(connection: &str, scope: &Scope) -> Joining {
    Joining {
        connection: connection.into(),
        version: "1.0".into(),
        platform: "linux/x86_64".into(),
        slots: 2,
        commands: true,
        agents: vec!["scribe".into()],
        tools: Vec::new(),
        projects: vec![scope.project(), scope.project()],
    }
}

impl Stage {
    /// A runner of the project's owner.
    async fn runner(&self, scope: &Scope) -> Bearer {
        let owner = scope.actor().unwrap();
        let made = self.store.transact(move |tx| runners::create(tx, owner, "forge", "hash", "atn_hint"));
        Bearer { runner: made.await.unwrap().id, owner }
    }

    async fn join(&self, bearer: Bearer, connection: &str, scope: &Scope) {
        let joining = joining(connection, scope);
        let joined = self.store.transact(move |tx| runners::join(tx, bearer, &joining)).await.unwrap();
        assert_eq!(
            joined,
            Joined { name: "forge".into(), serves: vec![scope.project()], offered: Vec::new() },
            "what is declared twice is served once"
        );
    }

    async fn leave(&self, bearer: Bearer, connection: &'static str) {
        self.store.transact(move |tx| runners::leave(tx, bearer.runner, connection)).await.unwrap();
    }

    async fn listed(&self, bearer: Bearer) -> Runner {
        let page = PageRequest { limit: 9, after: None };
        let listed = self.store.read(move |tx| runners::list(tx, bearer.owner, &page)).await.unwrap();
        assert_eq!(listed.total, 1);
        listed.rows.into_iter().next().unwrap()
    }
}

on_both! {
    async fn a_runner_is_there_from_its_joining_until_it_leaves_by_the_same_connection(stage) {
        let scope = stage.begun().await;
        let bearer = stage.runner(&scope).await;
        assert!(!stage.listed(bearer).await.present);
        stage.join(bearer, "first", &scope).await;
        stage.join(bearer, "second", &scope).await;
        stage.leave(bearer, "first").await;
        let seen = stage.listed(bearer).await;
        assert!(seen.present && seen.slots == 2 && seen.version == "1.0");
        let serving = stage.store.read_in(&scope, runners::of_project).await.unwrap();
        assert_eq!((serving.len(), serving[0].present, serving[0].owner_id), (1, true, bearer.owner));
        stage.leave(bearer, "second").await;
        assert!(!stage.listed(bearer).await.present);
        assert!(!stage.store.read_in(&scope, runners::of_project).await.unwrap()[0].present);
    }

    async fn a_runner_whose_server_died_is_taken_for_absent_after_two_minutes_and_a_half(stage) {
        let scope = stage.begun().await;
        let bearer = stage.runner(&scope).await;
        let project = scope.project();
        let stays = |connection: &'static str| {
            stage.store.transact(move |tx| runners::stay(tx, bearer, connection, &[project]))
        };
        stage.join(bearer, "first", &scope).await;
        stage.clock.advance(149_999);
        assert!(stage.listed(bearer).await.present);
        assert_eq!(stays("first").await.unwrap(), Some(vec![project]));
        stage.clock.advance(149_999);
        assert!(stage.listed(bearer).await.present);
        stage.clock.advance(1);
        assert!(!stage.listed(bearer).await.present);
        assert_eq!(stays("second").await.unwrap(), None, "another connection has nothing to say");
        assert!(!stage.listed(bearer).await.present);
    }

    async fn a_runner_serves_a_project_for_as_long_as_its_owner_may_change_it(stage) {
        let scope = stage.begun().await;
        let project = scope.project();
        let ben = stage.person("Ben").await;
        let made = stage.store.transact(move |tx| runners::create(tx, ben, "anvil", "other", "atn_hint"));
        let bearer = Bearer { runner: made.await.unwrap().id, owner: ben };
        let declares = joining("first", &scope);
        let joins = |bearer| {
            let declares = declares.clone();
            stage.store.transact(move |tx| Ok(runners::join(tx, bearer, &declares)?.serves))
        };
        assert_eq!(joins(bearer).await.unwrap(), []);
        for (role, served) in [(Role::Viewer, vec![]), (Role::Editor, vec![project]), (Role::Viewer, vec![])] {
            let sets = format!(
                "INSERT INTO members (project_id, person_id, role, joined_at) VALUES ('{project}', '{ben}', '{role}', 0)
                 ON CONFLICT (project_id, person_id) DO UPDATE SET role = excluded.role"
            );
            stage.place.script(&sets).await;
            let looked = stage.store.transact(move |tx| runners::stay(tx, bearer, "first", &[project]));
            assert_eq!(looked.await.unwrap(), Some(served.clone()), "{role}");
            let of_project = stage.store.read_in(&scope, runners::of_project).await.unwrap();
            assert_eq!(of_project.len(), served.len());
        }
    }

    async fn a_runner_that_declares_nothing_is_told_what_it_is_meant_for_and_serves_nothing(stage) {
        let scope = stage.begun().await;
        let bearer = stage.runner(&scope).await;
        let (project, other) = (scope.project(), kernel::Id::from_bits(7));
        stage.store.transact(move |tx| runners::mean(tx, bearer, &[project, other])).await.unwrap();
        for _ in 0..2 {
            let nothing = Joining { projects: Vec::new(), ..joining("first", &scope) };
            let joined = stage.store.transact(move |tx| runners::join(tx, bearer, &nothing)).await.unwrap();
            assert_eq!((joined.serves, joined.offered), (Vec::new(), vec![project]));
            let stays = stage.store.transact(move |tx| runners::stay(tx, bearer, "first", &[])).await;
            assert_eq!(stays.unwrap(), Some(Vec::new()));
        }
    }

    async fn a_runner_that_was_removed_cannot_join(stage) {
        let scope = stage.begun().await;
        let bearer = stage.runner(&scope).await;
        assert!(stage.store.transact(move |tx| runners::remove(tx, bearer.owner, bearer.runner)).await.unwrap());
        let late = joining("first", &scope);
        let refused = stage.store.transact(move |tx| runners::join(tx, bearer, &late)).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        assert_eq!(stage.store.read_in(&scope, runners::of_project).await.unwrap(), []);
    }

    async fn a_key_that_was_changed_is_good_until_its_time_and_no_longer(stage) {
        let scope = stage.begun().await;
        let bearer = stage.runner(&scope).await;
        let until = stage.ambient.now().plus_millis(1_000);
        let renewed = stage.store.transact(move |tx| {
            runners::renew(tx, bearer.owner, bearer.runner, ("newer", "atn_newer"), until)
        });
        assert_eq!(renewed.await.unwrap().unwrap().former_key_until, Some(until));
        let bears = |hash: &'static str| stage.store.read(move |tx| runners::bearer(tx, hash));
        assert_eq!((bears("hash").await.unwrap(), bears("newer").await.unwrap()), (Some(bearer), Some(bearer)));
        stage.clock.advance(1_000);
        assert_eq!((bears("hash").await.unwrap(), bears("newer").await.unwrap()), (None, Some(bearer)));
    }
}
