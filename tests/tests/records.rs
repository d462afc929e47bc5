//! Records over HTTP: the seed's shapes, lists that are walked, changes that collide, and what is removed and comes back.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Actor, a_film_on, on_both};

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn id(record: &Value) -> &str {
    record["id"].as_str().expect("an id")
}

async fn named(ada: &Actor, characters: &str, name: &str) -> Value {
    ada.post(characters, &json!({ "name": name })).await
}

async fn names(ada: &Actor, list: &str) -> Vec<String> {
    let page = ada.get(list).await;
    let docs = page["docs"].as_array().expect("docs");
    docs.iter().map(|record| record["name"].as_str().expect("a name").to_owned()).collect()
}

on_both! {
    async fn a_list_has_the_seeds_shape(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let empty = ada.get(&format!("/projects/{film}/episodes")).await;
        assert_eq!(
            empty,
            json!({ "docs": [], "totalDocs": 0, "limit": 50, "page": 1, "hasNextPage": false })
        );
        let characters = format!("/projects/{film}/characters");
        named(&ada, &characters, "Mara").await;
        let page = ada.get(&format!("{characters}?limit=1")).await;
        assert_eq!(keys(&page), ["docs", "hasNextPage", "limit", "page", "totalDocs"]);
        assert_eq!((&page["totalDocs"], &page["limit"]), (&json!(1), &json!(1)));
    }

    async fn a_new_record_needs_only_a_name_and_is_answered_with_id_name_slug_and_date(database) {
        let (_app, ada, film) = a_film_on(database).await;
        for collection in ["characters", "scenes", "locations", "episodes", "concepts"] {
            let list = format!("/projects/{film}/{collection}");
            let (status, made) = ada.send_json(Method::POST, &list, &json!({ "name": "Mara Voss" })).await;
            assert_eq!(status, StatusCode::CREATED, "{collection}: {made}");
            assert!(id(&made).starts_with("ent_"));
            assert_eq!((&made["name"], &made["slug"]), (&json!("Mara Voss"), &json!("mara-voss")));
            let date = made["createdAt"].as_str().expect("a date");
            assert!(date.ends_with('Z') && date.as_bytes()[10] == b'T', "{date}");
            assert_eq!(ada.get(&format!("{list}/{}", id(&made))).await["name"], "Mara Voss");
        }
        let project = ada.get(&format!("/projects/{film}")).await;
        for counted in ["episodes", "characters", "scenes", "locations"] {
            assert_eq!(project["stats"][counted], 1, "{counted}");
        }
        let asked = ["id", "name", "slug", "type", "status", "metadata", "stats"];
        assert!(asked.iter().all(|field| project.get(field).is_some()), "{project}");
    }

    async fn a_list_is_walked_by_cursor_without_a_gap_or_a_repeat_while_records_come_and_go(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let characters = format!("/projects/{film}/characters");
        for n in 0..120 {
            named(&ada, &characters, &format!("Extra {n:03}")).await;
        }
        let (mut walked, mut page, mut number) = (Vec::new(), ada.get(&characters).await, 1);
        loop {
            assert_eq!((&page["page"], &page["totalDocs"]), (&json!(number), &json!(120)));
            let docs = page["docs"].as_array().unwrap();
            walked.extend(docs.iter().map(|record| record["name"].as_str().unwrap().to_owned()));
            // What was seen goes, and the pages after it stay where they were.
            let (status, _) = ada.send(Method::DELETE, &format!("{characters}/{}", id(&docs[0]))).await;
            assert_eq!(status, StatusCode::OK);
            named(&ada, &characters, &format!("Late {number}")).await;
            if page["hasNextPage"] == false {
                assert_eq!(page.get("nextCursor"), None);
                break;
            }
            number += 1;
            let cursor = page["nextCursor"].as_str().expect("a cursor").to_owned();
            page = ada.get(&format!("{characters}?cursor={cursor}")).await;
        }
        let mut expected: Vec<String> = (0..120).map(|n| format!("Extra {n:03}")).collect();
        expected.extend(["Late 1".to_owned(), "Late 2".to_owned()]);
        assert_eq!(walked, expected);
        assert_eq!(number, 3);
        assert_eq!(names(&ada, &format!("{characters}?limit=2&page=2")).await, ["Extra 003", "Extra 004"]);
        assert_eq!(names(&ada, &format!("{characters}?name=lATE")).await, ["Late 1", "Late 2", "Late 3"]);
    }

    async fn a_change_of_a_record_that_moved_on_is_refused_with_both_versions(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let characters = format!("/projects/{film}/characters");
        let mara = named(&ada, &characters, "Mara").await;
        let path = format!("{characters}/{}", id(&mara));
        let change = |text: &str| json!({ "description": text, "version": 1 });
        let (status, first) = ada.send_json(Method::PATCH, &path, &change("A captain.")).await;
        assert_eq!((status, &first["version"]), (StatusCode::OK, &json!(2)));
        let (status, refused) = ada.send_json(Method::PATCH, &path, &change("A cook.")).await;
        assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("CONFLICT")));
        assert_eq!(refused["details"]["yours"]["version"], 1);
        let theirs = &refused["details"]["theirs"];
        assert_eq!((&theirs["version"], &theirs["description"]), (&json!(2), &json!("A captain.")));
        assert_eq!(ada.get(&path).await["description"], "A captain.");
    }

    async fn of_two_people_who_change_a_record_at_once_one_is_told_of_the_other(database) {
        let (app, ada, film) = a_film_on(database).await;
        let ben = ada.invite(&app, &film, "ben", "editor").await;
        let characters = format!("/projects/{film}/characters");
        let mara = named(&ada, &characters, "Mara").await;
        let path = format!("{characters}/{}", id(&mara));
        for round in 0..10 {
            let version = ada.get(&path).await["version"].clone();
            let by = |who: &str| json!({ "description": format!("{who} {round}"), "version": version });
            let (hers, his) = (by("Ada"), by("Ben"));
            let (one, other) = tokio::join!(
                ada.send_json(Method::PATCH, &path, &hers),
                ben.send_json(Method::PATCH, &path, &his)
            );
            let (won, lost) = if one.0 == StatusCode::OK { (one, other) } else { (other, one) };
            assert_eq!((won.0, lost.0), (StatusCode::OK, StatusCode::CONFLICT), "{} {}", won.1, lost.1);
            assert_eq!(lost.1["details"]["theirs"]["description"], won.1["description"]);
            assert_eq!(ada.get(&path).await["description"], won.1["description"]);
        }
    }

    async fn metadata_is_merged_key_by_key_and_null_takes_a_key_out(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let characters = format!("/projects/{film}/characters");
        let made = json!({ "name": "Mara", "metadata": { "role": "captain", "boat": "Sally Grace" } });
        let mara = ada.post(&characters, &made).await;
        let change = json!({ "metadata": { "boat": null, "port": "Holm" } });
        let (_, changed) = ada.send_json(Method::PATCH, &format!("{characters}/{}", id(&mara)), &change).await;
        assert_eq!(changed["metadata"], json!({ "role": "captain", "port": "Holm" }));
    }

    async fn what_is_removed_lies_in_the_bin_until_it_is_restored_or_the_removal_undone(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let characters = format!("/projects/{film}/characters");
        let mara = named(&ada, &characters, "Mara").await;
        let path = format!("{characters}/{}", id(&mara));
        for by_undo in [true, false] {
            let (status, removed) = ada.send(Method::DELETE, &path).await;
            assert_eq!((status, &removed["records"]), (StatusCode::OK, &json!([mara["id"]])));
            assert_eq!(ada.send(Method::GET, &path).await.0, StatusCode::NOT_FOUND);
            assert_eq!(names(&ada, &characters).await, [""; 0]);
            assert_eq!(names(&ada, &format!("{characters}?removed=true")).await, ["Mara"]);
            let hits = ada.get(&format!("/projects/{film}/search?q=mara")).await;
            assert_eq!(hits["hits"], json!([]));
            if by_undo {
                let change = removed["changeId"].as_str().unwrap();
                ada.post(&format!("/projects/{film}/changes/{change}/undo"), &json!({})).await;
            } else {
                ada.post(&format!("{path}/restore"), &json!({})).await;
            }
            assert_eq!(names(&ada, &characters).await, ["Mara"]);
            let hits = ada.get(&format!("/projects/{film}/search?q=mara")).await;
            assert_eq!(hits["hits"][0]["id"], mara["id"]);
        }
    }

    async fn a_change_is_undone_once_and_not_over_a_later_one(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let characters = format!("/projects/{film}/characters");
        let mara = named(&ada, &characters, "Mara").await;
        let path = format!("{characters}/{}", id(&mara));
        let rename = async |name: &str| {
            let (_, changed) = ada.send_json(Method::PATCH, &path, &json!({ "name": name })).await;
            format!("/projects/{film}/changes/{}/undo", changed["changeId"].as_str().expect("a change"))
        };
        let (first, second) = (rename("Mara Voss").await, rename("Captain Voss").await);
        let (status, refused) = ada.send_json(Method::POST, &first, &json!({})).await;
        assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("CONFLICT")));
        ada.post(&second, &json!({})).await;
        assert_eq!(ada.get(&path).await["name"], "Mara Voss");
        let (status, _) = ada.send_json(Method::POST, &second, &json!({})).await;
        assert_eq!(status, StatusCode::CONFLICT);
    }

    async fn the_history_tells_every_version_and_brings_any_of_them_back(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let characters = format!("/projects/{film}/characters");
        let made = json!({ "name": "Mara", "description": "A captain.", "metadata": { "age": "34" } });
        let mara = ada.post(&characters, &made).await;
        let path = format!("{characters}/{}", id(&mara));
        let change = json!({ "description": "A cook.", "metadata": { "age": null } });
        ada.send_json(Method::PATCH, &path, &change).await;
        ada.send(Method::DELETE, &path).await;
        ada.post(&format!("{path}/restore"), &json!({})).await;
        let back = ada.post(&format!("{path}/restore"), &json!({ "version": 1 })).await;
        assert_eq!((&back["description"], &back["metadata"]), (&made["description"], &made["metadata"]));
        let history = ada.get(&format!("{path}/history")).await;
        let told: Vec<(i64, &str, &str)> = history["docs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let text = |name: &str| one[name].as_str().unwrap();
                (one["version"].as_i64().unwrap(), text("action"), text("byName"))
            })
            .collect();
        assert_eq!(
            told,
            [
                (5, "changed", "Ada"),
                (4, "restored", "Ada"),
                (3, "removed", "Ada"),
                (2, "changed", "Ada"),
                (1, "created", "Ada")
            ]
        );
    }

    async fn a_relationship_is_drawn_shown_from_both_ends_and_ended(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let characters = format!("/projects/{film}/characters");
        let (mara, joss) = (named(&ada, &characters, "Mara").await, named(&ada, &characters, "Joss").await);
        let drawn = json!({ "type": "sister_of", "source": mara["id"], "target": joss["id"] });
        ada.post(&format!("/projects/{film}/relationships"), &drawn).await;
        let mut seen = Vec::new();
        for end in [&mara, &joss] {
            let page = ada.get(&format!("{characters}/{}/relationships", id(end))).await;
            let one = &page["docs"][0];
            assert_eq!((&one["sourceName"], &one["targetName"]), (&json!("Mara"), &json!("Joss")));
            seen.push(one["id"].as_str().unwrap().to_owned());
        }
        let path = format!("/projects/{film}/relationships/{}", seen[0]);
        assert_eq!(ada.send(Method::DELETE, &path).await.0, StatusCode::OK);
        let page = ada.get(&format!("{characters}/{}/relationships", id(&mara))).await;
        assert_eq!(page["totalDocs"], 0);
    }

    async fn no_record_is_reached_through_another_project(database) {
        let (app, ada, film) = a_film_on(database).await;
        let ben = ada.befriend(&app, "ben").await;
        let his = ben.film("Elsewhere").await;
        let mara = named(&ada, &format!("/projects/{film}/characters"), "Mara").await;
        for rest in ["", "/history", "/relationships"] {
            let path = format!("/projects/{his}/characters/{}{rest}", id(&mara));
            assert_eq!(ben.send(Method::GET, &path).await.0, StatusCode::NOT_FOUND, "{rest}");
        }
        let path = format!("/projects/{his}/characters/{}", id(&mara));
        let change = json!({ "name": "Stolen" });
        assert_eq!(ben.send_json(Method::PATCH, &path, &change).await.0, StatusCode::NOT_FOUND);
        let other = named(&ben, &format!("/projects/{his}/characters"), "Eve").await;
        let drawn = json!({ "type": "knows", "source": other["id"], "target": mara["id"] });
        let (status, _) = ben.send_json(Method::POST, &format!("/projects/{his}/relationships"), &drawn).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}
