//! What a project knows already: its records by name, alias and number, and where their names are mentioned.

use std::collections::HashMap;

use brain::lexicon::NamedBy;
use kernel::{EntityId, Result};
use store::entities::Outline;
use store::passages::{self, Wanted};
use store::{Tenant, entities};
use wire::records::Metadata;

use super::words::{lower_words, name_key};
use crate::catalogue::Catalogue;

/// The most passages that are looked at for mentions of a name.
const MENTIONS: u32 = 60;

/// A record of the project.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: EntityId,
    pub(super) collection: String,
    pub(super) name: String,
    pub(super) metadata: Metadata,
    /// The keys of its name and its aliases, in this order.
    pub(super) keys: Vec<String>,
}

impl Entry {
    /// The number by which people name it, in lower case.
    fn number(&self) -> Option<String> {
        match self.metadata.get("number")? {
            serde_json::Value::String(text) => Some(text.to_lowercase()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// The keys of a name and of the aliases among a record's attributes.
fn keys(name: &str, metadata: &Metadata) -> Vec<String> {
    let aliases = metadata.get("aliases").and_then(serde_json::Value::as_array).into_iter().flatten();
    let names = std::iter::once(name).chain(aliases.filter_map(serde_json::Value::as_str));
    names.map(name_key).collect()
}

/// What a project knows, as far as data mode asks.
#[derive(Debug, Clone, Default)]
pub struct Known {
    entries: Vec<Entry>,
    /// Entries by the key of their name or of an alias.
    by_name: HashMap<String, Vec<usize>>,
    /// Entries by each word of their name.
    by_word: HashMap<String, Vec<usize>>,
    /// Entries by collection and number.
    by_number: HashMap<(String, String), usize>,
    /// Records of the hub whose text mentions a name, by the name's key.
    mentions: HashMap<String, Vec<EntityId>>,
}

impl Known {
    /// Reads what the project knows.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(t: &mut Tenant<'_, '_>, catalogue: &Catalogue) -> Result<Self> {
        let mut outlines = entities::outlines(t)?;
        // What departments made is not what people speak of when they tell of their story.
        outlines.retain(|outline| catalogue.work.iter().all(|work| work.name != outline.collection));
        Ok(Self::of(outlines, catalogue))
    }

    /// What these outlines say.
    #[must_use]
    pub fn of(outlines: Vec<Outline>, catalogue: &Catalogue) -> Self {
        let mut known = Self::default();
        for outline in outlines {
            let metadata = serde_json::from_str(&outline.metadata).unwrap_or_default();
            let Outline { id, collection, name, .. } = outline;
            let keys = keys(&name, &metadata);
            known.put(Entry { id, collection, name, metadata, keys }, catalogue);
        }
        known
    }

    fn put(&mut self, entry: Entry, catalogue: &Catalogue) {
        let at = self.entries.len();
        let by_number =
            catalogue.lexicon.collection(&entry.collection).is_some_and(|c| c.named_by == NamedBy::Number);
        if let Some(number) = entry.number().filter(|_| by_number) {
            self.by_number.insert((entry.collection.clone(), number), at);
        }
        for key in entry.keys.iter().filter(|key| !key.is_empty()) {
            self.by_name.entry(key.clone()).or_default().push(at);
        }
        if !by_number {
            for word in lower_words(&entry.name).into_iter().filter(|word| word.chars().count() > 2) {
                self.by_word.entry(word).or_default().push(at);
            }
        }
        self.entries.push(entry);
    }

    /// Looks up where `name` is mentioned in the texts of the hub's records.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn look_up(
        &mut self,
        t: &mut Tenant<'_, '_>,
        catalogue: &Catalogue,
        name: &str,
    ) -> Result<()> {
        let (key, words) = (name_key(name), lower_words(name));
        if key.is_empty() || self.mentions.contains_key(&key) {
            return Ok(());
        }
        let mut found = Vec::new();
        let wanted = Wanted { words: &words, typing: false, collections: &[catalogue.lexicon.hub] };
        let hits: Vec<_> = passages::search(t, &wanted, MENTIONS)?.iter().map(|hit| hit.passage).collect();
        let mut texts = passages::many(t, &hits)?;
        texts.sort_by_key(|passage| hits.iter().position(|hit| *hit == passage.id));
        for passage in texts {
            let whole = lower_words(&passage.text).windows(words.len()).any(|run| run == words);
            if whole && !found.contains(&passage.entity) {
                found.push(passage.entity);
            }
        }
        self.mentions.insert(key, found);
        Ok(())
    }

    /// The hub's records whose text mentions `name`.
    pub(super) fn mentioning(&self, name: &str) -> impl Iterator<Item = &Entry> {
        let ids = self.mentions.get(&name_key(name)).map_or(&[][..], Vec::as_slice);
        ids.iter().filter_map(|id| self.get(*id))
    }

    /// The record of that id.
    pub(super) fn get(&self, id: EntityId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The records of a collection.
    pub(super) fn of_collection(&self, collection: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.collection == collection)
    }

    /// All records.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Whether the project has no record yet.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The records that bear exactly this name, or have it as an alias.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Entry> {
        self.by_name.get(&name_key(name)).into_iter().flatten().filter_map(|at| self.entries.get(*at))
    }

    /// The record that `name` most likely means, with how sure that is; one of `prefer` where several fit.
    pub(super) fn find(&self, name: &str, prefer: Option<&str>) -> Option<(&Entry, f64)> {
        let pick = |candidates: &[usize]| -> Option<(&Entry, bool)> {
            let entries: Vec<&Entry> = candidates.iter().filter_map(|at| self.entries.get(*at)).collect();
            let preferred =
                entries.iter().find(|entry| prefer.is_none_or(|wanted| wanted == entry.collection));
            let entry = preferred.or(entries.first())?;
            let rivals =
                entries.iter().filter(|other| other.id != entry.id && other.collection == entry.collection);
            Some((entry, rivals.count() == 0))
        };
        let key = name_key(name);
        if let Some((entry, alone)) = self.by_name.get(&key).and_then(|at| pick(at)) {
            return Some((entry, if alone { 1.0 } else { 0.6 }));
        }
        // A part of a name names a record only if it is the part of one record: `Mara` for `Mara Voss`.
        let words = lower_words(&key);
        let (first, rest) = words.split_first()?;
        let mut candidates: Vec<usize> = self.by_word.get(first).cloned().unwrap_or_default();
        candidates
            .retain(|at| rest.iter().all(|word| self.by_word.get(word).is_some_and(|ids| ids.contains(at))));
        let (entry, alone) = pick(&candidates)?;
        alone.then_some((entry, 0.9))
    }

    /// The record of a collection that people name by this number.
    pub(super) fn numbered(&self, collection: &str, number: &str) -> Option<&Entry> {
        let at = self.by_number.get(&(collection.to_owned(), number.to_lowercase()))?;
        self.entries.get(*at)
    }

    /// The longest name of a record that begins these words, in lower case, with how many of them it takes.
    pub(super) fn beginning(&self, words: &[String]) -> Option<(&Entry, usize)> {
        let longest = words.len().min(8);
        (1..=longest).rev().find_map(|count| {
            let found = self.by_name.get(&words[..count].join(" "))?;
            Some((self.entries.get(*found.first()?)?, count))
        })
    }
}
