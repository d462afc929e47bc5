//! A table on paper: columns of fixed shares, rows as high as their longest cell, a head that comes again on every page.

use super::paper::{LEADING, MARGIN, Paper, Shade, Type};

/// The most lines of a cell: a row is never higher than a page.
const MOST: usize = 30;

/// The room between a cell's edge and its text, in points.
const PADDING: f32 = 3.0;

/// A column: what stands over it, and its share of the width.
pub(super) type Column<'a> = (&'a str, f32);

/// A row of a table.
pub(super) enum Row {
    /// A cell for each column, and what lies under them.
    Cells(Vec<String>, Shade),
    /// A bar over all columns, in white on black.
    Bar(String),
}

/// Draws a table from `top` on, over as many pages as it takes; gives where it ends.
pub(super) fn draw(paper: &mut Paper, top: f32, columns: &[Column<'_>], rows: &[Row], size: f32) -> f32 {
    let all: f32 = columns.iter().map(|(_, share)| share).sum();
    let widths: Vec<f32> = columns.iter().map(|(_, share)| share / all * paper.room()).collect();
    let head: Vec<String> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let head_height = height(paper, &widths, &head, Type::bold(size));
    let mut y = top;
    let mut begun = false;
    for row in rows {
        let set = Type::plain(size);
        let own = match row {
            Row::Cells(cells, _) => height(paper, &widths, cells, set),
            Row::Bar(_) => size * LEADING + 2.0 * PADDING,
        };
        let needed = if begun { own } else { own + head_height };
        if y + needed > paper.bottom() {
            y = paper.page();
            begun = false;
        }
        if !begun {
            cells(paper, y, &widths, &head, (Type::bold(size), Shade::HEAD, head_height));
            y += head_height;
            begun = true;
        }
        match row {
            Row::Cells(texts, shade) => cells(paper, y, &widths, texts, (set, *shade, own)),
            Row::Bar(text) => {
                paper.frame((MARGIN, y), (paper.room(), own), Some(Shade::BLACK), None);
                paper.text(MARGIN + PADDING, y + PADDING + size, Type::bold(size).shaded(Shade::WHITE), text);
            }
        }
        y += own;
    }
    y
}

/// How high a row is.
fn height(paper: &Paper, widths: &[f32], cells: &[String], set: Type) -> f32 {
    let lines = |(cell, width): (&String, &f32)| paper.cut(cell, set, width - 2.0 * PADDING, MOST).len();
    let most = cells.iter().zip(widths).map(lines).max().unwrap_or(1);
    most as f32 * set.size * LEADING + 2.0 * PADDING
}

fn cells(
    paper: &mut Paper,
    y: f32,
    widths: &[f32],
    texts: &[String],
    (set, shade, height): (Type, Shade, f32),
) {
    let mut x = MARGIN;
    for (text, width) in texts.iter().zip(widths) {
        paper.frame((x, y), (*width, height), Some(shade), Some(Shade::LINE));
        paper.column((x + PADDING, y + PADDING), width - 2.0 * PADDING, set, text, MOST);
        x += width;
    }
}
