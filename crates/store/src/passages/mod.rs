//! Passages: an entity's text in pieces that recall can find, with the text index that hangs on them.

mod search;

use std::collections::HashSet;

use kernel::{EntityId, PassageId, ProjectId, Result};
use sha2::{Digest, Sha256};
use wire::records::Record;

use crate::db::{Arg, Tx, args};
use crate::entities::{OWN, by_ids, places};
use crate::scope::Tenant;

pub use search::{Hit, RANKED, Wanted, search};

/// The longest passage, in characters: about 200 word pieces, which the embedder takes whole.
const LONGEST: usize = 800;

/// A piece of an entity's text.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Passage {
    pub id: PassageId,
    pub entity: EntityId,
    pub collection: String,
    /// `name`, `description` or `body`.
    pub field: String,
    pub text: String,
}

/// The text of a record, cut at paragraphs into pieces of at most [`LONGEST`] characters.
fn pieces(record: &Record) -> Vec<(&'static str, String)> {
    let mut pieces = vec![("name", record.name.clone())];
    for (field, text) in
        [("description", record.description.as_str()), ("body", record.body.as_deref().unwrap_or(""))]
    {
        let mut piece = String::new();
        for part in text.split("\n\n").flat_map(|paragraph| cut(paragraph.trim())) {
            if !piece.is_empty() && piece.chars().count() + part.chars().count() + 2 > LONGEST {
                pieces.push((field, std::mem::take(&mut piece)));
            }
            if !piece.is_empty() && !part.is_empty() {
                piece.push_str("\n\n");
            }
            piece.push_str(part);
        }
        if !piece.is_empty() {
            pieces.push((field, piece));
        }
    }
    pieces
}

/// A paragraph in parts of at most [`LONGEST`] characters, cut at white space where there is some.
fn cut(mut text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while let Some((end, _)) = text.char_indices().nth(LONGEST) {
        let at = text[..end].rfind(char::is_whitespace).filter(|&at| at > 0).unwrap_or(end);
        parts.push(text[..at].trim_end());
        text = text[at..].trim_start();
    }
    parts.push(text);
    parts
}

/// The hash by which a passage's vector is kept.
#[must_use]
pub fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts the records' passages in the place of those that they had.
pub(crate) fn replace(t: &mut Tenant<'_, '_>, records: &[&Record]) -> Result<()> {
    forget(t, &records.iter().map(|record| record.id).collect::<Vec<_>>())?;
    let texts: Vec<(&Record, i64, &'static str, String, String)> = records
        .iter()
        .flat_map(|record| {
            let pieces = pieces(record).into_iter().zip(0..);
            pieces.map(|((field, text), ordinal)| (*record, ordinal, field, hash(&text), text))
        })
        .collect();
    let hashes: Vec<&str> = texts.iter().map(|(.., hash, _)| hash.as_str()).collect();
    let sql =
        |places: &str| format!("SELECT hash FROM embeddings WHERE project_id = $1 AND hash IN ({places})");
    let embedded: HashSet<String> = by_ids(t, &[], &hashes, sql, |row| row.get(0))?.into_iter().collect();
    let project = t.project();
    let rows: Vec<[Arg<'_>; 9]> = texts
        .iter()
        .map(|(record, ordinal, field, hash, text)| {
            [
                t.id::<PassageId>().into(),
                project.into(),
                record.id.into(),
                record.collection.as_str().into(),
                (*field).into(),
                (*ordinal).into(),
                text.into(),
                hash.into(),
                (!embedded.contains(hash)).into(),
            ]
        })
        .collect();
    t.insert_many(
        "passages (id, project_id, entity_id, collection, field, ordinal, text, hash, waiting)",
        &rows,
    )?;
    Ok(())
}

/// Whether the record's passages are those that its text gives.
pub(crate) fn are_in_step(t: &mut Tenant<'_, '_>, record: &Record) -> Result<bool> {
    let kept = t.query(
        "SELECT field, hash FROM passages WHERE entity_id = $1 ORDER BY ordinal",
        args![record.id],
        |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)),
    )?;
    let given = pieces(record).into_iter().map(|(field, text)| (field.to_owned(), hash(&text)));
    Ok(given.eq(kept))
}

/// Takes the entities' passages out of the index.
pub(crate) fn forget(t: &mut Tenant<'_, '_>, entities: &[EntityId]) -> Result<()> {
    let sql =
        |places: &str| format!("DELETE FROM passages WHERE {OWN} AND entity_id IN ({places}) RETURNING num");
    by_ids(t, &[], entities, sql, |_| Ok(())).map(drop)
}

const PASSAGE: &str = "SELECT id, entity_id, collection, field, text FROM passages";

fn read(row: &crate::db::Row<'_>) -> Result<Passage, crate::db::DbError> {
    Ok(Passage {
        id: row.id(0)?,
        entity: row.id(1)?,
        collection: row.get(2)?,
        field: row.get(3)?,
        text: row.get(4)?,
    })
}

/// Passages by their ids; unknown ones are passed over.
///
/// # Errors
/// When the database fails.
pub fn many(t: &mut Tenant<'_, '_>, ids: &[PassageId]) -> Result<Vec<Passage>> {
    by_ids(t, &[], ids, |places| format!("{PASSAGE} WHERE {OWN} AND id IN ({places})"), read)
}

/// The passages of some entities, in their order.
///
/// # Errors
/// When the database fails.
pub fn of(t: &mut Tenant<'_, '_>, entities: &[EntityId]) -> Result<Vec<Passage>> {
    let sql = |places: &str| {
        format!("{PASSAGE} WHERE {OWN} AND entity_id IN ({places}) ORDER BY entity_id, ordinal")
    };
    by_ids(t, &[], entities, sql, read)
}

/// The first passage of each entity's text, of those that have any beside their name.
///
/// # Errors
/// When the database fails.
pub fn openings(t: &mut Tenant<'_, '_>, entities: &[EntityId]) -> Result<Vec<Passage>> {
    let sql = |places: &str| format!("{PASSAGE} WHERE {OWN} AND entity_id IN ({places}) AND ordinal = 1");
    by_ids(t, &[], entities, sql, read)
}

/// A passage's text and hash, for the embedder.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Waiting {
    pub hash: String,
    pub text: String,
}

/// At most `limit` texts of the project's `collections` that have no vector yet.
///
/// # Errors
/// When the database fails.
pub fn without_vector(t: &mut Tenant<'_, '_>, collections: &[&str], limit: u32) -> Result<Vec<Waiting>> {
    let mut values: Vec<Arg<'_>> = vec![t.project().into(), limit.into()];
    values.extend(collections.iter().map(|name| Arg::from(*name)));
    let only = only(3, collections);
    Ok(t.query(
        &format!(
            "SELECT hash, MIN(text) FROM passages WHERE project_id = $1 AND waiting = 1 AND {only}
             GROUP BY hash LIMIT $2"
        ),
        &values,
        |row| Ok(Waiting { hash: row.get(0)?, text: row.get(1)? }),
    )?)
}

/// That a passage is of one of `collections`, whose places begin at `first`.
fn only(first: usize, collections: &[&str]) -> String {
    // No database takes an empty list.
    if collections.is_empty() {
        "1 = 0".into()
    } else {
        format!("collection IN ({})", places(first, collections.len()))
    }
}

/// Keeps vectors by the hash of their text; a vector that is there already stays.
///
/// # Errors
/// When the database fails.
pub fn keep_vectors(t: &mut Tenant<'_, '_>, vectors: &[(String, Vec<u8>)]) -> Result<()> {
    let project = t.project();
    for (hash, vector) in vectors {
        t.execute(
            "INSERT INTO embeddings (project_id, hash, vector) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            args![project, hash, vector.as_slice()],
        )?;
        t.execute(
            "UPDATE passages SET waiting = 0 WHERE project_id = $1 AND hash = $2 AND waiting = 1",
            args![project, hash],
        )?;
    }
    Ok(())
}

/// How many passages of `collections` have no vector yet, by project; projects that miss none are left out.
///
/// # Errors
/// When the database fails.
pub fn waiting(tx: &mut Tx<'_>, collections: &[&str]) -> Result<Vec<(ProjectId, i64)>> {
    let values: Vec<Arg<'_>> = collections.iter().map(|name| Arg::from(*name)).collect();
    let only = only(1, collections);
    Ok(tx.query(
        &format!(
            "SELECT project_id, COUNT(*) FROM passages WHERE waiting = 1 AND {only} GROUP BY project_id"
        ),
        &values,
        |row| Ok((row.id(0)?, row.get(1)?)),
    )?)
}

/// How many vectors the project keeps.
///
/// # Errors
/// When the database fails.
pub fn vectors_kept(t: &mut Tenant<'_, '_>) -> Result<i64> {
    let project = t.project();
    Ok(t.query_one("SELECT COUNT(*) FROM embeddings WHERE project_id = $1", args![project], |row| {
        row.get(0)
    })?)
}

/// A passage with its vector, as little-endian bytes.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Embedded {
    pub id: PassageId,
    pub entity: EntityId,
    /// `None` while it waits for it.
    pub vector: Option<Vec<u8>>,
}

const EMBEDDED: &str = "SELECT passages.id, passages.entity_id, embeddings.vector FROM passages
  LEFT JOIN embeddings ON embeddings.project_id = passages.project_id AND embeddings.hash = passages.hash";

fn read_embedded(row: &crate::db::Row<'_>) -> Result<Embedded, crate::db::DbError> {
    Ok(Embedded { id: row.id(0)?, entity: row.id(1)?, vector: row.get(2)? })
}

/// All passages of the project's `collections`, with their vectors.
///
/// # Errors
/// When the database fails.
pub fn embedded(t: &mut Tenant<'_, '_>, collections: &[&str]) -> Result<Vec<Embedded>> {
    let mut values: Vec<Arg<'_>> = vec![t.project().into()];
    values.extend(collections.iter().map(|name| Arg::from(*name)));
    let only = only(2, collections);
    Ok(t.query(&format!("{EMBEDDED} WHERE passages.project_id = $1 AND {only}"), &values, read_embedded)?)
}

/// The passages of some entities, as far as these are of `collections`, with their vectors.
///
/// # Errors
/// When the database fails.
pub fn embedded_of(
    t: &mut Tenant<'_, '_>,
    entities: &[EntityId],
    collections: &[&str],
) -> Result<Vec<Embedded>> {
    let more: Vec<Arg<'_>> = collections.iter().map(|name| Arg::from(*name)).collect();
    let only = only(2, collections);
    let sql =
        |places: &str| format!("{EMBEDDED} WHERE passages.{OWN} AND entity_id IN ({places}) AND {only}");
    by_ids(t, &more, entities, sql, read_embedded)
}

/// Some passages, with their vectors.
///
/// # Errors
/// When the database fails.
pub fn embedded_many(t: &mut Tenant<'_, '_>, ids: &[PassageId]) -> Result<Vec<Embedded>> {
    let sql = |places: &str| format!("{EMBEDDED} WHERE passages.{OWN} AND id IN ({places})");
    by_ids(t, &[], ids, sql, read_embedded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_part_of_a_paragraph_is_too_long_and_no_word_is_lost(text in "[a-zé \n]{0,3000}") {
            let parts = cut(text.trim());
            prop_assert!(parts.iter().all(|part| part.chars().count() <= LONGEST));
            let joined: String = parts.concat().split_whitespace().collect();
            prop_assert_eq!(joined, text.split_whitespace().collect::<String>());
        }
    }
}
