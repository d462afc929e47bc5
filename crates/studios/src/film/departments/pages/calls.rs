//! Call sheets: a day to a page, with its scenes, who is wanted when, and what is to be brought.

use kernel::Result;

use super::grid::{self, Row};
use super::paper::{MARGIN, Paper, Shade, Type};
use super::{Size, counted, daypart, numbers, paged, side, strip_shade};
use crate::film::departments::production::calls::{CallSheet, clock};
use crate::film::departments::production::{Production, pages};

pub(super) fn draw(production: &Production, size: Size) -> Result<Paper> {
    let mut paper = Paper::new(size, false, format!("{} – call sheets", production.title))?;
    for call in &production.calls {
        page(&mut paper, &production.title, call);
    }
    if production.calls.is_empty() {
        let y = paper.page();
        paper.text(MARGIN, y + 16.0, Type::plain(11.0), "There is no scene to shoot yet.");
    }
    Ok(paper)
}

fn page(paper: &mut Paper, title: &str, call: &CallSheet) {
    let mut y = head(paper, title, call);
    let scenes: Vec<Row> = call
        .scenes
        .iter()
        .map(|scene| {
            let sheet = &scene.sheet;
            let cells = vec![
                clock(scene.starts),
                sheet.scene.clone(),
                format!("{} {}", side(sheet.side), sheet.set),
                sheet.synopsis.clone(),
                daypart(sheet.daypart).to_owned(),
                numbers(&sheet.cast),
                pages(sheet.eighths),
            ];
            Row::Cells(cells, strip_shade(sheet.side, sheet.light))
        })
        .collect();
    let columns = [
        ("Starts", 8.0),
        ("Sc.", 5.0),
        ("Set", 22.0),
        ("What happens", 36.0),
        ("Time", 9.5),
        ("Cast", 10.0),
        ("Pages", 7.0),
    ];
    y = section(paper, y, "Scenes", &columns, &scenes);
    let cast: Vec<Row> = call
        .cast
        .iter()
        .map(|player| {
            let cells = vec![
                player.number.to_string(),
                player.name.clone(),
                player.status.as_str().to_owned(),
                clock(player.call),
                clock(player.on_set),
                player.scenes.join(", "),
            ];
            Row::Cells(cells, Shade::WHITE)
        })
        .collect();
    let columns =
        [("No.", 6.0), ("Name", 34.0), ("Status", 9.0), ("Call", 11.0), ("On set", 11.0), ("Scenes", 29.0)];
    y = section(paper, y, "Cast", &columns, &cast);
    let needs = &call.needs;
    let bring: Vec<Row> = [
        ("Background", &needs.background),
        ("Props", &needs.props),
        ("Sounds", &needs.sounds),
        ("Vehicles, animals, effects", &needs.special),
    ]
    .into_iter()
    .filter(|(_, items)| !items.is_empty())
    .map(|(label, items)| Row::Cells(vec![label.to_owned(), items.join(", ")], Shade::WHITE))
    .collect();
    y = section(paper, y, "To bring", &[("For", 24.0), ("What, and for which scenes", 76.0)], &bring);
    y = list(paper, y, "Notes", &call.notes);
    list(paper, y, "The day after", &call.next);
}

fn head(paper: &mut Paper, title: &str, call: &CallSheet) -> f32 {
    paper.head.clear();
    let top = paper.page();
    paper.head = format!("{title} – day {} of {}, continued", call.day, call.of);
    let right = MARGIN + paper.room();
    paper.text(MARGIN, top + 18.0, Type::bold(18.0), title);
    paper.text_to(right, top + 18.0, Type::bold(14.0), &format!("Day {} of {}", call.day, call.of));
    paper.text(MARGIN, top + 32.0, Type::plain(9.0).shaded(Shade::GREY), "Call sheet");
    let told = format!("{} · {}", counted(call.scenes.len(), "scene"), paged(call.eighths));
    paper.text_to(right, top + 32.0, Type::plain(9.0).shaded(Shade::GREY), &told);
    let (y, height) = (top + 42.0, 40.0);
    paper.frame((MARGIN, y), (paper.room(), height), Some(Shade::HEAD), None);
    let places = if call.places.is_empty() { "–".to_owned() } else { call.places.join(", ") };
    let facts = [("Crew call", clock(call.crew_call)), ("Wrap", clock(call.wrap)), ("Places", places)];
    for ((label, value), x) in facts.into_iter().zip([8.0, 120.0, 232.0]) {
        paper.text(MARGIN + x, y + 12.0, Type::plain(7.5).shaded(Shade::GREY), label);
        let (set, width) = (Type::bold(13.0), paper.room() - x - 8.0);
        let set = if paper.measure(&value, set) > width { Type::bold(8.5) } else { set };
        for (at, line) in paper.cut(&value, set, width, 2).iter().enumerate() {
            paper.text(MARGIN + x, y + 28.0 + at as f32 * 9.5, set, line);
        }
    }
    y + height + 8.0
}

fn section(paper: &mut Paper, y: f32, title: &str, columns: &[grid::Column<'_>], rows: &[Row]) -> f32 {
    if rows.is_empty() {
        return y;
    }
    let y = label(paper, y, title);
    grid::draw(paper, y, columns, rows, 8.5) + 8.0
}

/// A section's name, on the next page if too little would follow it on this one.
fn label(paper: &mut Paper, y: f32, title: &str) -> f32 {
    let y = if y + 60.0 > paper.bottom() { paper.page() } else { y };
    paper.text(MARGIN, y + 10.0, Type::bold(10.0), title);
    y + 14.0
}

fn list(paper: &mut Paper, y: f32, title: &str, items: &[String]) -> f32 {
    if items.is_empty() {
        return y;
    }
    let mut y = label(paper, y, title);
    for item in items {
        if y + 24.0 > paper.bottom() {
            y = paper.page();
        }
        y = paper.column((MARGIN, y), paper.room(), Type::plain(9.0), item, 2);
    }
    y + 8.0
}
