//! Work that is done scene by scene: the scenes of a film, and how what was given for each becomes what is given for all.

use std::collections::HashSet;

use agents::departments::engine::{ByParts, Job, Part, Work};
use agents::departments::plan::Parts;
use agents::departments::studio::Studio;
use futures_util::future::BoxFuture;
use kernel::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{Tenant, entities, projects};

use super::{CITED, counted, runs, sentence, titled, work};
use crate::film::departments::audio::{Audio, CueKind};
use crate::film::departments::video::Animatic;
use crate::film::departments::visual::Visual;
use crate::film::departments::{Film, Scores};

/// The film's scenes, each with its number and heading, and who can work scene by scene: one query, without their texts.
///
/// # Errors
/// When the database fails.
pub fn parts(t: &mut Tenant<'_, '_>, studio: &Studio) -> Result<Parts> {
    let scenes = entities::outlines_in(t, "scenes")?.into_iter().enumerate().map(|(at, scene)| {
        let metadata: Value = serde_json::from_str(&scene.metadata).unwrap_or_default();
        let number = match &metadata["number"] {
            Value::String(number) if !number.trim().is_empty() => number.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => format!("#{}", at + 1),
        };
        Part { id: scene.id, name: format!("{number} {}", scene.name) }
    });
    Ok(Parts { parts: scenes.collect(), engines: studio.by_parts() })
}

/// An output that can be put together from those of single scenes.
pub(super) trait ByScene: Serialize + DeserializeOwned {
    /// What it is called.
    const TITLE: &'static str;

    fn of_scenes(scenes: Vec<Self>) -> Self;

    /// In a sentence.
    fn summary(&self) -> String;

    fn scores(&self) -> &Scores;
}

/// An output of the film, or of one scene by itself, as work.
pub(super) fn made<T: ByScene>(film: &Film, output: &T) -> Result<Work> {
    work(film, T::TITLE, sentence(&output.summary()), output, output.scores())
}

/// How an engine's outputs are put together, given the film's name.
pub(super) type Together = fn(&str, Vec<Work>) -> Result<Work>;

/// What was given for the scenes, as work on the film.
pub(super) fn together<T: ByScene>(film: &str, scenes: Vec<Work>) -> Result<Work> {
    let (mut outputs, mut citations) = (Vec::with_capacity(scenes.len()), Vec::new());
    for scene in scenes {
        outputs.push(serde_json::from_value::<T>(scene.content).map_err(Error::internal)?);
        citations.extend(scene.citations);
    }
    // People and places are cited by many scenes.
    let mut told = HashSet::new();
    citations.retain(|citation| told.insert(citation.entity_id));
    citations.truncate(CITED);
    let output = T::of_scenes(outputs);
    Ok(Work {
        title: titled(T::TITLE, film),
        summary: sentence(&output.summary()),
        citations,
        quality: output.scores().completeness,
        consistency: output.scores().consistency,
        creativity: 0.0,
        lacks: output.scores().reasons.clone(),
        content: serde_json::to_value(&output).map_err(Error::internal)?,
    })
}

/// Puts together what was given for the scenes, under the film's name.
pub(super) struct OfScenes(pub(super) Together);

impl ByParts for OfScenes {
    fn together<'j>(&'j self, job: &'j Job, parts: Vec<Work>) -> BoxFuture<'j, Result<Work>> {
        Box::pin(async move {
            let film = job.store.read_in(&job.scope, projects::name).await?;
            let together = self.0;
            // Of a long film it takes a processor for a while.
            tokio::task::spawn_blocking(move || together(&film, parts)).await.map_err(Error::internal)?
        })
    }
}

impl ByScene for Visual {
    const TITLE: &'static str = "Shot list and looks";

    fn of_scenes(scenes: Vec<Self>) -> Self {
        Self::together(scenes)
    }

    fn summary(&self) -> String {
        let shots = counted(self.shots.len(), "shot", "shots");
        format!("{shots} in {}.", counted(self.looks.len(), "look of a place", "looks of a place"))
    }

    fn scores(&self) -> &Scores {
        &self.scores
    }
}

impl ByScene for Animatic {
    const TITLE: &'static str = "Animatic timing";

    fn of_scenes(scenes: Vec<Self>) -> Self {
        Self::together(scenes)
    }

    fn summary(&self) -> String {
        let (said, by_pages) = (runs(self.millis), runs(self.by_pages_millis));
        format!("It runs {said} by what is said and done, {by_pages} by a minute to the page.")
    }

    fn scores(&self) -> &Scores {
        &self.scores
    }
}

impl ByScene for Audio {
    const TITLE: &'static str = "Cue list";

    fn of_scenes(scenes: Vec<Self>) -> Self {
        Self::together(scenes)
    }

    fn summary(&self) -> String {
        let of = |kind: CueKind| self.cues.iter().filter(|cue| cue.kind == kind).count();
        format!(
            "{}, {} and {}.",
            counted(of(CueKind::Sound), "sound", "sounds"),
            counted(of(CueKind::Music), "music cue", "music cues"),
            counted(of(CueKind::Voice), "voice that is not on screen", "voices that are not on screen"),
        )
    }

    fn scores(&self) -> &Scores {
        &self.scores
    }
}
