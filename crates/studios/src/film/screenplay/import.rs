//! Reads a file of any kind that a screenplay comes in.

use super::decode::{FileKind, decode, detect};
use super::error::{MAX_BYTES, ParseError, Reason, Warning, WarningKind};
use super::model::{Format, Screenplay};
use super::{parse, pdf, plain};

/// Reads a file: its kind is told from its content and name. Plain text and PDF become Fountain, as a best effort; the
/// warnings of the screenplay say what was uncertain.
///
/// # Errors
/// If the file is malformed, beyond the bounds, or of no kind that is read; with line, column and reason.
pub fn import(file_name: &str, bytes: &[u8]) -> Result<Screenplay, ParseError> {
    if bytes.len() > MAX_BYTES {
        let reason = Reason::TooLarge { what: "bytes", found: bytes.len(), limit: MAX_BYTES };
        return Err(ParseError::whole(reason));
    }
    let kind = detect(file_name, bytes)?;
    if kind == FileKind::Pdf {
        let (fountain, mut warnings) = plain::to_fountain(&pdf::text(bytes)?);
        if let Some(first) = warnings.first_mut() {
            *first = Warning::new(
                WarningKind::BestEffort,
                "The text was taken out of a PDF and its structure guessed from the layout; read it through once.",
            );
        }
        return with_warnings(parse(Format::Fountain, &fountain)?, warnings);
    }
    let (text, mut warnings) = decode(bytes)?;
    match kind {
        FileKind::Fdx => with_warnings(parse(Format::Fdx, &text)?, warnings),
        FileKind::PlainText => {
            let (fountain, mut guessed) = plain::to_fountain(&text);
            warnings.append(&mut guessed);
            with_warnings(parse(Format::Fountain, &fountain)?, warnings)
        }
        FileKind::Fountain | FileKind::Pdf => with_warnings(parse(Format::Fountain, &text)?, warnings),
    }
}

fn with_warnings(mut screenplay: Screenplay, mut warnings: Vec<Warning>) -> Result<Screenplay, ParseError> {
    warnings.append(&mut screenplay.warnings);
    screenplay.warnings = warnings;
    Ok(screenplay)
}
