//! The engines of the film's departments: each a pure function from one snapshot of the film to a typed output, by
//! stated rules and without a model. Every line of an output says where it comes from, and every output how good it is.
//!
//! | department | engine | gives |
//! |---|---|---|
//! | story | [`story`] | structure, pacing, loose ends |
//! | character | [`character`] | cast, who is with whom and speaks to whom, slips of names |
//! | visual | [`visual`] | shot list, looks |
//! | image-quality | [`image`] | what is described and shown of people and places, contradictions |
//! | video | [`video`] | animatic timing |
//! | audio | [`audio`] | cues, ambience, dialogue sheet |
//! | production | [`production`] | breakdown sheets, schedule, day-out-of-days, call sheets |
//! | all | [`continuity`] | what cannot be as it is written |
//!
//! Shot lists, timings and cue lists are also made of single scenes ([`Film::alone`]) and then put together, with the same result.
//! [`tables`] makes rows of an output, for CSV; [`pages`] makes PDF pages of what a set has on paper; [`exports`] knows which
//! files an output can be had as.

pub mod audio;
pub mod character;
pub mod continuity;
pub mod exports;
pub mod image;
pub mod pages;
pub mod production;
pub mod story;
pub mod tables;
pub mod video;
pub mod visual;

mod attributes;
mod cited;
mod film;
mod framing;
mod pronouns;
mod scene;
mod scores;
#[cfg(test)]
pub(super) mod scripted;
mod things;
mod together;
mod words;

pub use cited::Citation;
pub use film::{Daypart, Film, Person, Place, Side};
pub use scene::{Paragraph, Presence, Scene, Speech, Voice};
pub use scores::Scores;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::scripted::film;
    use super::tables::Tables;
    use super::*;

    /// Pieces of which scripts of every kind are put together, sound or not.
    const PIECES: &[&str] = &[
        "INT. BAR - DAY\n\n",
        "EXT. PIER - END - NIGHT #7A#\n\n",
        "INT./EXT. CAR - CONTINUOUS\n\n",
        ".SNIPER'S POV\n\n",
        "INT. BAR - SAME TIME\n\n",
        "MARA (34) runs. CLOSE ON her RED HAT. A BANG!\n\n",
        "MARAH (late 60s) in a blue hat, and Joss. He waits.\n\n",
        "MARA\n(to Joss)\nOne, two!\n\n",
        "JOSS (V.O.)\n~Haul away\n\n",
        "ÉMILE ^\n(\n\n",
        "MARA AND JOSS\n\n",
        "INTERCUT WITH:\n\n",
        "> FADE OUT.\n\n",
        "# ACT TWO\n\n= A summary.\n\n",
        "===\n\n",
        "[[a note]] /* cut */\n\n",
        "“Ça—” … 'S ' ’ ß ﬁ \u{1F600} שלום\n\n",
        "\n\n\n",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn no_script_and_no_option_breaks_an_engine(
            pieces in prop::collection::vec(0..PIECES.len(), 0..40),
            (some, more) in (any::<u32>(), any::<u32>()),
        ) {
            let script: String = pieces.into_iter().map(|at| PIECES[at]).collect();
            let film = film(&script);
            let visual = visual::visual(&film);
            let timing = video::Options { words_per_minute: some, seconds_per_page: more };
            let shoot = production::Options {
                eighths_per_day: some % 32,
                day_call: more,
                night_call: some,
                minutes_per_eighth: more,
                minutes_to_prepare: some,
                minutes_to_dress: more,
            };
            let animatic = video::animatic(&film, &visual.shots, &timing);
            let production = production::production(&film, &shoot);
            let (audio, image) = (audio::audio(&film), image::image(&film));
            if !film.scenes.is_empty() {
                super::together::tests::holds_of(&film);
            }
            let (cast, continuity) = (character::characters(&film), continuity::continuity(&film));
            let story = story::story(&film, &story::Options::default());
            for scores in [
                &visual.scores, &animatic.scores, &production.scores, &audio.scores, &image.scores, &cast.scores,
                &continuity.scores, &story.scores,
            ] {
                prop_assert!((0.0..=1.0).contains(&scores.completeness), "{:?}", scores);
                prop_assert!((0.0..=1.0).contains(&scores.consistency), "{:?}", scores);
                prop_assert!(!scores.reasons.is_empty());
            }
            for table in continuity.tables().iter().chain(&production.tables()) {
                prop_assert!(table.rows.iter().all(|row| row.len() == table.header.len()), "{}", table.name);
            }
            for findings in continuity.findings {
                prop_assert!(!findings.sources.is_empty());
            }
        }
    }
}
