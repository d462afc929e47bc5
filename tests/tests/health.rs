//! Health: what a server says of itself while all is well, and once its database is gone or damaged.

use std::io::Write;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tests::{Atelier, on_both, within};

async fn status(app: &Atelier, path: &str) -> StatusCode {
    tests::client().get(format!("{}{path}", app.url)).send().await.unwrap().status()
}

async fn health(app: &Atelier) -> (StatusCode, Value) {
    tests::actor::answered(tests::client().get(format!("{}/health", app.url))).await
}

/// Asks until the server has noticed, which takes it a second at most.
async fn degraded(app: &Atelier) -> Value {
    within("a degraded server", async {
        loop {
            let (status, health) = health(app).await;
            if status == StatusCode::SERVICE_UNAVAILABLE {
                return health;
            }
        }
    })
    .await
}

async fn is_alive_and_not_ready(app: &Atelier) {
    let told = degraded(app).await;
    assert_eq!(
        (&told["status"], &told["checks"]),
        (&json!("degraded"), &json!({ "database": "unreadable" })),
        "and no more than that"
    );
    assert_eq!(status(app, "/health/ready").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status(app, "/health/live").await, StatusCode::OK, "restarting it would mend nothing");
}

on_both! {
    async fn a_server_that_is_well_says_so_and_no_more_than_that(database) {
        let app = Atelier::start_on(database).await;
        let (code, told) = health(&app).await;
        assert_eq!((code, &told["status"], &told["checks"]), (StatusCode::OK, &json!("ok"), &json!({ "database": "ok" })));
        assert_eq!(status(&app, "/health/ready").await, StatusCode::OK);
        assert_eq!(status(&app, "/health/live").await, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_server_whose_database_was_removed_is_alive_but_not_ready() {
    let app = Atelier::start().await;
    app.first_person().await;
    std::fs::remove_file(app.data().join("atelier.db")).unwrap();
    is_alive_and_not_ready(&app).await;
}

#[tokio::test]
async fn a_server_whose_database_was_damaged_is_alive_but_not_ready() {
    let app = Atelier::start().await;
    app.first_person().await;
    for part in ["atelier.db", "atelier.db-wal"] {
        let path = app.data().join(part);
        let length = usize::try_from(path.metadata().unwrap().len()).unwrap();
        let mut file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        file.write_all(&vec![0x5a; length]).unwrap();
    }
    is_alive_and_not_ready(&app).await;
}
