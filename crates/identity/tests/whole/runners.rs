//! The keys of runners: which machine bears one, and until when.

use kernel::{Code, PageRequest, Result, Role};
use wire::fleet::{CreateRunner, CreatedRunner};

use crate::house::House;

const MINUTE: i64 = 60_000;

fn named(name: &str) -> CreateRunner {
    CreateRunner { name: name.to_owned() }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code()
}

#[tokio::test]
async fn a_key_says_which_runner_it_is_and_whose() {
    let (house, _, ada) = House::with_ada().await;
    let CreatedRunner { key, about } = house.identity.create_runner(&ada, named(" forge ")).await.unwrap();
    let other = house.identity.create_runner(&ada, named("anvil")).await.unwrap();
    assert!(key.starts_with("atn_") && key.starts_with(&about.hint) && about.name == "forge");
    let bearer = house.identity.runner(&key).await.unwrap();
    assert_eq!((bearer.runner, bearer.owner), (about.id, ada.person()));
    let page = PageRequest { limit: 9, after: None };
    let listed = house.identity.runners(&ada, &page).await.unwrap();
    let mut ids: Vec<_> = listed.rows.iter().map(|runner| runner.id).collect();
    ids.sort();
    assert_eq!((ids, listed.total), (vec![about.id, other.about.id], 2));
}

#[tokio::test]
async fn no_other_token_is_a_runners_and_a_runners_is_no_other() {
    let (house, _, ada) = House::with_ada().await;
    let made = house.identity.create_runner(&ada, named("forge")).await.unwrap();
    assert_eq!(code(house.identity.authenticate(&made.key).await), Code::AuthError);
    let api = wire::auth::CreateKey { name: "backup".to_owned(), scope: None, expires_in_days: None };
    let api = house.identity.create_key(&ada, api).await.unwrap();
    for wrong in [api.key.as_str(), &made.about.hint, "", "atn_"] {
        assert_eq!(code(house.identity.runner(wrong).await), Code::AuthError, "{wrong}");
    }
    let caller = house.identity.authenticate(&api.key).await.unwrap();
    assert_eq!(code(house.identity.create_runner(&caller, named("forge")).await), Code::Forbidden);
    assert_eq!(code(house.identity.renew_runner_key(&caller, made.about.id).await), Code::Forbidden);
    assert_eq!(code(house.identity.remove_runner(&caller, made.about.id).await), Code::Forbidden);
}

#[tokio::test]
async fn nobody_else_sees_or_touches_a_persons_runners() {
    let (house, _, ada) = House::with_ada().await;
    let film = house.project(&ada).await;
    let ben = house.joined(&ada, film, "ben@example.org", Role::Owner).await;
    let made = house.identity.create_runner(&ada, named("forge")).await.unwrap();
    let page = PageRequest { limit: 9, after: None };
    assert_eq!(house.identity.runners(&ben, &page).await.unwrap().total, 0);
    assert_eq!(code(house.identity.renew_runner_key(&ben, made.about.id).await), Code::NotFound);
    assert_eq!(code(house.identity.remove_runner(&ben, made.about.id).await), Code::NotFound);
    house.identity.runner(&made.key).await.unwrap();
}

#[tokio::test]
async fn after_a_change_of_keys_the_former_one_is_good_for_five_minutes() {
    let (house, _, ada) = House::with_ada().await;
    let first = house.identity.create_runner(&ada, named("forge")).await.unwrap();
    let second = house.identity.renew_runner_key(&ada, first.about.id).await.unwrap();
    house.clock.advance(5 * MINUTE - 1);
    for key in [&first.key, &second.key] {
        assert_eq!(house.identity.runner(key).await.unwrap().runner, first.about.id);
    }
    house.clock.advance(1);
    assert_eq!(code(house.identity.runner(&first.key).await), Code::AuthError);
    house.identity.runner(&second.key).await.unwrap();
}

#[tokio::test]
async fn two_changes_at_once_leave_the_last_key_and_the_one_before_it() {
    let (house, _, ada) = House::with_ada().await;
    let first = house.identity.create_runner(&ada, named("forge")).await.unwrap();
    let second = house.identity.renew_runner_key(&ada, first.about.id).await.unwrap();
    let third = house.identity.renew_runner_key(&ada, first.about.id).await.unwrap();
    assert_eq!(code(house.identity.runner(&first.key).await), Code::AuthError);
    house.identity.runner(&second.key).await.unwrap();
    house.identity.runner(&third.key).await.unwrap();
}

#[tokio::test]
async fn a_runner_that_was_removed_joins_no_more_by_any_key() {
    let (house, _, ada) = House::with_ada().await;
    let first = house.identity.create_runner(&ada, named("forge")).await.unwrap();
    let second = house.identity.renew_runner_key(&ada, first.about.id).await.unwrap();
    house.identity.remove_runner(&ada, first.about.id).await.unwrap();
    for key in [&first.key, &second.key] {
        assert_eq!(code(house.identity.runner(key).await), Code::AuthError);
    }
    assert_eq!(code(house.identity.remove_runner(&ada, first.about.id).await), Code::NotFound);
    let actions: Vec<_> = house.audit().await.into_iter().map(|row| row.action).collect();
    let told = ["runner.created", "runner.key_changed", "runner.removed"].map(str::to_owned);
    assert!(actions.ends_with(&told), "{actions:?}");
}
