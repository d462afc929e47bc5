//! Words of a question or a name, as they are compared.

/// A word with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// In lower case, without a possessive `'s`.
    pub(crate) key: String,
    /// Whether it was written with a capital.
    pub(crate) capital: bool,
}

/// The words of a text: runs of letters and digits. An apostrophe within a word belongs to it.
pub(crate) fn words(text: &str) -> Vec<Word> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’')))
        .filter_map(|run| {
            let run = run.trim_matches(['\'', '’']);
            let stem = run.strip_suffix("'s").or_else(|| run.strip_suffix("’s")).unwrap_or(run);
            let first = stem.chars().next()?;
            Some(Word { key: stem.to_lowercase().replace('’', "'"), capital: first.is_uppercase() })
        })
        .collect()
}

/// The keys of a text's words.
pub(crate) fn keys(text: &str) -> Vec<String> {
    words(text).into_iter().map(|word| word.key).collect()
}

/// Words that carry no meaning of their own in a question.
const EMPTY: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been",
    "before", "being", "between", "both", "but", "by", "can", "could", "did", "do", "does", "doing",
    "during", "each", "every", "for", "from", "give", "go", "goes", "going", "had", "has", "have", "having",
    "he", "her", "here", "hers", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just",
    "let", "list", "many", "may", "me", "more", "much", "my", "no", "not", "of", "off", "on", "one", "only",
    "or", "other", "our", "out", "over", "own", "please", "same", "she", "should", "show", "so", "some",
    "such", "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this",
    "those", "through", "to", "too", "under", "up", "us", "very", "was", "we", "were", "what", "when",
    "where", "whether", "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you",
    "your",
];

/// Whether a word carries no meaning of its own.
pub(crate) fn is_empty(key: &str) -> bool {
    EMPTY.binary_search(&key).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn possessives_and_quotes_fall_away() {
        assert_eq!(keys("Mara’s 'boat', O'Hara's—no?"), ["mara", "boat", "o'hara", "no"]);
    }

    #[test]
    fn the_list_of_empty_words_is_sorted() {
        assert!(EMPTY.is_sorted());
    }
}
