//! The strip board: a strip for each scene in the order of shooting, and a bar at the end of each day.

use kernel::Result;

use super::grid::{self, Row};
use super::paper::{MARGIN, Paper, Shade, Type};
use super::{Size, counted, daypart, numbers, paged, side, strip_shade};
use crate::film::departments::production::{Production, pages};

pub(super) fn draw(production: &Production, size: Size) -> Result<Paper> {
    let schedule = &production.schedule;
    let mut paper = Paper::new(size, true, format!("{} – strip board", production.title))?;
    let mut y = paper.page();
    paper.text(MARGIN, y + 16.0, Type::bold(16.0), &production.title);
    let eighths: u32 = schedule.days.iter().map(|day| day.eighths).sum();
    let scenes = production.sheets.len();
    let told = format!(
        "{} · {} · {} · {} of place",
        counted(schedule.days.len(), "day"),
        counted(scenes, "scene"),
        paged(eighths),
        counted(schedule.moves, "change")
    );
    paper.text_to(MARGIN + paper.room(), y + 16.0, Type::plain(9.0).shaded(Shade::GREY), &told);
    y += 26.0;
    y = legend(&mut paper, production, y);
    let mut rows = Vec::new();
    for day in &schedule.days {
        for strip in &day.strips {
            // A person may have left the sheets out.
            let Some(sheet) = production.sheets.get(strip.at) else { continue };
            let cells = vec![
                sheet.scene.clone(),
                side(sheet.side).to_owned(),
                sheet.set.clone(),
                daypart(sheet.daypart).to_owned(),
                pages(sheet.eighths),
                numbers(&sheet.cast),
                sheet.synopsis.clone(),
            ];
            rows.push(Row::Cells(cells, strip_shade(sheet.side, sheet.light)));
        }
        let over = if day.over { " – longer than a day should be" } else { "" };
        rows.push(Row::Bar(format!(
            "End of day {} – {} – {}{over}",
            day.number,
            counted(day.strips.len(), "scene"),
            paged(day.eighths)
        )));
    }
    let columns = [
        ("Sc.", 4.0),
        ("I/E", 6.0),
        ("Set", 22.0),
        ("Time", 8.0),
        ("Pages", 6.0),
        ("Cast", 12.0),
        ("What happens", 42.0),
    ];
    grid::draw(&mut paper, y + 4.0, &columns, &rows, 8.5);
    Ok(paper)
}

/// Who bears which number.
fn legend(paper: &mut Paper, production: &Production, top: f32) -> f32 {
    let cast: Vec<String> =
        production.cast.iter().map(|player| format!("{} {}", player.number, player.name)).collect();
    paper.column((MARGIN, top), paper.room(), Type::plain(8.5), &cast.join(" · "), 12)
}
