//! Slack's sockets: a server that Slack cannot reach hears over one what would come by HTTP, once, for as long as it has the token.

use serde_json::json;
use tests::{Slack, within};

/// By what a server may open sockets.
const APP_TOKEN: &str = "xapp-understudy";

#[tokio::test]
async fn what_slack_says_over_a_socket_is_heeded_once_and_over_the_next_one_when_it_closes() {
    let mut slack = Slack::start().await;
    let (app, ada) = slack.server().await;
    slack.invite(&ada, Some(APP_TOKEN)).await;
    let asked = slack.called_so(|call| call.method == "apps.connections.open").await;
    assert_eq!(asked.bearer, APP_TOKEN);
    let mut socket = slack.opened().await;

    let code = ada.post("/slack/link", &json!({})).await["code"].as_str().expect("a code").to_owned();
    socket.says("slash_commands", "e1", &slack.slash("U1", "C1", &format!("link {code}"))).await;
    assert!(slack.answered().await.contains("You are known in Atelier now"));
    ada.film("Tides").await;
    socket.says("slash_commands", "e2", &slack.slash("U1", "C1", "use tides")).await;
    assert!(slack.answered().await.contains("talks of Tides"));

    let status = slack.slash("U1", "C1", "status");
    socket.says("slash_commands", "e3", &status).await;
    assert!(!slack.answered().await.is_empty());
    // What Slack says again, over HTTP or in another envelope, is heard and not done again; so is what makes no sense.
    socket.says("slash_commands", "e4", &status).await;
    socket.says("interactive", "e5", &json!("?")).await;
    socket.says("something_new", "e6", &json!({})).await;
    assert!(slack.is_silent());
    assert_eq!(ada.get("/settings/slack").await["socketIsOpen"], true);

    socket.closes().await;
    let mut next = slack.opened().await;
    next.says("slash_commands", "e7", &slack.slash("U1", "C1", "help")).await;
    assert!(!slack.answered().await.is_empty());

    slack.invite(&ada, None).await;
    next.is_closed().await;
    within("that none is open", async {
        while ada.get("/settings/slack").await["socketIsOpen"] == true {
            tokio::task::yield_now().await;
        }
    })
    .await;
    drop(app);
}
