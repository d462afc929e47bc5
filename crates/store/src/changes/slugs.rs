//! Slugs that nobody else has, for the entities of one change.

use std::collections::{HashMap, HashSet};

use kernel::{EntityId, Result};

use super::Write;
use crate::db::args;
use crate::entities::by_ids;
use crate::scope::Tenant;
use crate::slug::slug;

/// The slugs that are taken, as far as this change has looked.
pub(super) struct Slugs {
    /// Pairs of collection and slug that are taken.
    taken: HashSet<(String, String)>,
    /// Pairs that the database was asked for.
    asked: HashSet<(String, String)>,
}

impl Slugs {
    /// Asks, in as few queries as can be, which slugs of the entities to be made are taken.
    pub(super) fn read(t: &mut Tenant<'_, '_>, writes: &[Write]) -> Result<Self> {
        let mut asked = HashSet::new();
        let mut wanted: HashMap<&str, Vec<String>> = HashMap::new();
        for write in writes {
            if let Write::Create(new) = write {
                let slug = slug(&new.name);
                if asked.insert((new.collection.clone(), slug.clone())) {
                    wanted.entry(&new.collection).or_default().push(slug);
                }
            }
        }
        let mut taken = HashSet::new();
        for (collection, slugs) in wanted {
            let slugs: Vec<&str> = slugs.iter().map(String::as_str).collect();
            let sql = |places: &str| {
                format!(
                    "SELECT slug FROM entities
                     WHERE project_id = $1 AND collection = $2 AND removed_at IS NULL AND slug IN ({places})"
                )
            };
            let found = by_ids(t, &[collection.into()], &slugs, sql, |row| row.get::<String>(0))?;
            taken.extend(found.into_iter().map(|slug| (collection.to_owned(), slug)));
        }
        Ok(Self { taken, asked })
    }

    /// A slug for `name` that nobody has: with a number behind it, if need be.
    pub(super) fn take(&mut self, t: &mut Tenant<'_, '_>, collection: &str, name: &str) -> Result<String> {
        let base = slug(name);
        let mut candidate = base.clone();
        let mut number = 1;
        while !self.is_free(t, collection, &candidate)? {
            number += 1;
            candidate =
                if number <= 20 { format!("{base}-{number}") } else { t.id::<EntityId>().to_string() };
        }
        self.taken.insert((collection.to_owned(), candidate.clone()));
        Ok(candidate)
    }

    fn is_free(&mut self, t: &mut Tenant<'_, '_>, collection: &str, slug: &str) -> Result<bool> {
        let pair = (collection.to_owned(), slug.to_owned());
        if self.taken.contains(&pair) || !self.asked.insert(pair.clone()) {
            return Ok(!self.taken.contains(&pair));
        }
        let project = t.project();
        let taken = t.query_opt(
            "SELECT 1 FROM entities WHERE project_id = $1 AND collection = $2 AND removed_at IS NULL AND slug = $3",
            args![project, collection, slug],
            |_| Ok(()),
        )?;
        if taken.is_some() {
            self.taken.insert(pair);
        }
        Ok(taken.is_none())
    }
}
