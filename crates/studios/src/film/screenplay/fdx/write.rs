//! Writes elements as Final Draft paragraphs, and the document around them.

use quick_xml::escape::{escape, minimal_escape};

use super::paragraph::{BONEYARD, SECTION, SYNOPSIS, TYPES};
use crate::film::screenplay::fountain;
use crate::film::screenplay::model::{Element, Kind, Piece, PieceKind, Side, Style, TitleField};

/// Paragraphs in the making.
pub(in crate::film::screenplay) struct Paragraphs {
    out: String,
    /// The number of the last script note.
    notes: usize,
}

/// Where a paragraph stands.
#[derive(Clone, Copy)]
struct Place {
    indent: &'static str,
}

const IN_CONTENT: Place = Place { indent: "    " };
const IN_DUAL: Place = Place { indent: "        " };

impl Paragraphs {
    /// Paragraphs whose notes are numbered from the one after `notes`.
    pub(in crate::film::screenplay) fn new(notes: usize) -> Self {
        Self { out: String::new(), notes }
    }

    /// What was written since the last call. Each paragraph ends with a line end.
    pub(in crate::film::screenplay) fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// Writes elements; what they say is kept, white space between them is not.
    pub(in crate::film::screenplay) fn elements(&mut self, elements: &[Element]) {
        let mut at = 0;
        while at < elements.len() {
            let element = &elements[at];
            let rest = &elements[at + 1..];
            if element.kind.is_trivia() || element.kind == Kind::TitleField {
                at += 1;
            } else if element.dual == Some(Side::Left) {
                at += self.dual(&elements[at..]);
            } else if element.kind == Kind::SceneHeading {
                let synopses = plain_synopses(rest);
                self.heading(element, &rest[..synopses]);
                at += 1 + synopses;
            } else {
                let is_apart = at > 0 && elements[at - 1].kind == Kind::Blank;
                if element.kind == Kind::Lyrics && is_apart {
                    // A song that no one in the script sings does not belong to the speech before.
                    self.out
                        .push_str("    <Paragraph Type=\"Action\">\n      <Text></Text>\n    </Paragraph>\n");
                }
                self.paragraph(element, IN_CONTENT);
                at += 1;
            }
        }
    }

    /// Two speeches at once. Returns how many elements they took.
    fn dual(&mut self, elements: &[Element]) -> usize {
        let mut seen_right = false;
        let end = elements
            .iter()
            .position(|element| match element.dual {
                _ if element.kind.is_trivia() => false,
                Some(Side::Right) => {
                    seen_right = true;
                    false
                }
                Some(Side::Left) => seen_right,
                None => true,
            })
            .unwrap_or(elements.len());
        self.out.push_str("    <Paragraph>\n      <DualDialogue>\n");
        for element in elements[..end].iter().filter(|element| !element.kind.is_trivia()) {
            self.paragraph(element, IN_DUAL);
        }
        self.out.push_str("      </DualDialogue>\n    </Paragraph>\n");
        end
    }

    fn heading(&mut self, element: &Element, synopses: &[Element]) {
        let number = element.number.as_deref();
        self.out.push_str("    <Paragraph");
        if let Some(number) = number {
            self.attribute("Number", number);
        }
        self.out.push_str(" Type=\"Scene Heading\">\n");
        let lines: Vec<String> =
            synopses.iter().filter(|e| e.kind == Kind::Synopsis).map(Element::text).collect();
        if !lines.is_empty() {
            self.out.push_str("      <SceneProperties Title=\"\">\n        <Summary>\n");
            for line in lines {
                self.out.push_str("          <Paragraph>\n            ");
                self.run(&line, Style::default());
                self.out.push_str("\n          </Paragraph>\n");
            }
            self.out.push_str("        </Summary>\n      </SceneProperties>\n");
        }
        self.body(&element.pieces, IN_CONTENT);
        self.out.push_str("    </Paragraph>\n");
    }

    fn paragraph(&mut self, element: &Element, place: Place) {
        let indent = place.indent;
        let (name, attributes) = match element.kind {
            Kind::Centered => ("Action", " Alignment=\"Center\""),
            Kind::PageBreak => ("Action", " StartsNewPage=\"Yes\""),
            Kind::Other => ("General", ""),
            kind => (TYPES.iter().find(|(_, known)| *known == kind).map_or("Action", |(name, _)| name), ""),
        };
        let name = if element.kind == Kind::Synopsis { "Action" } else { name };
        let new_page = if element.new_page { " StartsNewPage=\"Yes\"" } else { "" };
        self.out.push_str(&format!("{indent}<Paragraph{attributes}{new_page} Type=\"{name}\">\n"));
        match element.kind {
            Kind::Section(depth) => self.carried(&format!("{SECTION} {depth}"), &element.pieces, place),
            Kind::Synopsis => self.carried(SYNOPSIS, &element.pieces, place),
            _ => self.body(&element.pieces, place),
        }
        self.out.push_str(indent);
        self.out.push_str("</Paragraph>\n");
    }

    /// Text that Final Draft should not print: it goes into script notes, which say what it is.
    fn carried(&mut self, note_type: &str, pieces: &[Piece], place: Place) {
        let indent = place.indent;
        let mut wrote_text = false;
        for group in pieces.chunk_by(same_sort) {
            if group[0].kind == PieceKind::Text {
                self.carrier(note_type, group, indent);
                wrote_text = true;
            } else {
                group.iter().for_each(|piece| self.note(piece, indent));
            }
        }
        if !wrote_text {
            self.carrier(note_type, &[], indent);
        }
        self.out.push_str(&format!("{indent}  <Text></Text>\n"));
    }

    fn carrier(&mut self, note_type: &str, pieces: &[Piece], indent: &str) {
        self.notes += 1;
        let id = self.notes;
        self.out.push_str(&format!("{indent}  <ScriptNote ID=\"{id}\" Type=\"{note_type}\">\n"));
        self.out.push_str(&format!("{indent}    <Paragraph>\n"));
        self.runs(pieces, indent, 6);
        self.out.push_str(&format!("{indent}    </Paragraph>\n{indent}  </ScriptNote>\n"));
    }

    fn body(&mut self, pieces: &[Piece], place: Place) {
        let indent = place.indent;
        for group in pieces.chunk_by(same_sort) {
            if group[0].kind == PieceKind::Text {
                self.runs(group, indent, 2);
            } else {
                group.iter().for_each(|piece| self.note(piece, indent));
            }
        }
        if !pieces.iter().any(|piece| piece.kind == PieceKind::Text) {
            self.out.push_str(&format!("{indent}  <Text></Text>\n"));
        }
    }

    /// A row of text, a run for each style.
    fn runs(&mut self, pieces: &[Piece], indent: &str, deeper: usize) {
        let mut at = 0;
        while at < pieces.len() {
            let style = pieces[at].style;
            let length = pieces[at..].iter().take_while(|piece| piece.style == style).count();
            let text: String = pieces[at..at + length].iter().map(|piece| piece.text.as_str()).collect();
            self.out.push_str(indent);
            self.out.extend(std::iter::repeat_n(' ', deeper));
            self.run(&text, style);
            self.out.push('\n');
            at += length;
        }
        if pieces.is_empty() {
            self.out.push_str(indent);
            self.out.extend(std::iter::repeat_n(' ', deeper));
            self.out.push_str("<Text></Text>\n");
        }
    }

    fn run(&mut self, text: &str, style: Style) {
        let names: Vec<&str> =
            [(style.bold, "Bold"), (style.italic, "Italic"), (style.underline, "Underline")]
                .into_iter()
                .filter_map(|(on, name)| on.then_some(name))
                .collect();
        self.out.push_str("<Text");
        if !names.is_empty() {
            self.attribute("Style", &names.join("+"));
        }
        self.out.push('>');
        push_text(&mut self.out, text);
        self.out.push_str("</Text>");
    }

    fn note(&mut self, piece: &Piece, indent: &str) {
        self.notes += 1;
        self.out.push_str(&format!("{indent}  <ScriptNote ID=\"{}\"", self.notes));
        if piece.kind == PieceKind::Boneyard {
            self.attribute("Type", BONEYARD);
        }
        self.out.push_str(">\n");
        for line in piece.text.split('\n') {
            self.out.push_str(&format!("{indent}    <Paragraph>\n{indent}      <Text>"));
            push_text(&mut self.out, line);
            self.out.push_str(&format!("</Text>\n{indent}    </Paragraph>\n"));
        }
        self.out.push_str(&format!("{indent}  </ScriptNote>\n"));
    }

    fn attribute(&mut self, name: &str, value: &str) {
        push_attribute(&mut self.out, name, value);
    }
}

/// Whether both are text or neither is.
fn same_sort(a: &Piece, b: &Piece) -> bool {
    (a.kind == PieceKind::Text) == (b.kind == PieceKind::Text)
}

/// How many of the elements right after a heading are its synopsis, in words that a summary can hold.
fn plain_synopses(rest: &[Element]) -> usize {
    let mut end = 0;
    for (at, element) in rest.iter().enumerate() {
        match element.kind {
            Kind::Blank => {}
            Kind::Synopsis if is_plain(element) => end = at + 1,
            _ => break,
        }
    }
    end
}

fn is_plain(element: &Element) -> bool {
    element.has_text()
        && element.pieces.iter().all(|piece| piece.kind == PieceKind::Text && piece.style.is_plain())
}

fn push_attribute(out: &mut String, name: &str, value: &str) {
    out.push_str(&format!(" {name}=\"{}\"", escape(legal(value).as_str())));
}

fn push_text(out: &mut String, text: &str) {
    let legal = legal(text);
    let escaped = minimal_escape(legal.as_str()).replace('>', "&gt;");
    // As they are, these two end a line in Final Draft.
    out.push_str(&escaped.replace('\u{2028}', "&#x2028;").replace('\u{2029}', "&#x2029;"));
}

/// XML has no way to write control characters; what cannot be written becomes the sign for that.
fn legal(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' => c,
            '\r' => '\n',
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// The head of a new document, up to where its paragraphs begin.
pub(in crate::film::screenplay) fn front() -> String {
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?>\n\
     <FinalDraft DocumentType=\"Script\" Template=\"No\" Version=\"5\">\n\n  <Content>\n"
        .to_owned()
}

/// The end of a new document, from where its paragraphs end.
pub(in crate::film::screenplay) fn back(fields: &[TitleField]) -> String {
    let mut out = String::from("  </Content>\n");
    if !fields.is_empty() {
        out.push('\n');
        out.push_str(&title_page(fields));
    }
    out.push_str("\n</FinalDraft>\n");
    out
}

fn title_page(fields: &[TitleField]) -> String {
    let mut out = String::from("  <TitlePage>\n    <Content>\n");
    let mut paragraphs = Paragraphs::new(0);
    for field in fields {
        let is_aside = matches!(
            field.key.to_lowercase().as_str(),
            "contact" | "contact info" | "copyright" | "date" | "draft date" | "notes" | "revision"
        );
        let alignment = if is_aside { "Left" } else { "Center" };
        let no_line = [String::new()];
        let lines = if field.lines.is_empty() { &no_line } else { field.lines.as_slice() };
        for line in lines {
            out.push_str(&format!("      <Paragraph Alignment=\"{alignment}\""));
            push_attribute(&mut out, "Type", &field.key);
            out.push_str(">\n");
            paragraphs.runs(&fountain::marked_pieces(line), "      ", 2);
            out.push_str(&paragraphs.take());
            out.push_str("      </Paragraph>\n");
        }
    }
    out.push_str("    </Content>\n  </TitlePage>\n");
    out
}

/// A back with another title page in it.
pub(in crate::film::screenplay) fn replace_title_page(back: &str, fields: &[TitleField]) -> String {
    let page = title_page(fields);
    let old = back.find("<TitlePage").and_then(|start| {
        let end =
            match (back[start..].find("</TitlePage>"), back[start..].find("/>"), back[start..].find('>')) {
                (_, Some(empty), Some(first)) if empty + 1 == first => start + empty + 2,
                (Some(close), ..) => start + close + "</TitlePage>".len(),
                _ => return None,
            };
        Some((start, end))
    });
    if let Some((start, end)) = old {
        return format!("{}{}{}", &back[..start], page.trim(), &back[end..]);
    }
    match back.find("</Content>") {
        Some(at) => {
            let (before, after) = back.split_at(at + "</Content>".len());
            format!("{before}\n\n{}{after}", page.trim_end())
        }
        None => back.to_owned(),
    }
}
