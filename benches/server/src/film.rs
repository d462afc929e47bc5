//! The project that is measured: a series of 10,000 records, made through the API as people make one.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Result;
use crate::atelier::Atelier;
use crate::client::{Ask, Client};
use crate::script;

/// Scripts of the series.
const EPISODES: usize = 60;
/// Records that the project has in the end.
pub(crate) const RECORDS: i64 = 10_000;
/// Records that the runs read and change, of each kind.
const SAMPLE: usize = 200;
const COLLECTIONS: [&str; 5] = ["episodes", "scenes", "characters", "locations", "concepts"];

/// How long an import took: until its preview, and from the decision until it was saved.
#[derive(Clone, Copy)]
pub(crate) struct Import {
    pub(crate) propose: Duration,
    pub(crate) decide: Duration,
}

/// A project that is filled.
pub(crate) struct Film {
    pub(crate) project: String,
    pub(crate) scenes: Vec<String>,
    pub(crate) characters: Vec<String>,
    /// Each script's import, in their order.
    pub(crate) imports: Vec<Import>,
    /// How many records of each collection there are.
    pub(crate) counts: Vec<(&'static str, i64)>,
}

impl Film {
    /// Imports all scripts, and adds records by hand until there are enough.
    pub(crate) async fn fill(atelier: &Atelier) -> Result<Self> {
        let mut client = atelier.client().await?;
        let project = make(&mut client, "The Long Tide", "series").await?;
        let mut imports = Vec::with_capacity(EPISODES);
        for number in 0..EPISODES {
            imports.push(import(&mut client, &project, number).await?);
        }
        let mut counts = count(&mut client, &project).await?;
        for number in counts.iter().map(|(_, count)| count).sum()..RECORDS {
            let concept =
                json!({ "name": format!("Concept {number}"), "description": script::word(number as usize) });
            client.send(&Ask::post(format!("/api/v1/projects/{project}/concepts"), &concept)).await?;
        }
        counts = count(&mut client, &project).await?;
        let scenes = ids(&mut client, &project, "scenes").await?;
        let characters = ids(&mut client, &project, "characters").await?;
        Ok(Self { project, scenes, characters, imports, counts })
    }

    /// How many records the project has.
    pub(crate) fn records(&self) -> i64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// The address of something of the project.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/v1/projects/{}/{rest}", self.project)
    }
}

/// Imports a script of 120 pages into empty projects, some times.
pub(crate) async fn first_imports(atelier: &Atelier, times: usize) -> Result<Vec<Import>> {
    let mut client = atelier.client().await?;
    let mut imports = Vec::with_capacity(times);
    for number in 0..times {
        let project = make(&mut client, &format!("Alone {number}"), "movie").await?;
        imports.push(import(&mut client, &project, 0).await?);
    }
    Ok(imports)
}

/// A new film with a script of 120 pages.
pub(crate) async fn with_script(client: &mut Client) -> Result<String> {
    let project = make(client, "The Long Tide", "movie").await?;
    import(client, &project, 0).await?;
    Ok(project)
}

/// The size of a folder's files in MiB.
pub(crate) fn size(folder: &Path) -> Result<f64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes as f64 / f64::from(1 << 20))
}

async fn make(client: &mut Client, name: &str, kind: &str) -> Result<String> {
    let made = client.json(&Ask::post("/api/v1/projects", &json!({ "name": name, "type": kind }))).await?;
    text(&made, "id")
}

async fn import(client: &mut Client, project: &str, episode: usize) -> Result<Import> {
    let imports = format!("/api/v1/projects/{project}/imports");
    // A file of the same name would be a new draft of the same episode.
    let name = format!("episode-{episode}.fountain");
    let document = Ask::post(&imports, &json!({ "filename": name, "content": script::episode(episode) }));
    let began = Instant::now();
    let proposed = client.send(&document).await?;
    let propose = began.elapsed();
    let proposed: Value = serde_json::from_slice(&proposed)?;
    let scenes = proposed["preview"]["scenes"].as_u64();
    if scenes != Some(script::SCENES as u64) {
        return Err(format!("{scenes:?} scenes were read of a script of {}", script::SCENES).into());
    }
    let decision = format!("{imports}/{}/decision", text(&proposed, "importId")?);
    let began = Instant::now();
    client.send(&Ask::post(decision, &json!({ "decision": "ingest" }))).await?;
    Ok(Import { propose, decide: began.elapsed() })
}

async fn count(client: &mut Client, project: &str) -> Result<Vec<(&'static str, i64)>> {
    let mut counts = Vec::new();
    for name in COLLECTIONS {
        let page = client.json(&Ask::get(format!("/api/v1/projects/{project}/{name}?limit=1"))).await?;
        counts.push((name, page["totalDocs"].as_i64().ok_or("a list without a total")?));
    }
    Ok(counts)
}

async fn ids(client: &mut Client, project: &str, collection: &str) -> Result<Vec<String>> {
    let page =
        client.json(&Ask::get(format!("/api/v1/projects/{project}/{collection}?limit={SAMPLE}"))).await?;
    let docs = page["docs"].as_array().ok_or("a list without rows")?;
    docs.iter().map(|doc| text(doc, "id")).collect()
}

fn text(value: &Value, field: &str) -> Result<String> {
    Ok(value[field].as_str().ok_or_else(|| format!("an answer without `{field}`: {value}"))?.to_owned())
}
