//! Takes the text out of a PDF with its columns and pages, as a best effort.
//!
//! A PDF knows letters and where they stand, not lines. Letters whose base lines agree are a line; its indent is counted
//! in characters of twelve-point Courier, in which screenplays are set.

use std::collections::BTreeMap;

use lopdf::content::Content;
use lopdf::{Document, Encoding, Error, LoadOptions, Object, ObjectId};

use super::error::{MAX_PDF_PAGE_BYTES, MAX_PDF_PAGES, ParseError, Reason};

/// The width of a character of twelve-point Courier, in points.
const COLUMN: f32 = 7.2;
/// How far apart, in points, the base lines of letters of one line may be.
const SAME_LINE: f32 = 3.0;
/// The width of a letter, in thousandths of its size, where the font does not say: that of Courier.
const LETTER: f32 = 600.0;
/// The most columns that a line is indented, or letters are set apart.
const MOST_COLUMNS: usize = 120;

/// Letters that stand in a row.
#[derive(Debug)]
struct Word {
    x: f32,
    y: f32,
    end: f32,
    text: String,
}

/// The text of a PDF: pages separated by form feeds, lines indented.
pub(super) fn text(bytes: &[u8]) -> Result<String, ParseError> {
    let options = LoadOptions { max_decompressed_size: Some(MAX_PDF_PAGE_BYTES), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(bytes, options).map_err(|error| refused(&error))?;
    if document.is_encrypted() {
        return Err(ParseError::whole(Reason::Encrypted));
    }
    let pages = document.get_pages();
    if pages.len() > MAX_PDF_PAGES {
        let reason = Reason::TooLarge { what: "pages", found: pages.len(), limit: MAX_PDF_PAGES };
        return Err(ParseError::whole(reason));
    }
    let pages: Vec<Vec<Word>> =
        pages.values().map(|page| words(&document, *page).unwrap_or_default()).collect();
    let margin = pages.iter().flatten().map(|word| word.x).fold(f32::INFINITY, f32::min);
    if !margin.is_finite() {
        return Err(ParseError::whole(Reason::PdfWithoutText));
    }
    let pages: Vec<String> = pages.into_iter().map(|page| lay_out(page, margin)).collect();
    Ok(pages.join("\u{c}"))
}

fn refused(error: &Error) -> ParseError {
    ParseError::whole(match error {
        Error::Decryption(_) | Error::InvalidPassword => Reason::Encrypted,
        other => Reason::Pdf(other.to_string()),
    })
}

/// A place and a scale: the six numbers of a PDF matrix.
type Matrix = [f32; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

fn multiply(a: Matrix, b: Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    ]
}

struct Font<'d> {
    encoding: Encoding<'d>,
    first: i64,
    widths: Vec<f32>,
}

/// What a page's operators have set.
struct Pen<'f, 'd> {
    transform: Matrix,
    stack: Vec<Matrix>,
    text: Matrix,
    line: Matrix,
    leading: f32,
    size: f32,
    font: Option<&'f Font<'d>>,
    out: Vec<Word>,
}

fn words(document: &Document, page: ObjectId) -> Result<Vec<Word>, Error> {
    let mut fonts = BTreeMap::new();
    for (name, dictionary) in document.get_page_fonts(page)? {
        let Ok(encoding) = dictionary.get_font_encoding_with_limit(document, MAX_PDF_PAGE_BYTES) else {
            continue;
        };
        let first = dictionary.get(b"FirstChar").and_then(Object::as_i64).unwrap_or(0);
        let widths = dictionary.get_deref(b"Widths", document).and_then(Object::as_array);
        let widths = widths.map(|all| all.iter().map(|w| w.as_float().unwrap_or(LETTER)).collect());
        fonts.insert(name, Font { encoding, first, widths: widths.unwrap_or_default() });
    }
    let content = Content::decode(&document.get_page_content_with_limit(page, MAX_PDF_PAGE_BYTES)?)?;
    let mut pen = Pen {
        transform: IDENTITY,
        stack: Vec::new(),
        text: IDENTITY,
        line: IDENTITY,
        leading: 0.0,
        size: 12.0,
        font: None,
        out: Vec::new(),
    };
    for operation in &content.operations {
        pen.apply(&operation.operator, &operation.operands, &fonts);
    }
    Ok(pen.out)
}

fn numbers<const N: usize>(operands: &[Object]) -> Option<[f32; N]> {
    let mut out = [0.0; N];
    for (slot, operand) in out.iter_mut().zip(operands.get(..N)?) {
        *slot = operand.as_float().ok().filter(|number| number.is_finite())?;
    }
    Some(out)
}

impl<'f, 'd> Pen<'f, 'd> {
    fn apply(&mut self, operator: &str, operands: &[Object], fonts: &'f BTreeMap<Vec<u8>, Font<'d>>) {
        match operator {
            "q" if self.stack.len() < 64 => self.stack.push(self.transform),
            "Q" => self.transform = self.stack.pop().unwrap_or(self.transform),
            "cm" => {
                if let Some(matrix) = numbers::<6>(operands) {
                    self.transform = multiply(matrix, self.transform);
                }
            }
            "BT" => (self.text, self.line) = (IDENTITY, IDENTITY),
            "Tf" => {
                let name = operands.first().and_then(|name| name.as_name().ok());
                self.font = name.and_then(|name| fonts.get(name));
                self.size = operands.get(1).and_then(|size| size.as_float().ok()).unwrap_or(self.size);
            }
            "TL" => self.leading = numbers::<1>(operands).map_or(self.leading, |[leading]| leading),
            "Td" | "TD" => {
                if let Some([x, y]) = numbers::<2>(operands) {
                    if operator == "TD" {
                        self.leading = -y;
                    }
                    self.next_line(x, y);
                }
            }
            "Tm" => {
                if let Some(matrix) = numbers::<6>(operands) {
                    (self.text, self.line) = (matrix, matrix);
                }
            }
            "T*" => self.next_line(0.0, -self.leading),
            "Tj" => self.show(operands.first()),
            "'" => {
                self.next_line(0.0, -self.leading);
                self.show(operands.first());
            }
            "\"" => {
                self.next_line(0.0, -self.leading);
                self.show(operands.get(2));
            }
            "TJ" => {
                for item in operands.first().and_then(|list| list.as_array().ok()).into_iter().flatten() {
                    match item.as_float() {
                        Ok(back) => self.advance(-back / 1000.0 * self.size),
                        Err(_) => self.show(Some(item)),
                    }
                }
            }
            _ => {}
        }
    }

    fn next_line(&mut self, x: f32, y: f32) {
        self.line = multiply([1.0, 0.0, 0.0, 1.0, x, y], self.line);
        self.text = self.line;
    }

    fn advance(&mut self, x: f32) {
        self.text = multiply([1.0, 0.0, 0.0, 1.0, x, 0.0], self.text);
    }

    fn show(&mut self, operand: Option<&Object>) {
        let (Some(font), Some(bytes)) = (self.font, operand.and_then(|o| o.as_str().ok())) else { return };
        let text = Document::decode_text(&font.encoding, bytes).unwrap_or_default();
        let count = text.chars().count();
        let width: f32 = if font.widths.is_empty() || count != bytes.len() {
            LETTER * count as f32
        } else {
            let width = |byte: &u8| {
                let at = usize::try_from(i64::from(*byte) - font.first).ok();
                at.and_then(|at| font.widths.get(at)).copied().unwrap_or(LETTER)
            };
            bytes.iter().map(width).sum()
        };
        let start = multiply(self.text, self.transform);
        self.advance(width / 1000.0 * self.size);
        let end = multiply(self.text, self.transform);
        let is_shown = start.iter().chain(&end).all(|number| number.is_finite());
        if is_shown && !text.is_empty() {
            self.out.push(Word { x: start[4], y: start[5], end: end[4], text });
        }
    }
}

/// Sorts the letters of a page into lines, from top to bottom.
fn lay_out(mut words: Vec<Word>, margin: f32) -> String {
    words.retain(|word| !word.text.trim().is_empty());
    words.sort_by(|a, b| b.y.total_cmp(&a.y));
    let mut lines: Vec<Vec<Word>> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if (line[0].y - word.y).abs() <= SAME_LINE => line.push(word),
            _ => lines.push(vec![word]),
        }
    }
    let mut gaps: Vec<f32> = lines.windows(2).map(|pair| pair[0][0].y - pair[1][0].y).collect();
    gaps.sort_by(f32::total_cmp);
    // Most lines of a page follow each other closely; the lower quarter of the distances is one line.
    let spacing = gaps.get(gaps.len() / 4).copied().unwrap_or(12.0).clamp(8.0, 16.0);
    let mut out = String::new();
    let mut above: Option<f32> = None;
    for mut line in lines {
        line.sort_by(|a, b| a.x.total_cmp(&b.x));
        let y = line[0].y;
        if let Some(above) = above {
            out.push('\n');
            if above - y > spacing * 1.5 {
                out.push('\n');
            }
        }
        above = Some(y);
        let mut end = margin;
        for (at, word) in line.iter().enumerate() {
            let gap = (word.x - end) / COLUMN;
            let spaces = if at == 0 {
                columns(gap)
            } else if gap > 0.3 {
                columns(gap).max(1)
            } else {
                0
            };
            let has_space = out.ends_with(' ') || word.text.starts_with(' ');
            out.extend(std::iter::repeat_n(' ', if at > 0 && has_space && spaces <= 1 { 0 } else { spaces }));
            out.push_str(&word.text);
            end = word.end;
        }
    }
    out
}

/// A distance as a whole number of columns.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded on both sides just before"
)]
fn columns(gap: f32) -> usize {
    gap.round().clamp(0.0, MOST_COLUMNS as f32) as usize
}
