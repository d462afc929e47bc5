//! Entities: the typed, versioned records of a project. Read here; written through [`crate::changes`].

use kernel::{EntityId, Error, PageRequest, Result, Timestamp};
use wire::records::{Record, RecordVersion};

use crate::db::{Arg, DbError, Row, args};
use crate::events::Listed;
use crate::scope::Tenant;
use crate::slug::name_key;

/// All but the body, which lists leave out.
const COLUMNS: &str =
    "id, project_id, collection, name, slug, description, metadata, position, version, origin,
  created_at, updated_at, updated_by";

fn read(row: &Row<'_>) -> Result<Record, DbError> {
    Ok(Record {
        id: row.id(0)?,
        project_id: row.id(1)?,
        collection: row.get(2)?,
        name: row.get(3)?,
        slug: row.get(4)?,
        description: row.get(5)?,
        metadata: row.json(6)?,
        body: None,
        position: row.get(7)?,
        version: row.get(8)?,
        origin: row.tag(9)?,
        created_at: row.get(10)?,
        updated_at: row.get(11)?,
        updated_by: row.opt_id(12)?,
    })
}

fn read_whole(row: &Row<'_>) -> Result<Record, DbError> {
    Ok(Record { body: row.get(13)?, ..read(row)? })
}

/// Which entities of a collection are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those whose name begins with this, whatever the case.
    pub name: Option<String>,
    /// The bin instead of what is live.
    pub removed: bool,
}

/// An entity with its body, live or removed as asked.
fn find(
    t: &mut Tenant<'_, '_>,
    collection: Option<&str>,
    id: EntityId,
    removed: bool,
) -> Result<Option<Record>> {
    let project = t.project();
    let which = if removed { "IS NOT NULL" } else { "IS NULL" };
    let found = t.query_opt(
        &format!(
            "SELECT {COLUMNS}, body FROM entities WHERE project_id = $1 AND id = $2 AND removed_at {which}"
        ),
        args![project, id],
        read_whole,
    )?;
    Ok(found.filter(|record| collection.is_none_or(|wanted| wanted == record.collection)))
}

/// The live entity of that id, with its body.
///
/// # Errors
/// `NOT_FOUND` when it is not in the collection, or was removed.
pub fn get(t: &mut Tenant<'_, '_>, collection: &str, id: EntityId) -> Result<Record> {
    find(t, Some(collection), id, false)?.ok_or_else(|| Error::not_found("record"))
}

/// The live entity of that id, whatever its collection.
///
/// # Errors
/// `NOT_FOUND` when there is none.
pub fn any(t: &mut Tenant<'_, '_>, id: EntityId) -> Result<Record> {
    find(t, None, id, false)?.ok_or_else(|| Error::not_found("record"))
}

/// A removed entity.
///
/// # Errors
/// `NOT_FOUND` when it is not in the bin.
pub fn removed(t: &mut Tenant<'_, '_>, collection: &str, id: EntityId) -> Result<Record> {
    find(t, Some(collection), id, true)?.ok_or_else(|| Error::not_found("record"))
}

/// Live entities by their ids, without bodies, in no particular order. Unknown ids are passed over.
///
/// # Errors
/// When the database fails.
pub fn many(t: &mut Tenant<'_, '_>, ids: &[EntityId]) -> Result<Vec<Record>> {
    let sql = |places: &str| {
        format!("SELECT {COLUMNS} FROM entities WHERE {OWN} AND id IN ({places}) AND removed_at IS NULL")
    };
    by_ids(t, &[], ids, sql, read)
}

/// Runs a statement on rows of the project by ids, as many at once as it takes, and reads the rows that it gives. `$1` is the
/// project; then come `more`, and then the ids, whose places `sql` gets.
pub(crate) fn by_ids<'i, I: Copy, T>(
    t: &mut Tenant<'_, '_>,
    more: &[Arg<'i>],
    ids: &[I],
    sql: impl Fn(&str) -> String,
    read: impl Fn(&Row<'_>) -> Result<T, DbError>,
) -> Result<Vec<T>>
where
    Arg<'i>: From<I>,
{
    let project = t.project();
    let mut found = Vec::with_capacity(ids.len());
    for part in ids.chunks(200) {
        let mut values: Vec<Arg<'i>> = vec![project.into()];
        values.extend_from_slice(more);
        values.extend(part.iter().map(|id| Arg::from(*id)));
        found.extend(t.query(&sql(&places(2 + more.len(), part.len())), &values, &read)?);
    }
    Ok(found)
}

/// That a row is of the project, where its id is given. No index serves this: SQLite, which does not count, takes a project
/// to have ten rows, and would read all of it rather than look up more ids than that.
pub(crate) const OWN: &str = "project_id || '' = $1";

/// `$2, $3, $4` …
pub(crate) fn places(first: usize, count: usize) -> String {
    (first..first + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// A page of a collection, in its order.
///
/// # Errors
/// When the database fails.
pub fn list(
    t: &mut Tenant<'_, '_>,
    collection: &str,
    filter: &Filter,
    page: &PageRequest,
    skip: u32,
) -> Result<Listed<Record>> {
    let project = t.project();
    let (key, id) = page.after.as_ref().map_or((i64::MIN, ""), |cursor| (cursor.key, cursor.id.as_str()));
    let pattern = filter.name.as_deref().map(|name| like_prefix(&name_key(name)));
    let (wanted, pattern) = (wanted(filter), pattern.as_deref());
    let total = match pattern {
        None => counted(t, collection, filter.removed)?,
        Some(_) => {
            t.query_one(&format!("SELECT COUNT(*) {wanted}"), args![project, collection, pattern], |row| {
                row.get(0)
            })?
        }
    };
    let rows = t.query(
        &page_of(&wanted),
        args![project, collection, pattern, key, id, i64::from(page.limit) + 1, skip],
        read,
    )?;
    Ok(Listed::of(rows, total, page, |record| (record.position, record.id.to_string())))
}

/// How many entities a collection has, live or in the bin, as triggers keep count of them.
fn counted(t: &mut Tenant<'_, '_>, collection: &str, removed: bool) -> Result<i64> {
    let project = t.project();
    let column = if removed { "removed" } else { "live" };
    let count = t.query_opt(
        &format!("SELECT {column} FROM counts WHERE project_id = $1 AND collection = $2"),
        args![project, collection],
        |row| row.get(0),
    )?;
    Ok(count.unwrap_or(0))
}

/// What a list takes from, of the arguments project, collection, pattern.
fn wanted(filter: &Filter) -> String {
    let which = if filter.removed { "IS NOT NULL" } else { "IS NULL" };
    // The pattern is named in either case: Postgres wants to know the type of each argument.
    let name =
        if filter.name.is_some() { "name_key LIKE $3 ESCAPE '\\'" } else { "CAST($3 AS TEXT) IS NULL" };
    format!("FROM entities WHERE project_id = $1 AND collection = $2 AND removed_at {which} AND {name}")
}

/// A page of it, of the further arguments position, id, limit, offset.
fn page_of(wanted: &str) -> String {
    format!(
        "SELECT {COLUMNS} {wanted} AND (position, id) > ($4, $5) ORDER BY position, id LIMIT $6 OFFSET $7"
    )
}

fn like_prefix(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for letter in prefix.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// All live entities of a collection, in its order, with their bodies: for export.
///
/// # Errors
/// When the database fails.
pub fn whole(t: &mut Tenant<'_, '_>, collection: &str) -> Result<Vec<Record>> {
    all(t, collection, ", body", read_whole)
}

/// All live entities of a collection, in its order, without bodies.
///
/// # Errors
/// When the database fails.
pub fn of(t: &mut Tenant<'_, '_>, collection: &str) -> Result<Vec<Record>> {
    all(t, collection, "", read)
}

fn all(
    t: &mut Tenant<'_, '_>,
    collection: &str,
    and: &str,
    read: fn(&Row<'_>) -> Result<Record, DbError>,
) -> Result<Vec<Record>> {
    let project = t.project();
    Ok(t.query(
        &format!(
            "SELECT {COLUMNS}{and} FROM entities
             WHERE project_id = $1 AND collection = $2 AND removed_at IS NULL ORDER BY position, id"
        ),
        args![project, collection],
        read,
    )?)
}

/// Those of `ids` that are live and of a collection, in its order, with their bodies.
///
/// # Errors
/// When the database fails.
pub fn whole_of(t: &mut Tenant<'_, '_>, collection: &str, ids: &[EntityId]) -> Result<Vec<Record>> {
    let sql = |places: &str| {
        format!(
            "SELECT {COLUMNS}, body FROM entities
             WHERE {OWN} AND collection || '' = $2 AND removed_at IS NULL AND id IN ({places})"
        )
    };
    let mut found = by_ids(t, &[collection.into()], ids, sql, read_whole)?;
    found.sort_by_key(|record| (record.position, record.id));
    Ok(found)
}

/// Those of `names`, folded as [`name_key`] does, that live entities of a collection bear.
///
/// # Errors
/// When the database fails.
pub fn borne(t: &mut Tenant<'_, '_>, collection: &str, names: &[&str]) -> Result<Vec<String>> {
    let sql = |places: &str| {
        format!(
            "SELECT name_key FROM entities
             WHERE project_id = $1 AND collection = $2 AND removed_at IS NULL AND name_key IN ({places})"
        )
    };
    by_ids(t, &[collection.into()], names, sql, |row| row.get(0))
}

/// What of an entity is read without understanding its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Outline {
    pub id: EntityId,
    pub collection: String,
    pub name: String,
    pub position: i64,
    pub version: i64,
    pub updated_at: Timestamp,
    /// JSON, unread.
    pub metadata: String,
}

const OUTLINE: &str = "SELECT id, collection, name, position, version, updated_at, metadata FROM entities";

fn read_outline(row: &Row<'_>) -> Result<Outline, DbError> {
    Ok(Outline {
        id: row.id(0)?,
        collection: row.get(1)?,
        name: row.get(2)?,
        position: row.get(3)?,
        version: row.get(4)?,
        updated_at: row.get(5)?,
        metadata: row.get(6)?,
    })
}

/// The outlines of all live entities.
///
/// # Errors
/// When the database fails.
pub fn outlines(t: &mut Tenant<'_, '_>) -> Result<Vec<Outline>> {
    let project = t.project();
    Ok(t.query(
        &format!("{OUTLINE} WHERE project_id = $1 AND removed_at IS NULL"),
        args![project],
        read_outline,
    )?)
}

/// The outlines of all live entities of a collection, in its order.
///
/// # Errors
/// When the database fails.
pub fn outlines_in(t: &mut Tenant<'_, '_>, collection: &str) -> Result<Vec<Outline>> {
    let project = t.project();
    Ok(t.query(
        &format!(
            "{OUTLINE} WHERE project_id = $1 AND collection = $2 AND removed_at IS NULL ORDER BY position, id"
        ),
        args![project, collection],
        read_outline,
    )?)
}

/// The outlines of those of `ids` that are live.
///
/// # Errors
/// When the database fails.
pub fn outlines_of(t: &mut Tenant<'_, '_>, ids: &[EntityId]) -> Result<Vec<Outline>> {
    let sql = |places: &str| format!("{OUTLINE} WHERE {OWN} AND removed_at IS NULL AND id IN ({places})");
    by_ids(t, &[], ids, sql, read_outline)
}

/// The earlier states of an entity, newest first.
///
/// # Errors
/// When the database fails.
pub fn history(t: &mut Tenant<'_, '_>, id: EntityId, page: &PageRequest) -> Result<Listed<RecordVersion>> {
    let before = page.after.as_ref().map_or(i64::MAX, |cursor| cursor.key);
    let project = t.project();
    let total = t.query_one(
        "SELECT COUNT(*) FROM entity_versions WHERE project_id = $1 AND entity_id = $2",
        args![project, id],
        |row| row.get(0),
    )?;
    let rows = t.query(
        "SELECT v.version, v.at, v.person_id, people.name, v.change_id, v.action, v.name, v.description, v.metadata,
           v.body
         FROM entity_versions v LEFT JOIN people ON people.id = v.person_id
         WHERE v.project_id = $1 AND v.entity_id = $2 AND v.version < $3 ORDER BY v.version DESC LIMIT $4",
        args![project, id, before, i64::from(page.limit) + 1],
        |row| {
            Ok(RecordVersion {
                version: row.get(0)?,
                at: row.get(1)?,
                by: row.opt_id(2)?,
                by_name: row.get(3)?,
                change_id: row.id(4)?,
                action: row.get(5)?,
                name: row.get(6)?,
                description: row.get(7)?,
                metadata: row.json(8)?,
                body: row.get(9)?,
            })
        },
    )?;
    Ok(Listed::of(rows, total, page, |version| (version.version, String::from("0"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::changes::{self, Draft, New, Write};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_page_of_ten_thousand_records_is_found_by_the_index_alone() {
        let folder = tempfile::tempdir().unwrap();
        let ambient = kernel::Ambient::system();
        let options = crate::Options::sqlite(folder.path().join("atelier.db"));
        let store = Store::open(options, ambient.clone()).await.unwrap();
        let scope = store.transact(|tx| {
            let ada = crate::people::create(tx, "ada@example.org", "Ada", None, false)?.id;
            let project = crate::projects::create(tx, ada, "Tides", wire::projects::ProjectType::Movie)?;
            crate::Scope::admit(tx, ada, project.id, kernel::Role::Owner)
        });
        let scope = scope.await.unwrap();
        let new = |n| New {
            id: ambient.id(),
            collection: "scenes".into(),
            name: format!("Scene {n}"),
            description: String::new(),
            metadata: wire::records::Metadata::new(),
            body: None,
            position: None,
            origin: wire::records::Origin::Import,
        };
        let draft =
            Draft { writes: (0..10_000).map(|n| Write::Create(new(n))).collect(), ..Draft::default() };
        store.transact_in(&scope, move |t| changes::apply(t, &draft)).await.unwrap();
        store.transact(|tx| Ok(tx.script("ANALYZE")?)).await.unwrap();
        for removed in [false, true] {
            let plan = store.read_in(&scope, move |t| {
                let sql = page_of(&wanted(&Filter { name: None, removed }));
                let (project, none) = (t.project(), None::<&str>);
                let args = args![project, "scenes", none, 5_000_000i64, "ent_", 51i64, 0i64];
                Ok(t.query(&format!("EXPLAIN QUERY PLAN {sql}"), args, |row| row.get::<String>(3))?)
            });
            let plan = plan.await.unwrap();
            let index = if removed { "entities_bin" } else { "entities_list" };
            let seek = format!(
                "SEARCH entities USING INDEX {index} (project_id=? AND collection=? AND (position,id)>(?,?))"
            );
            assert_eq!(plan, [seek]);
        }
    }
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn records_that_are_asked_for_by_their_ids_are_looked_up_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let options = crate::Options::sqlite(folder.path().join("atelier.db"));
        let store = Store::open(options, kernel::Ambient::system()).await.unwrap();
        let plan = store.read(|tx| {
            let ids = (0..50).map(|n| n.to_string());
            let args: Vec<Arg<'_>> = std::iter::once("prj_".to_owned()).chain(ids).map(Arg::from).collect();
            let places = places(2, 50);
            let sql =
                format!("EXPLAIN QUERY PLAN SELECT name FROM entities WHERE {OWN} AND id IN ({places})");
            Ok(tx.query(&sql, &args, |row| row.get::<String>(3))?)
        });
        let plan = plan.await.unwrap();
        assert_eq!(plan, ["SEARCH entities USING INDEX sqlite_autoindex_entities_1 (id=?)"]);
    }
}
