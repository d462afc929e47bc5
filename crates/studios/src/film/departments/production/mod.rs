//! Production: what a shoot needs on paper, from one plan: breakdown sheets, strip schedule, day-out-of-days, call sheets.

pub mod calls;
pub mod dood;
pub mod schedule;
pub mod sheets;

mod rows;

use serde::{Deserialize, Serialize};

use super::film::{Daypart, Film};
use super::scene::Scene;
use super::scores::{Scores, Tally};
use calls::CallSheet;
use dood::DayOutOfDays;
use schedule::Schedule;
use sheets::Sheet;

/// What is wanted of the engine. Minutes beyond a day are taken for a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Options {
    /// The most that is shot in a day, in eighths of a page, at least 1; five pages are usual.
    pub eighths_per_day: u32,
    /// When the crew is called to a day that begins in daylight, in minutes after midnight.
    pub day_call: u32,
    /// When the crew is called to a day that begins at night, in minutes after midnight.
    pub night_call: u32,
    /// How long an eighth of a page takes to shoot, in minutes: ten hours for five pages are 15.
    pub minutes_per_eighth: u32,
    /// How long lights and camera take before the first shot, in minutes.
    pub minutes_to_prepare: u32,
    /// How long before they are needed the cast are called, in minutes.
    pub minutes_to_dress: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            eighths_per_day: 40,
            day_call: 7 * 60,
            night_call: 17 * 60,
            minutes_per_eighth: 15,
            minutes_to_prepare: 60,
            minutes_to_dress: 60,
        }
    }
}

impl Options {
    fn bounded(self) -> Self {
        const DAY: u32 = 24 * 60;
        Self {
            eighths_per_day: self.eighths_per_day.max(1),
            day_call: self.day_call.min(DAY),
            night_call: self.night_call.min(DAY),
            minutes_per_eighth: self.minutes_per_eighth.min(DAY),
            minutes_to_prepare: self.minutes_to_prepare.min(DAY),
            minutes_to_dress: self.minutes_to_dress.min(DAY),
        }
    }
}

/// What a shoot needs on paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Production {
    /// The film's title.
    pub title: String,
    /// Who plays, by number; on all sheets the number stands for them.
    pub cast: Vec<Player>,
    /// One for each scene, in the order of the script.
    pub sheets: Vec<Sheet>,
    #[allow(missing_docs)]
    pub schedule: Schedule,
    #[allow(missing_docs)]
    pub days_out: DayOutOfDays,
    /// One for each day.
    pub calls: Vec<CallSheet>,
    #[allow(missing_docs)]
    pub scores: Scores,
}

/// Someone of the cast with their number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Player {
    /// Counted from 1; who is in most scenes is first.
    pub number: usize,
    #[allow(missing_docs)]
    pub name: String,
    /// Their place among the film's people.
    pub person: usize,
}

/// In what light a scene is shot, in the order of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Light {
    #[allow(missing_docs)]
    Dawn,
    /// Morning to afternoon, and where no time is told.
    Day,
    #[allow(missing_docs)]
    Dusk,
    /// Evening and night.
    Night,
}

impl Light {
    pub(super) fn of(scene: &Scene) -> Self {
        match scene.daypart {
            Some(Daypart::Dawn) => Self::Dawn,
            Some(Daypart::Dusk) => Self::Dusk,
            Some(Daypart::Evening | Daypart::Night) => Self::Night,
            _ => Self::Day,
        }
    }
}

/// A length as sheets write it: `1 3/8`.
#[must_use]
pub fn pages(eighths: u32) -> String {
    match (eighths / 8, eighths % 8) {
        (0, rest) => format!("{rest}/8"),
        (whole, 0) => format!("{whole}"),
        (whole, rest) => format!("{whole} {rest}/8"),
    }
}

/// Plans the shoot.
#[must_use]
pub fn production(film: &Film, options: &Options) -> Production {
    let options = options.bounded();
    let cast = players(film);
    let sheets = sheets::sheets(film, &cast);
    let schedule = schedule::schedule(film, &options);
    let days_out = dood::days_out(film, &cast, &schedule);
    let calls = calls::calls(&sheets, &schedule, &days_out, &options);
    let scenes = film.scenes.len();
    let with = |has: fn(&&Scene) -> bool| film.scenes.iter().filter(has).count();
    let fitting = schedule.days.iter().filter(|day| !day.over).count();
    let scores = Tally::default()
        .complete(with(|scene| scene.place.is_some()), scenes, "scenes have a place")
        .complete(with(|scene| scene.daypart.is_some()), scenes, "scenes have a time of day")
        .complete(with(|scene| scene.side.is_some()), scenes, "scenes are inside or outside")
        .complete(with(|scene| scene.on_set().next().is_some()), scenes, "scenes have somebody on the set")
        .consistent(fitting, schedule.days.len(), "shooting days keep to the pages of a day")
        .scores();
    Production { title: film.title.clone(), cast, sheets, schedule, days_out, calls, scores }
}

/// The cast, numbered by how many scenes need them on the set, then by how much they say.
fn players(film: &Film) -> Vec<Player> {
    let mut ranked: Vec<(usize, u32, usize)> = (0..film.people.len())
        .map(|who| {
            let scenes = film.scenes_of(who).filter(|(_, _, presence)| presence.on_set).count();
            (scenes, film.scenes_of(who).map(|(.., presence)| presence.words).sum(), who)
        })
        .filter(|(scenes, ..)| *scenes > 0)
        .collect();
    ranked.sort_by_key(|(scenes, words, who)| (std::cmp::Reverse((*scenes, *words)), *who));
    ranked
        .into_iter()
        .enumerate()
        .map(|(at, (_, _, person))| Player { number: at + 1, name: film.people[person].name.clone(), person })
        .collect()
}

/// The numbers of those whom a scene needs on the set, in order.
fn numbers(scene: &Scene, cast: &[Player]) -> Vec<usize> {
    let on_set: Vec<usize> = scene.on_set().collect();
    cast.iter().filter(|player| on_set.contains(&player.person)).map(|player| player.number).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scripted::sample;
    use super::*;

    #[test]
    fn a_length_is_written_in_pages_and_eighths() {
        assert_eq!([3, 8, 11, 0].map(pages), ["3/8", "1", "1 3/8", "0/8"]);
    }

    #[test]
    fn the_cast_is_numbered_by_its_scenes_and_voices_are_not_called() {
        let film = sample();
        let production = production(&film, &Options::default());
        let names: Vec<&str> = production.cast.iter().map(|player| player.name.as_str()).collect();
        assert_eq!(names[..2], ["Mara", "Joss"]);
        assert!(!names.contains(&"Radio Voice"), "{names:?}");
        assert!(production.cast.iter().enumerate().all(|(at, player)| player.number == at + 1));
    }

    #[test]
    fn the_eighths_of_sheets_schedule_and_script_are_the_same() {
        let film = sample();
        let production = production(&film, &Options::default());
        let sheets: u32 = production.sheets.iter().map(|sheet| sheet.eighths).sum();
        let days: u32 = production.schedule.days.iter().map(|day| day.eighths).sum();
        let calls: u32 = production.calls.iter().map(|call| call.eighths).sum();
        assert_eq!((sheets, days, calls), (film.eighths(), film.eighths(), film.eighths()));
    }
}
