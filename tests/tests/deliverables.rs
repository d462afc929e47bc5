//! What departments make waits for people, becomes records, and can be had as files; and how far the film is prepared.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Actor, Atelier, Socket, on_both, socket, within};

/// The sample film, and an order that its departments have done.
async fn ordered(ada: &Actor, task: &str, more: Value) -> (String, String) {
    let project = ada.post("/projects/sample", &json!({})).await;
    let project = project["id"].as_str().unwrap().to_owned();
    let run = order(ada, &project, task, more).await;
    (project, run)
}

async fn order(ada: &Actor, project: &str, task: &str, more: Value) -> String {
    let mut body = json!({ "projectId": project, "task": task });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let task = ada.post("/orchestrator/task", &body).await;
    assert_eq!(task["status"], "complete", "{task}");
    task["taskId"].as_str().unwrap().to_owned()
}

async fn waiting(actor: &Actor, project: &str, run: &str) -> Vec<Value> {
    let page = actor.get(&format!("/projects/{project}/reviews?state=pending&run={run}")).await;
    page["docs"].as_array().unwrap().clone()
}

fn of(reviews: &[Value], agent: &str) -> String {
    let found = reviews.iter().find(|review| review["origin"]["agent"] == agent);
    found.unwrap_or_else(|| panic!("nothing of {agent}: {reviews:?}"))["reviewId"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn decide(actor: &Actor, project: &str, review: &str, body: Value) -> (StatusCode, Value) {
    actor.send_json(Method::POST, &format!("/projects/{project}/reviews/{review}/decision"), &body).await
}

async fn score(ada: &Actor, project: &str, department: &str) -> u64 {
    let readiness = ada.get(&format!("/projects/{project}/readiness")).await;
    let departments = readiness["departments"].as_array().unwrap();
    departments.iter().find(|one| one["name"] == department).unwrap()["score"].as_u64().unwrap()
}

on_both! {
    async fn what_departments_made_is_ingested_modified_and_discarded_each_once(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let (project, run) = ordered(&ada, "Prepare the film for shooting", json!({})).await;
        let reviews = waiting(&ada, &project, &run).await;
        assert!(reviews.len() >= 6, "{reviews:?}");
        assert!(reviews.iter().all(|review| review["kind"] == "deliverable" && review["score"].as_f64().unwrap() >= 0.5));
        let readiness = score(&ada, &project, "character").await;

        let cast = of(&reviews, "cast");
        let shown = ada.get(&format!("/projects/{project}/reviews/{cast}")).await;
        assert!(shown["content"]["cast"].as_array().unwrap().len() > 3);
        assert_eq!((&shown["madeBy"], &shown["added"]), (&json!("rules"), &Value::Null));
        assert_eq!(shown["review"]["origin"]["form"], "film.cast");
        let (status, saved) = decide(&ada, &project, &cast, json!({ "decision": "ingest" })).await;
        assert_eq!((status.as_u16(), &saved["state"], &saved["created"]), (200, &json!("ingested"), &json!(1)), "{saved}");
        let record = saved["entityId"].as_str().unwrap();
        let record = ada.get(&format!("/projects/{project}/deliverables/{record}")).await;
        assert_eq!((&record["metadata"]["department"], &record["metadata"]["run"]), (&json!("character"), &json!(run)));
        let related = ada.get(&format!("/projects/{project}/deliverables/{}/relationships?limit=200", record["id"].as_str().unwrap())).await;
        let cites: Vec<&Value> = related["docs"].as_array().unwrap().iter().filter(|one| one["type"] == "cites").collect();
        assert!(!cites.is_empty(), "{related}");
        // It is found by its title, and counts for its department.
        let found = ada.get(&format!("/projects/{project}/search?q=co-appearance")).await;
        assert_eq!(found["hits"][0]["id"], record["id"], "{found}");
        assert_eq!(score(&ada, &project, "character").await, readiness + 40);

        let cues = of(&reviews, "cues");
        let changes = json!({ "decision": "modify", "changes": { "title": "Töne", "notes": "for the mix", "omit": ["ambience"] } });
        let (status, modified) = decide(&ada, &project, &cues, changes).await;
        assert_eq!((status.as_u16(), &modified["state"]), (200, &json!("pending")), "{modified}");
        assert_eq!(modified["deliverable"]["content"]["ambience"], json!([]));
        let (_, saved) = decide(&ada, &project, &cues, json!({ "decision": "ingest" })).await;
        let tones = ada.get(&format!("/projects/{project}/deliverables/{}", saved["entityId"].as_str().unwrap())).await;
        assert_eq!((&tones["name"], &tones["metadata"]["notes"]), (&json!("Töne"), &json!("for the mix")));

        let shots = of(&reviews, "shots");
        assert_eq!(decide(&ada, &project, &shots, json!({ "decision": "discard" })).await.0, 200);
        // Whoever comes second is told who decided, and when.
        let (status, late) = decide(&ada, &project, &shots, json!({ "decision": "ingest" })).await;
        assert_eq!((status.as_u16(), &late["code"]), (409, &json!("ALREADY_DECIDED")), "{late}");
        assert!(late["details"]["decidedBy"].is_string() && !late["details"]["decidedAt"].is_null(), "{late}");
        let (_, all) = ada.send_json(Method::POST, &format!("/projects/{project}/runs/{run}/decision"), &json!({ "decision": "ingest" })).await;
        assert_eq!((all["waiting"].as_i64(), all["outcomes"].as_array().unwrap().len()), (Some(0), reviews.len() - 3), "{all}");
        assert_eq!(ada.get(&format!("/projects/{project}/deliverables")).await["totalDocs"], reviews.len() - 1);
    }

    async fn of_two_who_decide_at_once_one_wins(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        let (project, run) = ordered(&ada, "The cast", json!({})).await;
        let eli = ada.invite(&app, &project, "eli", "editor").await;
        let cast = of(&waiting(&ada, &project, &run).await, "cast");
        let (one, other) = tokio::join!(
            decide(&ada, &project, &cast, json!({ "decision": "ingest" })),
            decide(&eli, &project, &cast, json!({ "decision": "discard" })),
        );
        let mut statuses = [one.0.as_u16(), other.0.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{one:?} {other:?}");
        let records = ada.get(&format!("/projects/{project}/deliverables")).await["totalDocs"].as_u64();
        assert_eq!(records, Some(u64::from(one.0 == 200)));
    }

    async fn the_second_run_versions_the_record_and_undo_takes_the_version_back(database) {
        let app = Atelier::start_on(database).await;
        let ada = app.first_person().await;
        // Words that concern the department less give a grade that is not above 0.75: it waits, though the order asked.
        let (project, less) = ordered(&ada, "The cast", json!({ "autoIngest": true })).await;
        assert_eq!(waiting(&ada, &project, &less).await.len(), 1);
        let run = order(&ada, &project, "The cast", json!({ "autoIngest": true, "departments": ["character"] })).await;
        assert_eq!(waiting(&ada, &project, &run).await, Vec::<Value>::new());
        let all = ada.get(&format!("/projects/{project}/reviews?run={run}")).await;
        assert_eq!((&all["docs"][0]["state"], &all["docs"][0]["decidedBy"]), (&json!("ingested"), &Value::Null));
        let record = all["docs"][0]["entityId"].as_str().unwrap().to_owned();
        let again = order(&ada, &project, "The cast", json!({})).await;
        let cast = of(&waiting(&ada, &project, &again).await, "cast");
        let shown = ada.get(&format!("/projects/{project}/reviews/{cast}")).await;
        assert_eq!(shown["versionOf"]["entityId"], record);
        let (_, saved) = decide(&ada, &project, &cast, json!({ "decision": "ingest" })).await;
        assert_eq!((&saved["entityId"], &saved["changed"]), (&json!(record), &json!(1)), "{saved}");
        let path = format!("/projects/{project}/deliverables/{record}");
        assert_eq!((ada.get(&path).await["version"].as_i64(), ada.get(&path).await["metadata"]["run"].clone()), (Some(2), json!(again)));
        ada.post(&format!("/projects/{project}/changes/{}/undo", saved["changeId"].as_str().unwrap()), &json!({})).await;
        assert_eq!(ada.get(&path).await["metadata"]["run"], json!(run));
        // What was saved without asking is taken back like all else.
        let first = all["docs"][0]["changeId"].as_str().unwrap();
        let (status, _) = ada.send_json(Method::POST, &format!("/projects/{project}/changes/{first}/undo"), &json!({})).await;
        assert_eq!(status, 200);
        assert_eq!(ada.send(Method::GET, &path).await.0, 404);
    }
}

#[tokio::test]
async fn what_is_sent_back_is_done_again_and_waits_anew() {
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let (project, run) = ordered(&ada, "The cast", json!({})).await;
    let cast = of(&waiting(&ada, &project, &run).await, "cast");
    let (status, sent) =
        decide(&ada, &project, &cast, json!({ "decision": "revise", "reasons": ["Quill is missing."] }))
            .await;
    assert_eq!((status.as_u16(), &sent["state"]), (200, &json!("returned")), "{sent}");
    let anew = within("the work that was sent back", async {
        loop {
            if let [review] = &waiting(&ada, &project, &run).await[..] {
                return review["reviewId"].as_str().unwrap().to_owned();
            }
            tokio::task::yield_now().await;
        }
    });
    let anew = anew.await;
    assert_ne!(anew, cast);
    let shown = ada.get(&format!("/projects/{project}/reviews/{anew}")).await;
    assert_eq!(shown["reasons"], json!(["Quill is missing."]));
}

#[tokio::test]
async fn outputs_are_had_as_files_that_programs_can_open() {
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let (project, run) = ordered(&ada, "Prepare the film for shooting", json!({})).await;
    let reviews = waiting(&ada, &project, &run).await;
    for review in &reviews {
        let path = format!("/projects/{project}/reviews/{}", review["reviewId"].as_str().unwrap());
        let shown = ada.get(&path).await;
        for export in shown["exports"].as_array().unwrap() {
            let file = export["file"].as_str().unwrap();
            let answer = ada.request(Method::GET, &format!("{path}/exports/{file}")).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{file}");
            assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
            let (kind, begins): (&str, &[u8]) = match file.rsplit_once('.').unwrap().1 {
                "pdf" => ("application/pdf", b"%PDF-"),
                _ => ("text/csv; charset=utf-8", b""),
            };
            assert_eq!(answer.headers()["content-type"], kind, "{file}");
            let bytes = answer.bytes().await.unwrap();
            assert!(bytes.starts_with(begins) && bytes.len() > 10, "{file}");
            if kind.starts_with("text/csv") {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                assert!(
                    text.ends_with("\r\n") && text.lines().next().unwrap().contains(','),
                    "{file}: {text}"
                );
            }
        }
        assert_eq!(ada.send(Method::GET, &format!("{path}/exports/trailer.pdf")).await.0, 404);
    }
    // A record is had as the same files, under the name that it has now, whatever its letters.
    let cues = of(&reviews, "cues");
    decide(&ada, &project, &cues, json!({ "decision": "modify", "changes": { "title": "Töne „=1“" } })).await;
    let (_, saved) = decide(&ada, &project, &cues, json!({ "decision": "ingest" })).await;
    let path =
        format!("/projects/{project}/deliverables/{}/exports/cues.csv", saved["entityId"].as_str().unwrap());
    let answer = ada.request(Method::GET, &path).send().await.unwrap();
    let name = answer.headers()["content-disposition"].to_str().unwrap();
    assert!(name.contains("filename*=UTF-8''T%C3%B6ne"), "{name}");
    assert!(answer.text().await.unwrap().starts_with("Kind,Cue,"));
}

#[tokio::test]
async fn readiness_says_what_to_do_next_and_grows_as_it_is_done() {
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let empty = ada.film("Nothing yet").await;
    let readiness = ada.get(&format!("/projects/{empty}/readiness")).await;
    assert_eq!((&readiness["score"], &readiness["state"]), (&json!(0), &json!("not-ready")));
    assert_eq!(readiness["next"][0]["action"]["kind"], "upload");
    let (project, run) = ordered(&ada, "Prepare the film for shooting", json!({})).await;
    let path = format!("/projects/{project}/readiness");
    let before = ada.get(&path).await;
    assert!(
        before["next"].as_array().unwrap().iter().any(|next| next["action"]["kind"] == "review"),
        "{before}"
    );
    ada.post(&format!("/projects/{project}/runs/{run}/decision"), &json!({ "decision": "ingest" })).await;
    let after = ada.get(&path).await;
    assert!(after["score"].as_u64() >= before["score"].as_u64().map(|score| score + 35), "{before} {after}");
    for department in after["departments"].as_array().unwrap() {
        let ready = department["score"].as_u64().unwrap() >= 80;
        assert_eq!(
            (department["ready"].as_bool(), department["threshold"].as_u64()),
            (Some(ready), Some(80))
        );
    }
}

#[tokio::test]
async fn an_output_is_out_of_date_when_a_scene_that_it_rests_on_was_changed_and_an_episode_is_looked_at_by_itself()
 {
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let (status, series) =
        ada.send_json(Method::POST, "/projects", &json!({ "name": "Tides", "type": "series" })).await;
    assert_eq!(status, StatusCode::CREATED, "{series}");
    let project = series["id"].as_str().unwrap();
    for (file, name, place) in [("one", "Ebb", "MILL"), ("two", "Flow", "PIER")] {
        let script =
            format!("Title: {name}\n\nINT. {place} - DAY\n\nA BANG!\n\nMARA (34) waits.\n\nMARA\nYes.\n");
        ada.import(project, &format!("{file}.fountain"), &script).await;
    }
    let run = order(&ada, project, "Which sounds and music cues do we need?", json!({})).await;
    ada.post(&format!("/projects/{project}/runs/{run}/decision"), &json!({ "decision": "ingest" })).await;
    let episodes = ada.get(&format!("/projects/{project}/episodes")).await["docs"].take();
    let named = |name: &str| {
        episodes.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["id"].clone()
    };
    let (ebb, flow) = (named("Ebb"), named("Flow"));
    let work = async |query: &str| {
        let readiness = ada.get(&format!("/projects/{project}/readiness{query}")).await;
        let audio = readiness["departments"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == "audio")
            .unwrap()
            .clone();
        audio["points"].as_array().unwrap().last().unwrap().clone()
    };
    let of = |episode: &Value| format!("?episode={}", episode.as_str().unwrap());
    let fresh = work("").await;
    assert_eq!(
        (&fresh["met"], &fresh["stale"], &fresh["next"]),
        (&json!(1), &json!(0), &Value::Null),
        "{fresh}"
    );
    let scenes = ada.get(&format!("/projects/{project}/scenes")).await["docs"].take();
    let pier = scenes
        .as_array()
        .unwrap()
        .iter()
        .find(|scene| scene["name"].as_str().unwrap().contains("PIER"))
        .unwrap();
    let path = format!("/projects/{project}/scenes/{}", pier["id"].as_str().unwrap());
    ada.send_json(Method::PATCH, &path, &json!({ "body": "INT. PIER - DAY\n\nTwo BANGS!\n" })).await;
    let stale = work("").await;
    assert_eq!((&stale["met"], &stale["stale"]), (&json!(0), &json!(1)), "{stale}");
    assert_eq!(
        (&stale["lacking"][0]["collection"], &stale["next"]["kind"]),
        (&json!("deliverables"), &json!("order"))
    );
    // The other episode's scenes are as they were.
    assert_eq!(work(&of(&ebb)).await["stale"], 0);
    assert_eq!(work(&of(&flow)).await["stale"], 1);
    let of_one = ada.get(&format!("/projects/{project}/readiness{}", of(&ebb))).await;
    let story = of_one["departments"].as_array().unwrap().iter().find(|one| one["name"] == "story").unwrap();
    assert_eq!(story["points"][0]["of"], 1, "{story}");
    let nowhere = format!("/projects/{project}/readiness?episode=ent_00000000000000000000000001");
    assert_eq!(ada.send(Method::GET, &nowhere).await.0, 404);
    // Done again it is up to date; removed, a scene that it rests on makes it old again.
    let run = order(&ada, project, "Which sounds and music cues do we need?", json!({})).await;
    ada.post(&format!("/projects/{project}/runs/{run}/decision"), &json!({ "decision": "ingest" })).await;
    assert_eq!(work("").await["stale"], 0);
    ada.send(Method::DELETE, &path).await;
    assert_eq!(work("").await["stale"], 1);
}

#[tokio::test]
async fn who_may_decide_is_told_once_for_all_outputs_of_a_run() {
    if !socket::available().await {
        return;
    }
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let project = ada.post("/projects/sample", &json!({})).await["id"].as_str().unwrap().to_owned();
    let mut socket = Socket::join(&ada, &app.url, &project).await;
    let run = order(&ada, &project, "Prepare the film for shooting", json!({})).await;
    let told = socket.hear("notification").await;
    let count = waiting(&ada, &project, &run).await.len();
    assert_eq!(told["title"], format!("{count} outputs of “Prepare the film for shooting” wait for you"));
    assert_eq!(
        (&told["least"], &told["action"]["url"]),
        (&json!("editor"), &json!(format!("/projects/{project}/reviews?run={run}")))
    );
    let others = socket.leave().await;
    assert!(others.iter().all(|(name, _)| name != "notification"), "{others:?}");
}

#[tokio::test]
async fn all_that_waits_stands_in_one_list_newest_first_and_viewers_only_look() {
    let app = Atelier::start().await;
    let ada = app.first_person().await;
    let (project, run) = ordered(&ada, "The cast", json!({})).await;
    let told = json!({ "projectId": project, "content": "name: Una Vale\nrole: pilot", "suggestedType": "character" });
    ada.post("/orchestrator/ingest", &told).await;
    let document = json!({ "filename": "b.fountain", "content": "INT. BAR - DAY\n\nMARA\nWell.\n" });
    ada.post(&format!("/projects/{project}/imports"), &document).await;
    let path = format!("/projects/{project}/reviews?state=pending&limit=1");
    let (mut kinds, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ada.get(&format!("{path}{cursor}")).await;
        assert_eq!(page["totalDocs"], 3);
        kinds.push(page["docs"][0]["kind"].as_str().unwrap().to_owned());
        assert!(
            page["docs"][0]["score"].is_number() && page["docs"][0]["recommendation"].is_string(),
            "{page}"
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(kinds, ["import", "ingest", "deliverable"]);
    let vera = ada.invite(&app, &project, "vera", "viewer").await;
    let cast = of(&waiting(&vera, &project, &run).await, "cast");
    assert_eq!(decide(&vera, &project, &cast, json!({ "decision": "ingest" })).await.0, 403);
    let ben = ada.befriend(&app, "ben").await;
    assert_eq!(decide(&ben, &project, &cast, json!({ "decision": "ingest" })).await.0, 404);
}
