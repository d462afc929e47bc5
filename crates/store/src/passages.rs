//! Passages: an entity's text in pieces that recall can find, with the text index that hangs on them.

use kernel::{EntityId, PassageId, Result};
use sha2::{Digest, Sha256};
use wire::records::Record;

use crate::db::{Arg, args};
use crate::entities::places;
use crate::scope::Tenant;
use crate::scoped::scoped;

/// The longest passage, in characters: about 200 word pieces, which the embedder takes whole.
const LONGEST: usize = 800;

/// A passage that a search found.
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
    let project = t.project();
    let mut texts = Vec::new();
    for record in records {
        for (ordinal, (field, text)) in pieces(record).into_iter().enumerate() {
            texts.push((t.id::<PassageId>(), record.id, field, ordinal as i64, hash(&text), text));
        }
    }
    let rows: Vec<[Arg<'_>; 7]> = texts
        .iter()
        .map(|(id, entity, field, ordinal, hash, text)| {
            [
                (*id).into(),
                project.into(),
                (*entity).into(),
                (*field).into(),
                (*ordinal).into(),
                text.into(),
                hash.into(),
            ]
        })
        .collect();
    t.insert_many("passages (id, project_id, entity_id, field, ordinal, text, hash)", &rows)?;
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
    let project = t.project();
    for part in entities.chunks(200) {
        let mut values: Vec<Arg<'_>> = vec![project.into()];
        values.extend(part.iter().map(|id| Arg::from(*id)));
        let places = places(2, part.len());
        t.execute(
            &format!("DELETE FROM passages WHERE project_id = $1 AND entity_id IN ({places})"),
            &values,
        )?;
    }
    Ok(())
}

/// The passages that hold any of `words`, best first by the database's own ranking, with their scores (higher is
/// better). Words are taken as they are, stemmed by the index, and never read as query syntax. With `within`, only
/// passages of those entities are looked at.
///
/// # Errors
/// When the database fails.
pub fn search(
    t: &mut Tenant<'_, '_>,
    words: &[String],
    within: Option<&[EntityId]>,
    limit: u32,
) -> Result<Vec<(Passage, f64)>> {
    let words: Vec<String> = words
        .iter()
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .take(32)
        .map(str::to_owned)
        .collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let project = t.project();
    // The ids come from the store itself and hold only letters, digits and `_`; as arguments they could exceed the number
    // that a statement takes.
    let only = within.map_or_else(String::new, |ids| {
        let ids = ids.iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ");
        format!("AND passages.entity_id IN ({ids})")
    });
    let (sql, query) = if t.is_sqlite() {
        let project = project.to_string();
        let any: Vec<String> = words.iter().map(|word| format!("\"{}\"", scoped(&project, word))).collect();
        (
            format!(
                "SELECT passages.id, passages.entity_id, entities.collection, passages.field, passages.text,
                   -bm25(passages_fts)
                 FROM passages_fts JOIN passages ON passages.num = passages_fts.rowid
                 JOIN entities ON entities.id = passages.entity_id
                 WHERE passages_fts MATCH $2 AND passages.project_id = $1 {only}
                 ORDER BY bm25(passages_fts), passages.num LIMIT $3"
            ),
            any.join(" OR "),
        )
    } else {
        (
            format!(
                "SELECT passages.id, passages.entity_id, entities.collection, passages.field, passages.text,
                   ts_rank_cd(passages.words, query, 1)::float8
                 FROM passages JOIN entities ON entities.id = passages.entity_id, to_tsquery('english', $2) query
                 WHERE passages.project_id = $1 AND passages.words @@ query {only}
                 ORDER BY ts_rank_cd(passages.words, query, 1) DESC, passages.num LIMIT $3"
            ),
            words.join(" | "),
        )
    };
    Ok(t.query(&sql, args![project, &query, limit], |row| Ok((read(row)?, row.get(5)?)))?)
}

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
    let project = t.project();
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(200) {
        let mut values: Vec<Arg<'_>> = vec![project.into()];
        values.extend(part.iter().map(|id| Arg::from(*id)));
        let places = places(2, part.len());
        found.extend(t.query(
            &format!(
                "SELECT passages.id, passages.entity_id, entities.collection, passages.field, passages.text
                 FROM passages JOIN entities ON entities.id = passages.entity_id
                 WHERE passages.project_id = $1 AND passages.id IN ({places})"
            ),
            &values,
            read,
        )?);
    }
    Ok(found)
}

/// The passages of some entities, in their order.
///
/// # Errors
/// When the database fails.
pub fn of(t: &mut Tenant<'_, '_>, entities: &[EntityId]) -> Result<Vec<Passage>> {
    let project = t.project();
    let mut found = Vec::new();
    for part in entities.chunks(200) {
        let mut values: Vec<Arg<'_>> = vec![project.into()];
        values.extend(part.iter().map(|id| Arg::from(*id)));
        let places = places(2, part.len());
        found.extend(t.query(
            &format!(
                "SELECT passages.id, passages.entity_id, entities.collection, passages.field, passages.text
                 FROM passages JOIN entities ON entities.id = passages.entity_id
                 WHERE passages.project_id = $1 AND passages.entity_id IN ({places})
                 ORDER BY passages.entity_id, passages.ordinal"
            ),
            &values,
            read,
        )?);
    }
    Ok(found)
}

/// A passage's text and hash, for the embedder.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Waiting {
    pub hash: String,
    pub text: String,
}

/// At most `limit` texts of the project that have no vector yet.
///
/// # Errors
/// When the database fails.
pub fn without_vector(t: &mut Tenant<'_, '_>, limit: u32) -> Result<Vec<Waiting>> {
    let project = t.project();
    Ok(t.query(
        "SELECT passages.hash, MIN(passages.text) FROM passages
         LEFT JOIN embeddings ON embeddings.project_id = passages.project_id AND embeddings.hash = passages.hash
         WHERE passages.project_id = $1 AND embeddings.hash IS NULL GROUP BY passages.hash LIMIT $2",
        args![project, limit],
        |row| Ok(Waiting { hash: row.get(0)?, text: row.get(1)? }),
    )?)
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
    }
    Ok(())
}

/// A passage with its vector, as little-endian bytes.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Embedded {
    pub id: PassageId,
    pub vector: Vec<u8>,
}

/// All passages of the project that have a vector.
///
/// # Errors
/// When the database fails.
pub fn embedded(t: &mut Tenant<'_, '_>) -> Result<Vec<Embedded>> {
    let project = t.project();
    Ok(t.query(
        "SELECT passages.id, embeddings.vector FROM passages
         JOIN embeddings ON embeddings.project_id = passages.project_id AND embeddings.hash = passages.hash
         WHERE passages.project_id = $1",
        args![project],
        |row| Ok(Embedded { id: row.id(0)?, vector: row.get(1)? }),
    )?)
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
