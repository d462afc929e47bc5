//! Signing in at other providers, over real HTTP to doubles of them.

use identity::{Departure, Identity, Opened, Protocol, ProviderOptions, Secret};
use kernel::{Code, Result, Role};
use serde_json::{Value, json};

use crate::doubles::{BACK, CLIENT, Provider, SECRET};
use crate::house::{DEVICE, House};

fn options(id: &str, protocol: Protocol) -> ProviderOptions {
    ProviderOptions {
        id: id.to_owned(),
        label: "There".to_owned(),
        protocol,
        client_id: CLIENT.to_owned(),
        client_secret: Secret::new(SECRET),
        redirect_url: BACK.to_owned(),
    }
}

fn openid(provider: &Provider) -> Protocol {
    Protocol::OpenId { issuer: provider.address.clone() }
}

fn github(provider: &Provider) -> Protocol {
    Protocol::Github { web: provider.address.clone(), api: provider.address.clone() }
}

/// A server that Ada set up and where Ben is invited to a film, with one provider; and the film.
async fn house(protocol: fn(&Provider) -> Protocol) -> (House, Provider, Identity, kernel::ProjectId) {
    let (house, _, ada) = House::with_ada().await;
    let film = house.project(&ada).await;
    house.invitation(&ada, film, "ben@example.org", Role::Editor).await;
    let provider = Provider::new(house.ambient.now()).await;
    let identity = house.with_providers(vec![options("there", protocol(&provider))]).await.unwrap();
    (house, provider, identity, film)
}

async fn come_back(identity: &Identity, provider: &Provider) -> Result<Opened> {
    let Departure { url, state } = identity.begin("there").await.unwrap();
    let (code, returned) = provider.sign_in(&url);
    assert_eq!(returned, state);
    identity.finish("there", &code, &returned, DEVICE).await
}

fn says(provider: &Provider, what: Value) {
    *provider.says.lock().unwrap() = what;
}

#[tokio::test]
async fn an_invited_person_comes_in_by_a_verified_address_and_is_known_from_then_on() {
    let (house, provider, identity, film) = house(openid).await;
    says(&provider, json!({ "email": "Ben@Example.org", "email_verified": true, "name": "Ben B." }));
    let user = come_back(&identity, &provider).await.unwrap().signed_in.user;
    assert_eq!((user.email.as_str(), user.name.as_str(), user.admin), ("ben@example.org", "Ben B.", false));
    assert_eq!(identity.membership(user.id, film).await.unwrap(), Some(Role::Editor));

    says(&provider, json!({ "email": "another@example.org", "email_verified": false }));
    let opened = come_back(&identity, &provider).await.unwrap();
    assert_eq!(opened.signed_in.user.id, user.id);
    assert_eq!(identity.authenticate(&opened.signed_in.access_token).await.unwrap().person(), user.id);
    let actions: Vec<_> = house.audit().await.into_iter().map(|row| row.action).collect();
    assert_eq!(actions[2..], ["identity.linked", "session.begun", "session.begun"]);
    // Who has no password cannot sign in by one.
    assert_eq!(house.login("ben@example.org", "").await.unwrap_err().code(), Code::AuthError);
}

#[tokio::test]
async fn who_was_not_invited_or_whose_address_is_not_verified_stays_outside() {
    let (_house, provider, identity, _) = house(openid).await;
    for claims in [
        json!({ "email": "eve@example.org", "email_verified": true }),
        json!({ "email": "ben@example.org", "email_verified": false }),
        json!({ "email": "ben@example.org" }),
        json!({ "email": "ada@example.org" }),
    ] {
        says(&provider, claims.clone());
        assert_eq!(come_back(&identity, &provider).await.unwrap_err().code(), Code::Forbidden, "{claims}");
    }
}

#[tokio::test]
async fn an_account_is_its_owners_by_the_same_verified_address() {
    let (_house, provider, identity, _) = house(openid).await;
    says(&provider, json!({ "email": "ada@example.org", "email_verified": true }));
    let user = come_back(&identity, &provider).await.unwrap().signed_in.user;
    assert_eq!((user.name.as_str(), user.admin), ("Ada", true));
}

#[tokio::test]
async fn a_provider_that_tells_the_address_only_when_asked_is_asked() {
    let (house, provider, identity, film) = house(openid).await;
    let ada = house.login("ada@example.org", crate::house::PASSWORD).await.unwrap();
    let ada = house.caller(&ada).await;
    house.invitation(&ada, film, "late@example.org", Role::Viewer).await;
    let user = come_back(&identity, &provider).await.unwrap().signed_in.user;
    assert_eq!((user.email.as_str(), user.name.as_str()), ("late@example.org", "Late"));
}

#[tokio::test]
async fn a_token_that_another_made_or_that_is_for_another_is_refused() {
    let (_house, provider, identity, _) = house(openid).await;
    let ben = json!({ "email": "ben@example.org", "email_verified": true });
    for wrong in [
        json!({ "nonce": "another" }),
        json!({ "aud": "another" }),
        json!({ "iss": "http://another.test" }),
        json!({ "exp": 1_799_999_999 }),
    ] {
        let mut claims = ben.clone();
        claims.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        says(&provider, claims);
        assert_eq!(come_back(&identity, &provider).await.unwrap_err().code(), Code::AuthError, "{wrong}");
    }
    says(&provider, ben);
    *provider.signs_by.lock().unwrap() = [2; 32];
    assert_eq!(come_back(&identity, &provider).await.unwrap_err().code(), Code::AuthError);
    *provider.signs_by.lock().unwrap() = [1; 32];
    come_back(&identity, &provider).await.unwrap();
}

#[tokio::test]
async fn a_state_is_good_for_ten_minutes_for_its_provider_and_unchanged() {
    let (house, provider, _, _) = house(openid).await;
    let both = vec![options("there", openid(&provider)), options("other", openid(&provider))];
    let identity = house.with_providers(both).await.unwrap();
    says(&provider, json!({ "email": "ben@example.org", "email_verified": true }));
    let away = identity.begin("there").await.unwrap();
    let (code, state) = provider.sign_in(&away.url);
    let refused =
        async |id: &str, state: &str| identity.finish(id, &code, state, DEVICE).await.unwrap_err().code();
    assert_eq!(refused("other", &state).await, Code::AuthError);
    assert_eq!(refused("there", "").await, Code::AuthError);
    assert_eq!(refused("there", &state[..state.len() - 8]).await, Code::AuthError);
    assert_eq!(identity.finish("there", "", &state, DEVICE).await.unwrap_err().code(), Code::AuthError);
    house.clock.advance(600_000);
    assert_eq!(refused("there", &state).await, Code::AuthError);
}

#[tokio::test]
async fn a_code_is_good_once_and_only_with_the_state_that_it_was_given_for() {
    let (_house, provider, identity, _) = house(openid).await;
    says(&provider, json!({ "email": "ben@example.org", "email_verified": true }));
    let one = provider.sign_in(&identity.begin("there").await.unwrap().url);
    let two = provider.sign_in(&identity.begin("there").await.unwrap().url);
    // The proof of possession of another state does not fit.
    let mixed = identity.finish("there", &one.0, &two.1, DEVICE).await.unwrap_err();
    assert_eq!(mixed.code(), Code::ProviderError);
    identity.finish("there", &two.0, &two.1, DEVICE).await.unwrap();
    assert_eq!(
        identity.finish("there", &two.0, &two.1, DEVICE).await.unwrap_err().code(),
        Code::ProviderError
    );
}

#[tokio::test]
async fn github_vouches_by_the_accounts_number_and_its_primary_verified_address() {
    let (_house, provider, identity, film) = house(github).await;
    let say = |verified: bool| {
        *provider.addresses.lock().unwrap() = json!([
            { "email": "eve@example.org", "primary": false, "verified": true, "visibility": null },
            { "email": "ben@example.org", "primary": true, "verified": verified, "visibility": "public" },
        ]);
    };
    say(false);
    assert_eq!(come_back(&identity, &provider).await.unwrap_err().code(), Code::Forbidden);
    say(true);
    let user = come_back(&identity, &provider).await.unwrap().signed_in.user;
    assert_eq!((user.email.as_str(), user.name.as_str()), ("ben@example.org", "ben"));
    assert_eq!(identity.membership(user.id, film).await.unwrap(), Some(Role::Editor));
    // Whoever takes the login over later has another number.
    says(&provider, json!({ "id": 2002, "login": "ben" }));
    *provider.addresses.lock().unwrap() = json!([]);
    assert_eq!(come_back(&identity, &provider).await.unwrap_err().code(), Code::Forbidden);
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_told_as_such() {
    let (house, _, _) = House::with_ada().await;
    // Port 9 (discard) is closed to a browser, and here.
    let nowhere = Protocol::OpenId { issuer: "http://127.0.0.1:9".to_owned() };
    let identity = house.with_providers(vec![options("there", nowhere)]).await.unwrap();
    assert_eq!(identity.begin("there").await.unwrap_err().code(), Code::ProviderError);
    assert_eq!(identity.begin("unknown").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn providers_are_listed_without_their_secrets_and_have_one_id_each() {
    let (house, _, _) = House::with_ada().await;
    let identity = house.with_providers(vec![options("git-hub", Protocol::github())]).await.unwrap();
    let listed = serde_json::to_value(identity.providers()).unwrap();
    assert_eq!(listed, json!([{ "id": "git-hub", "label": "There" }]));
    for ids in [&["a", "a"][..], &["A"], &[""], &["a/b"]] {
        let providers = ids.iter().map(|id| options(id, Protocol::github())).collect();
        assert!(house.with_providers(providers).await.is_err(), "{ids:?}");
    }
}
