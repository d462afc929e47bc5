//! Traces: what a collector is sent of requests, questions, imports and calls of a model.

use reqwest::Method;
use serde_json::json;
use tests::collector::attribute;
use tests::{Atelier, Collector, Model};

#[tokio::test]
async fn a_collector_is_sent_what_each_request_led_to_under_the_id_that_its_answer_bears() {
    let mut collector = Collector::start().await;
    // The library sends every five seconds unless it is told otherwise.
    let environment = [("ATELIER_TELEMETRY_OTLP", collector.url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let app = Atelier::start_with(&environment).await;
    let ada = app.first_person().await;
    let film = ada.film("Tides").await;

    let asked = json!({ "projectId": film, "query": "Who is Mara?" });
    let answer = ada.request(Method::POST, "/orchestrator/query").json(&asked).send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let request = collector.span(|span| attribute(span, "id").as_ref() == Some(&id)).await;
    assert_eq!(request.name, "request");
    assert_eq!(attribute(&request, "route").as_deref(), Some("/api/v1/orchestrator/query"));
    let question = collector.span(|span| span.name == "question").await;
    assert_eq!((&question.trace_id, &question.parent_span_id), (&request.trace_id, &request.span_id));
    assert_eq!(attribute(&question, "project"), Some(film.clone()));
    assert!(question.end_time_unix_nano >= question.start_time_unix_nano);

    ada.import(&film, "tides.fountain", "INT. HUT - DAY\n\nMARA mends a net.\n").await;
    for name in ["import", "import decision"] {
        let import = collector.span(|span| span.name == name).await;
        let request = collector.span(|span| span.span_id == import.parent_span_id).await;
        assert!(attribute(&request, "id").is_some_and(|id| id.starts_with("req_")), "{name}");
    }

    let mut model = Model::start().await;
    model.serve(&ada).await;
    model.allow(&ada, &film).await;
    let said = json!({ "projectId": film, "mode": "chat", "content": "Tell me of the tide." });
    let (answer, ()) = tokio::join!(ada.post("/orchestrator/chat", &said), async {
        let mut call = model.asked().await;
        call.say("Ebb.").await;
        call.end().await;
    });
    let call = collector.span(|span| span.name == "model call").await;
    assert_eq!(attribute(&call, "served").as_deref(), Some("understudy"));
    let written = collector.span(|span| span.span_id == call.parent_span_id).await;
    assert_eq!(
        (written.name.as_str(), attribute(&written, "message").as_deref()),
        ("answer", answer["messageId"].as_str())
    );
    let request = collector.span(|span| span.span_id == written.parent_span_id).await;
    assert_eq!(attribute(&request, "route").as_deref(), Some("/api/v1/orchestrator/chat"));
}

#[tokio::test]
async fn what_people_say_is_not_in_a_trace_and_a_collector_that_is_gone_holds_up_nobody() {
    let environment = [("ATELIER_TELEMETRY_OTLP", "http://127.0.0.1:9"), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let app = Atelier::start_with(&environment).await;
    let ada = app.first_person().await;
    for n in 0..20 {
        ada.film(&format!("Film {n}")).await;
    }
    let mut collector = Collector::start().await;
    let environment = [("ATELIER_TELEMETRY_OTLP", collector.url.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "50")];
    let app = Atelier::start_with(&environment).await;
    let ada = app.first_person().await;
    let film = ada.film("Tides").await;
    let asked = json!({ "projectId": film, "query": "Who is xylophone?" });
    ada.post("/orchestrator/query", &asked).await;
    let question = collector.span(|span| span.name == "question").await;
    let request = collector.span(|span| span.span_id == question.parent_span_id).await;
    for span in [question, request] {
        let told = format!("{span:?}");
        assert!(
            !told.contains("xylophone") && !told.contains(&ada.token) && !told.contains("ada@"),
            "{told}"
        );
    }
}
