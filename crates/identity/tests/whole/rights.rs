//! API keys, permits and invitations: who may do what, on a real store.

use std::collections::HashSet;

use crate::house::{DEVICE, House, accept};
use identity::{Caller, Editor, Owner, Permit, Viewer};
use kernel::{Code, ProjectId, Result, Role};
use wire::auth::{CreateKey, KeyScope, UpdateMe};
use wire::people::CreateInvitation;

fn key(scope: Option<KeyScope>, days: Option<u32>) -> CreateKey {
    CreateKey { name: "backup".to_owned(), scope, expires_in_days: days }
}

async fn by_key(house: &House, owner: &Caller, scope: KeyScope) -> Caller {
    let made = house.identity.create_key(owner, key(Some(scope), None)).await.unwrap();
    house.identity.authenticate(&made.key).await.unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code()
}

#[tokio::test]
async fn a_key_stands_for_its_person_until_it_ends() {
    let (house, _, ada) = House::with_ada().await;
    let made = house.identity.create_key(&ada, key(None, Some(2))).await.unwrap();
    assert!(
        made.key.starts_with("atk_") && made.key.starts_with(&made.about.hint) && made.about.hint.len() == 10
    );
    assert_eq!(made.about.scope, KeyScope::Write);
    house.clock.advance(1000);
    let caller = house.identity.authenticate(&made.key).await.unwrap();
    assert_eq!((caller.person(), caller.is_key(), caller.session()), (ada.person(), true, None));
    assert_eq!(house.identity.me(&caller).await.unwrap().email, "ada@example.org");
    let listed = house.identity.keys(&ada).await.unwrap();
    assert_eq!(listed[0].last_used_at, Some(house.ambient.now()));
    house.clock.advance(2 * 24 * 3_600_000);
    assert_eq!(code(house.identity.authenticate(&made.key).await), Code::AuthError);
}

#[tokio::test]
async fn a_key_that_was_taken_back_is_good_no_longer() {
    let (house, _, ada) = House::with_ada().await;
    let made = house.identity.create_key(&ada, key(None, None)).await.unwrap();
    house.identity.remove_key(&ada, made.about.id).await.unwrap();
    assert_eq!(code(house.identity.authenticate(&made.key).await), Code::AuthError);
    assert_eq!(code(house.identity.remove_key(&ada, made.about.id).await), Code::NotFound);
    let actions: Vec<_> = house.audit().await.into_iter().map(|row| row.action).collect();
    assert!(actions.ends_with(&["key.created".to_owned(), "key.removed".to_owned()]), "{actions:?}");
}

#[tokio::test]
async fn a_key_is_named_and_ends_within_a_year() {
    let (house, _, ada) = House::with_ada().await;
    for days in [0, 366] {
        let refused = house.identity.create_key(&ada, key(None, Some(days))).await.unwrap_err();
        assert_eq!(refused.details().unwrap()["field"], "expiresInDays");
    }
    let blank = CreateKey { name: "  ".to_owned(), scope: None, expires_in_days: None };
    assert_eq!(code(house.identity.create_key(&ada, blank).await), Code::ValidationError);
}

#[tokio::test]
async fn a_person_has_at_most_a_hundred_good_keys() {
    let (house, _, ada) = House::with_ada().await;
    for _ in 0..100 {
        house.identity.create_key(&ada, key(None, Some(1))).await.unwrap();
    }
    assert_eq!(code(house.identity.create_key(&ada, key(None, None)).await), Code::Conflict);
    house.clock.advance(24 * 3_600_000);
    // Ada's access token has ended meanwhile, but the proof of who she is was made before.
    house.identity.create_key(&ada, key(None, None)).await.unwrap();
    assert_eq!(house.identity.keys(&ada).await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_key_may_neither_administer_nor_touch_the_account() {
    let (house, _, ada) = House::with_ada().await;
    let caller = by_key(&house, &ada, KeyScope::Write).await;
    let nothing = UpdateMe { name: None, new_password: None, current_password: None };
    assert_eq!(code(house.identity.admin(&caller)), Code::Forbidden);
    assert_eq!(code(house.identity.update_me(&caller, nothing).await), Code::Forbidden);
    assert_eq!(code(house.identity.create_key(&caller, key(None, None)).await), Code::Forbidden);
    assert_eq!(code(house.identity.keys(&caller).await), Code::Forbidden);
    assert_eq!(code(house.identity.sessions(&caller).await), Code::Forbidden);
    let session = ada.session().unwrap();
    assert_eq!(code(house.identity.end_session(&caller, session).await), Code::Forbidden);
}

/// What a caller gets of the three rights in a project: `None` stands for a permit.
async fn rights(house: &House, caller: &Caller, project: ProjectId) -> [Option<Code>; 3] {
    fn of<R>(permit: Result<Permit<R>>) -> Option<Code> {
        permit.err().map(|error| error.code())
    }
    [
        of(house.identity.permit::<Viewer>(caller, project).await),
        of(house.identity.permit::<Editor>(caller, project).await),
        of(house.identity.permit::<Owner>(caller, project).await),
    ]
}

#[tokio::test]
async fn each_role_permits_what_it_stands_for_and_strangers_find_nothing() {
    const NO: Option<Code> = Some(Code::Forbidden);
    const NOTHING: Option<Code> = Some(Code::NotFound);
    let (house, _, ada) = House::with_ada().await;
    let (film, other) = (house.project(&ada).await, house.project(&ada).await);
    let vic = house.joined(&ada, film, "vic@example.org", Role::Viewer).await;
    let eve = house.joined(&ada, film, "eve@example.org", Role::Editor).await;
    let oli = house.joined(&ada, film, "oli@example.org", Role::Owner).await;
    assert_eq!(rights(&house, &vic, film).await, [None, NO, NO]);
    assert_eq!(rights(&house, &eve, film).await, [None, None, NO]);
    assert_eq!(rights(&house, &oli, film).await, [None, None, None]);
    assert_eq!(rights(&house, &oli, other).await, [NOTHING; 3]);

    let read = by_key(&house, &ada, KeyScope::Read).await;
    assert_eq!(rights(&house, &read, film).await, [None, NO, NO]);
    assert_eq!(code(read.may_write()), Code::Forbidden);
    let write = by_key(&house, &ada, KeyScope::Write).await;
    assert_eq!(rights(&house, &write, film).await, [None, None, None]);
    write.may_write().unwrap();
    let strange = by_key(&house, &eve, KeyScope::Read).await;
    assert_eq!(rights(&house, &strange, other).await, [NOTHING; 3]);
}

#[tokio::test]
async fn a_permit_is_the_scope_of_its_caller() {
    let (house, _, ada) = House::with_ada().await;
    let film = house.project(&ada).await;
    let permit: Permit<Viewer> = house.identity.permit(&ada, film).await.unwrap();
    assert_eq!(permit.scope().project(), film);
    assert_eq!((permit.scope().actor(), permit.scope().role()), (Some(ada.person()), Role::Owner));
    assert_eq!(permit.caller(), &ada);
}

#[tokio::test]
async fn only_the_first_person_administers() {
    let (house, _, ada) = House::with_ada().await;
    let film = house.project(&ada).await;
    let ben = house.joined(&ada, film, "ben@example.org", Role::Owner).await;
    assert!(house.identity.admin(&ada).is_ok());
    assert_eq!(code(house.identity.admin(&ben)), Code::Forbidden);
}

#[tokio::test]
async fn a_connection_stays_open_as_long_as_its_person_is_signed_in_and_a_member() {
    let (house, _, ada) = House::with_ada().await;
    let film = house.project(&ada).await;
    let ben = house.joined(&ada, film, "ben@example.org", Role::Viewer).await;
    let made = house.identity.create_key(&ben, key(Some(KeyScope::Read), None)).await.unwrap();
    let tool = house.identity.authenticate(&made.key).await.unwrap();
    let all = HashSet::from([ada, ben, tool]);
    let turned_out = async || house.identity.turned_out(all.clone(), film).await.unwrap();
    assert_eq!(turned_out().await, HashSet::new());
    assert_eq!(house.identity.membership(ben.person(), film).await.unwrap(), Some(Role::Viewer));

    house.identity.remove_key(&ben, made.about.id).await.unwrap();
    assert_eq!(turned_out().await, HashSet::from([tool]));

    let owner: Permit<Owner> = house.identity.permit(&ada, film).await.unwrap();
    let person = ben.person();
    house.store.transact_in(owner.scope(), move |t| store::members::remove(t, person)).await.unwrap();
    assert_eq!(turned_out().await, HashSet::from([tool, ben]));
    assert_eq!(house.identity.membership(person, film).await.unwrap(), None);

    house.identity.end_session(&ada, ada.session().unwrap()).await.unwrap();
    assert_eq!(turned_out().await, all);
}

#[tokio::test]
async fn an_invitation_makes_a_person_once() {
    let (house, _, ada) = House::with_ada().await;
    let film = house.project(&ada).await;
    let token = house.invitation(&ada, film, " Ben@Example.org ", Role::Editor).await;
    let mut short = accept(&token);
    short.password = Some("too short".to_owned());
    assert_eq!(code(house.identity.accept(None, short, DEVICE).await), Code::ValidationError);
    let mut without = accept(&token);
    without.password = None;
    assert_eq!(code(house.identity.accept(None, without, DEVICE).await), Code::ValidationError);

    let (accepted, opened) = house.identity.accept(None, accept(&token), DEVICE).await.unwrap();
    let user = opened.unwrap().signed_in.user;
    assert_eq!((accepted.project_id, user.name.as_str(), user.admin), (film, "ben", false));
    assert_eq!(accepted.signed_in.unwrap().user.id, user.id);
    assert_eq!(house.identity.membership(user.id, film).await.unwrap(), Some(Role::Editor));
    assert_eq!(code(house.identity.accept(None, accept(&token), DEVICE).await), Code::NotFound);
    house.login("ben@example.org", crate::house::PASSWORD).await.unwrap();
}

#[tokio::test]
async fn who_has_an_account_signs_in_to_accept_and_nobody_else_can() {
    let (house, _, ada) = House::with_ada().await;
    let (film, other) = (house.project(&ada).await, house.project(&ada).await);
    let ben = house.joined(&ada, film, "ben@example.org", Role::Viewer).await;
    let token = house.invitation(&ada, other, "ben@example.org", Role::Editor).await;
    assert_eq!(code(house.identity.accept(None, accept(&token), DEVICE).await), Code::Conflict);
    assert_eq!(code(house.identity.accept(Some(&ada), accept(&token), DEVICE).await), Code::Forbidden);
    let tool = by_key(&house, &ben, KeyScope::Write).await;
    assert_eq!(code(house.identity.accept(Some(&tool), accept(&token), DEVICE).await), Code::Forbidden);

    let (accepted, opened) = house.identity.accept(Some(&ben), accept(&token), DEVICE).await.unwrap();
    assert_eq!(accepted.project_id, other);
    assert!(accepted.signed_in.is_none() && opened.is_none());
    assert_eq!(house.identity.membership(ben.person(), other).await.unwrap(), Some(Role::Editor));
}

#[tokio::test]
async fn an_invitation_is_open_for_seven_days() {
    let (house, _, ada) = House::with_ada().await;
    let film = house.project(&ada).await;
    let token = house.invitation(&ada, film, "ben@example.org", Role::Viewer).await;
    house.clock.advance(7 * 24 * 3_600_000);
    assert_eq!(code(house.identity.accept(None, accept(&token), DEVICE).await), Code::NotFound);
}

#[tokio::test]
async fn one_invites_by_an_address_and_no_member_twice() {
    let (house, _, ada) = House::with_ada().await;
    let film = house.project(&ada).await;
    let permit = house.identity.permit(&ada, film).await.unwrap();
    let to = |email: &str| CreateInvitation { email: email.to_owned(), role: Role::Viewer };
    assert_eq!(code(house.identity.invite(&permit, to("nowhere")).await), Code::ValidationError);
    assert_eq!(code(house.identity.invite(&permit, to("ADA@example.org")).await), Code::Conflict);
}
