//! Guesses the fields of a title page that only has lines: by where they stand and what they say.

use super::model::TitleField;

/// A line of a title page, in Fountain's marks.
#[derive(Debug, Clone)]
pub(super) struct GuessedLine {
    pub(super) text: String,
    /// Whether it stands in the middle rather than at a side.
    pub(super) centered: bool,
}

/// The fields: in the middle the title, "written by", the author, the source; at the sides the contact.
pub(super) fn guess(lines: Vec<GuessedLine>) -> Vec<TitleField> {
    let mut fields: Vec<TitleField> = Vec::new();
    let mut add = |key: &str, text: String| match fields.iter_mut().find(|field| field.key == key) {
        Some(field) => field.lines.push(text),
        None => fields.push(TitleField { key: key.to_owned(), lines: vec![text] }),
    };
    let mut next = "Title";
    for line in lines {
        let lower = line.text.to_lowercase();
        let lower = lower.trim_matches(['*', '_', ' ']);
        if lower.is_empty() {
            continue;
        }
        let is_byline = lower == "by" || (lower.ends_with(" by") && lower.split_whitespace().count() <= 4);
        let is_source =
            lower.starts_with("based on") || lower.starts_with("story by") || lower.starts_with("from the");
        if !line.centered && next != "Title" {
            let is_copyright = lower.contains("copyright") || lower.contains('©');
            add(if is_copyright { "Copyright" } else { "Contact" }, line.text);
        } else if is_source || (is_byline && lower.contains("story")) {
            add("Source", line.text);
            next = "Source";
        } else if is_byline {
            add("Credit", line.text);
            next = "Author";
        } else if lower.contains("draft") && next != "Title" {
            add("Draft date", line.text);
        } else {
            add(next, line.text);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_holds_title_and_author_and_the_sides_the_contact() {
        let middle = |text: &str| GuessedLine { text: text.to_owned(), centered: true };
        let side = |text: &str| GuessedLine { text: text.to_owned(), centered: false };
        let fields = guess(vec![middle("BIG"), middle("Written by"), middle("Ada"), side("1 Main St.")]);
        let keys: Vec<(&str, &str)> = fields.iter().map(|f| (f.key.as_str(), f.lines[0].as_str())).collect();
        assert_eq!(
            keys,
            [("Title", "BIG"), ("Credit", "Written by"), ("Author", "Ada"), ("Contact", "1 Main St.")]
        );
    }
}
