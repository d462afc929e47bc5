//! Files through records: what nobody edited comes out byte for byte, what was edited is carried, and formats convert.

use proptest::prelude::*;
use store::changes::{self, Draft, New, Patch, Write};
use studios::film::{
    self, SAMPLE,
    import::{State, prepare, read},
    screenplay::Format,
};
use wire::projects::ProjectType;
use wire::records::{Metadata, Origin};

use crate::fixture::{Studio, TIDES};

async fn exported(studio: &Studio, format: Format) -> String {
    String::from_utf8(film::export(&studio.store, &studio.scope, format).await.unwrap().1).unwrap()
}

async fn apply(studio: &Studio, write: Write) {
    let draft = Draft { summary: "By hand".into(), writes: vec![write], ..Draft::default() };
    studio.store.transact_in(&studio.scope, move |t| changes::apply(t, &draft).map(|_| ())).await.unwrap();
}

#[tokio::test]
async fn fountain_comes_out_of_records_as_it_went_in() {
    for text in [SAMPLE, TIDES, "\u{feff}INT. A - DAY\r\n\r\nX.\r\n", "No scene at all."] {
        let studio = Studio::open(ProjectType::Movie).await;
        studio.import("a.fountain", text).await;
        assert_eq!(exported(&studio, Format::Fountain).await, text);
    }
}

#[tokio::test]
async fn final_draft_comes_out_of_records_as_it_went_in_and_is_shown_in_fountain() {
    let fdx = film::screenplay::parse(Format::Fountain, SAMPLE).unwrap().export(Format::Fdx).unwrap().text;
    let studio = Studio::open(ProjectType::Movie).await;
    studio.import("ferry.fdx", &fdx).await;
    assert_eq!(exported(&studio, Format::Fdx).await, fdx);
    let scenes = studio.records("scenes").await;
    assert!(scenes.iter().all(|scene| !scene.body.as_deref().unwrap().contains("<Paragraph")));
    assert!(scenes[0].body.as_deref().unwrap().contains("MARA\nYou're early."));
    // An edited scene is carried, and the others stay as they were.
    let body = scenes[0].body.clone().unwrap().replace("You're early.", "You're late.");
    let patch = Patch { body: Some(body), ..Patch::default() };
    apply(&studio, Write::Change { id: scenes[0].id, expected: None, patch }).await;
    let edited = exported(&studio, Format::Fdx).await;
    assert!(edited.contains("You're late.") && !edited.contains("You're early."));
    let second = fdx.find("INT. FERRY - ENGINE ROOM").unwrap();
    assert!(edited.ends_with(&fdx[second..]));
}

#[tokio::test]
async fn each_format_is_written_as_the_other() {
    let studio = Studio::open(ProjectType::Movie).await;
    studio.import("tides.fountain", TIDES).await;
    let fdx = exported(&studio, Format::Fdx).await;
    let other = Studio::open(ProjectType::Movie).await;
    other.import("tides.fdx", &fdx).await;
    let back = exported(&other, Format::Fountain).await;
    let names = |text: &str| {
        let screenplay = film::screenplay::parse(Format::Fountain, text).unwrap();
        film::breakdown::breakdown(&screenplay)
    };
    assert_eq!(names(&back), names(TIDES));
}

#[tokio::test]
async fn a_scene_that_was_made_by_hand_is_exported_in_its_place() {
    let studio = Studio::open(ProjectType::Movie).await;
    studio.import("tides.fountain", TIDES).await;
    let id = studio.store.transact_in(&studio.scope, |t| Ok(t.id())).await.unwrap();
    let new = New {
        id,
        collection: "scenes".into(),
        name: "Epilogue".into(),
        description: "The tide\nturns.".into(),
        metadata: Metadata::new(),
        body: None,
        position: None,
        origin: Origin::Person,
    };
    apply(&studio, Write::Create(new)).await;
    let text = exported(&studio, Format::Fountain).await;
    assert!(text.starts_with(TIDES), "{text}");
    assert!(text.ends_with(".Epilogue\n\n= The tide turns.\n\n"), "{text}");
}

#[tokio::test]
async fn an_empty_project_has_nothing_to_export() {
    let studio = Studio::open(ProjectType::Movie).await;
    let error = film::export(&studio.store, &studio.scope, Format::Fountain).await.unwrap_err();
    assert_eq!(error.code(), kernel::Code::NotFound);
}

#[tokio::test]
async fn plain_text_says_that_its_structure_was_guessed() {
    let studio = Studio::open(ProjectType::Movie).await;
    let text = "INT. BARN - DAY\n\nHay.\n\n                    MARA\n          Hello.\n\n                    JOSS\n          Bye.\n";
    let import = studio.propose("barn.txt", text).await;
    assert_eq!(import.preview.format, "text");
    assert!(!import.preview.warnings.is_empty());
    assert!(import.preview.quality_scores.data_completeness < 1.0);
}

/// Lines of a script, some of them none.
fn script() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "(INT|EXT)\\. [A-Z]{1,6} - (DAY|NIGHT|LATER)( #[0-9]{1,2}#)?",
        "[A-Z]{2,6}( \\((V\\.O\\.|CONT'D)\\))?",
        "[A-Za-z ,.!']{0,30}",
        "[A-Z]{2,5} \\([0-9]{2}\\) takes a [A-Z]{3,6}\\.",
        "= [a-z ]{0,10}",
        Just(String::new()),
        Just(String::new()),
    ];
    proptest::collection::vec(line, 0..40).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_script_comes_out_of_records_as_it_went_in(text in script().prop_filter("not empty", |t| !t.trim().is_empty())) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let studio = Studio::open(ProjectType::Movie).await;
            studio.import("a.fountain", &text).await;
            prop_assert_eq!(exported(&studio, Format::Fountain).await, text);
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_an_import_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), name in "[a-z]{1,5}\\.(fountain|fdx|txt|pdf)") {
        let _ = read(&name, &bytes).map(|reading| prepare(reading, &State::empty(ProjectType::Series)));
    }

    #[test]
    fn no_script_makes_an_import_panic(text in script(), other in script()) {
        for text in [&text, &other] {
            let reading = read("a.fountain", text.as_bytes());
            let _ = reading.map(|reading| prepare(reading, &State::empty(ProjectType::Movie)));
        }
    }
}
