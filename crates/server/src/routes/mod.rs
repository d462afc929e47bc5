//! The HTTP API: one file for each noun, and what their lists have in common.

pub(crate) mod accounts;
pub(crate) mod agents;
pub(crate) mod commands;
pub(crate) mod conversations;
pub(crate) mod departments;
pub(crate) mod fleet;
pub(crate) mod fleet_queue;
pub(crate) mod imports;
pub(crate) mod members;
pub(crate) mod orchestrator;
pub(crate) mod projects;
pub(crate) mod readiness;
pub(crate) mod records;
pub(crate) mod relationships;
pub(crate) mod reviews;
pub(crate) mod run_stream;
pub(crate) mod runners;
pub(crate) mod runs;
pub(crate) mod said;
pub(crate) mod schedules;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod slack;
pub(crate) mod tool_servers;
pub(crate) mod uploads;
pub(crate) mod usage;

use kernel::{DEFAULT_PAGE, Error, MAX_PAGE, PageRequest, Result};

use store::events::Listed;
use store::{Scope, Tenant};
use utoipa_axum::router::OpenApiRouter;
use wire::{Page, PageQuery};

use crate::app::App;

/// All routes under `/api/v1`.
pub(crate) fn all() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(setup::routes())
        .merge(accounts::routes())
        .merge(runners::routes())
        .merge(fleet::routes())
        .merge(fleet_queue::routes())
        .merge(said::routes())
        .merge(commands::routes())
        .merge(projects::routes())
        .merge(members::routes())
        .merge(imports::routes())
        .merge(uploads::routes())
        .merge(relationships::routes())
        .merge(departments::routes())
        .merge(agents::routes())
        .merge(runs::routes())
        .merge(reviews::routes())
        .merge(readiness::routes())
        .merge(schedules::routes())
        .merge(run_stream::routes())
        .merge(usage::routes())
        .merge(tool_servers::routes())
        .merge(orchestrator::routes())
        .merge(conversations::routes())
        .merge(settings::routes())
        .merge(slack::routes())
        // Last, because a collection's name stands where the others have theirs.
        .merge(records::routes())
}

/// A page that is asked for, and its number. A cursor is `{number}~{key}.{id}`, so that the answer can say which page it is.
pub(crate) struct Paging {
    pub(crate) request: PageRequest,
    number: u32,
}

impl Paging {
    /// The page that a query asks for.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` when the limit or the cursor is none.
    pub(crate) fn of(query: &PageQuery) -> Result<Self> {
        let limit = query.limit.unwrap_or(DEFAULT_PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Error::field("limit", format!("must be from 1 to {MAX_PAGE}")));
        }
        let Some(cursor) = &query.cursor else {
            return Ok(Self { request: PageRequest { limit, after: None }, number: 1 });
        };
        let read = || -> Option<(u32, kernel::Cursor)> {
            let (number, cursor) = cursor.split_once('~')?;
            Some((number.parse().ok()?, cursor.parse().ok()?))
        };
        let (number, after) =
            read().ok_or_else(|| Error::field("cursor", "must be the `nextCursor` of the page before"))?;
        Ok(Self { request: PageRequest { limit, after: Some(after) }, number })
    }

    /// The page of that number, for lists that can be entered anywhere, and how many rows come before it.
    pub(crate) fn numbered(limit: Option<u32>, number: u32) -> Result<(Self, u32)> {
        let mut paging = Self::of(&PageQuery { limit, cursor: None })?;
        if !(1..=1000).contains(&number) {
            return Err(Error::field("page", "must be from 1 to 1000"));
        }
        paging.number = number;
        let skip = (number - 1) * paging.request.limit;
        Ok((paging, skip))
    }

    /// Reads the page within a project.
    ///
    /// # Errors
    /// What `list` says, or that the database failed.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        app: &App,
        scope: &Scope,
        list: impl Fn(&mut Tenant<'_, '_>, &PageRequest) -> Result<Listed<T>> + Send + 'static,
    ) -> Result<Page<T>> {
        let request = self.request.clone();
        Ok(self.page(app.store.read_in(scope, move |t| list(t, &request)).await?))
    }

    /// The page as the API tells it.
    pub(crate) fn page<T>(&self, listed: Listed<T>) -> Page<T> {
        Page {
            docs: listed.rows,
            total_docs: listed.total,
            limit: self.request.limit,
            page: self.number,
            has_next_page: listed.next.is_some(),
            next_cursor: listed.next.map(|cursor| format!("{}~{cursor}", self.number.saturating_add(1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_carries_the_number_of_its_page() {
        let listed =
            Listed { rows: vec![1], total: 3, next: Some(kernel::Cursor { key: 7, id: "x".into() }) };
        let first = Paging::of(&PageQuery::default()).unwrap().page(listed);
        assert_eq!((first.page, first.next_cursor.as_deref()), (1, Some("2~7.x")));
        let second = Paging::of(&PageQuery { limit: None, cursor: first.next_cursor }).unwrap();
        assert_eq!(second.page(Listed { rows: vec![1], total: 3, next: None }).page, 2);
    }

    #[test]
    fn what_is_no_cursor_or_limit_is_refused_by_name() {
        for (limit, cursor, field) in
            [(Some(0), None, "limit"), (Some(201), None, "limit"), (None, Some("x"), "cursor")]
        {
            let query = PageQuery { limit, cursor: cursor.map(str::to_owned) };
            let error = Paging::of(&query).err().unwrap();
            assert_eq!(error.details().unwrap()["field"], field);
        }
    }
}
