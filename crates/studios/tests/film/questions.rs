//! Questions on the sample, answered by the brain with the film's lexicon.

use brain::Brain;
use studios::film;
use wire::orchestrator::{QueryFilters, QueryResponse};
use wire::projects::ProjectType;

use crate::fixture::Studio;

async fn ask(questions: &[&str]) -> Vec<QueryResponse> {
    let studio = Studio::open(ProjectType::Movie).await;
    let project = film::sample_project(&studio.store, studio.person).await.unwrap();
    let scope = studio.admit(project.id).await;
    let brain = Brain::new(studio.store.clone());
    let mut answers = Vec::new();
    for question in questions {
        let answer =
            brain.query(&scope, &film::LEXICON, question, QueryFilters::default(), 20).await.unwrap();
        println!("{question}\n  {:?} {:?}", answer.answer, answer.query_analysis);
        for result in &answer.results {
            println!("    {} {} {:.2}", result.r#type, result.title, result.relevance_score);
        }
        answers.push(answer);
    }
    answers
}

/// The titles of an answer's results of a type, in their order.
fn titles<'a>(answer: &'a QueryResponse, kind: &str) -> Vec<&'a str> {
    answer.results.iter().filter(|result| result.r#type == kind).map(|result| result.title.as_str()).collect()
}

#[tokio::test]
async fn questions_on_the_sample() {
    let answers = ask(&[
        "Which scenes is Pia in?",
        "Which scenes is Dr. Quill in?",
        "Who has the most dialogue?",
        "What happens at the harbour at night?",
        "Where does Mara meet Joss at night?",
        "Who is in scene 9?",
        "Who is Old Tam?",
        "How many scenes is Joss in?",
        "Which is the longest scene?",
        "How many lines does Pia have?",
        "When does Joss first appear?",
        "Who is on the ferry at night?",
        "Where is scene 3 set?",
        "Which scenes are inside at night?",
        "Who repairs the brass valve?",
        "What is the compass?",
        "Which characters are in the café?",
        "Who says \"Thank you for the rope\"?",
    ])
    .await;
    assert!(!titles(&answers[0], "scene").is_empty());
}
