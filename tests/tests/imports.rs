//! Imports over HTTP: files that come out as they went in, every way to send one, and what is refused with nothing saved.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::actor::answered;
use tests::{Actor, Atelier, Database, a_film_on, on_both};

/// A screenplay of several pages, with all that Fountain has.
const FERRY: &str = include_str!("../../crates/studios/src/film/sample.fountain");
/// A Final Draft document with a title page, tags and dual dialogue.
const NETS: &str = include_str!("../../fuzz/corpus/fdx/small.fdx");

/// Bytes in every chunk but the last.
const CHUNK: usize = 1 << 20;

async fn exported(ada: &Actor, film: &str, file: &str) -> Vec<u8> {
    let answer = ada.request(Method::GET, &format!("/projects/{film}/exports/{file}")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

/// Asserts that a project is as empty as it was made.
async fn assert_untouched(ada: &Actor, film: &str) {
    let stats = &ada.get(&format!("/projects/{film}")).await["stats"];
    assert!(stats.as_object().unwrap().values().all(|count| count == 0), "{stats}");
    assert_eq!(ada.get(&format!("/projects/{film}/imports")).await["totalDocs"], 0);
}

/// Sends a file as a form does.
async fn posted(ada: &Actor, film: &str, filename: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
    let form = Form::new().part("file", Part::bytes(bytes).file_name(filename.to_owned()));
    answered(ada.request(Method::POST, &format!("/projects/{film}/imports")).multipart(form)).await
}

async fn decide(ada: &Actor, film: &str, import: &Value, decision: &str) -> (StatusCode, Value) {
    let id = import["importId"].as_str().expect("an id");
    let path = format!("/projects/{film}/imports/{id}/decision");
    ada.send_json(Method::POST, &path, &json!({ "decision": decision })).await
}

/// Announces an upload, with a checksum.
async fn announced(ada: &Actor, film: &str, bytes: &[u8]) -> Value {
    let sum: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let about = json!({ "filename": "long.fountain", "size": bytes.len(), "sha256": sum });
    ada.post(&format!("/projects/{film}/uploads"), &about).await
}

async fn chunk(ada: &Actor, film: &str, upload: &Value, index: usize, bytes: &[u8]) -> (StatusCode, Value) {
    let (first, size) = (index * CHUNK, upload["size"].as_u64().unwrap());
    let path = format!("/projects/{film}/uploads/{}/chunks/{index}", upload["id"].as_str().unwrap());
    let request = ada
        .request(Method::PUT, &path)
        .header("content-type", "application/octet-stream")
        .header("content-range", format!("bytes {first}-{}/{size}", first + bytes.len() - 1))
        .header("x-chunk-index", index)
        .header("x-total-chunks", upload["totalChunks"].as_u64().unwrap())
        .body(bytes.to_vec());
    answered(request).await
}

/// A script that is longer than three chunks.
fn long() -> Vec<u8> {
    let scene = |n: usize| format!("INT. ROOM {n} - DAY\n\n{}\n\n", "The tide comes in. ".repeat(400));
    (0..450).map(scene).collect::<String>().into_bytes()
}

on_both! {
    async fn fountain_comes_out_of_the_records_byte_for_byte(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let saved = ada.import(&film, "ferry.fountain", FERRY).await;
        assert_eq!(saved["state"], "ingested");
        assert_eq!(exported(&ada, &film, "screenplay.fountain").await, FERRY.as_bytes());
        let stats = &ada.get(&format!("/projects/{film}")).await["stats"];
        assert_eq!(
            (&stats["scenes"], &stats["characters"], &stats["locations"]),
            (&json!(13), &json!(6), &json!(5))
        );
    }

    async fn final_draft_comes_out_of_the_records_byte_for_byte(database) {
        let (_app, ada, film) = a_film_on(database).await;
        ada.import(&film, "nets.fdx", NETS).await;
        assert_eq!(exported(&ada, &film, "screenplay.fdx").await, NETS.as_bytes());
    }

    async fn a_file_is_shown_before_anything_is_saved_and_a_discarded_one_leaves_nothing(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let (status, import) = posted(&ada, &film, "ferry.fountain", FERRY.into()).await;
        assert_eq!(status, StatusCode::CREATED, "{import}");
        assert_eq!((&import["preview"]["format"], &import["preview"]["scenes"]), (&json!("fountain"), &json!(13)));
        assert_eq!(import["preview"]["recommendation"], "ingest");
        let stats = &ada.get(&format!("/projects/{film}")).await["stats"];
        assert_eq!(stats["scenes"], 0);
        let (status, decided) = decide(&ada, &film, &import, "discard").await;
        assert_eq!((status, &decided["state"]), (StatusCode::OK, &json!("discarded")));
        assert_eq!(ada.get(&format!("/projects/{film}")).await["stats"]["scenes"], 0);
    }

    async fn an_import_is_decided_once_however_many_decide_at_once(database) {
        let (app, ada, film) = a_film_on(database).await;
        let ben = ada.invite(&app, &film, "ben", "editor").await;
        let (_, import) = posted(&ada, &film, "ferry.fountain", FERRY.into()).await;
        let (one, other) = tokio::join!(
            decide(&ada, &film, &import, "ingest"),
            decide(&ben, &film, &import, "ingest")
        );
        let (won, lost, winner) = if one.0 == 200 { (one, other, &ada) } else { (other, one, &ben) };
        assert_eq!(won.0, StatusCode::OK, "{}", won.1);
        assert_eq!((lost.0, &lost.1["code"]), (StatusCode::CONFLICT, &json!("ALREADY_DECIDED")));
        assert_eq!(lost.1["details"]["decidedBy"], winner.id);
        let (status, again) = decide(&ada, &film, &import, "discard").await;
        assert_eq!((status, &again["code"]), (StatusCode::CONFLICT, &json!("ALREADY_DECIDED")));
        assert_eq!(ada.get(&format!("/projects/{film}")).await["stats"]["scenes"], 13);
    }

    async fn an_import_is_taken_back_as_one(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let saved = ada.import(&film, "ferry.fountain", FERRY).await;
        let change = saved["changeId"].as_str().unwrap();
        ada.post(&format!("/projects/{film}/changes/{change}/undo"), &json!({})).await;
        let stats = &ada.get(&format!("/projects/{film}")).await["stats"];
        assert!(stats.as_object().unwrap().values().all(|count| count == 0), "{stats}");
    }

    async fn chunks_come_in_any_order_and_again_and_make_the_file_that_was_announced(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let bytes = long();
        let upload = announced(&ada, &film, &bytes).await;
        assert_eq!((&upload["totalChunks"], &upload["missing"]), (&json!(4), &json!([0, 1, 2, 3])));
        let chunks: Vec<&[u8]> = bytes.chunks(CHUNK).collect();
        let path = format!("/projects/{film}/uploads/{}", upload["id"].as_str().unwrap());
        let early = json!({ "filename": "long.fountain", "uploadId": upload["id"] });
        for (index, missing) in [(3, json!([0, 1, 2])), (1, json!([0, 2])), (3, json!([0, 2])), (0, json!([2]))] {
            let (status, kept) = chunk(&ada, &film, &upload, index, chunks[index]).await;
            assert_eq!((status, &kept["missing"]), (StatusCode::OK, &missing), "{kept}");
            assert_eq!(ada.get(&path).await["missing"], missing, "it can be asked after a break");
        }
        let imports = format!("/projects/{film}/imports");
        assert_eq!(ada.send_json(Method::POST, &imports, &early).await.0, StatusCode::CONFLICT);
        let (status, kept) = chunk(&ada, &film, &upload, 2, chunks[2]).await;
        assert_eq!((status, &kept["complete"]), (StatusCode::OK, &json!(true)));
        let import = ada.post(&imports, &early).await;
        assert_eq!(import["preview"]["scenes"], 450);
        decide(&ada, &film, &import, "ingest").await;
        assert!(exported(&ada, &film, "screenplay.fountain").await == bytes, "it comes out as it went in");
    }

    async fn a_chunk_that_is_not_what_was_announced_is_refused_by_name(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let bytes = long();
        let upload = announced(&ada, &film, &bytes).await;
        let chunks: Vec<&[u8]> = bytes.chunks(CHUNK).collect();
        let (status, refused) = chunk(&ada, &film, &upload, 0, &chunks[0][1..]).await;
        assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("VALIDATION_ERROR")));
        let beyond = format!("/projects/{film}/uploads/{}/chunks/4", upload["id"].as_str().unwrap());
        let request = ada.request(Method::PUT, &beyond).body(chunks[3].to_vec());
        assert_eq!(answered(request).await.0, StatusCode::BAD_REQUEST);
        let elsewhere = format!("/projects/{film}/uploads/{}/chunks/0", upload["id"].as_str().unwrap());
        let request = ada.request(Method::PUT, &elsewhere).header("content-range", "bytes 1-9/10").body("x");
        let (status, refused) = answered(request).await;
        assert_eq!((status, &refused["details"]["field"]), (StatusCode::BAD_REQUEST, &json!("Content-Range")));
        for (index, part) in chunks.iter().enumerate().take(3) {
            chunk(&ada, &film, &upload, index, part).await;
        }
        let mut wrong = chunks[3].to_vec();
        wrong[0] ^= 1;
        let (status, refused) = chunk(&ada, &film, &upload, 3, &wrong).await;
        assert_eq!((status, &refused["details"]["field"]), (StatusCode::BAD_REQUEST, &json!("sha256")));
        let (status, kept) = chunk(&ada, &film, &upload, 3, chunks[3]).await;
        assert_eq!((status, &kept["complete"]), (StatusCode::OK, &json!(true)), "the right one still fits");
    }

    async fn a_malformed_file_is_refused_with_its_line_and_leaves_nothing(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let broken = "<?xml version=\"1.0\"?>\n<FinalDraft>\n<Content>\n<Paragraph>\n</Content></FinalDraft>";
        for (filename, bytes, line) in [
            ("broken.fdx", broken.as_bytes().to_vec(), json!(5)),
            ("nul.fountain", format!("INT. A - DAY\n\n{}\0", "x\n".repeat(9_000)).into_bytes(), json!(9_003)),
            ("empty.fountain", b"x".repeat(0), json!(1)),
            ("picture.fountain", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), json!(1)),
        ] {
            let (status, refused) = posted(&ada, &film, filename, bytes).await;
            assert_eq!(
                (status, &refused["code"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!("UNREADABLE_DOCUMENT")),
                "{filename}: {refused}"
            );
            assert_eq!(refused["details"]["line"], line, "{filename}: {refused}");
            assert!(refused["details"]["reason"].as_str().is_some_and(|why| !why.is_empty()), "{filename}");
        }
        assert_untouched(&ada, &film).await;
    }

    async fn a_form_without_a_file_and_a_body_of_no_kind_are_refused(database) {
        let (_app, ada, film) = a_film_on(database).await;
        let path = format!("/projects/{film}/imports");
        let stray = Form::new().text("surprise", "x");
        let (status, refused) = answered(ada.request(Method::POST, &path).multipart(stray)).await;
        assert_eq!((status, &refused["details"]["field"]), (StatusCode::BAD_REQUEST, &json!("surprise")));
        let plain = ada.request(Method::POST, &path).header("content-type", "text/plain").body(FERRY);
        assert_eq!(answered(plain).await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        for both in [json!({ "filename": "a" }), json!({ "filename": "a", "content": "x", "uploadId": "upl_00000000000000000000000000" })] {
            let (status, refused) = ada.send_json(Method::POST, &path, &both).await;
            assert_eq!((status, &refused["details"]["field"]), (StatusCode::BAD_REQUEST, &json!("content")));
        }
        assert_untouched(&ada, &film).await;
    }
}

#[tokio::test]
async fn a_document_beyond_the_limit_is_refused_by_every_way_in() {
    let app = Atelier::start_with(&[("ATELIER_LIMITS_IMPORT_BYTES", "1000")]).await;
    let ada = app.first_person().await;
    let film = ada.film("Tides").await;
    let imports = format!("/projects/{film}/imports");
    let within_body = json!({ "filename": "a.fountain", "content": "x".repeat(1001) });
    let upload = json!({ "filename": "a.fountain", "size": 1001 });
    for (status, refused) in [
        posted(&ada, &film, "a.fountain", vec![b'x'; 1001]).await,
        ada.send_json(Method::POST, &imports, &within_body).await,
        ada.send_json(Method::POST, &format!("/projects/{film}/uploads"), &upload).await,
        // This one is beyond what any body may have.
        posted(&ada, &film, "a.fountain", vec![b'x'; 1000 + (1 << 16)]).await,
    ] {
        assert_eq!(
            (status, &refused["code"]),
            (StatusCode::PAYLOAD_TOO_LARGE, &json!("TOO_LARGE")),
            "{refused}"
        );
    }
    assert_untouched(&ada, &film).await;
    let (status, _) = posted(&ada, &film, "a.fountain", b"INT. A - DAY\n\nX.\n".to_vec()).await;
    assert_eq!(status, StatusCode::CREATED);
}

#[tokio::test]
async fn whoever_sends_far_too_much_gets_an_answer_and_not_a_closed_line() {
    let (_app, ada, film) = a_film_on(&Database::Sqlite).await;
    for _ in 0..5 {
        let (status, refused) = posted(&ada, &film, "a.fountain", vec![b'x'; 40 << 20]).await;
        assert_eq!((status, &refused["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("TOO_LARGE")));
        let huge = json!({ "filename": "a.fountain", "content": "x".repeat(20 << 20) });
        let (status, _) = ada.send_json(Method::POST, &format!("/projects/{film}/imports"), &huge).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}

#[tokio::test]
async fn a_question_about_an_imported_script_is_answered_with_its_source() {
    let (_app, ada, film) = a_film_on(&Database::Sqlite).await;
    ada.import(&film, "ferry.fountain", FERRY).await;
    let asked = json!({ "projectId": film, "query": "Who has the most dialogue?" });
    let answer = ada.post("/orchestrator/query", &asked).await;
    assert!(answer["answer"].as_str().is_some_and(|words| words.contains("Mara")), "{answer}");
    let first = &answer["results"][0];
    for field in ["id", "type", "title", "excerpt", "relevanceScore", "metadata", "relationships", "source"] {
        assert!(first.get(field).is_some(), "{field}: {first}");
    }
    let analysis = &answer["queryAnalysis"];
    assert!(
        analysis["intent"].is_string()
            && analysis["entities"].is_array()
            && analysis["confidence"].is_number()
    );
}
