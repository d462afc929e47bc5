//! Names as they stand in addresses.

/// The longest slug, so that a number fits behind it.
const LONGEST: usize = 80;

/// The name in lower-case ASCII letters, digits and hyphens; `untitled` if nothing of it is left.
#[must_use]
pub fn slug(name: &str) -> String {
    let mut slug = slug::slugify(name);
    slug.truncate(LONGEST);
    let trimmed = slug.trim_end_matches('-');
    if trimmed.is_empty() { "untitled".into() } else { trimmed.into() }
}

/// The name as it is compared and filtered by: lower case, white space folded.
#[must_use]
pub fn name_key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_slug_is_plain_ascii_and_never_empty() {
        assert_eq!(super::slug("  Zoë  O’Hara "), "zoe-o-hara");
        assert_eq!(super::slug("!!!"), "untitled");
        assert!(super::slug(&"long ".repeat(100)).len() <= 80);
    }
}
