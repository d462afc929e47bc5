//! What a project already has, as an import compares a draft with it.

use std::collections::HashMap;

use kernel::{EntityId, Error, Result};
use serde::{Deserialize, Serialize};
use store::entities::Outline;
use store::facts::Fact;
use store::slug::name_key;
use store::{Tenant, entities, facts, projects};
use wire::imports::TitlePageEntry;
use wire::projects::ProjectType;
use wire::records::{Metadata, Record};

use super::Target;
use crate::film::catalogue::SCREENPLAYS;
use crate::film::lexicon::{APPEARS_IN, PART_OF, SET_IN, SPEAKS_IN};
use crate::film::screenplay::Source;

/// The relationships that an import makes.
pub(in crate::film) const PREDICATES: &[&str] = &[APPEARS_IN, SPEAKS_IN, SET_IN, PART_OF];

/// What a project already has, as far as a draft can touch it.
#[derive(Debug, Clone)]
pub struct State {
    /// What is made in it.
    pub kind: ProjectType,
    /// Its screenplays: one of a film, one for each episode of a series.
    pub(in crate::film) scripts: Vec<Script>,
    pub(in crate::film) episodes: Vec<Record>,
    /// Those of the script that the draft continues, with bodies.
    pub(in crate::film) scenes: Vec<Record>,
    pub(in crate::film) characters: Vec<Record>,
    pub(in crate::film) locations: Vec<Record>,
    /// The relationships that hold of those scenes.
    pub(in crate::film) facts: Vec<Fact>,
}

impl State {
    /// A project in which nothing is yet.
    #[must_use]
    pub fn empty(kind: ProjectType) -> Self {
        Self {
            kind,
            scripts: Vec::new(),
            episodes: Vec::new(),
            scenes: Vec::new(),
            characters: Vec::new(),
            locations: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Reads what a draft of that title, from a file of that name, can touch: of the scenes those of the script that it
    /// continues. A series has many more.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(t: &mut Tenant<'_, '_>, title: &str, filename: &str) -> Result<Self> {
        let mut state = Self {
            scripts: scripts(t)?,
            episodes: entities::of(t, "episodes")?,
            characters: entities::of(t, "characters")?,
            locations: entities::of(t, "locations")?,
            ..Self::empty(projects::kind(t)?)
        };
        if let Some(script) = state.script_before(title, filename) {
            let written: Vec<EntityId> = script.known.written.keys().copied().collect();
            state.scenes = entities::whole_of(t, "scenes", &written)?;
            let scenes: Vec<EntityId> = state.scenes.iter().map(|scene| scene.id).collect();
            state.facts = facts::about(t, &scenes)?;
            state.facts.retain(|fact| PREDICATES.contains(&fact.predicate.as_str()));
        }
        Ok(state)
    }

    /// The script that a draft continues: a film has one; an episode is known by its title or its file's name.
    pub(in crate::film) fn script_before(&self, title: &str, filename: &str) -> Option<&Script> {
        match self.kind {
            ProjectType::Movie => self.scripts.first(),
            ProjectType::Series => self
                .scripts
                .iter()
                .find(|script| name_key(&script.known.title) == name_key(title))
                .or_else(|| self.scripts.iter().find(|script| script.known.filename == filename)),
        }
    }

    /// The version at which an import last wrote a record.
    pub(in crate::film) fn written(&self, id: EntityId) -> Option<i64> {
        self.scripts.iter().filter_map(|script| script.known.written.get(&id)).max().copied()
    }

    /// Whether a person had a hand in a record since an import wrote it, or made it.
    pub(in crate::film) fn is_touched(&self, record: &Record) -> bool {
        self.written(record.id) != Some(record.version)
    }
}

/// A screenplay of the project, as far as an import asks for it.
#[derive(Debug, Clone)]
pub(in crate::film) struct Script {
    pub(in crate::film) record: Target,
    pub(in crate::film) known: Known,
}

/// Of [`Kept`], which is a whole file, what tells which script it is and what it wrote.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::film) struct Known {
    pub(in crate::film) filename: String,
    pub(in crate::film) title: String,
    #[serde(default)]
    pub(in crate::film) episode: Option<EntityId>,
    pub(in crate::film) written: HashMap<EntityId, i64>,
}

/// What is kept of a file beside its scenes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::film) struct Kept {
    pub(in crate::film) filename: String,
    pub(in crate::film) title: String,
    pub(in crate::film) title_page: Vec<TitlePageEntry>,
    /// What stands before the first scene, raw.
    pub(in crate::film) front: Source,
    /// What stands after the last, raw.
    pub(in crate::film) back: Source,
    /// The episode, in a series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::film) episode: Option<EntityId>,
    /// Scenes that came in Final Draft: their record shows them in Fountain, and here they are raw.
    #[serde(default, skip_serializing_if = "HashMap::is_empty")]
    pub(in crate::film) raw: HashMap<EntityId, RawScene>,
    /// The records that the last import made or found, with the version that it left them at.
    pub(in crate::film) written: HashMap<EntityId, i64>,
}

/// A scene as it stood in a Final Draft file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::film) struct RawScene {
    /// The paragraphs.
    pub(in crate::film) fdx: String,
    /// The hash of the Fountain that was made of them: while the record's body has it, the raw scene stands for it.
    pub(in crate::film) shown: String,
}

impl Kept {
    pub(in crate::film) fn to_metadata(&self) -> Result<Metadata> {
        match serde_json::to_value(self).map_err(Error::internal)? {
            serde_json::Value::Object(map) => Ok(map),
            _ => Err(Error::internal("a script is kept as an object")),
        }
    }
}

/// The screenplays of the project, in their order.
pub(in crate::film) fn scripts(t: &mut Tenant<'_, '_>) -> Result<Vec<Script>> {
    let read = |outline: Outline| {
        let record = Target { id: outline.id, version: outline.version };
        Ok(Script { record, known: serde_json::from_str(&outline.metadata).map_err(Error::internal)? })
    };
    entities::outlines_in(t, SCREENPLAYS)?.into_iter().map(read).collect()
}

/// What is kept of the files of the project, in their order.
pub(in crate::film) fn kept(t: &mut Tenant<'_, '_>) -> Result<Vec<Kept>> {
    let read = |outline: Outline| serde_json::from_str(&outline.metadata).map_err(Error::internal);
    entities::outlines_in(t, SCREENPLAYS)?.into_iter().map(read).collect()
}
