//! Text to token ids as BERT (uncased) reads it: cleaned, lower-cased, without accents, split into word pieces.

use std::collections::HashMap;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Words longer than this many characters are unknown words, as in the model's own tokenizer.
const LONGEST_WORD: usize = 100;

/// The vocabulary is not one that this model can be read with.
#[derive(Debug, thiserror::Error)]
pub enum BadVocabulary {
    /// `tokenizer.json` is no JSON of the form that is known.
    #[error("the tokenizer's file cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A token without which no text can be written is not there.
    #[error("the tokenizer has no token {0}")]
    NoToken(&'static str),
    /// A token id that the model has no row for.
    #[error("the tokenizer has the id {0}, which is not one of the model's")]
    StrangeId(u32),
}

/// The word pieces of a model, and how a text is cut into them.
///
/// The same ids as Hugging Face's `tokenizers` gives for this model's `tokenizer.json`, but for one thing: a text
/// that spells `[SEP]` or another special token means these five characters, not the token.
pub(crate) struct Tokenizer {
    starts: HashMap<Box<str>, u32>,
    continuations: HashMap<Box<str>, u32>,
    unknown: u32,
    first: u32,
    last: u32,
}

#[derive(Deserialize)]
struct File {
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    vocab: HashMap<Box<str>, u32>,
}

impl Tokenizer {
    /// Reads the text of a `tokenizer.json` of a model with `rows` tokens.
    ///
    /// # Errors
    /// When the file is of another form, lacks a special token or has an id outside the model.
    pub(crate) fn from_json(json: &str, rows: usize) -> Result<Self, BadVocabulary> {
        let vocab = serde_json::from_str::<File>(json)?.model.vocab;
        if let Some(&id) = vocab.values().find(|&&id| id as usize >= rows) {
            return Err(BadVocabulary::StrangeId(id));
        }
        let special = |token: &'static str| vocab.get(token).copied().ok_or(BadVocabulary::NoToken(token));
        let (unknown, first, last) = (special("[UNK]")?, special("[CLS]")?, special("[SEP]")?);
        let (mut starts, mut continuations) = (HashMap::new(), HashMap::new());
        for (piece, id) in vocab {
            match piece.strip_prefix("##") {
                Some(rest) if !rest.is_empty() => continuations.insert(rest.into(), id),
                _ => starts.insert(piece, id),
            };
        }
        Ok(Self { starts, continuations, unknown, first, last })
    }

    /// The ids of `text` between the tokens that open and close a text, no more than `most` (at least 2) in all.
    /// What does not fit is cut off at the end; a text of any length costs no more than what fits.
    #[must_use]
    pub(crate) fn ids(&self, text: &str, most: usize) -> Vec<u32> {
        let room = most.max(2) - 1;
        let mut ids = vec![self.first];
        let mut word = String::new();
        for letter in letters(text) {
            let alone = is_cjk(letter) || is_punctuation(letter);
            if alone || letter.is_whitespace() {
                self.push_word(&mut word, &mut ids);
                if alone {
                    word.push(letter);
                    self.push_word(&mut word, &mut ids);
                }
                if ids.len() >= room {
                    break;
                }
            } else if word.len() <= 4 * LONGEST_WORD {
                // A character has at most four bytes: what is longer is an unknown word, however it goes on.
                word.push(letter);
            }
        }
        self.push_word(&mut word, &mut ids);
        ids.truncate(room);
        ids.push(self.last);
        ids
    }

    /// Adds the pieces of `word`, longest first, and empties it; a word with a part that is no piece is unknown.
    fn push_word(&self, word: &mut String, ids: &mut Vec<u32>) {
        if word.is_empty() {
            return;
        }
        let kept = ids.len();
        let mut rest = if word.chars().count() > LONGEST_WORD { "" } else { word.as_str() };
        let mut pieces = &self.starts;
        while !rest.is_empty() {
            let ends = rest.char_indices().rev().map(|(at, letter)| at + letter.len_utf8());
            let Some((id, end)) = ends.into_iter().find_map(|end| Some((*pieces.get(&rest[..end])?, end)))
            else {
                ids.truncate(kept);
                break;
            };
            ids.push(id);
            rest = &rest[end..];
            pieces = &self.continuations;
        }
        if ids.len() == kept {
            ids.push(self.unknown);
        }
        word.clear();
    }
}

/// The characters that the model sees: no control characters, no accents, lower case. White space stays as it is.
fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|&c| c != '\u{fffd}' && (matches!(c, '\t' | '\n' | '\r') || !is_other(c)))
        .nfd()
        .filter(|c| c.general_category() != GeneralCategory::NonspacingMark)
        .flat_map(char::to_lowercase)
}

/// Control, format, private and surrogate characters.
fn is_other(c: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse, Surrogate};
    matches!(c.general_category(), Control | Format | PrivateUse | Surrogate)
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || c.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// The blocks that BERT's own tokenizer takes as words of one character.
/// Source: `tokenize_chinese_chars` in google-research/bert, `tokenization.py`.
fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F | 0x2B740..=0x2B81F
        | 0x2B920..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokenizer() -> Tokenizer {
        let pieces = ["[UNK]", "[CLS]", "[SEP]", "the", "rav", "##en", "##s", "!", "cafe", "人", "生", "a"];
        let vocab: serde_json::Map<_, _> =
            pieces.iter().enumerate().map(|(id, piece)| ((*piece).to_owned(), id.into())).collect();
        let json = serde_json::json!({ "model": { "vocab": vocab } }).to_string();
        Tokenizer::from_json(&json, pieces.len()).unwrap()
    }

    #[test]
    fn a_word_is_cut_into_the_longest_pieces() {
        assert_eq!(tokenizer().ids("The ravens!", 16), [1, 3, 4, 5, 6, 7, 2]);
    }

    #[test]
    fn a_word_with_a_part_that_is_no_piece_is_one_unknown_word() {
        assert_eq!(tokenizer().ids("the ravenous", 16), [1, 3, 0, 2]);
        assert_eq!(tokenizer().ids(&"a".repeat(101), 16), [1, 0, 2]);
    }

    #[test]
    fn accents_case_and_control_characters_do_not_count() {
        assert_eq!(tokenizer().ids("CAF\u{c9}", 16), [1, 8, 2]);
        assert_eq!(tokenizer().ids("ca\u{0}f\u{200b}e\u{301}", 16), [1, 8, 2]);
    }

    #[test]
    fn chinese_characters_are_words_of_their_own() {
        assert_eq!(tokenizer().ids("人生", 16), [1, 9, 10, 2]);
    }

    #[test]
    fn a_text_cannot_spell_a_special_token() {
        assert_eq!(tokenizer().ids("[SEP]", 16), [1, 0, 0, 0, 2]);
    }

    #[test]
    fn a_text_that_does_not_fit_is_cut_at_the_end() {
        assert_eq!(tokenizer().ids("the the the the", 4), [1, 3, 3, 2]);
        assert_eq!(tokenizer().ids("", 4), [1, 2]);
    }

    #[test]
    fn a_vocabulary_that_is_not_the_models_is_refused() {
        assert!(matches!(Tokenizer::from_json("{}", 9), Err(BadVocabulary::Unreadable(_))));
        let json = r###"{"model":{"vocab":{"[UNK]":0,"[CLS]":1}}}"###;
        assert!(matches!(Tokenizer::from_json(json, 9), Err(BadVocabulary::NoToken("[SEP]"))));
        assert!(matches!(Tokenizer::from_json(json, 1), Err(BadVocabulary::StrangeId(1))));
    }

    proptest! {
        #[test]
        fn any_text_opens_closes_and_fits(text: String, most in 2usize..40) {
            let ids = tokenizer().ids(&text, most);
            prop_assert!(ids.len() <= most);
            prop_assert_eq!((ids.first(), ids.last()), (Some(&1), Some(&2)));
        }
    }
}
