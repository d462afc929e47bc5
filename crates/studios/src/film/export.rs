//! A project's script as a file: scenes that nobody edited come out byte for byte as they went in.

use std::collections::HashSet;

use kernel::{Code, EntityId, Error, Result};
use store::passages::hash;
use store::slug::slug;
use store::{Scope, Store, Tenant, entities, facts, projects};
use wire::records::Record;

use super::import::{Kept, kept};
use super::lexicon::PART_OF;
use super::screenplay::{self, Format, Source, heading_prefix};

/// Writes the project's script: its file name and content. A series with several episodes is written as one, each
/// episode under a section of its own.
///
/// # Errors
/// `NOT_FOUND` when the project has no scene; `CONFLICT` when an edited scene can no longer be read.
pub async fn export(store: &Store, scope: &Scope, format: Format) -> Result<(String, Vec<u8>)> {
    let parts = store.read_in(scope, Parts::all).await?;
    parts.written(format).await
}

/// Writes the script of one episode.
///
/// # Errors
/// As [`export`]; `NOT_FOUND` also when there is no such episode.
pub async fn export_episode(
    store: &Store,
    scope: &Scope,
    episode: EntityId,
    format: Format,
) -> Result<(String, Vec<u8>)> {
    let parts = store.read_in(scope, move |t| Parts::of_episode(t, episode)).await?;
    parts.written(format).await
}

/// What a file is put together from.
struct Parts {
    name: String,
    front: Source,
    scenes: Vec<Source>,
    back: Source,
}

impl Parts {
    fn all(t: &mut Tenant<'_, '_>) -> Result<Self> {
        let name = projects::get(t)?.name;
        let scenes = entities::whole(t, "scenes")?;
        let kept = kept(t)?;
        if let [] | [_] = kept.as_slice() {
            return Self::of(name, kept.first(), &scenes.iter().collect::<Vec<_>>());
        }
        let mut parts =
            Self { name, front: Source::fountain(""), scenes: Vec::new(), back: Source::fountain("") };
        let mut told = HashSet::new();
        for episode in entities::whole(t, "episodes")? {
            let own = of_episode(t, &scenes, episode.id)?;
            let kept = kept.iter().find(|kept| kept.episode == Some(episode.id));
            told.extend(own.iter().map(|scene| scene.id));
            parts.scenes.push(Source::fountain(format!("# {}\n\n", episode.name)));
            parts.scenes.extend(own.iter().map(|scene| source(scene, kept)));
        }
        let rest = scenes.iter().filter(|scene| !told.contains(&scene.id));
        parts.scenes.extend(rest.map(|scene| source(scene, None)));
        Ok(parts)
    }

    fn of_episode(t: &mut Tenant<'_, '_>, episode: EntityId) -> Result<Self> {
        let name = entities::get(t, "episodes", episode)?.name;
        let scenes = entities::whole(t, "scenes")?;
        let own = of_episode(t, &scenes, episode)?;
        let kept = kept(t)?;
        Self::of(name, kept.iter().find(|kept| kept.episode == Some(episode)), &own)
    }

    fn of(name: String, kept: Option<&Kept>, scenes: &[&Record]) -> Result<Self> {
        if scenes.is_empty() && kept.is_none() {
            return Err(Error::new(
                Code::NotFound,
                "There is no scene to export yet. Import a script, or make a scene.",
            ));
        }
        Ok(Self {
            // Without a file there is no title page but the name.
            front: kept
                .map_or_else(|| Source::fountain(format!("Title: {name}\n\n")), |kept| kept.front.clone()),
            back: kept.map_or_else(|| Source::fountain(""), |kept| kept.back.clone()),
            scenes: scenes.iter().map(|scene| source(scene, kept)).collect(),
            name: kept.map_or(name, |kept| kept.title.clone()),
        })
    }

    async fn written(self, format: Format) -> Result<(String, Vec<u8>)> {
        let extension = match format {
            Format::Fountain => "fountain",
            Format::Fdx => "fdx",
        };
        let filename = format!("{}.{extension}", slug(&self.name));
        let written = tokio::task::spawn_blocking(move || {
            screenplay::export(&self.front, &self.scenes, &self.back, format)
        });
        let exported = written.await.map_err(Error::internal)?.map_err(|error| {
            Error::new(
                Code::Conflict,
                format!("A scene can no longer be read as a script: {}.", error.reason),
            )
        })?;
        Ok((filename, exported.text.into_bytes()))
    }
}

fn of_episode<'s>(
    t: &mut Tenant<'_, '_>,
    scenes: &'s [Record],
    episode: EntityId,
) -> Result<Vec<&'s Record>> {
    let own: HashSet<EntityId> = facts::about(t, &[episode])?
        .into_iter()
        .filter(|fact| fact.predicate == PART_OF && fact.object == Some(episode))
        .map(|fact| fact.subject)
        .collect();
    Ok(scenes.iter().filter(|scene| own.contains(&scene.id)).collect())
}

/// A scene as it is written: raw as it came, if its text is still the same; else its text; and of a scene that never had
/// one, its name and description.
fn source(scene: &Record, kept: Option<&Kept>) -> Source {
    if let Some(body) = scene.body.as_deref().filter(|body| !body.is_empty()) {
        let raw = kept.and_then(|kept| kept.raw.get(&scene.id)).filter(|raw| raw.shown == hash(body));
        return raw.map_or_else(|| Source::fountain(body), |raw| Source::fdx(raw.fdx.as_str()));
    }
    let name = scene.name.split_whitespace().collect::<Vec<_>>().join(" ");
    let heading = if heading_prefix(&name).is_some() { name.to_uppercase() } else { format!(".{name}") };
    let summary = scene.description.split_whitespace().collect::<Vec<_>>().join(" ");
    let summary = if summary.is_empty() { String::new() } else { format!("= {summary}\n\n") };
    Source::fountain(format!("{heading}\n\n{summary}"))
}
