//! Breakdown sheets: a page for each scene, with a box for each kind of thing that it needs.

use kernel::Result;

use super::paper::{LEADING, MARGIN, Paper, Shade, Type};
use super::{Size, daypart, paged, side, strip_shade};
use crate::film::departments::production::sheets::{Needed, Sheet};
use crate::film::departments::production::{Production, pages};

/// Boxes beside each other.
const ACROSS: usize = 2;
/// The most things that a box lists; two lines of each fit a page.
const MOST: usize = 24;
/// The room between boxes, in points.
const GAP: f32 = 8.0;

pub(super) fn draw(production: &Production, size: Size) -> Result<Paper> {
    let mut paper = Paper::new(size, false, format!("{} – breakdown sheets", production.title))?;
    for sheet in &production.sheets {
        page(&mut paper, &production.title, sheet);
    }
    Ok(paper)
}

fn page(paper: &mut Paper, title: &str, sheet: &Sheet) {
    paper.head.clear();
    let top = paper.page();
    paper.head = format!("{title} – scene {}, continued", sheet.scene);
    let (left, right) = (MARGIN, MARGIN + paper.room());
    paper.text(left, top + 10.0, Type::plain(9.0).shaded(Shade::GREY), title);
    paper.text_to(right, top + 10.0, Type::plain(9.0).shaded(Shade::GREY), "Breakdown sheet");
    let band = top + 18.0;
    let shade = strip_shade(sheet.side, sheet.light);
    let heading = paper.cut(&sheet.heading, Type::bold(13.0), paper.room() - 160.0, 4);
    let height = (heading.len() as f32 * 13.0 * LEADING + 16.0).max(40.0);
    paper.frame((left, band), (paper.room(), height), Some(shade), Some(Shade::LINE));
    paper.text(left + 8.0, band + 26.0, Type::bold(20.0), &sheet.scene);
    for (at, line) in heading.iter().enumerate() {
        paper.text(left + 60.0, band + 24.0 + at as f32 * 13.0 * LEADING, Type::bold(13.0), line);
    }
    paper.text_to(right - 8.0, band + 24.0, Type::bold(11.0), &paged(sheet.eighths));
    let mut y = facts(paper, band + height + 6.0, sheet);
    let what = if sheet.synopsis.is_empty() { "–" } else { &sheet.synopsis };
    y = paper.column((left, y), paper.room(), Type::plain(10.0), what, 8) + 8.0;
    boxes(paper, y, sheet);
}

/// The line of facts under the heading.
fn facts(paper: &mut Paper, top: f32, sheet: &Sheet) -> f32 {
    let facts = [
        ("Int./Ext.", side(sheet.side).to_owned()),
        ("Set", sheet.set.clone()),
        ("Time", daypart(sheet.daypart).to_owned()),
        ("Story day", sheet.story_day.to_string()),
        ("Starts at page", pages(sheet.starts + 8)),
    ];
    let width = paper.room() / 6.0;
    let mut x = MARGIN;
    let mut end = top;
    for (label, value) in facts {
        // The set may be long, and has twice the room.
        let own = if label == "Set" { width * 2.0 } else { width };
        paper.text(x, top + 8.0, Type::plain(7.5).shaded(Shade::GREY), label);
        end = end.max(paper.column((x, top + 10.0), own - 6.0, Type::bold(9.5), &value, 4));
        x += own;
    }
    end + 8.0
}

fn boxes(paper: &mut Paper, top: f32, sheet: &Sheet) {
    let cast = sheet.cast.iter().map(|player| format!("{}  {}", player.number, player.name)).collect();
    let all: [(&str, Vec<String>); 6] = [
        ("Cast", cast),
        ("Voices", sheet.voices.clone()),
        ("Background", needed(&sheet.background)),
        ("Props", needed(&sheet.props)),
        ("Sounds", needed(&sheet.sounds)),
        ("Vehicles, animals, effects", needed(&sheet.special)),
    ];
    let (set, width) = (Type::plain(9.0), (paper.room() - GAP) / ACROSS as f32);
    let line = set.size * LEADING;
    let mut y = top;
    for pair in all.chunks(ACROSS) {
        let wrapped: Vec<Vec<String>> = pair
            .iter()
            .map(|(_, items)| {
                let shown = items.iter().take(MOST).map(String::as_str);
                let more = items.len().saturating_sub(MOST);
                let more = (more > 0).then(|| format!("and {more} more"));
                let all = shown.chain(more.as_deref());
                all.flat_map(|item| paper.cut(item, set, width - 12.0, 2)).collect()
            })
            .collect();
        let most = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        let height = most.max(4) as f32 * line + 26.0;
        if y + height > paper.bottom() {
            y = paper.page();
        }
        for (at, ((label, _), lines)) in pair.iter().zip(&wrapped).enumerate() {
            let x = MARGIN + at as f32 * (width + GAP);
            paper.frame((x, y), (width, height), None, Some(Shade::LINE));
            paper.frame((x, y), (width, 16.0), Some(Shade::HEAD), Some(Shade::LINE));
            paper.text(x + 6.0, y + 11.5, Type::bold(8.5), label);
            for (at, text) in lines.iter().enumerate() {
                paper.text(x + 6.0, y + 20.0 + set.size + at as f32 * line, set, text);
            }
        }
        y += height + GAP;
    }
    if y + 60.0 > paper.bottom() {
        return;
    }
    paper.frame((MARGIN, y), (paper.room(), paper.bottom() - y), None, Some(Shade::LINE));
    paper.text(MARGIN + 6.0, y + 11.5, Type::bold(8.5), "Notes");
}

fn needed(needed: &[Needed]) -> Vec<String> {
    let line = |needed: &Needed| needed.source.line.map_or(String::new(), |line| format!(" · line {line}"));
    needed.iter().map(|needed| format!("{}{}", needed.name, line(needed))).collect()
}
