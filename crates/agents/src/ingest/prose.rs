//! Sentences read for whom they speak of and what they say of them. No grammar: a few patterns that people use.

use brain::lexicon::NamedBy;

use super::fields;
use super::kinds::is_slug_line;
use super::known::Known;
use super::phrases::{VERBS, noun};
use super::words::{Token, name_key, number, sentences, tokens};
use crate::catalogue::{Catalogue, Collection};

/// The most targets of one phrase: `scenes 4, 7 and 9`.
const MOST_TARGETS: usize = 12;
/// The most words of a name.
const NAME_WORDS: usize = 8;

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

/// One thing that a text speaks of.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Subject {
    /// Empty if the text names nothing.
    pub(super) name: String,
    /// The collection's name, if the text says what it is.
    pub(super) kind: Option<&'static str>,
    /// The sentences about it.
    pub(super) text: String,
    pub(super) statements: Vec<Statement>,
}

/// What a text speaks of, in order; more than `most` are passed over, and how many is told.
pub(super) fn read(text: &str, catalogue: &Catalogue, known: &Known, most: usize) -> (Vec<Subject>, usize) {
    let reader = Reader { catalogue, known };
    let mut subjects: Vec<Subject> = Vec::new();
    let mut beyond = 0;
    // The subject that a pronoun stands for; none while one is passed over.
    let mut current: Option<usize> = None;
    for sentence in sentences(text) {
        let words = tokens(sentence);
        let present = current.and_then(|at| subjects.get(at));
        let head = reader.head(sentence, &words, present);
        let (at, from) = match head {
            Head::Same { from } => (current, from),
            Head::New { name, kind, from } => {
                let again = subjects.iter().position(|other| is_part(&name, &other.name));
                let at = again.or_else(|| {
                    if subjects.len() >= most {
                        beyond += 1;
                        return None;
                    }
                    subjects.push(Subject { name, kind: kind.map(|kind| kind.name), ..Subject::default() });
                    Some(subjects.len() - 1)
                });
                (at, from)
            }
        };
        if subjects.is_empty() {
            subjects.push(Subject::default());
            current = Some(0);
        } else {
            current = at.or_else(|| if beyond > 0 { None } else { Some(subjects.len() - 1) });
        }
        let Some(subject) = current.and_then(|at| subjects.get_mut(at)) else { continue };
        // An order (`Add a character named …`) is not part of what is told.
        let told = if from.order {
            words.get(from.name).map_or(sentence, |word| &sentence[word.start..])
        } else {
            sentence
        };
        if !subject.text.is_empty() {
            subject.text.push(' ');
        }
        subject.text.push_str(told);
        let statements = reader.statements(sentence, &words, from.rest);
        subject.statements.extend(statements);
    }
    (subjects, beyond)
}

/// Whether `short` is `name` or a part of it that stands for it: its first or its last word.
fn is_part(short: &str, name: &str) -> bool {
    let (short, name) = (name_key(short), name_key(name));
    let mut words = name.split(' ');
    !short.is_empty() && (short == name || words.next() == Some(&short) || words.next_back() == Some(&short))
}

/// Whom a sentence speaks of.
enum Head {
    New { name: String, kind: Option<&'static Collection>, from: Begin },
    Same { from: Begin },
}

/// Where in a sentence the name is, and where what is said of it begins.
#[derive(Clone, Copy, Default)]
struct Begin {
    name: usize,
    rest: usize,
    order: bool,
}

struct Reader<'k> {
    catalogue: &'k Catalogue,
    known: &'k Known,
}

const PRONOUNS: &[&str] = &["she", "he", "they", "it", "her", "his", "their", "its", "this", "these", "who"];
const POSSESSIVES: &[&str] = &["her", "his", "its", "their"];
const COPULAS: &[&str] = &["is", "was", "are", "were"];
const ARTICLES: &[&str] = &["a", "an", "the"];
/// Words that begin a sentence with a capital and name nobody.
const OPENINGS: &[&str] = &[
    "a",
    "about",
    "after",
    "all",
    "also",
    "although",
    "an",
    "and",
    "another",
    "as",
    "at",
    "because",
    "before",
    "both",
    "but",
    "by",
    "during",
    "each",
    "every",
    "everyone",
    "finally",
    "for",
    "from",
    "here",
    "how",
    "however",
    "i",
    "if",
    "in",
    "inside",
    "into",
    "later",
    "like",
    "many",
    "meanwhile",
    "my",
    "near",
    "no",
    "not",
    "nobody",
    "now",
    "of",
    "on",
    "once",
    "one",
    "only",
    "or",
    "our",
    "outside",
    "over",
    "please",
    "since",
    "so",
    "some",
    "someone",
    "soon",
    "suddenly",
    "than",
    "that",
    "then",
    "there",
    "those",
    "though",
    "through",
    "to",
    "today",
    "under",
    "until",
    "we",
    "what",
    "when",
    "where",
    "while",
    "why",
    "with",
    "without",
    "you",
    "your",
];
/// Words by which a person orders a record, before its name.
const ORDERS: &[&str] =
    &["add", "create", "introduce", "make", "meet", "new", "please", "record", "register", "save"];
/// Words within a name that have no capital.
const CONNECTORS: &[&str] =
    &["of", "the", "de", "del", "da", "di", "du", "la", "le", "van", "von", "der", "den", "bin", "al", "y"];
/// Words at which a description of what someone is ends.
const ENDINGS: &[&str] = &[
    "who", "whose", "that", "which", "from", "with", "living", "working", "in", "at", "and", "but", "on",
    "for", "named", "called", "is", "was", "has", "lives", "works", "appears", "where", "near", "by",
];

impl Reader<'_> {
    fn head(&self, sentence: &str, words: &[Token<'_>], current: Option<&Subject>) -> Head {
        let same = Head::Same { from: Begin::default() };
        let Some(first) = words.first() else { return same };
        if is_slug_line(sentence) {
            let name = sentence.trim().trim_end_matches('.').to_owned();
            return Head::New { name, kind: None, from: Begin { name: 0, rest: words.len(), order: false } };
        }
        if let Some(head) = self.numbered_head(sentence, words) {
            return head;
        }
        if current.is_some() && PRONOUNS.iter().any(|word| first.is(word)) {
            return same;
        }
        if let Some(head) = self.ordered_head(words) {
            return head;
        }
        let Some((at, end)) = name_run(words, usize::from(first.is("the"))) else { return same };
        let name = spell(sentence, words, at, end);
        let from = Begin { name: at, rest: end, order: false };
        match current {
            Some(current) if is_part(&name, &current.name) => Head::Same { from },
            // `Joss is her brother` speaks of her.
            Some(current)
                if !current.name.is_empty()
                    && is_of_other(words, end)
                    && self.known.find(&name, None).is_some() =>
            {
                Head::Same { from: Begin::default() }
            }
            Some(current) if !current.name.is_empty() && !defines(words, end) => {
                Head::Same { from: Begin::default() }
            }
            _ => Head::New { name, kind: None, from },
        }
    }

    /// `Scene 12: …`
    fn numbered_head(&self, sentence: &str, words: &[Token<'_>]) -> Option<Head> {
        let collection = self.by_number(words.first()?)?;
        let label = words.get(1).filter(|word| is_number_label(word.text))?;
        let rest = sentence[label.end()..].trim_start_matches([':', '.', '-', '–', '—', ' ']);
        let name = if is_slug_line(rest) {
            rest.trim_end_matches('.').to_owned()
        } else {
            format!("{} {}", capitalised(collection.singular), label.text)
        };
        let kind = self.catalogue.collection(collection.name).ok();
        Some(Head::New { name, kind, from: Begin { name: 0, rest: 1, order: false } })
    }

    /// `Add a character named Mara Voss`, `There is a lighthouse keeper called Tom`, `New location: The Old Mill`.
    fn ordered_head(&self, words: &[Token<'_>]) -> Option<Head> {
        let kind_of = |word: &Token<'_>| fields::collection_called(self.catalogue, word.text);
        let named = words.iter().take(12).position(|word| word.is("named") || word.is("called"));
        if let Some(at) = named
            && let Some((from, end)) = name_run(words, at + 1)
        {
            let kind = words[..at].iter().rev().find_map(kind_of);
            // What is said before the name is said of it too.
            let rest = if kind.is_some() { end } else { 0 };
            let name = join(words, from, end);
            return Some(Head::New { name, kind, from: Begin { name: from, rest, order: kind.is_some() } });
        }
        let skipped = words
            .iter()
            .take_while(|word| {
                let order = ORDERS.iter().chain(ARTICLES).any(|order| word.is(order));
                order || (kind_of(word).is_some() && !word.is_possessive())
            })
            .count();
        let ordered = words[..skipped].iter().any(|word| ORDERS.iter().any(|order| word.is(order)));
        let kind = words[..skipped].iter().find_map(kind_of);
        // `The Harbour` is a name; `Location: the Harbour` and `Add the Harbour` say what to do with one.
        if !ordered && (kind.is_none() || !words.get(skipped)?.after_break) {
            return None;
        }
        let (from, end) = name_run(words, skipped)?;
        Some(Head::New {
            name: join(words, from, end),
            kind,
            from: Begin { name: from, rest: end, order: true },
        })
    }

    fn by_number(&self, word: &Token<'_>) -> Option<&'static brain::lexicon::Collection> {
        let text = word.text.to_lowercase();
        let numbered = |c: &&brain::lexicon::Collection| c.named_by == NamedBy::Number;
        let mut collections = self.catalogue.lexicon.collections.iter().filter(numbered);
        collections.find(|c| c.singular == text || c.name == text)
    }

    fn statements(&self, sentence: &str, words: &[Token<'_>], from: usize) -> Vec<Statement> {
        let mut said = Vec::new();
        if let Some(label) = words.get(from).filter(|_| from == 1 && self.by_number(&words[0]).is_some()) {
            said.push(Statement::Field { name: "number".into(), value: label.text.to_owned() });
        }
        if let Some(word) =
            words.get(from).filter(|word| word.after_break && ARTICLES.iter().any(|a| word.is(a)))
        {
            // The appositive: `Mara Voss, a ferry captain, …`
            let _ = word;
            self.described(sentence, words, from, &mut said);
        } else if words.get(from).is_some_and(|word| word.after_break && word.is_possessive()) {
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
            let Some(owner) = words.get(at + 1).filter(|word| POSSESSIVES.iter().any(|p| word.is(p))) else {
                return false;
            };
            let noun = words[at + 2..].iter().take(3).find_map(|word| noun(word.text));
            let named = name_run(words, 0).filter(|(_, end)| *end == at);
            if let (Some(noun), Some((from, end))) = (noun, named) {
                let _ = owner;
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
            } else if let Some(collection) = self.by_number(word) {
                numbered = Some(collection);
                at += 1;
            } else if let Some(collection) = numbered.filter(|_| is_number_label(word.text)) {
                targets.push(Target::Numbered { collection: collection.name, number: word.text.to_owned() });
                at += 1;
            } else if let Some((entry, count)) = self.known.beginning(&lower(&words[at..])) {
                targets.push(Target::Named(entry.name.clone()));
                at += count;
            } else if let Some((start, end)) = name_run(words, at) {
                targets.push(Target::Named(spell(sentence, words, start, end)));
                at = end;
            } else {
                break;
            }
            // A list goes on over commas and `and`; anything else ends it.
            let on = words.get(at).is_some_and(|next| next.after_break || next.is("and"));
            if !targets.is_empty() && !on && !words.get(at).is_some_and(|_| numbered.is_some()) {
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

/// The run of words from `at` that is a name, as a range of words. An article before it is passed over.
fn name_run(words: &[Token<'_>], at: usize) -> Option<(usize, usize)> {
    let from = at + usize::from(words.get(at).is_some_and(|word| word.is("the")));
    let starts = |word: &Token<'_>| {
        let opening = OPENINGS.iter().chain(PRONOUNS).any(|opening| word.is(opening));
        word.is_nameish() && !opening
    };
    words.get(from).filter(|word| starts(word))?;
    let mut end = from + 1;
    while end < words.len() && end - from < NAME_WORDS && !words[end - 1].is_possessive() {
        let word = &words[end];
        let next_is_name = words.get(end + 1).is_some_and(|next| next.is_nameish() && !next.after_break);
        let connector = CONNECTORS.contains(&word.text) && next_is_name;
        let numeral = word.text.chars().all(|c| c.is_ascii_digit());
        // `Dr. Okoye`: the full stop of a title is no break.
        let title = word.after_break && words[end - 1].text.len() <= 4 && is_title(words[end - 1].text);
        if (word.after_break && !title) || !(word.is_nameish() || connector || numeral) {
            break;
        }
        end += 1;
    }
    Some((from, end))
}

fn is_title(word: &str) -> bool {
    ["mr", "mrs", "ms", "dr", "st", "prof", "capt"].contains(&word.to_lowercase().as_str())
}

/// A run of words as the sentence spells it, without a final possessive.
fn spell(sentence: &str, words: &[Token<'_>], from: usize, end: usize) -> String {
    let last = &words[end - 1];
    sentence[words[from].start..last.start + last.bare().len()].to_owned()
}

fn join(words: &[Token<'_>], from: usize, end: usize) -> String {
    words[from..end].iter().map(|word| word.bare()).collect::<Vec<_>>().join(" ")
}

/// Whether what follows a name says what it is, so that it is worth a record of its own.
fn defines(words: &[Token<'_>], end: usize) -> bool {
    let Some(next) = words.get(end) else { return false };
    let appositive =
        next.after_break && (ARTICLES.iter().any(|article| next.is(article)) || number(next.text).is_some());
    let verb = ["has", "lives", "works", "owns", "appears", "comes"].iter().any(|verb| next.is(verb));
    appositive || verb || COPULAS.iter().any(|copula| next.is(copula))
}

/// Whether what follows a name is `is her brother`.
fn is_of_other(words: &[Token<'_>], end: usize) -> bool {
    let copula = words.get(end).is_some_and(|word| COPULAS.iter().any(|copula| word.is(copula)));
    let whose = words.get(end + 1).is_some_and(|word| POSSESSIVES.iter().any(|p| word.is(p)));
    copula && whose && words[end + 2..].iter().take(3).any(|word| noun(word.text).is_some())
}

/// Whether a word numbers a record: `12`, `12A`.
fn is_number_label(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c.is_ascii_digit()) && text.len() <= 6
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
