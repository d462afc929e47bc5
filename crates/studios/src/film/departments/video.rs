//! Video: how long every shot and scene runs, and where it stands on the timeline of an animatic.
//!
//! Words take their time at a rate of speech. Action takes its part of the page, a page being a minute: of a scene's
//! eighths the share of its printed lines that is no speech, parted among its shots of action by the length of their text.
//! What a scene without action has for its heading is a clip without a shot. All times are whole milliseconds; parts are
//! rounded so that they add up.

use kernel::EntityId;
use serde::{Deserialize, Serialize};

use super::film::Film;
use super::scene::Scene;
use super::scores::{Scores, Tally};
use super::visual::Shot;

/// What is wanted of the engine. A value out of its range is taken for the nearest in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// Words spoken in a minute, 1 to 1000; unhurried talk is about 150.
    pub words_per_minute: u32,
    /// Seconds that a page of action takes, 1 to 3600.
    pub seconds_per_page: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { words_per_minute: 150, seconds_per_page: 60 }
    }
}

/// The timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Animatic {
    /// The whole, in milliseconds.
    pub millis: u64,
    /// The whole by the rule of a minute to the page, to compare.
    pub by_pages_millis: u64,
    #[allow(missing_docs)]
    pub scenes: Vec<SceneTime>,
    /// One after the other, without a gap.
    pub clips: Vec<Clip>,
    #[allow(missing_docs)]
    pub scores: Scores,
}

/// A scene on the timeline; times in milliseconds from the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct SceneTime {
    pub scene: String,
    pub record: EntityId,
    pub starts: u64,
    pub ends: u64,
    pub dialogue: u64,
    pub action: u64,
}

/// A shot on the timeline; times in milliseconds from the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Clip {
    /// The shot's number; nothing for the time that a scene without action has for its heading.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shot: Option<String>,
    /// The scene's number.
    pub scene: String,
    #[allow(missing_docs)]
    pub record: EntityId,
    #[allow(missing_docs)]
    pub starts: u64,
    #[allow(missing_docs)]
    pub ends: u64,
}

/// A time as an edit list writes it, to the hundredth: `00:01:07.25`.
#[must_use]
pub fn timecode(millis: u64) -> String {
    let (seconds, hundredths) = (millis / 1000, millis % 1000 / 10);
    format!("{:02}:{:02}:{:02}.{hundredths:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Lays the shots on a timeline.
#[must_use]
pub fn animatic(film: &Film, shots: &[Shot], options: &Options) -> Animatic {
    let options = &Options {
        words_per_minute: options.words_per_minute.clamp(1, 1_000),
        seconds_per_page: options.seconds_per_page.clamp(1, 3_600),
    };
    let mut clips: Vec<Clip> = Vec::new();
    let mut scenes = Vec::with_capacity(film.scenes.len());
    let mut now = 0;
    for scene in &film.scenes {
        let own: Vec<&Shot> = shots.iter().filter(|shot| shot.record == scene.id).collect();
        let starts = now;
        let times = times(scene, &own, options);
        let shots = own.iter().map(|shot| Some(shot.number.clone()));
        let shots = shots.chain((times.len() > own.len()).then_some(None));
        for (shot, millis) in shots.zip(&times) {
            let clip =
                Clip { shot, scene: scene.number.clone(), record: scene.id, starts: now, ends: now + millis };
            now = clip.ends;
            clips.push(clip);
        }
        let spoken = own.iter().zip(&times).filter(|(shot, _)| shot.words > 0).map(|(_, millis)| millis);
        let dialogue: u64 = spoken.sum();
        scenes.push(SceneTime {
            scene: scene.number.clone(),
            record: scene.id,
            starts,
            ends: now,
            dialogue,
            action: now - starts - dialogue,
        });
    }
    let by_pages = u64::from(film.eighths()) * u64::from(options.seconds_per_page) * 125;
    let timed = clips.iter().filter(|clip| clip.ends > clip.starts && clip.shot.is_some()).count();
    // A scene whose time is more than twice, or less than half, of what its pages say was laid out strangely.
    let likely = film.scenes.iter().zip(&scenes).filter(|(scene, time)| {
        let (own, page) =
            (time.ends - time.starts, u64::from(scene.eighths) * u64::from(options.seconds_per_page) * 125);
        own <= page * 2 + 5_000 && own * 2 + 5_000 >= page
    });
    let scores = Tally::default()
        .complete(timed, shots.len(), "shots have a duration")
        .complete(
            scenes.iter().filter(|time| time.ends > time.starts).count(),
            scenes.len(),
            "scenes have a duration",
        )
        .consistent(likely.count(), scenes.len(), "scenes run about as long as their pages say")
        .scores();
    Animatic { millis: now, by_pages_millis: by_pages, scenes, clips, scores }
}

/// The time of each shot; and, where there is no shot of action, that of the heading after them.
fn times(scene: &Scene, shots: &[&Shot], options: &Options) -> Vec<u64> {
    let page = f64::from(options.seconds_per_page) * 1000.0;
    let action = (f64::from(scene.eighths) / 8.0 * page * scene.action_share).round() as u64;
    let letters: u64 =
        shots.iter().filter(|shot| shot.words == 0).map(|shot| shot.description.chars().count() as u64).sum();
    let mut told = 0;
    let mut times: Vec<u64> = shots
        .iter()
        .map(|shot| {
            if shot.words > 0 {
                return u64::from(shot.words) * 60_000 / u64::from(options.words_per_minute);
            }
            let before = told;
            told += shot.description.chars().count() as u64;
            action * told / letters.max(1) - action * before / letters.max(1)
        })
        .collect();
    if letters == 0 {
        times.push(action);
    }
    times
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{film, sample};
    use super::super::visual::visual;
    use super::*;

    fn of(film: &Film) -> Animatic {
        animatic(film, &visual(film).shots, &Options::default())
    }

    #[test]
    fn words_run_at_the_rate_of_speech() {
        let words = "word ".repeat(150);
        let film = film(&format!("INT. A - DAY\n\nRain.\n\nMARA\n{words}\n"));
        assert_eq!(of(&film).scenes[0].dialogue, 60_000);
        let shots = visual(&film).shots;
        let slow = Options { words_per_minute: 75, ..Options::default() };
        assert_eq!(animatic(&film, &shots, &slow).scenes[0].dialogue, 120_000);
    }

    #[test]
    fn a_page_of_action_is_a_minute() {
        let film = film(&format!("INT. A - DAY\n\n{}", "She waits.\n\n".repeat(26)));
        assert_eq!(of(&film).millis, 60_000);
    }

    #[test]
    fn the_clips_of_the_sample_follow_each_other_without_a_gap() {
        let animatic = of(&sample());
        let mut now = 0;
        for clip in &animatic.clips {
            assert_eq!(clip.starts, now);
            now = clip.ends;
        }
        assert_eq!(now, animatic.millis);
        let scenes: u64 = animatic.scenes.iter().map(|time| time.dialogue + time.action).sum();
        assert_eq!(scenes, animatic.millis);
        assert_eq!(animatic.scores.completeness, 1.0);
    }

    #[test]
    fn a_scene_of_speech_alone_still_has_the_time_of_its_heading() {
        let animatic = of(&film("INT. A - DAY\n\nMARA\nYes.\n"));
        assert_eq!(animatic.clips.len(), 2);
        assert_eq!((animatic.clips[1].shot.as_deref(), animatic.scenes[0].dialogue), (None, 400));
        assert!(animatic.scenes[0].action > 0);
    }

    #[test]
    fn a_time_is_written_to_the_hundredth() {
        assert_eq!(timecode(3_667_254), "01:01:07.25");
    }
}
