//! Files that an answer brings: kept by browsers under the name that they have in the project, whatever its letters.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// A file as an answer.
pub(crate) struct Download {
    /// With its ending: `Żółć – Shot list.csv`.
    pub(crate) name: String,
    /// Its type, with the charset of a text.
    pub(crate) kind: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        if let Ok(value) = HeaderValue::from_str(&disposition(&self.name)) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
        (headers, self.bytes).into_response()
    }
}

/// The name twice (RFC 6266): in plain letters for old readers, and with all letters by their bytes (RFC 8187).
fn disposition(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c }).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_letters_and_cannot_end_its_header() {
        assert_eq!(
            disposition("Żółć – Cast.csv"),
            "attachment; filename=\"____ _ Cast.csv\"; filename*=UTF-8''%C5%BB%C3%B3%C5%82%C4%87%20%E2%80%93%20Cast.csv"
        );
        let sly = disposition("a\"; x=\r\n../b.csv");
        assert!(!sly.contains(['\r', '\n', '/']), "{sly}");
        assert_eq!(sly.matches('"').count(), 2, "{sly}");
    }
}
