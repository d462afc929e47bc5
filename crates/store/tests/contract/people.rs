//! People: one per e-mail address; sessions whose tokens rotate; keys that end.

use kernel::{Code, Timestamp};
use store::sessions::Presented;
use store::{keys, people, sessions, settings};
use wire::auth::KeyScope;

const LATER: Timestamp = Timestamp(2_000_000_000_000);

on_both! {
    async fn an_e_mail_address_is_one_persons_whatever_its_case(stage) {
        let ada = stage.person("ada").await;
        let refused = stage.store.transact(|tx| people::create(tx, "ADA@example.org", "Ada", None, true)).await;
        assert_eq!(refused.unwrap_err().code(), Code::Conflict);
        let found = stage.store.read(|tx| people::by_email(tx, "Ada@Example.ORG")).await.unwrap();
        assert_eq!(found.unwrap().id, ada);
    }

    async fn of_many_who_take_an_address_at_once_one_gets_it(stage) {
        let all = (0..6).map(|_| stage.store.transact(|tx| people::create(tx, "ada@example.org", "Ada", None, false)));
        let done = futures_util::future::join_all(all).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
        assert!(done.iter().filter_map(|done| done.as_ref().err()).all(|error| error.code() == Code::Conflict));
    }

    async fn an_outside_account_is_one_persons(stage) {
        let (ada, ben) = (stage.person("ada").await, stage.person("ben").await);
        stage.store.transact(move |tx| people::link_identity(tx, ada, "oidc", "subject-1")).await.unwrap();
        let refused = stage.store.transact(move |tx| people::link_identity(tx, ben, "oidc", "subject-1")).await;
        assert_eq!(refused.unwrap_err().code(), Code::Conflict);
        let found = stage.store.read(|tx| people::by_identity(tx, "oidc", "subject-1")).await.unwrap();
        assert_eq!(found.unwrap().id, ada);
    }

    async fn of_two_refreshes_at_once_one_gets_the_new_token(stage) {
        let ada = stage.person("ada").await;
        let session = stage.store.transact(move |tx| sessions::create(tx, ada, "first", "Firefox", LATER)).await.unwrap();
        let rotate = |to: &'static str| {
            stage.store.transact(move |tx| sessions::rotate(tx, session.id, "first", to, LATER))
        };
        let session = session.clone();
        let done = futures_util::future::join_all([rotate("second"), rotate("third")]).await;
        let won: Vec<bool> = done.into_iter().map(Result::unwrap).collect();
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        let newest = if won[0] { "second" } else { "third" };
        let presented = |token: &'static str| stage.store.read(move |tx| sessions::presented(tx, token));
        assert!(matches!(presented(newest).await.unwrap(), Presented::Current(s) if s.id == session.id));
        assert!(matches!(presented("first").await.unwrap(), Presented::Previous(s) if s.id == session.id));
        assert!(matches!(presented("never").await.unwrap(), Presented::Unknown));
    }

    async fn a_session_that_has_ended_is_not_there(stage) {
        let ada = stage.person("ada").await;
        let ends = stage.ambient.now().plus_millis(1000);
        let short = stage.store.transact(move |tx| sessions::create(tx, ada, "short", "Firefox", ends)).await.unwrap();
        let long = stage.store.transact(move |tx| sessions::create(tx, ada, "long", "Safari", LATER)).await.unwrap();
        stage.clock.advance(1000);
        assert!(stage.store.read(move |tx| sessions::get(tx, short.id)).await.unwrap().is_none());
        let listed = stage.store.read(move |tx| sessions::list(tx, ada)).await.unwrap();
        assert_eq!(listed.iter().map(|session| session.id).collect::<Vec<_>>(), [long.id]);
    }

    async fn ending_the_other_sessions_leaves_this_one(stage) {
        let ada = stage.person("ada").await;
        let make = |hash: &'static str| stage.store.transact(move |tx| sessions::create(tx, ada, hash, "x", LATER));
        let (this, other) = (make("a").await.unwrap().id, make("b").await.unwrap().id);
        stage.store.transact(move |tx| sessions::end_others(tx, ada, Some(this))).await.unwrap();
        assert!(stage.store.read(move |tx| sessions::get(tx, this)).await.unwrap().is_some());
        assert!(stage.store.read(move |tx| sessions::get(tx, other)).await.unwrap().is_none());
        assert!(stage.store.transact(move |tx| sessions::end(tx, ada, this)).await.unwrap());
        assert!(!stage.store.transact(move |tx| sessions::end(tx, ada, this)).await.unwrap());
    }

    async fn a_key_opens_until_it_ends_or_is_taken_back(stage) {
        let ada = stage.person("ada").await;
        let ends = stage.ambient.now().plus_millis(120_000);
        let make = |hash: &'static str| {
            stage.store.transact(move |tx| keys::create(tx, ada, "ci", KeyScope::Read, hash, "…x9", ends))
        };
        let (kept, gone) = (make("hash-1").await.unwrap().id, make("hash-2").await.unwrap().id);
        let holder = |hash: &'static str| stage.store.read(move |tx| keys::holder(tx, hash));
        let found = holder("hash-1").await.unwrap().unwrap();
        assert_eq!((found.key, found.person, found.scope, found.note_use), (kept, ada, KeyScope::Read, true));
        stage.store.transact(move |tx| keys::used(tx, kept)).await.unwrap();
        assert!(!holder("hash-1").await.unwrap().unwrap().note_use);
        stage.clock.advance(60_000);
        assert!(holder("hash-1").await.unwrap().unwrap().note_use);
        assert!(stage.store.transact(move |tx| keys::remove(tx, ada, gone)).await.unwrap());
        assert!(holder("hash-2").await.unwrap().is_none());
        stage.clock.advance(60_000);
        assert!(holder("hash-1").await.unwrap().is_none());
    }

    async fn nobody_takes_back_the_key_of_another(stage) {
        let (ada, ben) = (stage.person("ada").await, stage.person("ben").await);
        let made = stage.store.transact(move |tx| keys::create(tx, ada, "ci", KeyScope::Write, "hash", "…x9", LATER));
        let key = made.await.unwrap().id;
        assert!(!stage.store.transact(move |tx| keys::remove(tx, ben, key)).await.unwrap());
        assert!(stage.store.read(move |tx| keys::list(tx, ben)).await.unwrap().is_empty());
        assert_eq!(stage.store.read(move |tx| keys::list(tx, ada)).await.unwrap().len(), 1);
    }

    async fn servers_that_start_at_once_agree_on_a_setting(stage) {
        let all = (0..6).map(|n| stage.store.transact(move |tx| settings::get_or_set(tx, "salt", &n.to_string())));
        let mut agreed: Vec<String> =
            futures_util::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
        agreed.dedup();
        assert_eq!(agreed.len(), 1);
    }
}
