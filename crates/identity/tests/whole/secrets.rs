//! Sealed secrets and the master key, against values that libsodium and TweetNaCl sealed.

use crate::house::House;
use identity::Admin;
use kernel::Code;

/// The bytes 0 to 31. What stands below was made from it by `libsodium-wrappers` 0.8.4, Node's HKDF and
/// `tweetnacl-sealedbox-js` 1.2.0, none of which share code with what is tested.
const MASTER: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const PUBLIC: &str = "CeaVFiUhm3xpltbzDUVlp7wCQzZvT+PAIuIXROUhZwU=";
const BY_LIBSODIUM: &str =
    "ZRe8lwXARIDGgisbiHAarZJ36iwehvg3nPp1Getz6Bq3yhSo/wFuPcZI+oFf3AO+UWcIBt3N8Xvmo9lHgWGIMVvmd4s+aw==";
const BY_TWEETNACL: &str =
    "bXJiXFUKvROy2ND3VSTQeCBPstD1SbYKSx04Tb+YQhRnYyD7ZHynAJheId0IKppnXQC8ElpgI9w/XV9yswY8zRUCmDqZeA==";
/// `sk-at-rest` under the name `model.key`, by libsodium's XChaCha20-Poly1305.
const AT_REST: &str =
    "v1:c5ea040b56d01f9f:CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJUhiWcuuhGlDCWxsj3RtPmBhsY0yNexU9hMw=";
/// Another key: 32 bytes of 7.
const OTHER: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

async fn with_admin() -> (House, Admin) {
    let (house, _, ada) = House::with_ada().await;
    let admin = house.identity.admin(&ada).unwrap();
    (house, admin)
}

async fn kept(house: &House, name: &str) -> Option<String> {
    let place = format!("secret.{name}");
    house.store.read(move |tx| store::settings::get(tx, &place)).await.unwrap()
}

async fn keep(house: &House, name: &str, value: &str) {
    let (place, value) = (format!("secret.{name}"), value.to_owned());
    house.store.transact(move |tx| store::settings::set(tx, &place, &value)).await.unwrap();
}

#[tokio::test]
async fn a_box_that_libsodium_or_tweetnacl_sealed_is_opened() {
    let (house, admin) = with_admin().await;
    let identity = house.restarted(Some(MASTER)).await.unwrap();
    assert_eq!(identity.sealing_key().public_key, PUBLIC);
    identity.keep_secret(&admin, "one", BY_LIBSODIUM).await.unwrap();
    identity.keep_secret(&admin, "two", BY_TWEETNACL).await.unwrap();
    assert_eq!(identity.secret("one").await.unwrap().unwrap().expose(), "sk-sealed-by-libsodium");
    assert_eq!(identity.secret("two").await.unwrap().unwrap().expose(), "sk-sealed-by-tweetnacl");
}

#[tokio::test]
async fn what_libsodium_sealed_at_rest_is_opened_under_its_own_name_only() {
    let (house, _) = with_admin().await;
    keep(&house, "model.key", AT_REST).await;
    keep(&house, "another", AT_REST).await;
    let identity = house.restarted(Some(MASTER)).await.unwrap();
    assert_eq!(identity.secret("model.key").await.unwrap().unwrap().expose(), "sk-at-rest");
    assert_eq!(identity.secret("another").await.unwrap_err().code(), Code::Conflict);
}

#[tokio::test]
async fn a_secret_is_kept_sealed_and_never_told_to_the_log() {
    let (house, admin) = with_admin().await;
    let identity = house.restarted(Some(MASTER)).await.unwrap();
    assert!(!identity.has_secret("model.key").await.unwrap());
    identity.keep_secret(&admin, "model.key", BY_LIBSODIUM).await.unwrap();
    assert!(identity.has_secret("model.key").await.unwrap());
    assert!(kept(&house, "model.key").await.unwrap().starts_with("v1:c5ea040b56d01f9f:"));
    identity.remove_secret(&admin, "model.key").await.unwrap();
    identity.remove_secret(&admin, "model.key").await.unwrap();
    assert!(identity.secret("model.key").await.unwrap().is_none());

    let log = house.audit().await;
    let actions: Vec<_> = log.iter().map(|row| (row.action.as_str(), row.target.as_str())).collect();
    assert!(
        actions.ends_with(&[("secret.set", "model.key"), ("secret.removed", "model.key")]),
        "{actions:?}"
    );
    assert!(!serde_json::to_string(&log).unwrap().contains("sk-sealed"));
}

#[tokio::test]
async fn what_is_not_sealed_to_this_server_is_refused_and_the_old_secret_stays() {
    let (house, admin) = with_admin().await;
    let identity = house.restarted(Some(MASTER)).await.unwrap();
    identity.keep_secret(&admin, "model.key", BY_LIBSODIUM).await.unwrap();
    let cut = &BY_TWEETNACL[..80];
    let changed = BY_TWEETNACL.replacen('b', "c", 1);
    for bad in ["", "sk-in-clear", "c2stY2xlYXI=", cut, &changed] {
        let refused = identity.keep_secret(&admin, "model.key", bad).await.unwrap_err();
        assert_eq!(refused.details().unwrap()["field"], "sealedKey", "{bad}");
    }
    assert_eq!(identity.secret("model.key").await.unwrap().unwrap().expose(), "sk-sealed-by-libsodium");
}

#[tokio::test]
async fn the_master_key_is_made_once_and_only_this_account_can_read_it() {
    let (house, _) = with_admin().await;
    let again = house.restarted(None).await.unwrap();
    assert_eq!(again.sealing_key().public_key, house.identity.sealing_key().public_key);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = std::fs::metadata(house.folder.path().join("master.key")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_master_key_that_is_none_stops_the_server() {
    let (house, _) = with_admin().await;
    for bad in ["", "short", "AAEC", &format!("{MASTER},short")] {
        assert!(house.restarted(Some(bad)).await.is_err(), "{bad:?}");
    }
    std::fs::write(house.folder.path().join("master.key"), "").unwrap();
    assert!(house.restarted(None).await.is_err());
}

#[tokio::test]
async fn a_new_master_key_seals_all_anew_and_signs_nobody_out() {
    let (house, opened, ada) = House::with_ada().await;
    let admin = house.identity.admin(&ada).unwrap();
    let file = house.folder.path().join("master.key");
    std::fs::write(&file, MASTER).unwrap();
    let identity = house.restarted(None).await.unwrap();
    identity.keep_secret(&admin, "one", BY_LIBSODIUM).await.unwrap();
    let before = kept(&house, "one").await.unwrap();

    identity.rotate_master_key().await.unwrap();
    assert_ne!(kept(&house, "one").await.unwrap(), before);
    assert_ne!(identity.sealing_key().public_key, PUBLIC);
    assert_eq!(std::fs::read_to_string(&file).unwrap().split_whitespace().count(), 1);
    let restarted = house.restarted(None).await.unwrap();
    for identity in [&identity, &restarted] {
        assert_eq!(identity.secret("one").await.unwrap().unwrap().expose(), "sk-sealed-by-libsodium");
        assert!(identity.authenticate(&opened.signed_in.access_token).await.is_err());
    }
    let next = identity.refresh(&opened.refresh_token).await.unwrap();
    assert_eq!(identity.authenticate(&next.signed_in.access_token).await.unwrap(), ada);
}

#[tokio::test]
async fn a_rotation_that_was_cut_off_goes_on_at_the_next_start() {
    let (house, admin) = with_admin().await;
    let file = house.folder.path().join("master.key");
    std::fs::write(&file, MASTER).unwrap();
    let before = house.restarted(None).await.unwrap();
    before.keep_secret(&admin, "one", BY_LIBSODIUM).await.unwrap();
    // The new key is written before anything is sealed under it: this is what a crash right then leaves.
    std::fs::write(&file, format!("{OTHER}\n{MASTER}\n")).unwrap();
    let after = house.restarted(None).await.unwrap();
    assert_eq!(after.secret("one").await.unwrap().unwrap().expose(), "sk-sealed-by-libsodium");
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), OTHER);
}

#[tokio::test]
async fn a_master_key_of_the_configuration_is_changed_there() {
    let (house, admin) = with_admin().await;
    let given = house.restarted(Some(MASTER)).await.unwrap();
    given.keep_secret(&admin, "one", BY_LIBSODIUM).await.unwrap();
    assert_eq!(given.rotate_master_key().await.unwrap_err().code(), Code::Conflict);
    let both = house.restarted(Some(&format!("{OTHER},{MASTER}"))).await.unwrap();
    assert_eq!(both.secret("one").await.unwrap().unwrap().expose(), "sk-sealed-by-libsodium");
    let new = house.restarted(Some(OTHER)).await.unwrap();
    assert_eq!(new.secret("one").await.unwrap().unwrap().expose(), "sk-sealed-by-libsodium");
}

#[tokio::test]
async fn without_its_master_key_a_secret_is_there_but_closed() {
    let (house, admin) = with_admin().await;
    let given = house.restarted(Some(MASTER)).await.unwrap();
    given.keep_secret(&admin, "one", BY_LIBSODIUM).await.unwrap();
    let other = house.restarted(Some(OTHER)).await.unwrap();
    assert!(other.has_secret("one").await.unwrap());
    assert_eq!(other.secret("one").await.unwrap_err().code(), Code::Conflict);
    assert_eq!(given.secret("one").await.unwrap().unwrap().expose(), "sk-sealed-by-libsodium");
}

#[tokio::test]
async fn a_projects_secret_is_its_own_and_is_sealed_anew_with_the_others() {
    let (house, _, ada) = House::with_ada().await;
    let file = house.folder.path().join("master.key");
    std::fs::write(&file, MASTER).unwrap();
    let identity = house.restarted(None).await.unwrap();
    let (tides, other) = (house.project(&ada).await, house.project(&ada).await);
    let permit = identity.permit::<identity::Owner>(&ada, tides).await.unwrap();
    let other = *identity.permit::<identity::Owner>(&ada, other).await.unwrap().scope();
    let keep =
        |t: &mut store::Tenant<'_, '_>, value: &str| store::project_secrets::set(t, "weather", Some(value));
    let refused = identity.keep_project_secret(&permit, "weather", ("sealedToken", "in clear"), keep).await;
    assert_eq!(refused.unwrap_err().details().unwrap()["field"], "sealedToken");
    identity.keep_project_secret(&permit, "weather", ("sealedToken", BY_LIBSODIUM), keep).await.unwrap();
    let kept = async || {
        house
            .store
            .read_in(permit.scope(), |t| store::project_secrets::get(t, "weather"))
            .await
            .unwrap()
            .unwrap()
    };
    let before = kept().await;
    assert!(before.starts_with("v1:c5ea040b56d01f9f:"), "{before}");
    // Copied to another project, it is opened by nobody.
    let copy = before.clone();
    let copied =
        house.store.transact_in(&other, move |t| store::project_secrets::set(t, "weather", Some(&copy)));
    copied.await.unwrap();
    assert_eq!(identity.project_secret(&other, "weather").await.unwrap_err().code(), Code::Conflict);
    let forgotten = house.store.transact_in(&other, |t| store::project_secrets::set(t, "weather", None));
    forgotten.await.unwrap();

    identity.rotate_master_key().await.unwrap();
    assert_ne!(kept().await, before);
    let secret = identity.project_secret(permit.scope(), "weather").await.unwrap().unwrap();
    assert_eq!(secret.expose(), "sk-sealed-by-libsodium");
    assert_eq!(std::fs::read_to_string(&file).unwrap().split_whitespace().count(), 1);
}
