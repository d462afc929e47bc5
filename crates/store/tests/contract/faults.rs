//! Faults: what cannot be kept is refused alike on both databases; a lost connection is replaced, and told if it must be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kernel::{Code, Error};
use store::changes::{Draft, Write};
use store::{Options, Store, people, settings};

use crate::place::Place;
use crate::stage::Stage;

on_both! {
    async fn a_text_that_one_database_cannot_keep_is_refused_by_both(stage) {
        let scope = stage.begun().await;
        let mut new = stage.new_entity("characters", "Mara");
        new.description = "before\0after".into();
        let writes = vec![Write::Create(new)];
        let refused = stage.apply(&scope, Draft { writes, ..Draft::default() }).await.unwrap_err();
        assert_eq!(refused.code(), Code::ValidationError);
        assert!(stage.place.rows("SELECT id FROM changes").await.is_empty());
    }

    async fn what_belongs_to_nothing_is_refused(stage) {
        let nobody = stage.ambient.id();
        let refused = stage.store.transact(move |tx| people::link_identity(tx, nobody, "oidc", "subject")).await;
        assert_eq!(refused.unwrap_err().code(), Code::NotFound);
    }

    async fn work_that_goes_on_after_a_statement_failed_is_not_kept(stage) {
        stage.person("ada").await;
        let done = stage.store.transact(|tx| {
            settings::set(tx, "name", "value")?;
            // The address is taken, which this work chooses not to mind.
            drop(people::create(tx, "ada@example.org", "Ada", None, false));
            Ok(())
        });
        assert_eq!(done.await.unwrap_err().code(), Code::UnknownError);
        assert_eq!(stage.store.read(|tx| settings::get(tx, "name")).await.unwrap(), None);
    }

    async fn work_that_panics_is_not_kept_and_harms_no_other(stage) {
        for _ in 0..6 {
            let done = stage.store.transact(|tx| {
                settings::set(tx, "panicked", "yes")?;
                if tx.now().0 > 0 { panic!("a fault of ours, on purpose") }
                Ok(())
            });
            assert_eq!(done.await.unwrap_err().code(), Code::UnknownError);
            stage.store.transact(|tx| settings::set(tx, "kept", "yes")).await.unwrap();
        }
        assert_eq!(stage.place.rows("SELECT name FROM settings").await, [["kept"]]);
    }
}

on_both! {
    async fn a_database_that_is_there_can_be_looked_at(stage) {
        stage.store.probe().await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_was_removed_or_replaced_is_noticed() {
    let stage = Stage::sqlite().await;
    let (file, aside) = (stage.place.options().file, stage.place.options().file.with_extension("aside"));
    std::fs::copy(&file, &aside).unwrap();
    std::fs::rename(&aside, &file).unwrap();
    assert_eq!(stage.store.probe().await.unwrap_err().code(), Code::Unavailable, "a copy is another file");
    std::fs::remove_file(&file).unwrap();
    stage.store.probe().await.unwrap_err();
}

/// Ends all connections of the store under test.
fn cut(place: &Place) -> impl Fn() + Clone + Send + 'static {
    let Place::Server { url, .. } = place else { panic!("only Postgres has connections to cut") };
    let url = url.clone();
    move || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        let sql = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()";
        client.query(sql, &[]).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_lost_while_idle_are_not_noticed() {
    let Some(place) = Place::database().await else { return };
    let stage = Stage::on(place).await;
    let cut = cut(&stage.place);
    for n in 0..5 {
        tokio::task::spawn_blocking(cut.clone()).await.unwrap();
        stage.store.transact(move |tx| settings::set(tx, "n", &n.to_string())).await.unwrap();
        tokio::task::spawn_blocking(cut.clone()).await.unwrap();
        let read = stage.store.read(|tx| settings::get(tx, "n")).await.unwrap();
        assert_eq!(read, Some(n.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_comes_one_after_the_other_does_not_go_round_all_connections() {
    let Some(place) = Place::database().await else { return };
    let options = store::Options { connections: 20, ..place.options() };
    let store = store::Store::open(options, kernel::Ambient::system()).await.unwrap();
    for n in 0..60 {
        store.transact(move |tx| settings::set(tx, "n", &n.to_string())).await.unwrap();
    }
    let open = "SELECT COUNT(*)::TEXT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'atelier'";
    let open: usize = place.rows(open).await[0][0].parse().unwrap();
    // A thread answers before it is free again, so that two or three take turns.
    assert!((1..=4).contains(&open), "{open} of 20 were needed");
}

/// The database counts the scans of a connection for others at the latest when that has ended.
async fn scans_of_settings(place: &Place) -> String {
    let open = "SELECT 1::TEXT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'atelier'";
    while !place.rows(open).await.is_empty() {
        tokio::task::yield_now().await;
    }
    let scans = "SELECT seq_scan::TEXT FROM pg_stat_user_tables WHERE relname = 'settings'";
    place.rows(scans).await.remove(0).remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_is_found_by_its_key_even_while_its_table_is_so_small_that_reading_it_whole_seems_cheaper() {
    let Some(place) = Place::database().await else { return };
    let open = || store::Store::open(place.options(), kernel::Ambient::system());
    let store = open().await.unwrap();
    store.transact(|tx| settings::set(tx, "n", "first")).await.unwrap();
    drop(store);
    place.script("ANALYZE settings").await;
    let before = scans_of_settings(&place).await;
    let store = open().await.unwrap();
    for n in 0..10 {
        store.transact(move |tx| settings::set(tx, "n", &n.to_string())).await.unwrap();
        assert_eq!(store.read(|tx| settings::get(tx, "n")).await.unwrap(), Some(n.to_string()));
    }
    drop(store);
    assert_eq!(scans_of_settings(&place).await, before, "such a plan is kept while the table grows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_whose_connection_is_lost_before_the_commit_is_done_again_once() {
    let Some(place) = Place::database().await else { return };
    let stage = Stage::on(place).await;
    let (cut, tries) = (cut(&stage.place), Arc::new(AtomicU32::new(0)));
    let tried = tries.clone();
    let done = stage.store.transact(move |tx| {
        settings::set(tx, "before", "x")?;
        if tried.fetch_add(1, Ordering::SeqCst) == 0 {
            cut();
        }
        settings::set(tx, "after", "y")
    });
    done.await.unwrap();
    assert_eq!(tries.load(Ordering::SeqCst), 2);
    assert_eq!(stage.place.rows("SELECT name FROM settings ORDER BY name").await, [["after"], ["before"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_whose_connection_is_lost_again_and_again_is_told_so_and_nothing_is_kept() {
    let Some(place) = Place::database().await else { return };
    let stage = Stage::on(place).await;
    let cutting = cut(&stage.place);
    let lost = stage.store.transact(move |tx| {
        settings::set(tx, "before", "x")?;
        cutting();
        settings::set(tx, "after", "y")
    });
    let told = lost.await.unwrap_err();
    assert_eq!(told.code(), Code::Unavailable);
    assert!(told.message().contains("Nothing of this request was saved"), "{told}");
    assert!(stage.place.rows("SELECT name FROM settings").await.is_empty());
    // And the server goes on.
    stage.store.transact(|tx| settings::set(tx, "later", "z")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_work_whose_connection_is_lost_in_the_commit_nobody_says_what_became_of_it() {
    let Some(place) = Place::database().await else { return };
    let stage = Stage::on(place).await;
    let (cutting, tries) = (cut(&stage.place), Arc::new(AtomicU32::new(0)));
    let tried = tries.clone();
    let lost = stage.store.transact(move |tx| {
        settings::set(tx, "name", "x")?;
        tried.fetch_add(1, Ordering::SeqCst);
        cutting();
        Ok(())
    });
    let told = lost.await.unwrap_err();
    assert_eq!(told.code(), Code::Unavailable);
    assert!(told.message().contains("may have been saved or not"), "{told}");
    assert_eq!(tries.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_as_unreachable() {
    // Port 1 is one that nobody listens on.
    let options = Options::postgres("postgres://nobody@127.0.0.1:1/none");
    let refused: Error = Store::open(options, kernel::Ambient::system()).await.err().unwrap();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(!refused.message().contains("127.0.0.1"));
}
