//! A series: each script is an episode, people and places are shared.

use store::facts;
use studios::film::{self, screenplay::Format};
use wire::projects::ProjectType;

use crate::fixture::Studio;

const PILOT: &str = "Title: Pilot

INT. BAR - DAY

MARA wipes the bar.

MARA
We're closed.
";

const FINALE: &str = "Title: Finale

EXT. BAR - NIGHT

Rain.

MARA
We're open.

JOSS
At last.
";

#[tokio::test]
async fn each_script_is_an_episode_and_people_and_places_are_shared() {
    let studio = Studio::open(ProjectType::Series).await;
    studio.import("one.fountain", PILOT).await;
    studio.import("two.fountain", FINALE).await;
    assert_eq!(studio.names("episodes").await, ["Pilot", "Finale"]);
    assert_eq!(studio.names("scenes").await, ["INT. BAR - DAY", "EXT. BAR - NIGHT"]);
    assert_eq!(studio.names("characters").await, ["Mara", "Joss"]);
    assert_eq!(studio.names("locations").await, ["Bar"]);
    let finale = studio.records("episodes").await[1].id;
    let parts = studio.store.read_in(&studio.scope, move |t| facts::about(t, &[finale])).await.unwrap();
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].predicate, "part_of");
    let bar = &studio.records("locations").await[0];
    assert_eq!(bar.metadata["intExt"], serde_json::json!(["INT", "EXT"]));
}

#[tokio::test]
async fn a_new_draft_of_an_episode_leaves_the_others_alone() {
    let studio = Studio::open(ProjectType::Series).await;
    studio.import("one.fountain", PILOT).await;
    studio.import("two.fountain", FINALE).await;
    let shorter = "Title: Finale\n\nEXT. BAR - NIGHT\n\nRain.\n\nMARA\nWe're open.\n";
    studio.import("two-b.fountain", shorter).await;
    assert_eq!(studio.names("episodes").await, ["Pilot", "Finale"]);
    assert_eq!(studio.names("scenes").await, ["INT. BAR - DAY", "EXT. BAR - NIGHT"]);
    assert_eq!(studio.names("characters").await, ["Mara"], "Joss was in no other episode");
    let finale = studio.records("episodes").await[1].id;
    let (name, file) =
        film::export_episode(&studio.store, &studio.scope, finale, Format::Fountain).await.unwrap();
    assert_eq!((name.as_str(), String::from_utf8(file).unwrap().as_str()), ("finale.fountain", shorter));
}

#[tokio::test]
async fn a_series_is_exported_with_a_section_for_each_episode() {
    let studio = Studio::open(ProjectType::Series).await;
    studio.import("one.fountain", PILOT).await;
    studio.import("two.fountain", FINALE).await;
    let (_, file) = film::export(&studio.store, &studio.scope, Format::Fountain).await.unwrap();
    let text = String::from_utf8(file).unwrap();
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part} is not in {text}"));
    assert!(at("# Pilot") < at("INT. BAR - DAY"));
    assert!(at("INT. BAR - DAY") < at("# Finale") && at("# Finale") < at("EXT. BAR - NIGHT"));
}
