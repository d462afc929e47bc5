//! Questions on the sample, answered by the brain with the film's lexicon.

use brain::Brain;
use studios::film;
use wire::orchestrator::{QueryFilters, QueryResponse};
use wire::projects::ProjectType;

use crate::fixture::Studio;

async fn ask(question: &str) -> QueryResponse {
    let studio = Studio::open(ProjectType::Movie).await;
    let project = film::sample_project(&studio.store, studio.person).await.unwrap();
    let scope = studio.admit(project.id).await;
    let brain = Brain::new(studio.store.clone());
    brain.query(&scope, &film::LEXICON, question, QueryFilters::default(), 20).await.unwrap()
}

/// The numbers of the scenes of an answer, in their order.
fn scenes(answer: &QueryResponse) -> Vec<&str> {
    let scenes = answer.results.iter().filter(|result| result.r#type == "scene");
    scenes.map(|scene| scene.metadata["number"].as_str().unwrap()).collect()
}

/// The titles of an answer's results of a type, in their order.
fn titles<'a>(answer: &'a QueryResponse, kind: &str) -> Vec<&'a str> {
    answer.results.iter().filter(|result| result.r#type == kind).map(|result| result.title.as_str()).collect()
}

fn words(answer: &QueryResponse) -> &str {
    answer.answer.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn which_scenes_someone_is_in() {
    let answer = ask("Which scenes is Pia in?").await;
    assert_eq!(scenes(&answer), ["3", "4", "6", "10", "13"]);
    assert!(words(&answer).starts_with("5 scenes with Pia: 3. INT. CAFÉ LIGHTHOUSE - DAY"), "{answer:?}");
    assert_eq!(scenes(&ask("Which scenes is Dr. Quill in?").await), ["1", "5", "6", "10", "12"]);
}

#[tokio::test]
async fn who_has_the_most_dialogue() {
    let answer = ask("Who has the most dialogue?").await;
    assert_eq!(titles(&answer, "character")[..2], ["Mara", "Dr. Quill"]);
    assert!(words(&answer).starts_with("Mara has the most: 202 words of dialogue."), "{answer:?}");
    assert!(answer.results.iter().all(|result| result.source.record_id == result.id));
}

#[tokio::test]
async fn what_happens_at_a_place_at_a_time_of_day() {
    let answer = ask("What happens at the harbour at night?").await;
    assert_eq!(scenes(&answer), ["7"]);
    assert!(words(&answer).contains("Mara and Joss meet on the quay at night"), "{answer:?}");
    assert!(answer.results[0].excerpt.contains("Mara and Joss meet on the quay at night"), "{answer:?}");
    assert_eq!(answer.results[0].source.collection, "scenes");
}

#[tokio::test]
async fn where_two_people_meet_at_night() {
    let answer = ask("where does Mara meet Joss at night?").await;
    assert_eq!(titles(&answer, "location"), ["Ferry", "Harbour", "Strait"]);
    assert_eq!(scenes(&answer), ["7", "8", "9", "11"]);
}

#[tokio::test]
async fn who_is_in_a_numbered_scene() {
    let answer = ask("Who is in scene 9?").await;
    assert_eq!(titles(&answer, "character"), ["Old Tam", "Mara", "Joss"]);
    assert_eq!(
        words(&answer),
        "3 characters: Old Tam, Mara, Joss (1 scene: 9. INT. FERRY - ENGINE ROOM - CONTINUOUS)."
    );
}

#[tokio::test]
async fn where_a_scene_is_set_and_what_is_set_at_a_place() {
    assert_eq!(titles(&ask("Where is scene 3 set?").await, "location"), ["Café Lighthouse"]);
    let answer = ask("Where is the café?").await;
    assert_eq!(titles(&answer, "location"), ["Café Lighthouse"]);
    assert_eq!(scenes(&answer), ["3", "6"]);
    assert!(words(&answer).starts_with("Café Lighthouse: 2 scenes: 3."), "{answer:?}");
}

#[tokio::test]
async fn who_someone_is_in_the_words_of_the_script() {
    let answer = ask("Who is Old Tam?").await;
    assert_eq!(
        words(&answer),
        "Old Tam: OLD TAM (70s), the ferry's engineer, lies under a pipe and sings to it. In 4 scenes."
    );
}

#[tokio::test]
async fn how_many_scenes_and_how_much_dialogue_someone_has() {
    assert!(words(&ask("How many scenes is Joss in?").await).starts_with("7 scenes with Joss:"));
    assert_eq!(words(&ask("How many lines does Pia have?").await), "Pia: 91 words of dialogue.");
}

#[tokio::test]
async fn when_someone_appears_first() {
    let answer = ask("When does Joss first appear?").await;
    assert_eq!(scenes(&answer), ["3"]);
    assert_eq!(words(&answer), "The first scene with Joss: 3. INT. CAFÉ LIGHTHOUSE - DAY.");
}

#[tokio::test]
async fn which_scene_is_the_longest() {
    let answer = ask("Which is the longest scene?").await;
    assert_eq!(scenes(&answer)[..2], ["1", "9"]);
    assert!(
        words(&answer)
            .starts_with("1. EXT. HARBOUR - DAWN and 9. INT. FERRY - ENGINE ROOM - CONTINUOUS have"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn what_no_relationship_knows_is_found_in_the_text() {
    assert!(scenes(&ask("Who repairs the brass valve?").await).contains(&"9"));
    assert!(scenes(&ask("Who says \"Thank you for the rope\"?").await).contains(&"11"));
}

#[tokio::test]
async fn an_excerpt_shows_a_scene_without_the_marks_of_its_notation() {
    let studio = Studio::open(ProjectType::Movie).await;
    let script =
        "EXT. PIER - NIGHT #7#\n\n= They wait.\n\nThe *lantern* **swings**. [[Cut?]]\n\nMARA\n_Here_.\n";
    studio.import("marked.fountain", script).await;
    let brain = Brain::new(studio.store.clone());
    let filters = QueryFilters::default();
    let answer = brain.query(&studio.scope, &film::LEXICON, "swinging lantern", filters, 5).await.unwrap();
    let prose = "EXT. PIER - NIGHT\n\nThey wait.\n\nThe lantern swings.\n\nMARA\nHere.";
    let scene = answer.results.iter().find(|result| result.source.collection == "scenes").unwrap();
    assert_eq!((scene.excerpt.as_str(), scene.source.field.as_str()), (prose, "body"));
    let found = brain.search(&studio.scope, &film::LEXICON, "swings", 5).await.unwrap();
    let scene = found.hits.iter().find(|hit| hit.collection == "scenes").unwrap();
    assert_eq!(scene.excerpt, prose);
}
