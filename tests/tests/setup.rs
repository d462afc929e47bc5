//! The first run: a link that works once, the same without a browser, and a server that gives nothing away before.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::actor::answered;
use tests::server::command;
use tests::{Actor, Atelier, PASSWORD};

fn first(token: &str) -> Value {
    json!({ "token": token, "email": "ada@example.org", "password": PASSWORD, "name": "Ada" })
}

async fn set_up(app: &Atelier, body: &Value) -> (StatusCode, Value) {
    answered(tests::client().post(format!("{}/api/v1/setup", app.url)).json(body)).await
}

async fn sign_in(url: &str, email: &str, password: &str) -> (StatusCode, Value) {
    let body = json!({ "email": email, "password": password });
    answered(tests::client().post(format!("{url}/api/v1/auth/login")).json(&body)).await
}

#[tokio::test]
async fn the_link_on_the_console_makes_the_first_person_and_works_once() {
    let mut app = Atelier::start().await;
    let token = app.setup_token().expect("a link").to_owned();
    assert_eq!(set_up(&app, &first("stp_guessed")).await.0, StatusCode::UNAUTHORIZED);
    let weak = json!({ "token": token, "email": "ada@example.org", "password": "short" });
    let (status, refused) = set_up(&app, &weak).await;
    assert_eq!((status, &refused["details"]["field"]), (StatusCode::BAD_REQUEST, &json!("password")));
    let (status, made) = set_up(&app, &first(&token)).await;
    assert_eq!((status, &made["user"]["admin"]), (StatusCode::CREATED, &json!(true)));
    let again = json!({ "token": token, "email": "eve@example.org", "password": PASSWORD });
    assert_eq!(set_up(&app, &again).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&app.url, "eve@example.org", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
    let (status, signed_in) = sign_in(&app.url, "ada@example.org", PASSWORD).await;
    assert_eq!((status, &signed_in["user"]), (StatusCode::OK, &made["user"]));
    app.kill().await;
    app.start_again().await;
    assert_eq!(app.setup_token(), None, "nobody is waited for any more");
}

#[tokio::test]
async fn of_two_who_follow_the_link_at_once_one_becomes_the_first_person() {
    let app = Atelier::start().await;
    let token = app.setup_token().unwrap();
    let (one, other) = (
        json!({ "token": token, "email": "ada@example.org", "password": PASSWORD }),
        json!({ "token": token, "email": "eve@example.org", "password": PASSWORD }),
    );
    let (one, other) = tokio::join!(set_up(&app, &one), set_up(&app, &other));
    let mut statuses = [one.0, other.0];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::CREATED, StatusCode::UNAUTHORIZED]);
}

#[tokio::test]
async fn a_newer_link_takes_the_place_of_the_one_before_it() {
    let mut app = Atelier::start().await;
    let older = app.setup_token().unwrap().to_owned();
    app.kill().await;
    app.start_again().await;
    assert_eq!(set_up(&app, &first(&older)).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(set_up(&app, &first(app.setup_token().unwrap())).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn before_set_up_a_stranger_learns_nothing_but_that_it_waits() {
    let app = Atelier::start().await;
    let status: Value =
        tests::client().get(format!("{}/api/v1/setup", app.url)).send().await.unwrap().json().await.unwrap();
    assert_eq!(status, json!({ "required": true }));
    for path in ["/projects", "/auth/me", "/auth/keys", "/settings/model", "/settings/sealing-key"] {
        let asked = tests::client().get(format!("{}/api/v1{path}", app.url)).bearer_auth("atl_guessed");
        let (status, refused) = answered(asked).await;
        assert_eq!((status, &refused["code"]), (StatusCode::UNAUTHORIZED, &json!("AUTH_ERROR")), "{path}");
    }
    assert_eq!(sign_in(&app.url, "ada@example.org", PASSWORD).await.0, StatusCode::UNAUTHORIZED);
    let token = app.setup_token().unwrap();
    for path in ["/", "/setup", "/health", "/metrics", "/api/openapi.json"] {
        let text =
            tests::client().get(format!("{}{path}", app.url)).send().await.unwrap().text().await.unwrap();
        assert!(!text.contains(token), "{path}");
    }
}

#[tokio::test]
async fn without_a_browser_a_command_makes_the_first_person_once() {
    let folder = tempfile::TempDir::new().unwrap();
    let arguments = ["setup", "--email", "ada@example.org", "--password-stdin"];
    let weak = command(folder.path(), &arguments, "short\n").await;
    assert!(!weak.status.success());
    let done = command(folder.path(), &arguments, &format!("{PASSWORD}\n")).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    for text in [&done.stdout, &done.stderr, &weak.stdout, &weak.stderr] {
        let text = String::from_utf8_lossy(text);
        assert!(!text.contains(PASSWORD) && !text.contains("short\n"), "{text}");
    }
    let again = command(folder.path(), &arguments, &format!("{PASSWORD}\n")).await;
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("already"), "{again:?}");
    let app = Atelier::start().await;
    let second = app.start_in(folder.path()).await;
    assert_eq!(second.setup, None);
    let (status, signed_in) = sign_in(&second.url, "ada@example.org", PASSWORD).await;
    assert_eq!((status, &signed_in["user"]["name"]), (StatusCode::OK, &json!("ada")));
    Actor::of(&second.url, &signed_in).film("Tides").await;
}

#[tokio::test]
async fn a_scraper_finds_the_series_that_are_documented() {
    let app = Atelier::start().await;
    let health = tests::client().get(format!("{}/health", app.url)).send().await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);
    let metrics =
        tests::client().get(format!("{}/metrics", app.url)).send().await.unwrap().text().await.unwrap();
    for series in ["http_request_duration_seconds_bucket", "active_connections", "queue_size"] {
        assert!(metrics.contains(series), "{series}");
    }
}

#[tokio::test]
async fn methods_that_a_stranger_makes_up_are_one_series_and_not_many() {
    let app = Atelier::start().await;
    for made_up in ["FOO", "BAR", "BAZ"] {
        let method = Method::from_bytes(made_up.as_bytes()).unwrap();
        let answer = tests::client().request(method, format!("{}/health", app.url)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
    let metrics =
        tests::client().get(format!("{}/metrics", app.url)).send().await.unwrap().text().await.unwrap();
    let count = r#"http_request_duration_seconds_count{method="other",route="/health",status="405"} 3"#;
    assert!(metrics.contains(count), "{metrics}");
    assert!(!metrics.contains("FOO"), "{metrics}");
}
