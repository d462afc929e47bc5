//! The day-out-of-days: a row for everybody, a column for each day, as many days to a page as fit.

use kernel::Result;

use super::Size;
use super::grid::{self, Column, Row};
use super::paper::{MARGIN, Paper, Shade, Type};
use crate::film::departments::production::Production;
use crate::film::departments::production::dood::{DaysOf, Symbol};

/// The most days on a page.
const DAYS: usize = 20;

pub(super) fn draw(production: &Production, size: Size) -> Result<Paper> {
    let of = &production.days_out;
    let mut paper = Paper::new(size, true, format!("{} – day out of days", production.title))?;
    let days: Vec<usize> = (0..of.days.max(1)).collect();
    for part in days.chunks(DAYS) {
        let mut y = paper.page();
        let (first, last) = (part[0] + 1, part[part.len() - 1] + 1);
        paper.text(MARGIN, y + 16.0, Type::bold(16.0), &format!("{} – day out of days", production.title));
        let told = format!("days {first} to {last} of {}", of.days);
        paper.text_to(MARGIN + paper.room(), y + 16.0, Type::plain(9.0).shaded(Shade::GREY), &told);
        y += 26.0;
        table(&mut paper, y, part, &of.rows);
        let key = "SW starts and works · W works · H holds · WF works and finishes · SWF all in one day";
        paper.text(MARGIN, paper.bottom() + 8.0, Type::plain(8.0).shaded(Shade::GREY), key);
    }
    Ok(paper)
}

fn table(paper: &mut Paper, y: f32, days: &[usize], of: &[DaysOf]) {
    let numbers: Vec<String> = days.iter().map(|day| (day + 1).to_string()).collect();
    let mut columns: Vec<Column<'_>> = vec![("No.", 4.0), ("Name", 18.0)];
    columns.extend(numbers.iter().map(|number| (number.as_str(), 4.4)));
    columns.extend([("Work", 6.0), ("Hold", 6.0), ("Start", 6.0), ("Finish", 7.0)]);
    let row = |of: &DaysOf| {
        let symbols =
            days.iter().map(|day| of.symbols.get(*day).copied().flatten().map_or("", Symbol::as_str));
        let mut cells = vec![of.number.to_string(), of.name.clone()];
        cells.extend(symbols.map(str::to_owned));
        cells.extend([of.worked, of.held, of.start, of.finish].map(|count| count.to_string()));
        Row::Cells(cells, Shade::WHITE)
    };
    grid::draw(paper, y, &columns, &of.iter().map(row).collect::<Vec<_>>(), 8.0);
}
