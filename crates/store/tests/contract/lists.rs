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

    async fn a_count_is_what_counting_finds_whatever_was_made_removed_restored_and_undone(stage) {
        let (ada, ben) = (stage.person("ada").await, stage.person("ben").await);
        let scopes = [stage.project(ada).await, stage.project(ben).await];
        let (mut live, mut binned, mut made) = (vec![Vec::new(); 2], vec![Vec::new(); 2], vec![Vec::new(); 2]);
        for step in 0..60 {
            let [of, what, which] = stage.ambient.bytes::<3>().map(usize::from);
            let of = of % 2;
            let take = |from: &mut Vec<kernel::EntityId>| {
                (!from.is_empty()).then(|| from.swap_remove(which % from.len()))
            };
            let writes = match what % 5 {
                // As an import does: several, of several collections.
                0 | 1 => (0..=which % 4).map(|n| {
                    Write::Create(stage.new_entity(["scenes", "characters", "notes"][n % 3], &format!("{step} {n}")))
                }).collect(),
                2 => take(&mut live[of]).map(Write::Remove).into_iter().collect(),
                3 => take(&mut binned[of]).map(Write::Restore).into_iter().collect(),
                _ => Vec::new(),
            };
            if what % 5 == 4 && let Some(change) = made[of].pop() {
                // One that was overtaken meanwhile is refused, and counts for nothing.
                let _ = stage.store.transact_in(&scopes[of], move |t| store::changes::undo(t, change)).await;
            } else if !writes.is_empty() {
                let applied = stage.apply(&scopes[of], Draft { writes, ..Draft::default() }).await.unwrap();
                made[of].push(applied.change);
            }
            for (of, removed) in [(0, false), (0, true), (1, false), (1, true)] {
                let (which, ids) =
                    if removed { ("IS NOT NULL", &mut binned[of]) } else { ("IS NULL", &mut live[of]) };
                let project = scopes[of].project();
                ids.clear();
                for collection in ["scenes", "characters", "notes"] {
                    let found = stage.place.rows(&format!(
                        "SELECT id FROM entities WHERE project_id = '{project}' AND collection = '{collection}'
                           AND removed_at {which} ORDER BY id"
                    )).await;
                    let page = PageRequest::default();
                    let listed = stage.store.read_in(&scopes[of], move |t| {
                        entities::list(t, collection, &Filter { name: None, removed }, &page, 0)
                    });
                    let told = format!("step {step}: {collection}, removed: {removed}");
                    assert_eq!(listed.await.unwrap().total, found.len() as i64, "{told}");
                    ids.extend(found.iter().map(|row| row[0].parse::<kernel::EntityId>().unwrap()));
                }
                assert!(step < 59 || !ids.is_empty(), "the steps reach every state");
            }
        }
        assert_eq!(stage.store.check().await.unwrap(), []);
        let stats = stage.store.read_in(&scopes[0], projects::stats).await.unwrap();
        let listed = stage.store.transact(move |tx| projects::list(tx, ada, &PageRequest::default())).await.unwrap();
        assert_eq!(serde_json::to_value(listed.rows[0].stats).unwrap(), serde_json::to_value(stats).unwrap());
    }

    async fn everything_else_is_listed_newest_first_each_row_once(stage) {
        let scope = stage.begun().await;
        let all = (0..5).map(|n| {
            stage.store.transact_in(&scope, move |t| {
                conversations::create(t)?;
                reviews::create(t, reviews::Kind::Import, &format!("Script {n}"), "{}", 0.5)?;
                let ends = t.now().plus_millis(1000);
                members::invite(t, &format!("{n}@example.org"), kernel::Role::Viewer, &n.to_string(), ends)
            })
        });
        assert!(futures_util::future::join_all(all).await.iter().all(Result::is_ok));
        let told = walk(stage, &scope, |t, page| Ok(events::activity(t, page)?.map(|row| row.seq.to_string())));
        assert_eq!(told.await, ["5", "4", "3", "2", "1"]);
        let lists = [
            walk(stage, &scope, |t, page| {
                Ok(reviews::list(t, &reviews::Filter::default(), page)?.map(|row| row.id.to_string()))
            }).await,
            walk(stage, &scope, |t, page| Ok(members::invitations(t, page)?.map(|row| row.id.to_string()))).await,
            walk(stage, &scope, |t, page| Ok(conversations::list(t, page)?.map(|row| row.id.to_string()))).await,
            // Making the project is noted, too.
            walk(stage, &scope, |t, page| Ok(audit::list(t, audit::Filter::default(), page)?.map(|row| row.id.to_string()))).await,
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
