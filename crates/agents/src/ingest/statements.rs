//! What sentences say of whom they speak of: ages, trades, fields and relationships.

use brain::lexicon::NamedBy;

use super::fields;
use super::known::Known;
use super::naming::{ARTICLES, COPULAS, NAME_WORDS, POSSESSIVES, is_number_label, name_run, spell};
use super::phrases::{VERBS, noun};
use super::words::{Token, number};
use crate::catalogue::{Catalogue, Collection};

/// The most targets of one phrase: `scenes 4, 7 and 9`.
const MOST_TARGETS: usize = 12;
/// Words at which a description of what someone is ends.
const ENDINGS: &[&str] = &[
    "who", "whose", "that", "which", "from", "with", "living", "working", "in", "at", "and", "but", "on",
    "for", "named", "called", "is", "was", "has", "lives", "works", "appears", "where", "near", "by",
];

/// What is said of someone or something.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statement {
    /// How old they are, in years.
    Age(f64),
    /// What they are: `ferry captain`.
    Trade(String),
    /// A field that some collection knows, by the name that the text gives it.
    Field { name: String, value: String },
    /// A relationship, by its predicate.
    Link { predicate: String, target: String, confidence: f64 },
    /// A relationship with a record that is named by its number.
    Numbered { predicate: String, collection: &'static str, number: String, confidence: f64 },
}

/// Reads sentences against a catalogue and a project.
pub(super) struct Reader<'k> {
    pub(super) catalogue: &'k Catalogue,
    pub(super) known: &'k Known,
}

impl Reader<'_> {
    /// The collection whose records people name by number, if `word` stands for one.
    pub(super) fn by_number(&self, word: &Token<'_>) -> Option<&'static brain::lexicon::Collection> {
        let text = word.text.to_lowercase();
        let numbered = |c: &&brain::lexicon::Collection| c.named_by == NamedBy::Number;
        let mut collections = self.catalogue.lexicon.collections.iter().filter(numbered);
        collections.find(|c| c.singular == text || c.name == text)
    }

    /// What a sentence says from a word on.
    pub(super) fn statements(&self, sentence: &str, words: &[Token<'_>], from: usize) -> Vec<Statement> {
        let mut said = Vec::new();
        if let Some(label) = words.get(from).filter(|_| from == 1 && self.by_number(&words[0]).is_some()) {
            said.push(Statement::Field { name: "number".into(), value: label.text.to_owned() });
        }
        // The appositive: `Mara Voss, a ferry captain, …`, `Mara Voss, Joss's sister, …`
        let article = |word: &Token<'_>| ARTICLES.iter().any(|article| word.is(article));
        if words.get(from).is_some_and(|word| word.after_break && (article(word) || word.is_possessive())) {
            self.described(sentence, words, from, &mut said);
        }
        let mut described = false;
        for at in from..words.len() {
            self.age(words, at, &mut said);
            if COPULAS.iter().any(|copula| words[at].is(copula)) {
                let field = self.possessed(sentence, words, at, &mut said);
                if !field && !described {
                    self.described(sentence, words, at + 1, &mut said);
                }
                described = true;
            }
            self.companion(sentence, words, at, &mut said);
            self.having(sentence, words, at, &mut said);
            self.phrase(sentence, words, at, &mut said);
        }
        said
    }

    /// `34-year-old`, `34 years old`, `aged 34`, and `, 34,` behind a name.
    fn age(&self, words: &[Token<'_>], at: usize, said: &mut Vec<Statement>) {
        let word = &words[at];
        let next = |ahead: usize, text: &str| words.get(at + ahead).is_some_and(|word| word.is(text));
        let lower = word.text.to_lowercase();
        let years = if let Some(years) = lower.strip_suffix("-year-old") {
            number(years)
        } else if next(1, "years") && next(2, "old") || next(1, "year") && next(2, "old") {
            number(&lower)
        } else if lower == "aged" || lower == "age" {
            words.get(at + 1).and_then(|word| number(word.text))
        } else {
            let alone = words.get(at + 1).is_none_or(|next| next.after_break);
            let before = at.checked_sub(1).and_then(|before| words.get(before));
            let told = word.after_break || before.is_some_and(|word| word.is("is"));
            let named = before.is_some_and(|word| self.by_number(word).is_some());
            number(word.text)
                .filter(|years| alone && told && !named && (1.0..=120.0).contains(years) && at > 0 && at < 6)
        };
        let known = said.iter().any(|statement| matches!(statement, Statement::Age(_)));
        if let Some(years) = years.filter(|years| !known && (0.0..=10_000.0).contains(years)) {
            said.push(Statement::Age(years));
        }
    }

    /// What stands behind `is` or in an appositive: `Joss's older sister`, `a friend of Joss`, `a ferry captain`.
    fn described(&self, sentence: &str, words: &[Token<'_>], from: usize, said: &mut Vec<Statement>) {
        if let Some((at, end)) = name_run(words, from)
            && words[end - 1].is_possessive()
        {
            let noun = words[end..]
                .iter()
                .take(4)
                .take_while(|word| !word.after_break)
                .find_map(|word| noun(word.text));
            if let Some(noun) = noun {
                let target = spell(sentence, words, at, end);
                said.push(Statement::Link { predicate: format!("{noun}_of"), target, confidence: 0.95 });
            }
            return;
        }
        let article = words.get(from).is_some_and(|word| ARTICLES.iter().any(|article| word.is(article)));
        let start = from + usize::from(article);
        let until = words[start.min(words.len())..]
            .iter()
            .position(|word| {
                word.after_break && word.start > words[start].start || ENDINGS.iter().any(|end| word.is(end))
            })
            .map_or(words.len(), |count| start + count);
        let phrase = &words[start.min(until)..until];
        let related = phrase.iter().position(|word| word.is("of") || word.is("to")).filter(|at| *at > 0);
        if let Some(at) = related
            && let Some(noun) = noun(phrase[at - 1].text)
        {
            for target in self.targets(sentence, words, start + at + 1) {
                said.push(target.link(format!("{noun}_of"), 0.95));
            }
            return;
        }
        let plain: Vec<&Token<'_>> =
            phrase.iter().filter(|word| !word.text.to_lowercase().ends_with("-year-old")).collect();
        let lower = plain.iter().any(|word| !word.is_nameish());
        let (Some(first), Some(last)) = (plain.first(), plain.last()) else { return };
        if article && lower && fields::collection_called(self.catalogue, last.text).is_none() {
            said.push(Statement::Trade(sentence[first.start..last.end()].to_owned()));
        }
    }

    /// `her hair is red`, `Mara's brother is Joss`: at the copula, looking back for whose and what.
    fn possessed(&self, sentence: &str, words: &[Token<'_>], at: usize, said: &mut Vec<Statement>) -> bool {
        let whose = |word: &Token<'_>| POSSESSIVES.iter().any(|p| word.is(p)) || word.is_possessive();
        let Some(owner) = (at.saturating_sub(4)..at).rev().find(|i| whose(&words[*i])) else {
            // `Joss is her brother`, which speaks of her.
            if !words.get(at + 1).is_some_and(|word| POSSESSIVES.iter().any(|p| word.is(p))) {
                return false;
            }
            let noun = words[at + 2..].iter().take(3).find_map(|word| noun(word.text));
            let named = name_run(words, 0).filter(|(_, end)| *end == at);
            if let (Some(noun), Some((from, end))) = (noun, named) {
                let target = spell(sentence, words, from, end);
                said.push(Statement::Link { predicate: noun, target, confidence: 0.9 });
                return true;
            }
            return false;
        };
        let Some(what) = words.get(owner + 1..at).filter(|what| !what.is_empty()) else { return false };
        let name = sentence[what[0].start..what[what.len() - 1].end()].to_owned();
        if let Some(noun) = noun(what[what.len() - 1].text) {
            for target in self.targets(sentence, words, at + 1) {
                said.push(target.link(noun.clone(), 0.95));
            }
            return true;
        }
        let Some(first) = words.get(at + 1) else { return false };
        if !fields::is_known(self.catalogue, &name) {
            return false;
        }
        let value = sentence[first.start..].trim_end_matches(['.', '!', '?', ' ']).to_owned();
        said.push(Statement::Field { name, value });
        true
    }

    /// `her brother Joss`
    fn companion(&self, sentence: &str, words: &[Token<'_>], at: usize, said: &mut Vec<Statement>) {
        let whose = POSSESSIVES.iter().any(|p| words[at].is(p));
        let Some(noun) = words.get(at + 1).filter(|_| whose).and_then(|word| noun(word.text)) else { return };
        let Some((from, end)) = name_run(words, at + 2) else { return };
        if end < words.len() && words[end - 1].is_possessive() {
            return;
        }
        said.push(Statement::Link {
            predicate: noun,
            target: spell(sentence, words, from, end),
            confidence: 0.9,
        });
    }

    /// `has red hair`, `works as a cook`, and verbs that a catalogue calls a field by: `wants to leave`.
    fn having(&self, sentence: &str, words: &[Token<'_>], at: usize, said: &mut Vec<Statement>) {
        let word = &words[at];
        let until = |from: usize| {
            let stop =
                |word: &Token<'_>| word.after_break || word.is("and") || word.is("but") || word.is("who");
            words[from..].iter().skip(1).position(stop).map_or(words.len(), |count| from + 1 + count)
        };
        if word.is("as") && at > 0 && (words[at - 1].is("works") || words[at - 1].is("worked")) {
            self.described(sentence, words, at + 1, said);
            let place = |word: &Token<'_>| word.is("at") || word.is("in") || word.is("on") || word.is("for");
            let mut near = words[at..].iter().take(8).skip(1).take_while(|word| !word.after_break);
            if let Some(count) = near.position(place) {
                let predicate = if words[at + 1 + count].is("for") { "works_for" } else { "works_at" };
                for target in self.targets(sentence, words, at + count + 2) {
                    said.push(target.link(predicate.into(), 0.9));
                }
            }
        } else if word.is("has") && at + 2 < words.len() {
            let end = until(at + 1);
            let (first, last) = (words[at + 1], words[end - 1]);
            if end > at + 2 && fields::is_known(self.catalogue, last.text) {
                let value = sentence[first.start..last.start].trim().to_owned();
                said.push(Statement::Field { name: last.text.to_owned(), value });
            }
        } else if word.text.ends_with('s') && at + 1 < words.len() && !words[at + 1].after_break {
            let lower = word.text.to_lowercase();
            let alias = |c: &Collection| c.fields.iter().any(|field| field.aliases.contains(&lower.as_str()));
            let possessed =
                at > 0 && (words[at - 1].is_possessive() || POSSESSIVES.iter().any(|p| words[at - 1].is(p)));
            if !possessed && self.catalogue.collections.iter().any(alias) {
                let end = until(at + 1);
                let value = sentence[words[at + 1].start..words[end - 1].end()].to_owned();
                said.push(Statement::Field { name: lower, value });
            }
        }
    }

    fn phrase(&self, sentence: &str, words: &[Token<'_>], at: usize, said: &mut Vec<Statement>) {
        let fits = |phrase: &[&str]| {
            words.len() >= at + phrase.len()
                && phrase.iter().zip(&words[at..]).all(|(wanted, word)| word.is(wanted))
        };
        let Some((phrase, predicate, confidence)) = VERBS.iter().find(|(phrase, ..)| fits(phrase)) else {
            return;
        };
        for target in self.targets(sentence, words, at + phrase.len()) {
            said.push(target.link((*predicate).to_owned(), *confidence));
        }
    }

    /// The records that a text names from a word on: `the Harbour`, `Joss and Ana`, `scenes 4, 7 and 9`.
    fn targets(&self, sentence: &str, words: &[Token<'_>], from: usize) -> Vec<Target> {
        let mut targets = Vec::new();
        let mut at = from;
        let mut numbered: Option<&'static brain::lexicon::Collection> = None;
        while let Some(word) = words.get(at).filter(|_| targets.len() < MOST_TARGETS) {
            if ARTICLES.iter().any(|article| word.is(article)) || (word.is("and") && at > from) {
                at += 1;
                continue;
            }
            if let Some(collection) = self.by_number(word) {
                numbered = Some(collection);
                at += 1;
                continue;
            }
            if let Some(collection) = numbered.filter(|_| is_number_label(word.text)) {
                targets.push(Target::Numbered { collection: collection.name, number: word.text.to_owned() });
                at += 1;
            } else if let Some((entry, count)) = self.known.beginning(&lower(&words[at..])) {
                targets.push(Target::Named(entry.name.clone()));
                at += count;
            } else if let Some((start, end)) = name_run(words, at).filter(|_| at == from || !word.after_break)
            {
                // A stranger behind a comma begins something else: `at the Harbour, Tom says`.
                targets.push(Target::Named(spell(sentence, words, start, end)));
                at = end;
            } else {
                break;
            }
            // A list goes on over commas and `and`; anything else ends it.
            if !words.get(at).is_some_and(|next| next.after_break || next.is("and")) {
                break;
            }
        }
        targets
    }
}

enum Target {
    Named(String),
    Numbered { collection: &'static str, number: String },
}

impl Target {
    fn link(self, predicate: String, confidence: f64) -> Statement {
        match self {
            Self::Named(target) => Statement::Link { predicate, target, confidence },
            Self::Numbered { collection, number } => {
                Statement::Numbered { predicate, collection, number, confidence }
            }
        }
    }
}

/// The keys of the next words, as names are looked up by.
fn lower(words: &[Token<'_>]) -> Vec<String> {
    words.iter().take(NAME_WORDS).map(|word| word.bare().to_lowercase().replace('’', "'")).collect()
}
