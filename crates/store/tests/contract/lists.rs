//! Lists: every row once, in order, whatever the page; rows with equal keys too.

use kernel::{Cursor, PageRequest, Result};
use store::changes::{Draft, Write};
use store::entities::{self, Filter};
use store::events::{self, Listed};
use store::{Tenant, audit, conversations, members, projects, reviews};

use crate::stage::Stage;

/// The ids of all rows, two a page.
async fn walk(
    stage: &Stage,
    scope: &store::Scope,
    read: impl Fn(&mut Tenant<'_, '_>, &PageRequest) -> Result<Listed<String>> + Clone + Send + 'static,
) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), None::<Cursor>);
    loop {
        let (read, page) = (read.clone(), PageRequest { limit: 2, after });
        let listed = stage.store.read_in(scope, move |t| read(t, &page)).await.unwrap();
        assert!(listed.rows.len() <= 2);
        ids.extend(listed.rows);
        // A cursor goes to the client and comes back as text.
        after = listed.next.map(|next| next.to_string().parse().unwrap());
        if after.is_none() {
            assert_eq!(ids.len() as i64, listed.total);
            return ids;
        }
    }
}

fn descending(ids: &[String]) -> bool {
    ids.windows(2).all(|pair| pair[0] > pair[1])
}

on_both! {
    async fn records_with_equal_positions_are_each_listed_once(stage) {
        let scope = stage.begun().await;
        let writes = (0..7).map(|n| {
            let mut new = stage.new_entity("scenes", &format!("Scene {n}"));
            new.position = Some(if n < 5 { 1024 } else { 512 });
            Write::Create(new)
        });
        let draft = Draft { writes: writes.collect(), ..Draft::default() };
        let made: Vec<String> =
            stage.apply(&scope, draft).await.unwrap().records.iter().map(|r| r.id.to_string()).collect();
        let ids = walk(stage, &scope, |t, page| {
            Ok(entities::list(t, "scenes", &Filter::default(), page, 0)?.map(|record| record.id.to_string()))
        });
        assert_eq!(ids.await, [&made[5..], &made[..5]].concat());
    }

    async fn a_filter_takes_the_beginning_of_a_name_as_it_is(stage) {
        let scope = stage.begun().await;
        stage.make(&scope, "characters", &["Mara", "MARA  VANCE", "Amara", "M%ra", "Márton"]).await;
        for (asked, found) in [("mara", 2), ("mara v", 1), ("m%", 1), ("MÁR", 1), ("_ara", 0), ("", 5)] {
            let filter = Filter { name: Some(asked.into()), removed: false };
            let page = PageRequest::default();
            let listed = stage.store.read_in(&scope, move |t| entities::list(t, "characters", &filter, &page, 0));
            assert_eq!(listed.await.unwrap().total, found, "{asked}");
        }
    }

    async fn the_bin_lists_what_was_removed_and_nothing_else(stage) {
        let scope = stage.begun().await;
        let ids = stage.make(&scope, "characters", &["Mara", "Joss", "Ines"]).await;
        let writes = vec![Write::Remove(ids[1])];
        stage.apply(&scope, Draft { writes, ..Draft::default() }).await.unwrap();
        for (removed, names) in [(true, vec!["Joss"]), (false, vec!["Mara", "Ines"])] {
            let (filter, page) = (Filter { name: None, removed }, PageRequest::default());
            let listed = stage.store.read_in(&scope, move |t| entities::list(t, "characters", &filter, &page, 0));
            let listed = listed.await.unwrap();
            assert_eq!(listed.rows.iter().map(|record| record.name.as_str()).collect::<Vec<_>>(), names);
        }
    }

    async fn everything_else_is_listed_newest_first_each_row_once(stage) {
        let scope = stage.begun().await;
        let all = (0..5).map(|n| {
            stage.store.transact_in(&scope, move |t| {
                conversations::create(t)?;
                reviews::create(t, reviews::Kind::Import, &format!("Script {n}"), "{}")?;
                let ends = t.now().plus_millis(1000);
                members::invite(t, &format!("{n}@example.org"), kernel::Role::Viewer, &n.to_string(), ends)
            })
        });
        assert!(futures_util::future::join_all(all).await.iter().all(Result::is_ok));
        let told = walk(stage, &scope, |t, page| Ok(events::activity(t, page)?.map(|row| row.seq.to_string())));
        assert_eq!(told.await, ["5", "4", "3", "2", "1"]);
        let lists = [
            walk(stage, &scope, |t, page| {
                Ok(reviews::list(t, reviews::Kind::Import, page)?.map(|row| row.id.to_string()))
            }).await,
            walk(stage, &scope, |t, page| Ok(members::invitations(t, page)?.map(|row| row.id.to_string()))).await,
            walk(stage, &scope, |t, page| Ok(conversations::list(t, page)?.map(|row| row.id.to_string()))).await,
            // Making the project is noted, too.
            walk(stage, &scope, |t, page| Ok(audit::list(t, page)?.map(|row| row.id.to_string()))).await,
        ];
        for (list, rows) in lists.iter().zip([5, 5, 5, 6]) {
            assert_eq!(list.len(), rows);
            assert!(descending(list), "{list:?}");
        }
    }

    async fn projects_made_in_the_same_moment_are_each_listed_once(stage) {
        let ada = stage.person("ada").await;
        for _ in 0..5 {
            stage.project(ada).await;
        }
        let scope = stage.project(ada).await;
        let ids = walk(stage, &scope, move |t, page| {
            Ok(projects::list(t, ada, page)?.map(|project| project.id.to_string()))
        }).await;
        assert_eq!(ids.len(), 6);
        assert!(descending(&ids));
    }
}
