//! Call sheets: for each day who is wanted where and when, and what is to be brought.
//!
//! The crew is called at the day's call; two hours before it if the first scene is at dawn, at the night's call if it is
//! at night, and two hours before that if it is at dusk. The first shot follows after preparing. A scene takes its eighths
//! times the minutes of an eighth. A scene outside at night waits for the dark: it does not begin before the first shot
//! after a night's call; inside, windows are blacked out. Who plays is called so long before their first scene as dressing takes. Calls fall on quarters of hours.

use serde::{Deserialize, Serialize};

use super::dood::{DayOutOfDays, Symbol};
use super::schedule::{Day, Schedule};
use super::sheets::{Needed, Sheet};
use super::{Light, Options};
use crate::film::departments::film::Side;

/// A day of the shoot on paper. Times are minutes after midnight, and go on after 24:00.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct CallSheet {
    /// Counted from 1.
    pub day: usize,
    /// How many days the shoot has.
    pub of: usize,
    pub eighths: u32,
    pub crew_call: u32,
    /// When the last scene should be done.
    pub wrap: u32,
    /// The places, in the order in which they come.
    pub places: Vec<String>,
    pub scenes: Vec<CallScene>,
    pub cast: Vec<CastCall>,
    pub needs: Needs,
    /// What to mind, in words.
    pub notes: Vec<String>,
    /// The scenes of the day after, in words.
    pub next: Vec<String>,
}

/// A scene of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallScene {
    /// When it begins.
    pub starts: u32,
    /// What it needs.
    pub sheet: Sheet,
}

/// When somebody is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct CastCall {
    pub number: usize,
    pub name: String,
    /// What the day is to them.
    pub status: Symbol,
    /// The numbers of their scenes.
    pub scenes: Vec<String>,
    /// When they come.
    pub call: u32,
    /// When they are on the set.
    pub on_set: u32,
}

/// What is to be brought, with the scenes that want it: `Compass (3, 7)`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Needs {
    pub props: Vec<String>,
    pub sounds: Vec<String>,
    pub background: Vec<String>,
    pub special: Vec<String>,
}

/// A time as a call sheet writes it: `07:00`; after midnight `01:15 (+1)`.
#[must_use]
pub fn clock(minutes: u32) -> String {
    let time = format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
    if minutes < 24 * 60 { time } else { format!("{time} (+{})", minutes / (24 * 60)) }
}

/// A sheet for each day of the schedule.
pub(super) fn calls(
    sheets: &[Sheet],
    schedule: &Schedule,
    days_out: &DayOutOfDays,
    options: &Options,
) -> Vec<CallSheet> {
    let of = schedule.days.len();
    let call = |(at, day): (usize, &Day)| {
        let next = schedule.days.get(at + 1).map(|next| {
            let told = |strip: &super::schedule::Strip| {
                let sheet = &sheets[strip.at];
                format!(
                    "{} – {} – {} – {}",
                    sheet.scene,
                    sheet.heading,
                    super::pages(sheet.eighths),
                    sheet.set
                )
            };
            next.strips.iter().map(told).collect()
        });
        Caller { day, sheets, days_out, options }.sheet(of, next.unwrap_or_default())
    };
    schedule.days.iter().enumerate().map(call).collect()
}

struct Caller<'a> {
    day: &'a Day,
    sheets: &'a [Sheet],
    days_out: &'a DayOutOfDays,
    options: &'a Options,
}

impl Caller<'_> {
    fn sheet(&self, of: usize, next: Vec<String>) -> CallSheet {
        let crew_call = self.crew_call();
        let mut notes = Vec::new();
        if self.day.over {
            notes.push("The scene is longer than a day should be; split it, or begin early.".to_owned());
        }
        let mut now = crew_call + self.options.minutes_to_prepare;
        let dark = self.options.night_call + self.options.minutes_to_prepare;
        let mut scenes: Vec<CallScene> = Vec::new();
        for strip in &self.day.strips {
            let sheet = self.sheets[strip.at].clone();
            let inside = sheet.side == Some(Side::Int);
            if sheet.light == Light::Dawn && !inside && !scenes.is_empty() {
                notes.push(format!("Scene {} plays at dawn and comes after first light.", sheet.scene));
            }
            if sheet.light == Light::Night && !inside && now < dark {
                notes.push(format!("Scene {} waits for the dark from {} on.", sheet.scene, clock(now)));
                now = dark;
            }
            let place =
                scenes.last().map(|before| before.sheet.set != sheet.set && !same_place(before, &sheet));
            if place == Some(true) {
                notes.push(format!("Move to {} before scene {}.", sheet.set, sheet.scene));
            }
            let minutes = sheet.eighths * self.options.minutes_per_eighth;
            scenes.push(CallScene { starts: now, sheet });
            now += minutes;
        }
        let mut places: Vec<String> = self.day.strips.iter().map(|strip| strip.place.clone()).collect();
        places.dedup();
        places.retain(|place| !place.is_empty());
        CallSheet {
            day: self.day.number,
            of,
            eighths: self.day.eighths,
            crew_call,
            wrap: now,
            places,
            cast: self.cast(&scenes),
            needs: needs(&scenes),
            scenes,
            notes,
            next,
        }
    }

    fn crew_call(&self) -> u32 {
        const EARLIER: u32 = 120;
        match self.day.strips.first().map(|strip| strip.light) {
            Some(Light::Dawn) => self.options.day_call.saturating_sub(EARLIER),
            Some(Light::Dusk) => self.options.night_call.saturating_sub(EARLIER),
            Some(Light::Night) => self.options.night_call,
            Some(Light::Day) | None => self.options.day_call,
        }
    }

    fn cast(&self, scenes: &[CallScene]) -> Vec<CastCall> {
        let called = self.days_out.rows.iter().filter_map(|row| {
            let status = row.symbols.get(self.day.number - 1).copied().flatten()?;
            let own: Vec<&CallScene> = scenes
                .iter()
                .filter(|scene| scene.sheet.cast.iter().any(|player| player.number == row.number))
                .collect();
            let on_set = own.first()?.starts;
            let call = on_set.saturating_sub(self.options.minutes_to_dress) / 15 * 15;
            Some(CastCall {
                number: row.number,
                name: row.name.clone(),
                status,
                scenes: own.iter().map(|scene| scene.sheet.scene.clone()).collect(),
                call,
                on_set,
            })
        });
        called.collect()
    }
}

/// Whether two sets are parts of one place: what stands before the dash is the same.
fn same_place(before: &CallScene, sheet: &Sheet) -> bool {
    let place = |set: &str| set.split(" – ").next().map(str::to_owned);
    place(&before.sheet.set) == place(&sheet.set)
}

fn needs(scenes: &[CallScene]) -> Needs {
    type Of = fn(&Sheet) -> &Vec<Needed>;
    let gather = |of: Of| {
        let mut found: Vec<(String, Vec<&str>)> = Vec::new();
        for scene in scenes {
            for needed in of(&scene.sheet) {
                match found.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(&needed.name)) {
                    Some((_, known)) => known.push(&scene.sheet.scene),
                    None => found.push((needed.name.clone(), vec![&scene.sheet.scene])),
                }
            }
        }
        found.into_iter().map(|(name, scenes)| format!("{name} ({})", scenes.join(", "))).collect()
    };
    Needs {
        props: gather(|sheet| &sheet.props),
        sounds: gather(|sheet| &sheet.sounds),
        background: gather(|sheet| &sheet.background),
        special: gather(|sheet| &sheet.special),
    }
}

#[cfg(test)]
mod tests {
    use super::super::production;
    use super::*;
    use crate::film::departments::scripted::{film, sample};

    #[test]
    fn everybody_is_called_before_their_first_scene_and_nobody_who_is_not_in_one() {
        let production = production(&sample(), &Options::default());
        for call in &production.calls {
            for player in &call.cast {
                let first = call.scenes.iter().find(|scene| scene.sheet.scene == player.scenes[0]).unwrap();
                assert_eq!(player.on_set, first.starts);
                assert!(player.call + 60 <= player.on_set && player.call % 15 == 0);
                assert!(player.status.as_str().contains('W'));
            }
            let wanted: Vec<usize> =
                call.scenes.iter().flat_map(|scene| &scene.sheet.cast).map(|player| player.number).collect();
            assert!(wanted.iter().all(|number| call.cast.iter().any(|player| player.number == *number)));
        }
        assert!(production.calls.iter().all(|call| call.of == production.calls.len()));
    }

    #[test]
    fn a_scene_outside_at_night_waits_for_the_dark() {
        let script = "EXT. A - DAY\n\nX.\n\nEXT. A - NIGHT\n\nX.\n";
        let call = &production(&film(script), &Options::default()).calls[0];
        assert_eq!(
            (clock(call.crew_call).as_str(), clock(call.scenes[0].starts).as_str()),
            ("07:00", "08:00")
        );
        assert_eq!(clock(call.scenes[1].starts), "18:00");
        assert_eq!(call.notes, ["Scene 2 waits for the dark from 08:15 on."]);
        let inside = &production(&film(&script.replace("EXT", "INT")), &Options::default()).calls[0];
        assert_eq!(clock(inside.scenes[1].starts), "08:15");
    }

    #[test]
    fn a_thing_that_several_scenes_want_is_listed_once() {
        let script = "INT. A - DAY\n\nShe holds a LANTERN.\n\nINT. A - DAY\n\nThe LANTERN and a dog.\n";
        let call = &production(&film(script), &Options::default()).calls[0];
        assert_eq!(call.needs.props, ["Lantern (1, 2)"]);
        assert_eq!(call.needs.special, ["dog (2)"]);
    }

    #[test]
    fn a_time_after_midnight_says_so() {
        assert_eq!([420, 25 * 60 + 15].map(clock), ["07:00", "01:15 (+1)"]);
    }
}
