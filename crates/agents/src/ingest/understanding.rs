//! A text as proposals: taken apart by its format, then understood item by item.

use serde_json::Value;

use super::formats::{Item, parse};
use super::kinds::{Clues, detect};
use super::known::Known;
use super::proposal::{Proposal, Source};
use super::prose::{self, Subject};
use super::statements::Statement;
use super::{MOST_RECORDS, fields, links, structured};
use crate::catalogue::{Catalogue, Collection, Kind};

/// What a text says, as at least one proposal and at most [`MOST_RECORDS`].
pub(super) fn understand(
    content: &str,
    suggested: Option<&'static Collection>,
    catalogue: &Catalogue,
    known: &Known,
) -> Vec<Proposal> {
    let parsed = parse(content, catalogue);
    let mut proposals: Vec<Proposal> = Vec::new();
    let mut beyond = 0;
    for item in parsed.items {
        let room = MOST_RECORDS - proposals.len();
        match item {
            Item::Fields { .. } if room == 0 => beyond += 1,
            Item::Fields { kind, fields } => {
                proposals.extend(structured::propose(kind.as_deref(), &fields, suggested, catalogue, known));
            }
            Item::Prose(text) => {
                let (subjects, more) = prose::read(&text, catalogue, known, room);
                beyond += more;
                let all = subjects.iter().take(room);
                proposals.extend(all.filter_map(|subject| propose(subject, suggested, catalogue, known)));
            }
        }
    }
    if proposals.is_empty() {
        // Nothing to hold on to, which a person is told by the gate like anything else.
        proposals.extend(propose(&Subject::default(), suggested, catalogue, known));
    }
    if let Some(first) = proposals.first_mut() {
        first.remarks.extend(parsed.remarks);
        if beyond > 0 {
            first.remarks.push(format!(
                "The text speaks of {beyond} more than the {MOST_RECORDS} that are taken at once; send the rest again."
            ));
        }
    }
    proposals
}

/// What sentences say of one subject.
fn propose(
    subject: &Subject,
    suggested: Option<&'static Collection>,
    catalogue: &Catalogue,
    known: &Known,
) -> Option<Proposal> {
    let named = subject.kind.and_then(|kind| catalogue.collection(kind).ok());
    let said: wire::records::Metadata = subject
        .statements
        .iter()
        .filter_map(|statement| match statement {
            Statement::Field { name, value } => Some((name.clone(), Value::from(value.as_str()))),
            Statement::Age(years) => Some(("age".into(), Value::from(*years))),
            _ => None,
        })
        .collect();
    let clues =
        Clues { called: suggested.or(named), name: &subject.name, text: &subject.text, fields: Some(&said) };
    let (collection, confidence) = detect(&clues, catalogue, known)?;
    let mut proposal = Proposal::blank(collection, &subject.text);
    proposal.kind_confidence = confidence;
    proposal.set_name(&subject.name, Source::Said);
    proposal.set_description(&subject.text, Source::Said);
    for statement in &subject.statements {
        place(&mut proposal, statement, collection, catalogue, known);
    }
    Some(proposal)
}

fn place(
    proposal: &mut Proposal,
    statement: &Statement,
    collection: &'static Collection,
    catalogue: &Catalogue,
    known: &Known,
) {
    // What is said first stands; a later sentence that says otherwise is remarked on by the person who reads it.
    let mut put = |name: &str, value: Value| {
        if let Some(field) = fields::field(collection, name)
            && !proposal.metadata.contains_key(field.name)
        {
            structured::put(proposal, collection, field.name, &value);
        }
    };
    match statement {
        Statement::Age(years) => {
            let whole = years.fract() == 0.0;
            put("age", if whole { Value::from(*years as i64) } else { Value::from(*years) });
        }
        Statement::Trade(trade) => put("occupation", Value::from(trade.as_str())),
        Statement::Field { name, value } => {
            let choice =
                fields::field(collection, name).is_some_and(|field| matches!(field.kind, Kind::Choice(_)));
            let value = if choice { value.split([',', ';']).next().unwrap_or(value) } else { value };
            put(name, Value::from(value));
        }
        Statement::Link { predicate, target, confidence } => {
            links::say(proposal, catalogue, known, predicate, target, *confidence);
        }
        Statement::Numbered { predicate, collection, number, confidence } => {
            match known.numbered(collection, number) {
                Some(entry) => {
                    let link = links::to(proposal, catalogue, entry, predicate, *confidence, Source::Said);
                    proposal.link(link);
                }
                None => {
                    let singular = catalogue.lexicon.singular(collection);
                    links::say(
                        proposal,
                        catalogue,
                        known,
                        predicate,
                        &format!("{singular} {number}"),
                        *confidence,
                    );
                }
            }
        }
    }
}
