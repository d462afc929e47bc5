//! Reads a file that is sent to be imported, within bounds, and says in words why one cannot be read.

use kernel::{Code, Error, Result};
use serde_json::json;
use wire::imports::{Remark, TitlePageEntry};

use crate::film::breakdown::{Breakdown, breakdown};
use crate::film::screenplay::{
    self, FileKind, Format, ParseError, Part, Reason, Screenplay, Source, WarningKind, detect, export,
};

/// The largest file that is imported, in bytes: what an upload and a pasted text may have.
pub(super) const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The most scenes of a script.
const MAX_SCENES: usize = 5_000;
/// The most characters, and the most locations, of a script.
const MAX_NAMES: usize = 2_000;
/// The largest scene, in bytes: what the text of a record may have.
const MAX_SCENE: usize = 200_000;
/// The most remarks that a preview shows.
const MAX_REMARKS: usize = 200;

/// A file as an import sees it.
#[derive(Debug)]
pub struct Reading {
    pub(super) filename: String,
    /// `fountain`, `fdx`, `text` or `pdf`.
    pub(super) format: &'static str,
    pub(super) screenplay: Screenplay,
    pub(super) breakdown: Breakdown,
    /// Each scene in Fountain.
    pub(super) bodies: Vec<String>,
    pub(super) title: String,
    pub(super) title_page: Vec<TitlePageEntry>,
    pub(super) remarks: Vec<Remark>,
    /// Whether the structure was guessed from layout.
    pub(super) guessed: bool,
}

impl Reading {
    /// The script's title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The file's name.
    #[must_use]
    pub fn filename(&self) -> &str {
        &self.filename
    }
}

/// Reads the file and breaks it down.
///
/// # Errors
/// `UNREADABLE_DOCUMENT` with line and reason; `TOO_LARGE` with the bound.
pub fn read(filename: &str, bytes: &[u8]) -> Result<Reading> {
    if bytes.len() > MAX_BYTES {
        return Err(too_large("bytes", bytes.len(), MAX_BYTES));
    }
    let kind = detect(filename, bytes).map_err(unreadable)?;
    let screenplay = screenplay::import(filename, bytes).map_err(unreadable)?;
    within_bounds(&screenplay)?;
    let breakdown = breakdown(&screenplay);
    for (what, count) in
        [("characters", breakdown.characters.len()), ("locations", breakdown.locations.len())]
    {
        if count > MAX_NAMES {
            return Err(too_large(what, count, MAX_NAMES));
        }
    }
    let bodies =
        screenplay.scenes.iter().map(in_fountain).collect::<Result<Vec<String>, _>>().map_err(unreadable)?;
    let title_page: Vec<TitlePageEntry> = screenplay
        .title_page
        .iter()
        .map(|field| TitlePageEntry { key: field.key.clone(), values: field.lines.clone() })
        .collect();
    let mut remarks: Vec<Remark> = screenplay
        .warnings
        .iter()
        .map(|warning| Remark { line: warning.line, message: warning.message.clone() })
        .collect();
    if remarks.len() > MAX_REMARKS {
        let more = remarks.len() - MAX_REMARKS;
        remarks.truncate(MAX_REMARKS);
        remarks.push(Remark { line: None, message: format!("There are {more} more remarks of this kind.") });
    }
    Ok(Reading {
        filename: filename.to_owned(),
        format: match kind {
            FileKind::Fountain => "fountain",
            FileKind::Fdx => "fdx",
            FileKind::PlainText => "text",
            FileKind::Pdf => "pdf",
        },
        title: title(&title_page, filename),
        title_page,
        guessed: screenplay.warnings.iter().any(|warning| warning.kind == WarningKind::BestEffort),
        screenplay,
        breakdown,
        bodies,
        remarks,
    })
}

fn within_bounds(screenplay: &Screenplay) -> Result<()> {
    if screenplay.scenes.len() > MAX_SCENES {
        return Err(too_large("scenes", screenplay.scenes.len(), MAX_SCENES));
    }
    let sources = || {
        let scenes = screenplay.scenes.iter().map(|scene| &scene.source);
        [&screenplay.front.source, &screenplay.back].into_iter().chain(scenes)
    };
    let mut line = 1;
    for source in sources() {
        if let Some(at) = source.text.find('\0') {
            let line = line + source.text[..at].matches('\n').count();
            return Err(refused(line, "there is a NUL character, which no text has"));
        }
        line += source.text.matches('\n').count();
    }
    let largest = screenplay.scenes.iter().map(|scene| scene.source.text.len()).max().unwrap_or(0);
    if largest > MAX_SCENE { Err(too_large("bytes in one scene", largest, MAX_SCENE)) } else { Ok(()) }
}

/// A scene in Fountain: as it stands in the file, or written anew.
fn in_fountain(scene: &Part) -> Result<String, ParseError> {
    match scene.source.format {
        Format::Fountain => Ok(scene.source.text.clone()),
        Format::Fdx => {
            let written = export(
                &Source::fountain(""),
                std::slice::from_ref(&scene.source),
                &Source::fountain(""),
                Format::Fountain,
            )?;
            Ok(written.text)
        }
    }
}

/// The script's title: from its title page, or the file's name.
fn title(title_page: &[TitlePageEntry], filename: &str) -> String {
    let stem = filename.rsplit(['/', '\\']).next().unwrap_or(filename);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let lines = title_page.iter().find(|entry| entry.key.eq_ignore_ascii_case("title"));
    let told = lines.map(|entry| entry.values.join(" ")).unwrap_or_default();
    let told: String = told.chars().filter(|c| !matches!(c, '*' | '_' | '\\' | '\0')).collect();
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let chosen = if told.is_empty() { stem.replace('\0', "") } else { told };
    let chosen: String = chosen.trim().chars().take(200).collect();
    if chosen.is_empty() { "Untitled".to_owned() } else { chosen }
}

fn unreadable(error: ParseError) -> Error {
    if let Reason::TooLarge { what, found, limit } = error.reason {
        return too_large(what, found, limit);
    }
    let reason = error.reason.to_string();
    Error::new(Code::UnreadableDocument, format!("Line {}: {reason}. Nothing was saved.", error.line))
        .with_details(json!({ "line": error.line, "column": error.column, "reason": reason }))
}

fn refused(line: usize, reason: &str) -> Error {
    Error::new(Code::UnreadableDocument, format!("Line {line}: {reason}. Nothing was saved."))
        .with_details(json!({ "line": line, "column": 1, "reason": reason }))
}

fn too_large(what: &str, found: usize, limit: usize) -> Error {
    Error::new(
        Code::TooLarge,
        format!("The document has {found} {what}; at most {limit} are read. Nothing was saved."),
    )
    .with_details(json!({ "what": what, "found": found, "limit": limit }))
}
