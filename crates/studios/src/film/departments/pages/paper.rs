//! Paper: pages of texts, lines and shades, measured in points from the upper left, and written as PDF.
//!
//! The typeface is DejaVu Sans Condensed, which has the letters of most languages in Latin, Greek and Cyrillic; only the
//! letters that are used go into a file. A letter that it lacks is drawn as an empty box.

use kernel::{Error, Result};
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size as FontSize};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};

use super::Size;

/// The room at every edge, in points.
pub(super) const MARGIN: f32 = 36.0;
/// The room below the text that the foot needs.
const FOOT: f32 = 18.0;
/// Lines stand this much apart, in sizes of the letters.
pub(super) const LEADING: f32 = 1.25;

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shade(pub(super) u8, pub(super) u8, pub(super) u8);

impl Shade {
    pub(super) const WHITE: Self = Self(255, 255, 255);
    pub(super) const BLACK: Self = Self(20, 20, 20);
    pub(super) const GREY: Self = Self(105, 105, 105);
    pub(super) const LINE: Self = Self(165, 165, 165);
    pub(super) const HEAD: Self = Self(232, 232, 232);

    fn fill(self) -> Fill {
        let paint = rgb::Color::new(self.0, self.1, self.2).into();
        Fill { paint, opacity: NormalizedF32::ONE, rule: FillRule::default() }
    }
}

/// How letters are set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Type {
    /// Height in points.
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) shade: Shade,
}

impl Type {
    pub(super) const fn plain(size: f32) -> Self {
        Self { size, bold: false, shade: Shade::BLACK }
    }

    pub(super) const fn bold(size: f32) -> Self {
        Self { size, bold: true, shade: Shade::BLACK }
    }

    pub(super) const fn shaded(self, shade: Shade) -> Self {
        Self { shade, ..self }
    }
}

/// Something on a page.
enum Mark {
    /// `y` is the line that letters stand on.
    Text {
        x: f32,
        y: f32,
        set: Type,
        text: String,
    },
    Box {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        fill: Option<Shade>,
        line: Option<Shade>,
    },
}

/// A typeface that can be measured and drawn.
struct Face {
    font: Font,
    letters: Charmap<'static>,
    widths: GlyphMetrics<'static>,
    em: f32,
}

impl Face {
    fn read(data: &'static [u8]) -> Result<Self> {
        let font =
            Font::new(data.into(), 0).ok_or_else(|| Error::internal("the typeface cannot be drawn"))?;
        let measured = FontRef::new(data).map_err(Error::internal)?;
        let em = font.units_per_em();
        let widths = measured.glyph_metrics(FontSize::unscaled(), LocationRef::default());
        Ok(Self { font, letters: measured.charmap(), widths, em })
    }

    /// The glyphs of a text, with their widths in ems.
    fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, c): (usize, char)| {
            let id = self.letters.map(c).unwrap_or_default();
            KrillaGlyph {
                glyph_id: GlyphId::new(id.to_u32()),
                text_range: at..at + c.len_utf8(),
                x_advance: self.widths.advance_width(id).unwrap_or_default() / self.em,
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            }
        };
        text.char_indices().map(glyph).collect()
    }
}

/// Pages that are being drawn.
pub(super) struct Paper {
    /// The width of a page.
    pub(super) width: f32,
    height: f32,
    /// What stands at the foot of every page, before its number.
    foot: String,
    /// What stands over every page that is begun from now on; nothing if empty.
    pub(super) head: String,
    pages: Vec<Vec<Mark>>,
    plain: Face,
    bold: Face,
}

impl Paper {
    pub(super) fn new(size: Size, landscape: bool, foot: String) -> Result<Self> {
        let (short, long) = match size {
            Size::A4 => (595.0, 842.0),
            Size::Letter => (612.0, 792.0),
        };
        let (width, height) = if landscape { (long, short) } else { (short, long) };
        let plain = Face::read(dejavu::sans_condensed::regular())?;
        let bold = Face::read(dejavu::sans_condensed::bold())?;
        Ok(Self { width, height, foot, head: String::new(), pages: Vec::new(), plain, bold })
    }

    /// Begins a page; gives where its text begins.
    pub(super) fn page(&mut self) -> f32 {
        self.pages.push(Vec::new());
        if self.head.is_empty() {
            return MARGIN;
        }
        let head = self.head.clone();
        self.text(MARGIN, MARGIN + 8.0, Type::plain(8.0).shaded(Shade::GREY), &head);
        MARGIN + 18.0
    }

    /// Where the text of a page must end.
    pub(super) fn bottom(&self) -> f32 {
        self.height - MARGIN - FOOT
    }

    /// The width between the margins.
    pub(super) fn room(&self) -> f32 {
        self.width - 2.0 * MARGIN
    }

    fn face(&self, set: Type) -> &Face {
        if set.bold { &self.bold } else { &self.plain }
    }

    /// How wide a text is.
    pub(super) fn measure(&self, text: &str, set: Type) -> f32 {
        self.face(set).glyphs(text).iter().map(|glyph| glyph.x_advance * set.size).sum()
    }

    /// The first lines of a text in a column, broken at spaces, and within a word only if it is too wide alone.
    fn lines(&self, text: &str, set: Type, width: f32, most: usize) -> Vec<String> {
        let space = self.measure(" ", set);
        let mut lines = vec![String::new()];
        let mut used = 0.0;
        for piece in text.split_whitespace().flat_map(|word| self.pieces(word, set, width)) {
            let own = self.measure(&piece, set);
            let full = lines.len() == most;
            match lines.last_mut() {
                Some(line) if line.is_empty() => line.push_str(&piece),
                Some(line) if used + space + own <= width => {
                    line.push(' ');
                    line.push_str(&piece);
                    used += space;
                }
                _ if full => return lines,
                _ => {
                    lines.push(piece);
                    used = 0.0;
                }
            }
            used += own;
        }
        lines
    }

    /// The first lines of a text in a column; an ellipsis ends them if there are more than `most`.
    pub(super) fn cut(&self, text: &str, set: Type, width: f32, most: usize) -> Vec<String> {
        let mut lines = self.lines(text, set, width, most + 1);
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                while !last.is_empty() && self.measure(&format!("{last} …"), set) > width {
                    last.pop();
                }
                last.push_str(" …");
            }
        }
        lines
    }

    /// The word, cut where it is wider than the column.
    fn pieces(&self, word: &str, set: Type, width: f32) -> Vec<String> {
        let mut pieces = vec![String::new()];
        let mut used = 0.0;
        for c in word.chars() {
            let own = self.measure(c.encode_utf8(&mut [0; 4]), set);
            if used > 0.0 && used + own > width {
                pieces.push(String::new());
                used = 0.0;
            }
            used += own;
            if let Some(piece) = pieces.last_mut() {
                piece.push(c);
            }
        }
        pieces
    }

    fn mark(&mut self, mark: Mark) {
        if self.pages.is_empty() {
            self.page();
        }
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// A text whose letters stand on `y`.
    pub(super) fn text(&mut self, x: f32, y: f32, set: Type, text: &str) {
        self.mark(Mark::Text { x, y, set, text: text.to_owned() });
    }

    /// A text that ends at `x`.
    pub(super) fn text_to(&mut self, x: f32, y: f32, set: Type, text: &str) {
        let width = self.measure(text, set);
        self.text(x - width, y, set, text);
    }

    /// At most so many lines of a text in a column from `top` on; gives where the next line would begin.
    pub(super) fn column(
        &mut self,
        (x, top): (f32, f32),
        width: f32,
        set: Type,
        text: &str,
        most: usize,
    ) -> f32 {
        let mut y = top;
        for line in self.cut(text, set, width, most) {
            self.text(x, y + set.size, set, &line);
            y += set.size * LEADING;
        }
        y
    }

    /// How far down the lowest mark of all pages reaches.
    #[cfg(test)]
    pub(super) fn lowest(&self) -> f32 {
        let ends = self.pages.iter().flatten().map(|mark| match mark {
            Mark::Text { y, .. } => *y,
            Mark::Box { y, height, .. } => y + height,
        });
        ends.fold(0.0, f32::max)
    }

    /// A box.
    pub(super) fn frame(
        &mut self,
        (x, y): (f32, f32),
        (width, height): (f32, f32),
        fill: Option<Shade>,
        line: Option<Shade>,
    ) {
        self.mark(Mark::Box { x, y, width, height, fill, line });
    }

    /// The pages as a file.
    ///
    /// # Errors
    /// `INTERNAL` when it cannot be written.
    pub(super) fn pdf(self) -> Result<Vec<u8>> {
        let unwritten = |_| Error::internal("the page cannot be drawn");
        let mut document = krilla::Document::new();
        document.set_metadata(Metadata::new().title(self.foot.clone()));
        let count = self.pages.len();
        for (at, marks) in self.pages.iter().enumerate() {
            let settings = PageSettings::from_wh(self.width, self.height);
            let settings = settings.ok_or(()).map_err(unwritten)?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            for mark in marks {
                self.draw(&mut surface, mark).ok_or(()).map_err(unwritten)?;
            }
            let (set, y) = (Type::plain(7.5).shaded(Shade::GREY), self.height - MARGIN);
            let number = format!("{} / {count}", at + 1);
            let x = self.width - MARGIN - self.measure(&number, set);
            for (x, text) in [(MARGIN, self.foot.clone()), (x, number)] {
                self.draw(&mut surface, &Mark::Text { x, y, set, text }).ok_or(()).map_err(unwritten)?;
            }
            surface.finish();
            page.finish();
        }
        document.finish().map_err(|error| Error::internal(format!("{error:?}")))
    }

    fn draw(&self, surface: &mut Surface<'_>, mark: &Mark) -> Option<()> {
        match mark {
            Mark::Text { x, y, set, text } => {
                let face = self.face(*set);
                surface.set_fill(Some(set.shade.fill()));
                surface.set_stroke(None);
                let (start, glyphs) = (Point::from_xy(*x, *y), face.glyphs(text));
                surface.draw_glyphs(start, &glyphs, face.font.clone(), text, set.size, false);
            }
            Mark::Box { x, y, width, height, fill, line } => {
                let mut path = PathBuilder::new();
                path.push_rect(Rect::from_xywh(*x, *y, *width, *height)?);
                let path = path.finish()?;
                surface.set_fill(fill.map(Shade::fill));
                surface.set_stroke(line.map(|line| Stroke {
                    paint: rgb::Color::new(line.0, line.1, line.2).into(),
                    width: 0.5,
                    ..Stroke::default()
                }));
                surface.draw_path(&path);
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper() -> Paper {
        Paper::new(Size::A4, false, "Foot".to_owned()).unwrap()
    }

    #[test]
    fn no_line_is_wider_than_its_column_and_no_letter_is_lost() {
        let (paper, set) = (paper(), Type::plain(9.0));
        let text = "Donaudampfschifffahrtsgesellschaftskapitän und Café — αβγ";
        for width in [20.0, 45.0, 200.0] {
            let lines = paper.lines(text, set, width, usize::MAX);
            assert!(lines.iter().all(|line| paper.measure(line, set) <= width + 0.01), "{lines:?}");
            let kept: String = lines.concat().split_whitespace().collect();
            assert_eq!(kept, text.split_whitespace().collect::<String>());
        }
    }

    #[test]
    fn a_text_that_is_cut_says_so_within_its_column() {
        let (paper, set) = (paper(), Type::plain(9.0));
        let lines = paper.cut(&"Mara waits. ".repeat(50), set, 100.0, 3);
        assert!(lines.len() == 3 && lines[2].ends_with(" …") && paper.measure(&lines[2], set) <= 100.0);
        assert_eq!(paper.cut("Mara waits.", set, 100.0, 3), ["Mara waits."]);
    }

    #[test]
    fn the_same_pages_are_the_same_file() {
        let file = || {
            let mut paper = paper();
            paper.page();
            paper.text(50.0, 50.0, Type::bold(12.0), "Mara");
            paper.pdf().unwrap()
        };
        assert_eq!(file(), file());
    }
}
