//! The day-out-of-days: for everybody of the cast, on which days of the shoot they start, work, wait and finish.

use serde::{Deserialize, Serialize};

use super::schedule::Schedule;
use super::{Player, numbers};
use crate::film::departments::film::Film;

/// Who is needed on which day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DayOutOfDays {
    /// How many days the shoot has.
    pub days: usize,
    /// By number.
    pub rows: Vec<DaysOf>,
}

/// The days of one of the cast.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct DaysOf {
    pub number: usize,
    pub name: String,
    /// One for each day; nothing before the first and after the last on which they work.
    pub symbols: Vec<Option<Symbol>>,
    /// The first day on which they work, counted from 1.
    pub start: usize,
    /// The last.
    pub finish: usize,
    /// Days on which they work.
    pub worked: usize,
    /// Days on which they wait.
    pub held: usize,
}

/// What a day is to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Symbol {
    /// Starts and works.
    #[serde(rename = "SW")]
    StartWork,
    /// Works.
    #[serde(rename = "W")]
    Work,
    /// Waits between two days of work.
    #[serde(rename = "H")]
    Hold,
    /// Works and finishes.
    #[serde(rename = "WF")]
    WorkFinish,
    /// Starts, works and finishes on one day.
    #[serde(rename = "SWF")]
    StartWorkFinish,
}

impl Symbol {
    /// As it is written on paper.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StartWork => "SW",
            Self::Work => "W",
            Self::Hold => "H",
            Self::WorkFinish => "WF",
            Self::StartWorkFinish => "SWF",
        }
    }
}

/// Follows from the schedule.
pub(super) fn days_out(film: &Film, cast: &[Player], schedule: &Schedule) -> DayOutOfDays {
    let needed: Vec<Vec<usize>> = schedule
        .days
        .iter()
        .map(|day| day.strips.iter().flat_map(|strip| numbers(&film.scenes[strip.at], cast)).collect())
        .collect();
    let rows = cast.iter().filter_map(|player| {
        let works: Vec<bool> = needed.iter().map(|day| day.contains(&player.number)).collect();
        let (first, last) = (works.iter().position(|w| *w)?, works.iter().rposition(|w| *w)?);
        let symbol = |(at, works): (usize, &bool)| match (at == first, at == last, works) {
            (true, true, _) => Some(Symbol::StartWorkFinish),
            (true, false, _) => Some(Symbol::StartWork),
            (false, true, _) => Some(Symbol::WorkFinish),
            (.., true) => Some(Symbol::Work),
            (.., false) => (first < at && at < last).then_some(Symbol::Hold),
        };
        let worked = works.iter().filter(|works| **works).count();
        Some(DaysOf {
            number: player.number,
            name: player.name.clone(),
            symbols: works.iter().enumerate().map(symbol).collect(),
            start: first + 1,
            finish: last + 1,
            worked,
            held: last - first + 1 - worked,
        })
    });
    DayOutOfDays { days: schedule.days.len(), rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Options, production};
    use crate::film::departments::scripted::{film, sample};

    fn line(symbols: &[Option<super::Symbol>]) -> String {
        symbols.iter().map(|symbol| symbol.map_or("-", super::Symbol::as_str)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_day_between_two_of_work_is_held() {
        let page = "The rain does not stop.\n\n".repeat(26);
        let scene = |place: &str, who: &str| format!("INT. {place} - DAY\n\n{page}{who}\nYes.\n\n");
        let script = scene("A", "MARA") + &scene("B", "JOSS") + &scene("C", "MARA") + &scene("D", "PIA");
        let options = Options { eighths_per_day: 9, ..Options::default() };
        let production = production(&film(&script), &options);
        let of =
            |name: &str| line(&production.days_out.rows.iter().find(|row| row.name == name).unwrap().symbols);
        assert!(["SW WF - -", "- SW WF -", "- - SW WF"].contains(&of("Mara").as_str()), "she need not wait");
        assert_eq!(of("Joss").matches("SWF").count(), 1);
    }

    #[test]
    fn the_symbols_are_those_of_the_schedule() {
        let film = sample();
        let options = Options { eighths_per_day: 16, ..Options::default() };
        agrees(&film, &options);
    }

    /// Every symbol says whether the schedule needs the person on that day.
    fn agrees(film: &crate::film::departments::Film, options: &Options) {
        let production = production(film, options);
        for row in &production.days_out.rows {
            let person = production.cast[row.number - 1].person;
            let mut worked = 0;
            for (day, symbol) in production.schedule.days.iter().zip(&row.symbols) {
                let needed = day.strips.iter().any(|s| film.scenes[s.at].on_set().any(|who| who == person));
                let text = symbol.map_or("", super::Symbol::as_str);
                assert_eq!(needed, text.contains('W'), "{} on day {}", row.name, day.number);
                assert_eq!(text.contains('S'), day.number == row.start);
                assert_eq!(text.contains('F'), day.number == row.finish);
                assert_eq!(text == "H", !needed && row.start < day.number && day.number < row.finish);
                worked += usize::from(needed);
            }
            assert_eq!((row.worked, row.worked + row.held), (worked, row.finish - row.start + 1));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_symbols_of_any_film_are_those_of_its_schedule(
            scenes in prop::collection::vec((0u8..4, 0u8..5, 1u8..50), 1..20),
            eighths_per_day in 6u32..30,
        ) {
            let mut script = String::new();
            for (place, who, length) in scenes {
                let (place, who) = ((b'A' + place) as char, (b'A' + who) as char);
                let rain = "The rain does not stop.\n\n".repeat(usize::from(length));
                script.push_str(&format!("INT. PLACE {place} - DAY\n\n{rain}PERSON {who}\nYes.\n\n"));
            }
            agrees(&film(&script), &Options { eighths_per_day, ..Options::default() });
        }
    }
}
