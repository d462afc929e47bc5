//! What a set has on paper: breakdown sheets, strip board, day-out-of-days and call sheets, as PDF pages.

mod board;
mod calls;
mod dood;
mod grid;
mod paper;
mod sheets;

use kernel::Result;
use serde::{Deserialize, Serialize};

use super::film::{Daypart, Side};
use super::production::{Light, Player, Production, pages};
use paper::Shade;

/// The paper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Size {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 8.5 × 11 in.
    Letter,
}

/// The breakdown sheets, one scene to a page.
///
/// # Errors
/// `INTERNAL` when the pages cannot be written.
pub fn breakdown(production: &Production, size: Size) -> Result<Vec<u8>> {
    sheets::draw(production, size)?.pdf()
}

/// The strips in the order of shooting, with an end to each day.
///
/// # Errors
/// `INTERNAL` when the pages cannot be written.
pub fn strip_board(production: &Production, size: Size) -> Result<Vec<u8>> {
    board::draw(production, size)?.pdf()
}

/// The day-out-of-days.
///
/// # Errors
/// `INTERNAL` when the pages cannot be written.
pub fn day_out_of_days(production: &Production, size: Size) -> Result<Vec<u8>> {
    dood::draw(production, size)?.pdf()
}

/// The call sheets, each day on a page of its own.
///
/// # Errors
/// `INTERNAL` when the pages cannot be written.
pub fn call_sheets(production: &Production, size: Size) -> Result<Vec<u8>> {
    calls::draw(production, size)?.pdf()
}

/// The colour of a strip, as boards have them: white and yellow by day, blue and green by night, pink and orange between.
fn strip_shade(side: Option<Side>, light: Light) -> Shade {
    match (light, side) {
        (Light::Day, Some(Side::Int)) => Shade::WHITE,
        (Light::Day, _) => Shade(255, 247, 190),
        (Light::Night, Some(Side::Int)) => Shade(205, 222, 247),
        (Light::Night, _) => Shade(205, 235, 205),
        (Light::Dawn, _) => Shade(250, 218, 226),
        (Light::Dusk, _) => Shade(253, 224, 196),
    }
}

fn side(side: Option<Side>) -> &'static str {
    side.map_or("–", Side::as_str)
}

fn daypart(daypart: Option<Daypart>) -> &'static str {
    daypart.map_or("–", Daypart::as_str)
}

/// `1, 2, 5`.
fn numbers(cast: &[Player]) -> String {
    cast.iter().map(|player| player.number.to_string()).collect::<Vec<_>>().join(", ")
}

/// `1 page`, `7/8 pages`, `1 3/8 pages`.
fn paged(eighths: u32) -> String {
    format!("{} page{}", pages(eighths), if eighths == 8 { "" } else { "s" })
}

/// `1 scene`, `3 scenes`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::super::production::sheets::Needed;
    use super::super::production::{Options, production};
    use super::super::scripted::{film, sample};
    use super::*;

    /// The texts of each page, as a reader of PDF finds them.
    fn texts(pdf: &[u8]) -> Vec<String> {
        let document = lopdf::Document::load_mem(pdf).unwrap();
        let pages = document.get_pages();
        pages.keys().map(|page| document.extract_text(&[*page]).unwrap().replace('\n', " ")).collect()
    }

    #[test]
    fn every_scene_has_a_breakdown_sheet_and_letters_of_many_tongues_are_kept() {
        let film = sample();
        let pages = texts(&breakdown(&production(&film, &Options::default()), Size::A4).unwrap());
        assert_eq!(pages.len(), film.scenes.len());
        assert!(pages[2].contains("Café Lighthouse"), "{}", pages[2]);
        let film = self::film("INT. ŻÓŁĆ - DAY\n\nÜmit, Αθηνά, Ёлка — here.\n\nŻANETA\nTak.\n");
        let pages = texts(&breakdown(&production(&film, &Options::default()), Size::Letter).unwrap());
        assert!(pages[0].contains("Żaneta") && pages[0].contains("Αθηνά") && pages[0].contains("Ёлка —"));
    }

    #[test]
    fn the_board_has_every_strip_and_an_end_to_every_day() {
        let production = production(&sample(), &Options::default());
        let pages = texts(&strip_board(&production, Size::A4).unwrap()).join(" ");
        for sheet in &production.sheets {
            assert!(pages.contains(&sheet.set), "{}", sheet.set);
        }
        for day in &production.schedule.days {
            assert!(pages.contains(&format!("End of day {}", day.number)));
        }
    }

    #[test]
    fn each_day_has_a_call_sheet_with_its_cast() {
        let production = production(&sample(), &Options { eighths_per_day: 16, ..Options::default() });
        let pages = texts(&call_sheets(&production, Size::A4).unwrap());
        assert_eq!(pages.len(), production.calls.len());
        for (page, call) in pages.iter().zip(&production.calls) {
            assert!(page.contains(&format!("Day {} of {}", call.day, call.of)), "{page}");
            assert!(call.cast.iter().all(|player| page.contains(&player.name)), "{page}");
        }
    }

    #[test]
    fn nothing_is_drawn_below_the_edge_of_a_page_however_much_there_is() {
        let mut production = production(&sample(), &Options::default());
        let source = production.sheets[0].props[0].source.clone();
        let thing = |n: usize| Needed {
            name: format!("thing {n} {}", "of brass ".repeat(20)),
            source: source.clone(),
        };
        for sheet in production.sheets.iter_mut().chain(
            production.calls.iter_mut().flat_map(|call| call.scenes.iter_mut().map(|scene| &mut scene.sheet)),
        ) {
            sheet.synopsis = "They wait for it. ".repeat(1_000);
            sheet.heading = "EXT. A PLACE WITH A NAME ".repeat(8);
            sheet.set = sheet.heading.clone();
            sheet.props = (0..90).map(thing).collect();
        }
        for call in &mut production.calls {
            call.needs.props = (0..500).map(|n| format!("thing {n}")).collect();
            call.places = (0..90).map(|n| format!("place {n}")).collect();
            call.notes = (0..90).map(|n| format!("note {n} {}", "and more ".repeat(60))).collect();
        }
        for size in [Size::A4, Size::Letter] {
            for paper in [
                sheets::draw(&production, size),
                board::draw(&production, size),
                dood::draw(&production, size),
                calls::draw(&production, size),
            ] {
                let paper = paper.unwrap();
                // The legend of the day-out-of-days stands 8 points below its table.
                assert!(paper.lowest() <= paper.bottom() + 8.0, "{} {}", paper.lowest(), paper.bottom());
            }
        }
    }

    #[test]
    fn a_long_shoot_goes_on_over_pages_without_losing_a_day_or_a_name() {
        let scene = |n: usize| {
            let name = ["ADA", "BEN", "CEM", "DOV", "EVA", "FAY"][n % 6];
            format!("INT. ROOM {n} - DAY\n\n{}{name} {}\nYes.\n\n", "Rain falls.\n\n".repeat(20), n % 40)
        };
        let script: String = (0..120).map(scene).collect();
        let production = production(&film(&script), &Options { eighths_per_day: 14, ..Options::default() });
        assert!(production.days_out.days > 40);
        let pages = texts(&day_out_of_days(&production, Size::A4).unwrap()).join(" ");
        assert!(production.cast.iter().all(|player| pages.contains(&player.name)));
        assert!(pages.contains(&production.days_out.days.to_string()));
    }
}
