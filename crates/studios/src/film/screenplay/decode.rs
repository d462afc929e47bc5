//! Turns the bytes of a file into text, and says what kind of file it is.

use super::error::{ParseError, Reason, Warning, WarningKind};

/// A kind of file that a screenplay comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Fountain.
    Fountain,
    /// Final Draft XML.
    Fdx,
    /// Text that is laid out like a printed screenplay.
    PlainText,
    /// PDF.
    Pdf,
}

/// How many bytes are looked at to tell text from anything else.
const SAMPLE: usize = 8 * 1024;
/// How many lines are looked at to tell laid-out text from Fountain.
const SAMPLE_LINES: usize = 2_000;
/// The indent, in columns, from which on a line in capitals looks like the cue of a laid-out screenplay.
const CUE_COLUMN: usize = 16;

/// First bytes by which files are known that are not screenplays, in words for a person.
const SIGNATURES: [(&[u8], &str); 9] = [
    (b"PK\x03\x04", "a ZIP archive (a Word, Pages or Highland document is one too)"),
    (b"\xd0\xcf\x11\xe0", "an old Word document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
];

/// What kind of file this is, by its content and, where that leaves it open, its name.
///
/// # Errors
/// If it is empty or holds neither text nor PDF.
pub fn detect(file_name: &str, bytes: &[u8]) -> Result<FileKind, ParseError> {
    if bytes.iter().take(1024).collect::<Vec<_>>().is_empty() {
        return Err(ParseError::whole(Reason::Empty));
    }
    let head = &bytes[..bytes.len().min(1024)];
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Ok(FileKind::Pdf);
    }
    let (text, _) = decode(bytes)?;
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with("<?xml") || start.starts_with("<FinalDraft") || start.starts_with("<!DOCTYPE") {
        return Ok(FileKind::Fdx);
    }
    if start.is_empty() {
        return Err(ParseError::whole(Reason::Empty));
    }
    let extension = file_name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    Ok(match extension.as_deref() {
        Some("fountain" | "spmd") => FileKind::Fountain,
        _ if is_laid_out(&text) => FileKind::PlainText,
        _ => FileKind::Fountain,
    })
}

/// How two bytes make a UTF-16 unit.
type Unit = fn([u8; 2]) -> u16;

/// The text of a file: UTF-8, UTF-16 with a byte order mark, or Windows-1252, in which Latin-1 is contained. A byte
/// order mark of UTF-8 stays, so that the file can be given back as it came.
///
/// # Errors
/// If the bytes are not text.
pub fn decode(bytes: &[u8]) -> Result<(String, Vec<Warning>), ParseError> {
    if let Some((_, name)) = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)) {
        return Err(ParseError::whole(Reason::NotText(name)));
    }
    let utf16: Option<(Unit, &str)> = match bytes {
        [0xff, 0xfe, ..] => Some((u16::from_le_bytes, "UTF-16, little-endian")),
        [0xfe, 0xff, ..] => Some((u16::from_be_bytes, "UTF-16, big-endian")),
        _ => None,
    };
    if let Some((unit, name)) = utf16 {
        let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text: String =
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        return Ok((declare_utf8(text), vec![converted(name)]));
    }
    if bytes[..bytes.len().min(SAMPLE)].contains(&0) {
        return Err(ParseError::whole(Reason::NotText("a binary file")));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((text.to_owned(), Vec::new())),
        Err(_) => {
            let text = bytes.iter().map(|byte| windows_1252(*byte)).collect();
            Ok((declare_utf8(text), vec![converted("Windows-1252 (Latin-1)")]))
        }
    }
}

fn converted(from: &str) -> Warning {
    Warning::new(
        WarningKind::Encoding,
        format!("The file was in {from} and was converted to UTF-8; check letters with accents."),
    )
}

/// Makes an XML declaration say what is true after the conversion.
fn declare_utf8(text: String) -> String {
    let Some(end) = text.strip_prefix("<?xml").and_then(|rest| rest.find("?>")) else { return text };
    let end = end + "<?xml".len();
    let Some(name) = text[..end].find("encoding=") else { return text };
    let open = name + "encoding=".len();
    let Some(quote) = text[open..end].chars().next().filter(|c| matches!(c, '"' | '\'')) else { return text };
    let Some(length) = text[open + 1..end].find(quote) else { return text };
    format!("{}UTF-8{}", &text[..=open], &text[open + 1 + length..])
}

/// The character of a byte in Windows-1252. The five bytes that mean nothing there mean what they do in Latin-1.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Whether the text stands in the columns of a printed screenplay: cues deep inside, speeches under them less deep.
fn is_laid_out(text: &str) -> bool {
    let mut cues = 0;
    let mut speeches = 0;
    let mut after_cue = None;
    for line in text.lines().take(SAMPLE_LINES) {
        let content = line.trim();
        let indent = super::plain::indent(line);
        if let Some(cue) = after_cue
            && !content.is_empty()
            && indent > 0
            && indent < cue
        {
            speeches += 1;
        }
        after_cue = None;
        if indent >= CUE_COLUMN && super::fountain::is_upper(content) && !content.ends_with(':') {
            cues += 1;
            after_cue = Some(indent);
        }
    }
    cues >= 2 && speeches * 2 >= cues
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides_before_the_name() {
        assert_eq!(detect("a.fountain", b"%PDF-1.4 ...").unwrap(), FileKind::Pdf);
        assert_eq!(detect("a.txt", b"<?xml version=\"1.0\"?><FinalDraft/>").unwrap(), FileKind::Fdx);
        assert_eq!(detect("a.txt", b"INT. HOUSE - DAY\n\nA man.\n").unwrap(), FileKind::Fountain);
        let laid_out = b"INT. HOUSE - DAY\n\n                    MARA\n          Hello.\n\n                    JOSS\n          Bye.\n";
        assert_eq!(detect("a.txt", laid_out).unwrap(), FileKind::PlainText);
        assert_eq!(detect("a.fountain", laid_out).unwrap(), FileKind::Fountain);
    }

    #[test]
    fn what_is_no_text_is_named() {
        let error = detect("a.docx", b"PK\x03\x04rest").unwrap_err();
        assert!(error.to_string().contains("ZIP"), "{error}");
        assert_eq!(detect("a.bin", b"a\0b").unwrap_err().reason, Reason::NotText("a binary file"));
        assert_eq!(detect("a.txt", b"").unwrap_err().reason, Reason::Empty);
        assert_eq!(detect("a.txt", b"\xef\xbb\xbf \n\t").unwrap_err().reason, Reason::Empty);
    }

    #[test]
    fn text_that_is_not_utf8_is_converted_with_a_warning() {
        let (text, warnings) = decode(b"CAF\xc9 \x96 it\x92s").unwrap();
        assert_eq!(text, "CAFÉ – it’s");
        assert_eq!(warnings[0].kind, WarningKind::Encoding);
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("Zoë".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode(&utf16).unwrap().0, "Zoë");
        let utf16: Vec<u8> =
            [0xfe, 0xff].into_iter().chain("Zoë".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(decode(&utf16).unwrap().0, "Zoë");
    }

    #[test]
    fn a_converted_xml_declaration_says_utf8() {
        let (text, _) = decode(b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>").unwrap();
        assert_eq!(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a>é</a>");
    }

    #[test]
    fn a_byte_order_mark_of_utf8_stays() {
        assert_eq!(decode(b"\xef\xbb\xbfINT.").unwrap(), ("\u{feff}INT.".to_owned(), vec![]));
    }
}
