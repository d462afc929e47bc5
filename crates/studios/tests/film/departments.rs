//! The departments' engines over a real store: what they read, what they write, and that both can be kept.

use serde::Serialize;
use serde::de::DeserializeOwned;
use studios::film::departments::{
    Film, audio, character, continuity, image, pages, production, story, video, visual,
};
use wire::projects::ProjectType;

use crate::fixture::{Studio, TIDES};
use crate::long_script::long_script;

/// The film of a project with one script.
async fn film(script: &str) -> Film {
    let studio = Studio::open(ProjectType::Movie).await;
    studio.import("film.fountain", script).await;
    studio.store.read_in(&studio.scope, |t| Film::read(t, None)).await.unwrap()
}

#[tokio::test]
async fn the_sample_is_planned_for_a_shoot_from_its_records() {
    let studio = Studio::open(ProjectType::Movie).await;
    let project = studios::film::sample_project(&studio.store, studio.person).await.unwrap();
    let scope = studio.admit(project.id).await;
    let film = studio.store.read_in(&scope, |t| Film::read(t, None)).await.unwrap();
    assert_eq!((film.title.as_str(), film.scenes.len()), ("The Last Ferry", 13));
    let plan = production::production(&film, &production::Options::default());
    assert!(plan.schedule.moves < plan.schedule.moves_in_script_order);
    assert!(plan.schedule.days.len() <= plan.schedule.days_in_script_order);
    assert_eq!(continuity::continuity(&film).findings, []);
    let story = story::story(&film, &story::Options::default());
    assert_eq!(story.scores.completeness, 1.0, "{:?}", story.scores);
    let cast = character::characters(&film);
    let quill = cast.cast.iter().find(|member| member.name == "Dr. Quill").unwrap();
    assert_eq!(quill.scenes, ["1", "5", "6", "10", "12"]);
}

#[tokio::test]
async fn an_episode_is_read_without_the_scenes_and_people_of_others() {
    let studio = Studio::open(ProjectType::Series).await;
    studio.import("one.fountain", TIDES).await;
    let other = "Title: Ebb\n\nINT. MILL - DAY\n\nOTTO (50) waits.\n\nOTTO\nYes.\n\nMARA\nNo.\n";
    studio.import("two.fountain", other).await;
    let episode = studio.records("episodes").await.into_iter().find(|record| record.name == "Ebb").unwrap();
    let film = studio.store.read_in(&studio.scope, move |t| Film::read(t, Some(episode.id))).await.unwrap();
    let names: Vec<&str> = film.people.iter().map(|person| person.name.as_str()).collect();
    assert_eq!((film.title.as_str(), film.scenes.len(), names), ("Ebb", 1, vec!["Mara", "Otto"]));
    let whole = studio.store.read_in(&studio.scope, |t| Film::read(t, None)).await.unwrap();
    assert_eq!((whole.scenes.len(), whole.places.len()), (4, 4));
}

#[tokio::test]
async fn what_an_engine_gives_can_be_kept_and_read_again() {
    fn kept<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(output: &T) {
        let text = serde_json::to_string(output).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), output);
    }
    let film = film(studios::film::SAMPLE).await;
    let visual = visual::visual(&film);
    kept(&video::animatic(&film, &visual.shots, &video::Options::default()));
    kept(&visual);
    kept(&story::story(&film, &story::Options::default()));
    kept(&character::characters(&film));
    kept(&image::image(&film));
    kept(&audio::audio(&film));
    kept(&continuity::continuity(&film));
    kept(&production::production(&film, &production::Options::default()));
}

#[tokio::test]
async fn a_script_of_120_pages_is_planned_and_drawn() {
    let film = film(&long_script()).await;
    let plan = production::production(&film, &production::Options::default());
    assert!(plan.schedule.days.len() <= plan.schedule.days_in_script_order);
    assert!(plan.schedule.moves * 4 < plan.schedule.moves_in_script_order, "16 places, 150 scenes");
    let days = plan.schedule.days.len();
    assert!((24..=40).contains(&days), "{days} days of five pages");
    for pdf in [
        pages::breakdown(&plan, pages::Size::Letter),
        pages::strip_board(&plan, pages::Size::Letter),
        pages::day_out_of_days(&plan, pages::Size::Letter),
        pages::call_sheets(&plan, pages::Size::Letter),
    ] {
        assert!(pdf.unwrap().starts_with(b"%PDF-"));
    }
}
