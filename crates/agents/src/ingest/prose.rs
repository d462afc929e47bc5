//! Sentences read for whom they speak of and what they say of them. No grammar: a few patterns that people use.

use super::fields;
use super::kinds::is_slug_line;
use super::known::Known;
use super::naming::{
    ARTICLES, COPULAS, NAME_WORDS, POSSESSIVES, PRONOUNS, is_number_label, join, name_run, spell,
};
use super::phrases::noun;
use super::statements::{Reader, Statement};
use super::words::{Token, name_key, number, sentences, tokens};
use crate::catalogue::{Catalogue, Collection};

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

/// Words by which a person orders a record, before its name.
const ORDERS: &[&str] =
    &["add", "create", "introduce", "make", "meet", "new", "please", "record", "register", "save"];

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
        let Some((at, end)) = name_run(words, usize::from(first.is("the"))) else {
            return if current.is_none() { plain_head(sentence, words).unwrap_or(same) } else { same };
        };
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
}

/// `The old ferry is …`: a thing without a name of its own, by what it is called.
fn plain_head(sentence: &str, words: &[Token<'_>]) -> Option<Head> {
    words.first().filter(|word| ARTICLES.iter().any(|article| word.is(article)))?;
    let copula =
        words.iter().take(NAME_WORDS).position(|word| COPULAS.iter().any(|copula| word.is(copula)))?;
    let (first, last) = (words.get(1)?, words.get(copula.checked_sub(1).filter(|last| *last > 0)?)?);
    let name = capitalised(&sentence[first.start..last.end()]);
    Some(Head::New { name, kind: None, from: Begin { name: 1, rest: copula, order: false } })
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

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
