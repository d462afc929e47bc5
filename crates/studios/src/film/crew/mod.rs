//! The film's crew: its seven departments as their files define them, and the engines that do their work.

mod scenes;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use agents::departments::engine::{ByParts, Citation, Engine, Job, Work};
use agents::departments::studio::Studio;
use futures_util::future::BoxFuture;
use kernel::{EntityId, Error, ProjectId, Result};
use serde::Serialize;
use serde_json::Value;
use store::{Tenant, events, projects};
use tokio::sync::Semaphore;

use super::departments::{
    Film, Scores, audio, character, continuity, image, production, story, video, visual,
};

pub use scenes::parts;
use scenes::{OfScenes, Together, made, together};

/// Which department builds on which (F9): character and story come first, production last.
const ORDER: &[(&str, &[&str])] = &[
    ("character", &[]),
    ("story", &[]),
    ("visual", &["character", "story"]),
    ("audio", &["character", "story"]),
    ("image-quality", &["visual", "audio"]),
    ("video", &["image-quality"]),
    ("production", &["video"]),
];

const DEFINITIONS: &[&str] = &[
    include_str!("story-head.md"),
    include_str!("story-structure.md"),
    include_str!("character-head.md"),
    include_str!("character-cast.md"),
    include_str!("visual-head.md"),
    include_str!("visual-shots.md"),
    include_str!("image-head.md"),
    include_str!("image-references.md"),
    include_str!("video-head.md"),
    include_str!("video-animatic.md"),
    include_str!("audio-head.md"),
    include_str!("audio-cues.md"),
    include_str!("production-head.md"),
    include_str!("production-plan.md"),
    include_str!("production-continuity.md"),
];

/// Films that are worked on at once, where the machine does not say how many processors it has, or has one.
const FEWEST: usize = 2;
/// The records that an output names at most.
const CITED: usize = 100;

/// The seven departments and the engines of their specialists.
///
/// # Errors
/// Never, as long as the definitions fit together; a test holds them to it.
pub fn studio() -> Result<Studio> {
    Studio::of(ORDER, DEFINITIONS.iter().copied(), engines())
}

/// The engines of all specialists. Together they keep as many processors busy as there are, however many agents are at work.
fn engines() -> Vec<Arc<dyn Engine>> {
    let processors = std::thread::available_parallelism().map_or(FEWEST, usize::from).max(FEWEST);
    let processors = Arc::new(Semaphore::new(processors));
    let last = Arc::new(Last::default());
    let all: [(&'static str, Make, Option<Together>); 8] = [
        ("film.structure", structure, None),
        ("film.cast", cast, None),
        ("film.shots", shots, Some(together::<visual::Visual>)),
        ("film.references", references, None),
        ("film.animatic", animatic, Some(together::<video::Animatic>)),
        ("film.cues", cues, Some(together::<audio::Audio>)),
        ("film.production", plan, None),
        ("film.continuity", faults, None),
    ];
    let engine = |(name, make, together): (_, _, Option<Together>)| -> Arc<dyn Engine> {
        let (processors, last) = (processors.clone(), last.clone());
        Arc::new(ByRules { name, make, by_scene: together.map(OfScenes), processors, last })
    };
    all.into_iter().map(engine).collect()
}

type Make = fn(&Film) -> Result<Work>;

/// The film that was read last, and what it follows from: most steps of an order read the same.
#[derive(Default)]
struct Last(Mutex<Option<(ProjectId, String, Arc<Film>)>>);

impl Last {
    fn read(&self, t: &mut Tenant<'_, '_>) -> Result<Arc<Film>> {
        // Its name is no record, and the film bears it.
        let (project, basis) = (t.project(), format!("{} {}", events::records_as_of(t)?, projects::name(t)?));
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, _, film)) = known.filter(|(of, from, _)| *of == project && *from == basis) {
            return Ok(film);
        }
        let film = Arc::new(Film::read(t, None)?);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((project, basis, film.clone()));
        Ok(film)
    }
}

/// An engine that is a pure function of the film.
struct ByRules {
    name: &'static str,
    make: Make,
    /// If it can also be done scene by scene.
    by_scene: Option<OfScenes>,
    processors: Arc<Semaphore>,
    last: Arc<Last>,
}

impl Engine for ByRules {
    fn name(&self) -> &'static str {
        self.name
    }

    fn work<'j>(&'j self, job: &'j Job) -> BoxFuture<'j, Result<Work>> {
        Box::pin(async move {
            // Before the film is read, so that few of them are in memory.
            let processor = self.processors.clone().acquire_owned().await.map_err(Error::internal)?;
            let last = self.last.clone();
            let film = job.store.read_in(&job.scope, move |t| last.read(t)).await?;
            let film = match &job.part {
                Some(part) => Arc::new(film.alone(part.id).ok_or_else(|| Error::not_found("scene"))?),
                None => film,
            };
            let make = self.make;
            // A long film takes a processor for a while.
            let work = move || {
                let _processor = processor;
                make(&film)
            };
            tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
        })
    }

    fn by_parts(&self) -> Option<&dyn ByParts> {
        self.by_scene.as_ref().map(|of_scenes| of_scenes as &dyn ByParts)
    }
}

fn titled(title: &str, film: &str) -> String {
    format!("{title}: {film}")
}

/// An output as work. An engine by rules adds nothing to what is written, so it claims no creativity.
fn work(film: &Film, title: &str, summary: String, output: &impl Serialize, scores: &Scores) -> Result<Work> {
    let content = serde_json::to_value(output).map_err(Error::internal)?;
    Ok(Work {
        title: titled(title, &film.title),
        summary,
        citations: cited(film, &content),
        content,
        quality: scores.completeness,
        consistency: scores.consistency,
        creativity: 0.0,
        lacks: scores.reasons.clone(),
    })
}

/// The records that the work rests on: those that its content names as sources or has as its own, in the order in which it
/// does, as far as the film has them. Work that names none, since it found nothing amiss, rests on the scenes.
fn cited(film: &Film, content: &Value) -> Vec<Citation> {
    let scenes = film.scenes.iter().map(|scene| (scene.id, ("scenes", &scene.heading)));
    let people = film.people.iter().map(|person| (person.id, ("characters", &person.name)));
    let places = film.places.iter().filter_map(|place| Some((place.id?, ("locations", &place.name))));
    let known: HashMap<EntityId, (&str, &String)> = scenes.chain(people).chain(places).collect();
    let mut named = Vec::new();
    records(content, &mut named);
    if named.is_empty() {
        named.extend(film.scenes.iter().map(|scene| scene.id));
    }
    let mut told = HashSet::new();
    named.retain(|id| told.insert(*id));
    let cited = named.into_iter().filter_map(|id| {
        let (collection, name) = known.get(&id)?;
        Some(Citation { entity_id: id, collection: (*collection).to_owned(), name: (*name).clone() })
    });
    cited.take(CITED).collect()
}

/// The ids in the fields `record` of a content, in their order.
fn records(content: &Value, named: &mut Vec<EntityId>) {
    match content {
        Value::Array(all) => all.iter().for_each(|one| records(one, named)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("record", Value::String(id)) => named.extend(id.parse::<EntityId>()),
                    (_, value) => records(value, named),
                }
            }
        }
        _ => {}
    }
}

fn structure(film: &Film) -> Result<Work> {
    let out = story::story(film, &story::Options::default());
    let summary = format!(
        "{} pages in {} and {}; {} % of it is dialogue. {}.",
        production::pages(out.eighths),
        counted(out.pacing.len(), "scene", "scenes"),
        counted(out.acts.len(), "act", "acts"),
        (out.dialogue_share * 100.0).round(),
        sentence(&counted(out.loose_ends.len(), "loose end", "loose ends")),
    );
    work(film, "Structure and pacing", summary, &out, &out.scores)
}

fn cast(film: &Film) -> Result<Work> {
    let out = character::characters(film);
    let most = out.cast.first().map_or_else(String::new, |first| {
        format!(" {} is in most of them, {}.", first.name, counted(first.scenes.len(), "scene", "scenes"))
    });
    let summary = format!(
        "In the film: {}.{most} {}.",
        counted(out.cast.len(), "character", "characters"),
        sentence(&counted(out.slips.len(), "name that may be a slip", "names that may be slips"))
    );
    work(film, "Cast and co-appearance", summary, &out, &out.scores)
}

fn shots(film: &Film) -> Result<Work> {
    made(film, &visual::visual(film))
}

fn references(film: &Film) -> Result<Work> {
    let out = image::image(film);
    let missing = out.checks.iter().filter(|check| !check.missing.is_empty()).count();
    let summary = format!(
        "Still without a description or a reference: {missing} of {}. {}.",
        counted(out.checks.len(), "main character or location", "main characters or locations"),
        sentence(&counted(out.contradictions.len(), "contradiction", "contradictions")),
    );
    work(film, "References", summary, &out, &out.scores)
}

fn animatic(film: &Film) -> Result<Work> {
    made(film, &video::animatic(film, &visual::visual(film).shots, &video::Options::default()))
}

fn cues(film: &Film) -> Result<Work> {
    made(film, &audio::audio(film))
}

fn plan(film: &Film) -> Result<Work> {
    let out = production::production(film, &production::Options::default());
    let summary = sentence(&format!(
        "{} on {}, with {} in the cast.",
        counted(out.sheets.len(), "scene", "scenes"),
        counted(out.schedule.days.len(), "shooting day", "shooting days"),
        counted(out.cast.len(), "player", "players"),
    ));
    work(film, "Breakdown and schedule", summary, &out, &out.scores)
}

fn faults(film: &Film) -> Result<Work> {
    let out = continuity::continuity(film);
    let of = |severity| out.findings.iter().filter(|finding| finding.fault.severity() == severity).count();
    let summary = sentence(&format!(
        "{}, {} and {}.",
        counted(of(continuity::Severity::Error), "error", "errors"),
        counted(of(continuity::Severity::Doubt), "doubt", "doubts"),
        counted(of(continuity::Severity::Note), "note", "notes"),
    ));
    work(film, "Continuity", summary, &out, &out.scores)
}

/// `1 scene`, `3 scenes`, `no scenes`.
fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    }
}

/// How long a film runs, as people say it: `45 s`, `8 min 02 s`, `1 h 32 min`.
fn runs(millis: u64) -> String {
    let seconds = (millis + 500) / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

/// With a capital letter, as sentences begin.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_seven_departments_fit_together_and_every_engine_has_its_agent() {
        let studio = studio().unwrap();
        let departments = studio.departments();
        assert_eq!(departments.all().len(), 7);
        let specialists = departments.all().iter().flat_map(|department| &department.specialists);
        let named: BTreeSet<&str> = specialists.map(|agent| agent.engine.as_str()).collect();
        assert_eq!(named, BTreeSet::from_iter(studio.engines()));
    }

    #[test]
    fn what_is_counted_reads_as_people_write() {
        let looks = |count| counted(count, "look of a place", "looks of a place");
        assert_eq!(
            [looks(0), looks(1), looks(2)],
            ["no looks of a place", "1 look of a place", "2 looks of a place"]
        );
        assert_eq!(sentence(&looks(0)), "No looks of a place");
        assert_eq!(sentence(""), "");
        assert_eq!([400, 44_600, 481_590, 5_520_000].map(runs), ["0 s", "45 s", "8 min 02 s", "1 h 32 min"]);
    }
}
