//! Members: who is let in and as what, never without an owner; invitations are taken once.

use std::collections::HashSet;

use kernel::{Code, PageRequest, PersonId, Result, Role};
use store::members::{self, Found};
use store::{Scope, Tx, keys, projects, sessions};
use wire::auth::KeyScope;

use crate::stage::Stage;

/// Invites by the token `token`, for a minute.
async fn invite(stage: &Stage, owner: &Scope, token: &'static str, role: Role) {
    let ends = stage.ambient.now().plus_millis(60_000);
    let invited = stage
        .store
        .transact_in(owner, move |t| members::invite(t, &format!("{token}@example.org"), role, token, ends));
    invited.await.unwrap();
}

async fn accept(stage: &Stage, token: &'static str, person: PersonId) -> Result<Found> {
    let accepted = stage.store.transact(move |tx| {
        let found = members::by_token(tx, token)?;
        members::accept(tx, &found, person)?;
        Ok(found)
    });
    accepted.await
}

async fn admit(stage: &Stage, person: PersonId, scope: &Scope, least: Role) -> Result<Scope> {
    let project = scope.project();
    stage.store.read(move |tx| Scope::admit(tx, person, project, least)).await
}

on_both! {
    async fn a_stranger_learns_nothing_and_a_member_does_what_their_role_may(stage) {
        let hers = stage.begun().await;
        let ben = stage.person("ben").await;
        assert_eq!(admit(stage, ben, &hers, Role::Viewer).await.unwrap_err().code(), Code::NotFound);
        invite(stage, &hers, "ben-token", Role::Editor).await;
        accept(stage, "ben-token", ben).await.unwrap();
        assert_eq!(admit(stage, ben, &hers, Role::Viewer).await.unwrap().role(), Role::Editor);
        assert!(admit(stage, ben, &hers, Role::Editor).await.is_ok());
        assert_eq!(admit(stage, ben, &hers, Role::Owner).await.unwrap_err().code(), Code::Forbidden);
        let page = PageRequest::default();
        let listed = stage.store.read_in(&hers, move |t| members::list(t, &page)).await.unwrap();
        assert_eq!(listed.rows.iter().map(|member| member.role).collect::<Vec<_>>(), [Role::Owner, Role::Editor]);
    }

    async fn sessions_and_keys_are_present_until_they_end_or_their_person_leaves(stage) {
        let hers = stage.begun().await;
        let (ada, ben) = (hers.actor().unwrap(), stage.person("ben").await);
        invite(stage, &hers, "token", Role::Viewer).await;
        accept(stage, "token", ben).await.unwrap();
        let now = stage.ambient.now();
        let made = stage.store.transact(move |tx| {
            let session = |tx: &mut Tx<'_>, of, hash: &str, ms| {
                sessions::create(tx, of, hash, "Firefox", now.plus_millis(ms)).map(|session| session.id)
            };
            let ids = [session(tx, ada, "a", 1)?, session(tx, ada, "b", 9)?, session(tx, ben, "c", 9)?];
            let key = keys::create(tx, ben, "tool", KeyScope::Read, "k", "atl_", now.plus_millis(9))?.id;
            Ok((ids, key))
        });
        let ([brief, long, his], key) = made.await.unwrap();
        let present = async || {
            let asked = stage.store.read_in(&hers, move |t| members::present(t, &[brief, long, his], &[key]));
            asked.await.unwrap()
        };
        assert_eq!(present().await, (HashSet::from([brief, long, his]), HashSet::from([key])));
        stage.clock.advance(1);
        assert_eq!(present().await, (HashSet::from([long, his]), HashSet::from([key])));
        stage.store.transact_in(&hers, move |t| members::remove(t, ben)).await.unwrap();
        assert_eq!(present().await, (HashSet::from([long]), HashSet::new()));
    }

    async fn the_last_owner_stays(stage) {
        let scope = stage.begun().await;
        let ada = scope.actor().unwrap();
        let refused = stage.store.transact_in(&scope, move |t| members::remove(t, ada)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Conflict);
        let refused = stage.store.transact_in(&scope, move |t| members::set_role(t, ada, Role::Editor)).await;
        assert_eq!(refused.unwrap_err().code(), Code::Conflict);
        assert!(admit(stage, ada, &scope, Role::Owner).await.is_ok());
    }

    async fn two_owners_who_remove_each_other_at_once_leave_one(stage) {
        let scope = stage.begun().await;
        let (ada, ben) = (scope.actor().unwrap(), stage.person("ben").await);
        invite(stage, &scope, "token", Role::Owner).await;
        accept(stage, "token", ben).await.unwrap();
        let remove = |person| stage.store.transact_in(&scope, move |t| members::remove(t, person));
        let done = futures_util::future::join_all([remove(ada), remove(ben)]).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
        let left = stage.place.rows("SELECT role FROM members").await;
        assert_eq!(left, [["owner"]]);
    }

    async fn an_invitation_is_taken_once(stage) {
        let scope = stage.begun().await;
        let (ben, cleo) = (stage.person("ben").await, stage.person("cleo").await);
        invite(stage, &scope, "token", Role::Viewer).await;
        let done = futures_util::future::join_all([accept(stage, "token", ben), accept(stage, "token", cleo)]).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
        let refused = done.into_iter().find_map(Result::err).unwrap();
        assert_eq!(refused.code(), Code::NotFound);
    }

    async fn someone_who_takes_two_invitations_at_once_gets_the_higher_role(stage) {
        let scope = stage.begun().await;
        let ben = stage.person("ben").await;
        invite(stage, &scope, "one", Role::Editor).await;
        invite(stage, &scope, "two", Role::Viewer).await;
        let done = futures_util::future::join_all([accept(stage, "one", ben), accept(stage, "two", ben)]).await;
        assert!(done.iter().all(Result::is_ok));
        assert_eq!(admit(stage, ben, &scope, Role::Viewer).await.unwrap().role(), Role::Editor);
    }

    async fn an_invitation_that_ended_or_was_withdrawn_is_not_there(stage) {
        let scope = stage.begun().await;
        let ben = stage.person("ben").await;
        invite(stage, &scope, "withdrawn", Role::Viewer).await;
        let page = PageRequest::default();
        let open = stage.store.read_in(&scope, move |t| members::invitations(t, &page)).await.unwrap();
        let id = open.rows[0].id;
        stage.store.transact_in(&scope, move |t| members::withdraw(t, id)).await.unwrap();
        invite(stage, &scope, "ended", Role::Viewer).await;
        stage.clock.advance(60_000);
        for token in ["withdrawn", "ended", "never"] {
            assert_eq!(accept(stage, token, ben).await.unwrap_err().code(), Code::NotFound);
        }
        let page = PageRequest::default();
        let open = stage.store.read_in(&scope, move |t| members::invitations(t, &page)).await.unwrap();
        assert_eq!((open.total, open.rows.len()), (0, 0));
    }

    async fn a_member_is_not_invited_again(stage) {
        let scope = stage.begun().await;
        let ends = stage.ambient.now().plus_millis(1000);
        let refused = stage.store.transact_in(&scope, move |t| {
            members::invite(t, "Ada@Example.org", Role::Viewer, "token", ends)
        });
        assert_eq!(refused.await.unwrap_err().code(), Code::Conflict);
    }

    async fn an_invitation_to_a_project_that_is_gone_leads_nowhere(stage) {
        let scope = stage.begun().await;
        let ben = stage.person("ben").await;
        invite(stage, &scope, "token", Role::Viewer).await;
        stage.store.transact_in(&scope, projects::remove).await.unwrap();
        assert_eq!(accept(stage, "token", ben).await.unwrap_err().code(), Code::NotFound);
    }
}
