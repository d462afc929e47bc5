//! The search of the text index: words in, and out the passages that hold them, for work that does not grow with the project.

use kernel::{EntityId, PassageId, Result};

use super::only;
use crate::db::{Arg, args};
use crate::scope::Tenant;
use crate::scoped::scoped;

/// Words of a search that count.
const MOST_WORDS: usize = 32;
/// The most passages that are ranked for one search: to rank one takes longer than to find it. Words that together are in
/// more of them choose no candidates, they only help to order those of the rarer words. Where even the rarest word is in
/// more, only so many of the passages that hold it are ranked: on SQLite the newest.
pub const RANKED: u32 = 4_000;

/// What a search of the text index looks for, and where.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Words, taken as they are, stemmed by the index, and never read as query syntax.
    pub words: &'a [String],
    /// Whether someone is still typing: then all words must be there, and the last one may be a beginning. Else any word
    /// will do.
    pub typing: bool,
    /// Only passages of these collections.
    pub collections: &'a [&'a str],
}

/// A passage that a search found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Hit {
    pub passage: PassageId,
    pub entity: EntityId,
}

/// At most `limit` passages that hold the wanted words: best first by the database's own ranking; or, while someone is typing,
/// in the order in which they were written.
///
/// # Errors
/// When the database fails.
pub fn search(t: &mut Tenant<'_, '_>, wanted: &Wanted<'_>, limit: u32) -> Result<Vec<Hit>> {
    if wanted.typing { typed(t, wanted, limit) } else { ranked(t, wanted, limit) }
}

fn typed(t: &mut Tenant<'_, '_>, wanted: &Wanted<'_>, limit: u32) -> Result<Vec<Hit>> {
    let mut words = words(t, wanted);
    let Some(last) = words.pop() else { return Ok(Vec::new()) };
    words.push(last + if t.is_sqlite() { "*" } else { ":*" });
    let query = words.join(if t.is_sqlite() { " AND " } else { " & " });
    let only = only(4, wanted.collections);
    let sql = if t.is_sqlite() {
        // The index gives its rows in their order, so nothing is read beyond the limit.
        format!(
            "SELECT passages.id, passages.entity_id FROM passages_fts
             CROSS JOIN passages ON passages.num = passages_fts.rowid AND passages.project_id = $1 AND {only}
             WHERE passages_fts MATCH $2 ORDER BY passages_fts.rowid LIMIT $3"
        )
    } else {
        format!(
            "SELECT id, entity_id FROM (
               SELECT id, entity_id, num FROM passages
               WHERE project_id = $1 AND words @@ to_tsquery('english', $2) AND {only} LIMIT {RANKED}
             ) found ORDER BY num LIMIT $3"
        )
    };
    found(t, &sql, &query, wanted, limit)
}

fn ranked(t: &mut Tenant<'_, '_>, wanted: &Wanted<'_>, limit: u32) -> Result<Vec<Hit>> {
    let Some((query, candidates)) = telling(t, wanted)? else { return Ok(Vec::new()) };
    let only = only(4, wanted.collections);
    if !t.is_sqlite() {
        let sql = format!(
            "SELECT id, entity_id FROM (
               SELECT id, entity_id, num, ts_rank_cd(words, query, 1) AS rank
               FROM passages, to_tsquery('english', $2) query
               WHERE project_id = $1 AND words @@ query AND {only} LIMIT {RANKED}
             ) best ORDER BY rank DESC, num LIMIT $3"
        );
        return found(t, &sql, &query, wanted, limit);
    }
    let best = |most: u32| {
        format!(
            "SELECT passages.id, passages.entity_id FROM (
               SELECT num, rank FROM (
                 SELECT rowid AS num, bm25(passages_fts) AS rank FROM passages_fts
                 WHERE passages_fts MATCH $2 ORDER BY rowid DESC LIMIT {RANKED}
               ) ORDER BY rank, num LIMIT {most}
             ) best CROSS JOIN passages ON passages.num = best.num AND passages.project_id = $1 AND {only}
             ORDER BY best.rank, best.num LIMIT $3"
        )
    };
    // The best are chosen within the index, before anything is joined to them, which is much faster. Where too many of them
    // are of other collections, all are looked at.
    let few = limit.saturating_mul(2);
    let hits = found(t, &best(few), &query, wanted, limit)?;
    if hits.len() < limit as usize && few < candidates {
        return found(t, &best(RANKED), &query, wanted, limit);
    }
    Ok(hits)
}

fn found(
    t: &mut Tenant<'_, '_>,
    sql: &str,
    query: &str,
    wanted: &Wanted<'_>,
    limit: u32,
) -> Result<Vec<Hit>> {
    let mut values: Vec<Arg<'_>> = vec![t.project().into(), query.into(), limit.into()];
    values.extend(wanted.collections.iter().map(|name| Arg::from(*name)));
    Ok(t.query(sql, &values, |row| Ok(Hit { passage: row.id(0)?, entity: row.id(1)? }))?)
}

/// The wanted words, each as the database's query syntax has it.
fn words(t: &Tenant<'_, '_>, wanted: &Wanted<'_>) -> Vec<String> {
    let project = t.project().to_string();
    let write = |word: &str| {
        if t.is_sqlite() { format!("\"{}\"", scoped(&project, word)) } else { word.to_owned() }
    };
    wanted.words.iter().flat_map(|word| parts(word)).take(MOST_WORDS).map(write).collect()
}

/// A query for the passages that hold any of the words, but that leaves the choice to the rarer ones if there are too many;
/// and how many it finds at most. `None` if there is no word that could be found.
fn telling(t: &mut Tenant<'_, '_>, wanted: &Wanted<'_>) -> Result<Option<(String, u32)>> {
    let mut words: Vec<(u32, String)> = words(t, wanted).into_iter().map(|word| (0, word)).collect();
    for (frequency, word) in &mut words {
        *frequency = counted(t, word)?;
    }
    words.retain(|(frequency, _)| *frequency > 0);
    words.sort();
    let mut candidates = 0;
    let rare = words.iter().take_while(|(frequency, _)| {
        candidates += frequency;
        candidates <= RANKED
    });
    let rare = rare.count();
    let [all, any] = if t.is_sqlite() { [" AND ", " OR "] } else { [" & ", " | "] };
    let joined =
        |words: &[(u32, String)]| words.iter().map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(any);
    let query = match (rare, words.len()) {
        (_, 0) => return Ok(None),
        (_, 1) => joined(&words),
        (0, _) => format!("({}){all}({})", joined(&words[..1]), joined(&words[1..])),
        (rare, len) if rare == len => joined(&words),
        // The ranking adds up what the query says: each word twice.
        (rare, _) => {
            let (rare, common) = (joined(&words[..rare]), joined(&words[rare..]));
            format!("({rare}){all}({rare}{any}{common}{any}{common})")
        }
    };
    Ok(Some((query, candidates.min(RANKED))))
}

/// How many of the project's passages hold a word, counted as far as it matters.
fn counted(t: &mut Tenant<'_, '_>, word: &str) -> Result<u32> {
    let (project, most) = (t.project(), RANKED + 1);
    let found = if t.is_sqlite() {
        t.query_one(
            "SELECT COUNT(*) FROM (SELECT 1 FROM passages_fts WHERE passages_fts MATCH $1 LIMIT $2)",
            args![word, most],
            |row| row.get::<i64>(0),
        )
    } else {
        t.query_one(
            "SELECT COUNT(*) FROM (
               SELECT 1 FROM passages WHERE project_id = $1 AND words @@ to_tsquery('english', $2) LIMIT $3
             ) AS counted",
            args![project, word, most],
            |row| row.get::<i64>(0),
        )
    };
    Ok(u32::try_from(found?).unwrap_or(most))
}

/// A word as the index has it: `O'Hara` is `O` and `Hara` there. Of such a word single letters say nothing.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let parts = |word| str::split(word, |c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let several = parts(word).nth(1).is_some();
    parts(word).filter(move |part| !several || part.chars().nth(1).is_some())
}
