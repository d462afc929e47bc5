//! Servers of others that a project names, its secrets, and what is looked for in a run's log by its kind.

use kernel::{Code, Timestamp};
use store::tool_servers::{self, Row};
use store::{project_secrets, projects};

fn row(name: &str, url: &str) -> Row {
    Row {
        name: name.into(),
        url: Some(url.into()),
        command: None,
        trusted: vec!["post".into()],
        updated_at: Timestamp(5),
    }
}

on_both! {
    async fn a_server_is_kept_by_its_name_changed_in_its_place_and_forgotten(stage) {
        let scope = stage.begun().await;
        for (name, url) in [("weather", "https://a"), ("files", "https://b"), ("weather", "https://c")] {
            let row = row(name, url);
            stage.store.transact_in(&scope, move |t| tool_servers::put(t, &row)).await.unwrap();
        }
        let kept = stage.store.read_in(&scope, tool_servers::list).await.unwrap();
        assert_eq!(kept, [row("files", "https://b"), row("weather", "https://c")]);
        stage.store.transact_in(&scope, |t| tool_servers::remove(t, "files")).await.unwrap();
        for (name, code) in [("files", Some(Code::NotFound)), ("weather", None)] {
            let got = stage.store.read_in(&scope, move |t| tool_servers::get(t, name)).await;
            assert_eq!(got.err().map(|error| error.code()), code, "{name}");
        }
        let again = stage.store.transact_in(&scope, |t| tool_servers::remove(t, "files")).await;
        assert_eq!(again.unwrap_err().code(), Code::NotFound);
    }

    async fn a_project_has_a_bounded_number_of_servers_and_none_of_another(stage) {
        let scope = stage.begun().await;
        for n in 0..20 {
            let row = row(&format!("s{n}"), "https://a");
            stage.store.transact_in(&scope, move |t| tool_servers::put(t, &row)).await.unwrap();
        }
        let more = row("one-more", "https://a");
        let full = stage.store.transact_in(&scope, move |t| tool_servers::put(t, &more)).await;
        assert_eq!(full.unwrap_err().code(), Code::Conflict);
        let change = row("s3", "https://b");
        stage.store.transact_in(&scope, move |t| tool_servers::put(t, &change)).await.unwrap();
        let other = stage.project(scope.actor().unwrap()).await;
        assert!(stage.store.read_in(&other, tool_servers::list).await.unwrap().is_empty());
    }

    async fn a_projects_secrets_go_with_it(stage) {
        let scope = stage.begun().await;
        let other = stage.project(scope.actor().unwrap()).await;
        for scope in [&scope, &other] {
            stage.store.transact_in(scope, |t| project_secrets::set(t, "token", Some("sealed"))).await.unwrap();
        }
        stage.store.transact_in(&scope, |t| project_secrets::set(t, "token", Some("anew"))).await.unwrap();
        let got = stage.store.read_in(&scope, |t| Ok((project_secrets::get(t, "token")?, project_secrets::names(t)?)));
        assert_eq!(got.await.unwrap(), (Some("anew".into()), vec!["token".into()]));
        stage.store.transact_in(&scope, projects::remove).await.unwrap();
        let left = stage.store.transact(project_secrets::all).await.unwrap();
        assert_eq!(left, [(other.project().to_string(), "token".into(), "sealed".into())]);
        stage.store.transact_in(&other, |t| project_secrets::set(t, "token", None)).await.unwrap();
        assert!(stage.store.transact(project_secrets::all).await.unwrap().is_empty());
    }
}
