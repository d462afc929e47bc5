//! Slack: each thing is told once, a code links once, and a channel talks of one project.

use store::slack::{self, Channel, Taken, Thread};

use crate::archives;
use crate::stage::Stage;

fn channel(name: &str) -> Channel {
    Channel { team: "T1".into(), channel: name.into() }
}

fn ids(taken: &[Taken]) -> Vec<&str> {
    taken.iter().map(|taken| taken.id.as_str()).collect()
}

impl Stage {
    async fn hear(&self, id: &'static str) -> bool {
        let word = format!("\"{id}\"");
        self.store.transact(move |tx| slack::hear(tx, id, &word, "nod_1")).await.unwrap()
    }

    /// What a server takes, for a second.
    async fn take(&self, server: &'static str, most: u32) -> Vec<Taken> {
        let until = self.ambient.now().plus_millis(1_000);
        self.store.transact(move |tx| slack::take(tx, server, most, until)).await.unwrap()
    }

    async fn offer(&self, person: kernel::PersonId, hash: &'static str) {
        let until = self.ambient.now().plus_millis(1_000);
        self.store.transact(move |tx| slack::offer(tx, person, hash, until)).await.unwrap();
    }

    async fn link(&self, member: &'static str, hash: &'static str) -> Option<kernel::PersonId> {
        self.store.transact(move |tx| slack::link(tx, "T1", member, hash)).await.unwrap()
    }
}

on_both! {
    async fn what_was_told_before_is_not_new_until_an_hour_has_passed(stage) {
        assert!(stage.hear("event/1").await);
        assert!(!stage.hear("event/1").await);
        stage.clock.advance(60 * 60_000);
        assert_eq!(stage.store.sweep(stage.ambient.now()).await.unwrap().slack, 0);
        assert!(!stage.hear("event/1").await);
        stage.clock.advance(1);
        assert_eq!(stage.store.sweep(stage.ambient.now()).await.unwrap().slack, 0, "nobody has heeded it");
        stage.store.transact(|tx| slack::heeded(tx, "event/1")).await.unwrap();
        assert_eq!(stage.store.sweep(stage.ambient.now()).await.unwrap().slack, 1);
        assert!(stage.hear("event/1").await);
    }

    async fn what_was_told_is_one_servers_to_heed_until_it_ends_or_takes_too_long(stage) {
        stage.hear("b").await;
        stage.clock.advance(1);
        stage.hear("a").await;
        let taken = stage.take("nod_1", 1).await;
        assert_eq!((taken[0].id.as_str(), taken[0].word.as_str(), taken[0].last), ("b", "\"b\"", false));
        assert_eq!(ids(&stage.take("nod_2", 9).await), ["a"]);
        assert_eq!(ids(&stage.take("nod_1", 9).await), [""; 0]);
        stage.store.transact(|tx| slack::resume(tx, "nod_1")).await.unwrap();
        assert_eq!(ids(&stage.take("nod_3", 9).await), ["b"]);
        stage.store.transact(|tx| slack::heeded(tx, "b")).await.unwrap();
        stage.clock.advance(1_000);
        assert_eq!(ids(&stage.take("nod_1", 9).await), ["a"], "its time is over");
        stage.clock.advance(1_000);
        assert!(stage.take("nod_1", 9).await[0].last);
        stage.clock.advance(1_000);
        assert_eq!(ids(&stage.take("nod_1", 9).await), [""; 0], "it was tried often enough");
        stage.clock.advance(60 * 60_000);
        assert_eq!(stage.store.sweep(stage.ambient.now()).await.unwrap().slack, 2);
    }

    async fn what_is_too_much_is_not_taken_in(stage) {
        let many = stage.store.transact(|tx| {
            for n in 0..1_000 {
                slack::hear(tx, &format!("event/{n}"), "{}", "nod_1")?;
            }
            Ok(())
        });
        many.await.unwrap();
        let more = async || stage.store.transact(|tx| slack::hear(tx, "more", "{}", "nod_1")).await;
        assert_eq!(more().await.unwrap_err().code(), kernel::Code::Unavailable);
        assert!(!stage.hear("event/1").await, "what is known is acknowledged");
        stage.store.transact(|tx| slack::heeded(tx, "event/1")).await.unwrap();
        assert!(more().await.unwrap());
    }

    async fn a_code_links_one_member_once_and_in_time(stage) {
        let ada = stage.person("ada").await;
        stage.offer(ada, "first").await;
        stage.offer(ada, "second").await;
        assert_eq!(stage.link("U1", "first").await, None, "another was made");
        assert_eq!(stage.link("U1", "second").await, Some(ada));
        assert_eq!(stage.link("U2", "second").await, None, "it is used up");
        stage.offer(ada, "third").await;
        stage.clock.advance(1_000);
        assert_eq!(stage.link("U2", "third").await, None, "its time is over");
        let person = async |member: &'static str| {
            stage.store.read(move |tx| slack::person(tx, "T1", member)).await.unwrap()
        };
        assert_eq!((person("U1").await, person("U2").await), (Some(ada), None));
        assert_eq!(stage.store.read(|tx| slack::person(tx, "T2", "U1")).await.unwrap(), None);
        assert_eq!(stage.store.transact(move |tx| slack::unlink(tx, ada)).await.unwrap(), 1);
        assert_eq!(person("U1").await, None);
    }

    async fn a_channel_talks_of_the_project_that_was_set_last(stage) {
        let scope = stage.begun().await;
        let other = stage.project(scope.actor().unwrap()).await;
        for scope in [scope, other] {
            stage.store.transact_in(&scope, |t| slack::set_project(t, &channel("C1"))).await.unwrap();
            let found = stage.store.read(|tx| slack::project(tx, &channel("C1"))).await.unwrap();
            assert_eq!(found, Some(scope.project()));
        }
        assert_eq!(stage.store.read(|tx| slack::project(tx, &channel("C2"))).await.unwrap(), None);
    }

    async fn a_thread_is_known_by_its_first_message_and_told_to_the_end_by_its_server(stage) {
        let scope = stage.begun().await;
        let lease = stage.store.transact_in(&scope, archives::run).await.unwrap();
        let thread = Thread {
            at: channel("C1"), thread: "1700000000.000100".into(), root: "1700000000.000100".into(),
            project: scope.project(), run: lease.run,
        };
        let begun = thread.clone();
        stage.store.transact_in(&scope, move |t| slack::begin(t, &begun, "nod_1")).await.unwrap();
        let found = stage.store.read(|tx| slack::thread(tx, &channel("C1"), "1700000000.000100")).await.unwrap();
        assert_eq!(found, Some(thread.clone()));
        let run = lease.run;
        for (name, tells) in [("C1", true), ("C2", false)] {
            let found = stage.store.read_in(&scope, move |t| slack::tells_of(t, run, &channel(name))).await;
            assert_eq!(found.unwrap(), tells, "{name}");
        }
        assert_eq!(stage.store.read(|tx| slack::thread(tx, &channel("C2"), "1700000000.000100")).await.unwrap(), None);
        let untold = stage.store.read(|tx| slack::untold(tx, "nod_1")).await.unwrap();
        assert_eq!(untold, std::slice::from_ref(&thread));
        assert_eq!(stage.store.read(|tx| slack::untold(tx, "nod_2")).await.unwrap(), []);
        stage.store.transact(|tx| slack::told(tx, &channel("C1"), "1700000000.000100")).await.unwrap();
        assert_eq!(stage.store.read(|tx| slack::untold(tx, "nod_1")).await.unwrap(), []);
        let tells = stage.store.read_in(&scope, move |t| slack::tells_of(t, run, &channel("C1"))).await;
        assert!(!tells.unwrap(), "whoever has it done again is told anew");
        // What goes on in the thread is what is meant there from then on.
        let more = Thread { thread: "1700000000.000200".into(), ..thread.clone() };
        let begun = more.clone();
        stage.store.transact_in(&scope, move |t| slack::begin(t, &begun, "nod_1")).await.unwrap();
        let found = stage.store.read(|tx| slack::thread(tx, &channel("C1"), "1700000000.000100")).await.unwrap();
        assert_eq!(found, Some(more.clone()));
        assert_eq!(stage.store.read(|tx| slack::untold(tx, "nod_1")).await.unwrap(), [more]);
        let other = stage.project(scope.actor().unwrap()).await;
        let stranger = Thread {
            at: channel("C9"), thread: "1".into(), root: "1".into(), project: other.project(), run: lease.run,
        };
        stage.store.transact_in(&other, move |t| slack::begin(t, &stranger, "nod_1")).await.unwrap();
        assert_eq!(stage.store.read(|tx| slack::thread(tx, &channel("C9"), "1")).await.unwrap(), None);
    }
}
