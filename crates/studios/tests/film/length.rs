//! A script of 120 pages goes the whole way.

use studios::film::{self, screenplay::Format};
use wire::imports::Recommendation;
use wire::projects::ProjectType;

use crate::fixture::Studio;
use crate::long_script::long_script;

#[tokio::test]
async fn a_script_of_120_pages_is_imported_and_exported_whole() {
    let text = long_script();
    let studio = Studio::open(ProjectType::Movie).await;
    let import = studio.propose("long.fountain", &text).await;
    let pages = import.preview.page_eighths / 8;
    assert!((110..=130).contains(&pages), "{pages} pages");
    let preview = &import.preview;
    assert_eq!((preview.scenes, preview.characters, preview.locations), (150, 12, 16));
    assert_eq!(preview.recommendation, Recommendation::Ingest);
    studio.decide(&import, wire::imports::Decision::Ingest).await.unwrap();
    let (name, file) = film::export(&studio.store, &studio.scope, Format::Fountain).await.unwrap();
    assert_eq!(name, "the-long-tide.fountain");
    assert!(file == text.as_bytes());
}
