//! Who may do what: every route of the API is walked as a stranger, a viewer, an editor and an owner.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Actor, Atelier, Database, actor::answered, on_both};

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Least {
    /// Nothing at all.
    Open,
    /// A browser's cookie.
    Cookie,
    /// To be signed in.
    Person,
    /// To be in the project, as this or more.
    Viewer,
    Editor,
    Owner,
    /// To administer the server.
    Admin,
}

use Least::{Admin, Cookie, Editor, Open, Owner, Person, Viewer};

/// Every route and what it needs. A route that is missing here fails the test.
const ROUTES: &[(&str, &str, Least)] = &[
    ("GET", "/setup", Open),
    ("POST", "/setup", Open),
    ("POST", "/auth/login", Open),
    ("POST", "/auth/refresh", Cookie),
    ("POST", "/auth/logout", Cookie),
    ("GET", "/auth/me", Person),
    ("PATCH", "/auth/me", Person),
    ("GET", "/auth/sessions", Person),
    ("DELETE", "/auth/sessions/{session}", Person),
    ("GET", "/auth/keys", Person),
    ("POST", "/auth/keys", Person),
    ("DELETE", "/auth/keys/{key}", Person),
    ("GET", "/runners", Person),
    ("POST", "/runners", Person),
    ("POST", "/runners/admitted", Person),
    ("DELETE", "/runners/{runner}", Person),
    ("POST", "/runners/{runner}/key", Person),
    ("GET", "/projects/{id}/runners", Viewer),
    ("POST", "/projects/{id}/fleet/runs", Editor),
    ("GET", "/projects/{id}/fleet/queue", Viewer),
    ("GET", "/projects/{id}/commands", Viewer),
    // Each command says what it needs.
    ("POST", "/projects/{id}/commands", Viewer),
    ("GET", "/projects/{id}/runs/{run}/executions", Viewer),
    ("GET", "/projects/{id}/runs/{run}/steps/{step}/executions/{fence}/streams/{stream}", Viewer),
    ("GET", "/projects/{id}/asks", Viewer),
    ("GET", "/projects/{id}/runs/{run}/asks", Viewer),
    ("GET", "/projects/{id}/runs/{run}/said", Viewer),
    ("POST", "/projects/{id}/runs/{run}/steps/{step}/say", Editor),
    ("POST", "/projects/{id}/runs/{run}/steps/{step}/executions/{fence}/asks/{ask}/answer", Editor),
    ("GET", "/auth/providers", Open),
    ("GET", "/auth/oidc/{provider}/start", Open),
    ("GET", "/auth/oidc/{provider}/callback", Open),
    ("POST", "/invitations/accept", Open),
    ("GET", "/projects", Person),
    ("POST", "/projects", Person),
    ("POST", "/projects/sample", Person),
    ("GET", "/projects/{id}", Viewer),
    ("PATCH", "/projects/{id}", Editor),
    ("DELETE", "/projects/{id}", Owner),
    ("GET", "/projects/{id}/schema", Viewer),
    ("GET", "/projects/{id}/activity", Viewer),
    ("GET", "/projects/{id}/search", Viewer),
    ("GET", "/projects/{id}/exports/{file}", Viewer),
    ("POST", "/projects/{id}/changes/{change}/undo", Editor),
    ("GET", "/projects/{id}/members", Viewer),
    ("PATCH", "/projects/{id}/members/{person}", Owner),
    ("DELETE", "/projects/{id}/members/{person}", Owner),
    ("POST", "/projects/{id}/leave", Viewer),
    ("GET", "/projects/{id}/invitations", Owner),
    ("POST", "/projects/{id}/invitations", Owner),
    ("DELETE", "/projects/{id}/invitations/{invitation}", Owner),
    ("GET", "/projects/{id}/audit", Owner),
    ("GET", "/projects/{id}/imports", Viewer),
    ("POST", "/projects/{id}/imports", Editor),
    ("GET", "/projects/{id}/imports/{import}", Viewer),
    ("POST", "/projects/{id}/imports/{import}/decision", Editor),
    ("POST", "/projects/{id}/uploads", Editor),
    ("GET", "/projects/{id}/uploads/{upload}", Editor),
    ("PUT", "/projects/{id}/uploads/{upload}/chunks/{index}", Editor),
    ("POST", "/projects/{id}/relationships", Editor),
    ("DELETE", "/projects/{id}/relationships/{relationship}", Editor),
    ("GET", "/projects/{id}/departments", Viewer),
    ("GET", "/projects/{id}/agents", Viewer),
    ("GET", "/projects/{id}/agents/{department}/{agent}", Viewer),
    ("PUT", "/projects/{id}/agents/{department}/{agent}", Owner),
    ("DELETE", "/projects/{id}/agents/{department}/{agent}", Owner),
    ("GET", "/projects/{id}/agents/{department}/{agent}/history", Viewer),
    ("GET", "/agents/pool", Admin),
    ("GET", "/projects/{id}/runs", Viewer),
    ("GET", "/projects/{id}/runs/failed-steps", Viewer),
    ("GET", "/projects/{id}/runs/{run}", Viewer),
    ("GET", "/projects/{id}/runs/{run}/steps/{step}", Viewer),
    ("GET", "/projects/{id}/runs/{run}/log", Viewer),
    ("POST", "/projects/{id}/runs/{run}/cancel", Editor),
    ("POST", "/projects/{id}/runs/{run}/pause", Editor),
    ("POST", "/projects/{id}/runs/{run}/resume", Editor),
    ("POST", "/projects/{id}/runs/{run}/steps/{step}/retry", Editor),
    ("POST", "/projects/{id}/runs/{run}/steps/{step}/answer", Editor),
    ("GET", "/projects/{id}/reviews", Viewer),
    ("GET", "/projects/{id}/reviews/{review}", Viewer),
    ("POST", "/projects/{id}/reviews/{review}/decision", Editor),
    ("GET", "/projects/{id}/reviews/{review}/exports/{file}", Viewer),
    ("POST", "/projects/{id}/runs/{run}/decision", Editor),
    ("GET", "/projects/{id}/deliverables/{record}/exports/{file}", Viewer),
    ("GET", "/projects/{id}/readiness", Viewer),
    ("GET", "/projects/{id}/schedules", Viewer),
    ("POST", "/projects/{id}/schedules", Editor),
    ("GET", "/projects/{id}/schedules/{schedule}", Viewer),
    ("PATCH", "/projects/{id}/schedules/{schedule}", Editor),
    ("DELETE", "/projects/{id}/schedules/{schedule}", Editor),
    ("POST", "/projects/{id}/schedules/{schedule}/run", Editor),
    ("GET", "/projects/{id}/runs/{run}/stream", Viewer),
    ("GET", "/projects/{id}/usage", Viewer),
    ("GET", "/projects/{id}/budgets", Viewer),
    ("PUT", "/projects/{id}/budgets", Owner),
    ("GET", "/projects/{id}/tool-servers", Viewer),
    ("GET", "/projects/{id}/tool-servers/{name}", Viewer),
    ("PUT", "/projects/{id}/tool-servers/{name}", Owner),
    ("DELETE", "/projects/{id}/tool-servers/{name}", Owner),
    ("POST", "/projects/{id}/tool-servers/{name}/test", Owner),
    ("GET", "/projects/{id}/conversations", Viewer),
    ("GET", "/projects/{id}/{collection}", Viewer),
    ("POST", "/projects/{id}/{collection}", Editor),
    ("GET", "/projects/{id}/{collection}/{record}", Viewer),
    ("PATCH", "/projects/{id}/{collection}/{record}", Editor),
    ("DELETE", "/projects/{id}/{collection}/{record}", Editor),
    ("POST", "/projects/{id}/{collection}/{record}/restore", Editor),
    ("GET", "/projects/{id}/{collection}/{record}/history", Viewer),
    ("GET", "/projects/{id}/{collection}/{record}/relationships", Viewer),
    ("POST", "/orchestrator/chat", Viewer),
    ("POST", "/orchestrator/query", Viewer),
    ("POST", "/orchestrator/ingest", Editor),
    ("POST", "/orchestrator/task", Editor),
    ("GET", "/orchestrator/ingest/{preview}", Viewer),
    ("POST", "/orchestrator/ingest/{preview}/decision", Editor),
    ("GET", "/orchestrator/stream", Viewer),
    ("POST", "/orchestrator/conversations", Viewer),
    ("DELETE", "/orchestrator/conversations/{conversation}", Viewer),
    ("GET", "/orchestrator/conversations/{conversation}/messages", Viewer),
    ("POST", "/orchestrator/conversations/{conversation}/stop", Viewer),
    // Only what Slack has signed is heard there.
    ("POST", "/slack", Open),
    ("POST", "/slack/link", Person),
    ("DELETE", "/slack/link", Person),
    ("GET", "/settings/slack", Admin),
    ("PUT", "/settings/slack", Admin),
    ("GET", "/settings/sealing-key", Person),
    ("GET", "/settings/model", Admin),
    ("PUT", "/settings/model", Admin),
    ("POST", "/settings/model/test", Admin),
    ("GET", "/settings/embedder", Person),
    ("POST", "/settings/embedder/fetch", Admin),
];

/// A project with a record, a proposal and a conversation in it, and one person of each role.
struct World {
    app: Atelier,
    ada: Actor,
    project: String,
    record: String,
    preview: String,
    conversation: String,
    /// What the server says of itself.
    api: Value,
}

impl World {
    async fn on(database: &Database) -> Self {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let project = ada.film("Tides").await;
        let character =
            ada.post(&format!("/projects/{project}/characters"), &json!({ "name": "Mara Voss" })).await;
        let told = json!({ "projectId": project, "content": "name: Joss Weir\nrole: deckhand", "suggestedType": "character" });
        let preview = ada.post("/orchestrator/ingest", &told).await;
        let conversation = ada.post("/orchestrator/conversations", &json!({ "projectId": project })).await;
        let id = |value: &Value, name: &str| value[name].as_str().expect("an id").to_owned();
        Self {
            record: id(&character, "id"),
            preview: id(&preview, "previewId"),
            conversation: id(&conversation, "id"),
            api: described(&app).await,
            app,
            ada,
            project,
        }
    }

    fn path(&self, pattern: &str) -> String {
        let filled = pattern
            .replace("{id}", &self.project)
            .replace("{collection}", "characters")
            .replace("{record}", &self.record)
            .replace("{preview}", &self.preview)
            .replace("{conversation}", &self.conversation)
            .replace("{file}", "screenplay.fountain")
            .replace("{index}", "0");
        let filled = match pattern {
            "/orchestrator/stream" => format!("{filled}?conversationId={}", self.conversation),
            "/projects/{id}/search" => format!("{filled}?q=mara"),
            _ => filled,
        };
        // What is left names something that is not there.
        let mut path = String::new();
        let mut rest = filled.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').expect("a closed brace");
            path.push_str(before);
            path.push_str(absent(name));
            rest = after;
        }
        path + rest
    }

    fn body(&self, method: &str, pattern: &str) -> Option<Value> {
        let project = &self.project;
        Some(match (method, pattern) {
            ("POST", "/orchestrator/chat") => {
                json!({ "projectId": project, "mode": "query", "content": "Who is Mara?" })
            }
            ("POST", "/orchestrator/query") => json!({ "projectId": project, "query": "Who is Mara?" }),
            ("POST", "/orchestrator/task") => {
                json!({ "projectId": project, "task": "List the cast", "async": true })
            }
            ("POST", "/orchestrator/ingest") => json!({ "projectId": project, "content": "name: Someone" }),
            ("POST", "/orchestrator/ingest/{preview}/decision") => json!({ "decision": "modify" }),
            ("POST", "/projects/{id}/reviews/{review}/decision" | "/projects/{id}/runs/{run}/decision") => {
                json!({ "decision": "discard" })
            }
            ("POST", "/projects/{id}/commands") => json!({ "line": "help" }),
            ("POST", "/orchestrator/conversations") => json!({ "projectId": project }),
            ("POST" | "PATCH", "/projects/{id}/{collection}" | "/projects/{id}/{collection}/{record}") => {
                json!({ "name": "Someone" })
            }
            ("POST" | "PATCH" | "PUT", _) => json!({}),
            _ => return None,
        })
    }

    async fn ask(&self, actor: Option<&Actor>, method: &str, pattern: &str) -> StatusCode {
        let verb: Method = method.parse().expect("a method");
        let path = self.path(pattern);
        let request = match actor {
            Some(actor) => actor.request(verb, &path),
            None => tests::client().request(verb, format!("{}/api/v1{path}", self.app.url)),
        };
        let request = match self.body(method, pattern) {
            Some(body) => request.json(&body),
            None => request,
        };
        let status = match pattern {
            // It would not end by itself.
            "/orchestrator/stream" => request.send().await.expect("an answer").status(),
            _ => answered(request).await.0,
        };
        let known = &self.api["paths"][format!("/api/v1{pattern}")][method.to_lowercase()]["responses"];
        assert!(
            known.get(status.as_str()).is_some(),
            "{method} {pattern} does not say that it answers {status}"
        );
        status
    }
}

async fn described(app: &Atelier) -> Value {
    tests::client().get(format!("{}/api/openapi.json", app.url)).send().await.unwrap().json().await.unwrap()
}

fn absent(name: &str) -> &'static str {
    match name {
        "session" => "ses_00000000000000000000000000",
        "key" => "key_00000000000000000000000000",
        "change" => "chg_00000000000000000000000000",
        "person" => "per_00000000000000000000000000",
        "invitation" => "inv_00000000000000000000000000",
        "import" | "review" => "rev_00000000000000000000000000",
        "upload" => "upl_00000000000000000000000000",
        "run" => "run_00000000000000000000000000",
        "schedule" => "sch_00000000000000000000000000",
        "step" => "stp_00000000000000000000000000",
        "relationship" => "fct_00000000000000000000000000",
        _ => "nothing",
    }
}

#[tokio::test]
async fn every_route_is_in_the_table_of_permits() {
    let app = Atelier::start().await;
    let mut described: Vec<(String, String)> = Vec::new();
    for (path, item) in self::described(&app).await["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.push((method.to_uppercase(), path.trim_start_matches("/api/v1").to_owned()));
        }
    }
    let mut listed: Vec<(String, String)> =
        ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    described.sort();
    listed.sort();
    assert_eq!(described, listed);
}

on_both! {
    async fn who_is_not_signed_in_gets_nothing_but_the_open_routes(database) {
        let world = World::on(database).await;
        for (method, path, least) in ROUTES {
            let status = world.ask(None, method, path).await;
            if *least == Open {
                assert_ne!(status, 401, "{method} {path}");
            } else {
                assert_eq!(status, 401, "{method} {path}");
            }
        }
    }

    async fn who_is_not_in_the_project_learns_not_even_that_it_exists(database) {
        let world = World::on(database).await;
        let ben = world.ada.befriend(&world.app, "ben").await;
        for (method, path, least) in ROUTES {
            let status = world.ask(Some(&ben), method, path).await;
            match least {
                Viewer | Editor | Owner => assert_eq!(status, 404, "{method} {path}"),
                Admin => assert_eq!(status, 403, "{method} {path}"),
                Open | Cookie | Person => {}
            }
        }
    }

    async fn a_member_may_do_what_their_role_stands_for_and_no_more(database) {
        for (name, role) in [("vera", Viewer), ("eli", Editor), ("ola", Owner)] {
            let world = World::on(database).await;
            let role_name = format!("{role:?}").to_lowercase();
            let actor = world.ada.invite(&world.app, &world.project, name, &role_name).await;
            // What ends the project or the membership comes last.
            let mut routes: Vec<_> =
                ROUTES.iter().filter(|(_, _, least)| (Viewer..=Owner).contains(least)).collect();
            routes.sort_by_key(|(method, path, _)| {
                (path.ends_with("/leave"), *method == "DELETE", *path == "/projects/{id}")
            });
            for (method, path, least) in routes {
                let own_talk = path.contains("{conversation}") || *path == "/orchestrator/stream";
                let status = world.ask(Some(&actor), method, path).await;
                if *least > role {
                    assert_eq!(status, 403, "{role:?}: {method} {path}");
                } else if own_talk {
                    assert_eq!(status, 404, "{role:?}: someone else's talk is nobody's to hear: {method} {path}");
                } else {
                    assert!(
                        status != 401 && status != 403 && !status.is_server_error(),
                        "{role:?}: {method} {path}: {status}"
                    );
                }
            }
        }
    }

    async fn whoever_administers_the_server_is_let_in_to_all_that_is_not_a_projects(database) {
        let world = World::on(database).await;
        for (method, path, least) in ROUTES.iter().filter(|(_, _, least)| matches!(least, Open | Person | Admin)) {
            if *path == "/settings/embedder/fetch" {
                // It would go out to fetch weights.
                continue;
            }
            let status = world.ask(Some(&world.ada), method, path).await;
            assert!(status != 403 && !status.is_server_error(), "{method} {path}: {status}");
            assert!(status != 401 || *least == Open, "{method} {path}");
        }
    }

    async fn a_key_that_may_only_read_changes_nothing_whatever_its_owners_role(database) {
        let world = World::on(database).await;
        let key = world.ada.post("/auth/keys", &json!({ "name": "reader", "scope": "read" })).await;
        let reader = world.ada.by(key["key"].as_str().unwrap());
        for (method, path, least) in ROUTES.iter().filter(|(_, _, least)| (Viewer..=Owner).contains(least)) {
            let status = world.ask(Some(&reader), method, path).await;
            let only_asks = ["/orchestrator/query", "/projects/{id}/commands"].contains(path);
            if *least > Viewer || (*method != "GET" && !only_asks) {
                assert_eq!(status, 403, "{method} {path}");
            } else {
                assert!(status.is_success() || status == 404, "{method} {path}: {status}");
            }
        }
    }
}
