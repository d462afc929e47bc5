//! Set-up, sign-in, refresh, and the end of sessions, on a real store.

use crate::house::{DEVICE, HERE, House, PASSWORD, setup};
use kernel::{Code, Timestamp};
use wire::auth::{LoginRequest, UpdateMe};

#[tokio::test]
async fn the_first_person_is_made_by_the_newest_token_and_administers_the_server() {
    let house = House::new().await;
    assert!(house.identity.setup_required().await.unwrap());
    let old = house.identity.setup_token().await.unwrap().unwrap();
    let token = house.identity.setup_token().await.unwrap().unwrap();
    assert_eq!(house.identity.setup(setup(&old), DEVICE).await.unwrap_err().code(), Code::AuthError);

    let opened = house.identity.setup(setup(&token), DEVICE).await.unwrap();
    let user = &opened.signed_in.user;
    assert_eq!((user.email.as_str(), user.name.as_str(), user.admin), ("ada@example.org", "Ada", true));
    assert!(!house.identity.setup_required().await.unwrap());
    assert_eq!(house.identity.setup_token().await.unwrap(), None);
    let ada = house.caller(&opened).await;
    assert_eq!(house.identity.admin(&ada).unwrap().person(), user.id);
}

#[tokio::test]
async fn a_wrong_token_and_a_server_that_is_set_up_look_the_same() {
    let house = House::new().await;
    let token = house.identity.setup_token().await.unwrap().unwrap();
    let mut hopeless = setup("ats_wrong");
    hopeless.password = "short".to_owned();
    let wrong = house.identity.setup(hopeless, DEVICE).await.unwrap_err();
    house.identity.setup(setup(&token), DEVICE).await.unwrap();
    for token in [token.as_str(), "ats_wrong", ""] {
        let late = house.identity.setup(setup(token), DEVICE).await.unwrap_err();
        assert_eq!((late.code(), late.message()), (wrong.code(), wrong.message()));
    }
    assert_eq!(wrong.code(), Code::AuthError);
}

#[tokio::test]
async fn of_two_set_ups_at_once_one_makes_the_first_person() {
    let house = House::new().await;
    let token = house.identity.setup_token().await.unwrap().unwrap();
    let mut other = setup(&token);
    other.email = "ben@example.org".to_owned();
    let (one, two) =
        tokio::join!(house.identity.setup(setup(&token), DEVICE), house.identity.setup(other, DEVICE));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
}

#[tokio::test]
async fn the_command_line_makes_the_first_person_only() {
    let house = House::new().await;
    let bad = house.identity.setup_headless("ada@example.org", "too short", None).await.unwrap_err();
    assert_eq!(bad.details().unwrap()["field"], "password");
    let user = house.identity.setup_headless(" Ada@Example.org", PASSWORD, None).await.unwrap();
    assert_eq!((user.email.as_str(), user.name.as_str(), user.admin), ("ada@example.org", "ada", true));
    let again = house.identity.setup_headless("ben@example.org", PASSWORD, None).await.unwrap_err();
    assert_eq!(again.code(), Code::Conflict);
    house.login("ada@example.org", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_sign_in_is_by_the_right_password_whatever_the_case_of_the_address() {
    let (house, _, _) = House::with_ada().await;
    let opened = house.login(" ADA@example.org ", PASSWORD).await.unwrap();
    assert_eq!(opened.signed_in.user.name, "Ada");
    let wrong = house.login("ada@example.org", "another long password").await.unwrap_err();
    let nobody = house.login("nobody@example.org", PASSWORD).await.unwrap_err();
    assert_eq!(wrong.code(), Code::AuthError);
    assert_eq!((nobody.code(), nobody.message()), (wrong.code(), wrong.message()));
}

#[tokio::test]
async fn an_account_is_closed_for_a_while_after_ten_wrong_passwords_even_for_the_right_one() {
    let (house, _, _) = House::with_ada().await;
    for _ in 0..10 {
        let refused = house.login("ada@example.org", "wrong").await.unwrap_err();
        assert_eq!(refused.code(), Code::AuthError);
    }
    let closed = house.login("ada@example.org", PASSWORD).await.unwrap_err();
    assert_eq!(closed.code(), Code::RateLimited);
    assert_eq!(closed.details().unwrap()["retryAfter"], 900);
    house.clock.advance(900_000);
    house.login("ada@example.org", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_access_token_ends_after_fifteen_minutes() {
    let (house, opened, _) = House::with_ada().await;
    let token = &opened.signed_in.access_token;
    assert_eq!(opened.signed_in.expires_at, house.ambient.now().plus_millis(900_000));
    house.clock.advance(899_999);
    assert!(house.identity.authenticate(token).await.is_ok());
    house.clock.advance(1);
    assert_eq!(house.identity.authenticate(token).await.unwrap_err().code(), Code::AuthError);
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_refused() {
    let (house, opened, _) = House::with_ada().await;
    for token in ["", "atk_", "atk_unknown", "a.b.c", opened.refresh_token.as_str(), &"x".repeat(100_000)] {
        assert_eq!(house.identity.authenticate(token).await.unwrap_err().code(), Code::AuthError);
    }
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_for_the_same_session() {
    let (house, opened, ada) = House::with_ada().await;
    house.clock.advance(3_600_000);
    let next = house.identity.refresh(&opened.refresh_token).await.unwrap();
    assert_ne!(next.refresh_token, opened.refresh_token);
    assert_eq!(next.refresh_expires, house.ambient.now().plus_millis(30 * 24 * 3_600_000));
    assert_eq!(house.caller(&next).await, ada);
    house.identity.refresh(&next.refresh_token).await.unwrap();
}

#[tokio::test]
async fn two_tabs_that_refresh_at_once_get_the_same_token_and_stay_signed_in() {
    let (house, opened, _) = House::with_ada().await;
    let (one, two) = tokio::join!(
        house.identity.refresh(&opened.refresh_token),
        house.identity.refresh(&opened.refresh_token)
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.refresh_token, two.refresh_token);
    house.clock.advance(29_999);
    let late = house.identity.refresh(&opened.refresh_token).await.unwrap();
    assert_eq!(late.refresh_token, one.refresh_token);
    house.identity.refresh(&one.refresh_token).await.unwrap();
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_later_ends_the_session_at_once() {
    let (house, opened, _) = House::with_ada().await;
    let next = house.identity.refresh(&opened.refresh_token).await.unwrap();
    assert!(house.identity.authenticate(&next.signed_in.access_token).await.is_ok());
    house.clock.advance(30_000);
    assert_eq!(house.identity.refresh(&opened.refresh_token).await.unwrap_err().code(), Code::AuthError);
    assert!(house.identity.refresh(&next.refresh_token).await.is_err());
    assert!(house.identity.authenticate(&next.signed_in.access_token).await.is_err());
    assert!(house.audit().await.iter().any(|row| row.action == "session.reused"));
}

#[tokio::test]
async fn a_session_that_was_not_refreshed_for_thirty_days_has_ended() {
    let (house, opened, _) = House::with_ada().await;
    house.clock.advance(30 * 24 * 3_600_000);
    assert_eq!(house.identity.refresh(&opened.refresh_token).await.unwrap_err().code(), Code::AuthError);
}

#[tokio::test]
async fn signing_out_ends_the_access_token_too() {
    let (house, opened, _) = House::with_ada().await;
    house.identity.logout("atr_unknown").await.unwrap();
    assert!(house.identity.authenticate(&opened.signed_in.access_token).await.is_ok());
    house.identity.logout(&opened.refresh_token).await.unwrap();
    assert!(house.identity.authenticate(&opened.signed_in.access_token).await.is_err());
    assert!(house.identity.refresh(&opened.refresh_token).await.is_err());
}

#[tokio::test]
async fn what_another_server_ended_is_known_here_within_half_a_minute() {
    let (house, opened, ada) = House::with_ada().await;
    let other = house.restarted(None).await.unwrap();
    assert!(other.authenticate(&opened.signed_in.access_token).await.is_ok());
    house.identity.end_session(&ada, ada.session().unwrap()).await.unwrap();
    house.clock.advance(30_000);
    assert!(other.authenticate(&opened.signed_in.access_token).await.is_err());
}

#[tokio::test]
async fn a_person_has_at_most_a_hundred_sessions_and_the_quietest_ends() {
    let (house, first, ada) = House::with_ada().await;
    let person = ada.person();
    let fill = house.store.transact(move |tx| {
        let later = tx.now().plus_millis(1_000_000);
        for n in 0..99 {
            store::sessions::create(tx, person, &format!("hash {n}"), "Other", later)?;
        }
        Ok(())
    });
    house.clock.advance(1);
    fill.await.unwrap();
    assert_eq!(house.identity.sessions(&ada).await.unwrap().len(), 100);
    house.login("ada@example.org", PASSWORD).await.unwrap();
    assert!(house.identity.refresh(&first.refresh_token).await.is_err());
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_the_other_sessions() {
    let (house, _, ada) = House::with_ada().await;
    let other = house.login("ada@example.org", PASSWORD).await.unwrap();
    let change = |current: Option<&str>| UpdateMe {
        name: Some(" Ada Lovelace ".to_owned()),
        new_password: Some("another long password".to_owned()),
        current_password: current.map(str::to_owned),
    };
    for current in [None, Some("wrong")] {
        let refused = house.identity.update_me(&ada, change(current)).await.unwrap_err();
        assert_eq!(refused.details().unwrap()["field"], "currentPassword");
    }
    assert_eq!(house.identity.me(&ada).await.unwrap().name, "Ada");

    let changed = house.identity.update_me(&ada, change(Some(PASSWORD))).await.unwrap();
    assert_eq!(changed.name, "Ada Lovelace");
    assert!(house.identity.authenticate(&other.signed_in.access_token).await.is_err());
    assert_eq!(house.identity.sessions(&ada).await.unwrap().len(), 1);
    assert!(house.login("ada@example.org", PASSWORD).await.is_err());
    house.login("ada@example.org", "another long password").await.unwrap();
}

#[tokio::test]
async fn sessions_are_shown_with_their_device_and_can_be_ended() {
    let (house, _, ada) = House::with_ada().await;
    house.clock.advance(1);
    let request = LoginRequest { email: "ada@example.org".to_owned(), password: PASSWORD.to_owned() };
    let other = house.identity.login(request, &"Phone\n".repeat(100), HERE).await.unwrap();
    let shown = house.identity.sessions(&ada).await.unwrap();
    assert_eq!(shown.iter().map(|session| session.current).collect::<Vec<_>>(), [false, true]);
    assert_eq!(shown[1].device, DEVICE);
    assert_eq!(shown[0].device, "Phone".repeat(40));

    house.identity.end_session(&ada, shown[0].id).await.unwrap();
    assert!(house.identity.authenticate(&other.signed_in.access_token).await.is_err());
    assert_eq!(house.identity.end_session(&ada, shown[0].id).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn sign_ins_good_and_bad_stand_in_the_audit_log_without_a_secret() {
    let (house, opened, _) = House::with_ada().await;
    house.login("ada@example.org", "wrong password here").await.unwrap_err();
    house.login("nobody@example.org", "wrong password here").await.unwrap_err();
    let log = house.audit().await;
    let actions: Vec<_> = log.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["server.set_up", "session.begun", "session.refused", "session.refused"]);
    assert_eq!((log[2].target.as_str(), log[2].person_id), ("ada@example.org", log[0].person_id));
    assert_eq!((log[3].target.as_str(), log[3].person_id), ("nobody@example.org", None));
    assert_eq!(log[2].details["from"], "127.0.0.1");
    assert_eq!(log[0].at, Timestamp(1_800_000_000_000));
    let text = serde_json::to_string(&log).unwrap();
    assert!(!text.contains("wrong password") && !text.contains(&opened.refresh_token));
}
