//! What a project already has, as an import compares a draft with it.

use std::collections::HashMap;

use kernel::{EntityId, Error, Result};
use serde::{Deserialize, Serialize};
use store::facts::Fact;
use store::{Tenant, entities, facts, projects};
use wire::imports::TitlePageEntry;
use wire::projects::ProjectType;
use wire::records::{Metadata, Record};

use crate::film::catalogue::SCREENPLAYS;
use crate::film::lexicon::{APPEARS_IN, PART_OF, SET_IN, SPEAKS_IN};
use crate::film::screenplay::Source;

/// The relationships that an import makes.
pub(in crate::film) const PREDICATES: &[&str] = &[APPEARS_IN, SPEAKS_IN, SET_IN, PART_OF];

/// What a project already has.
#[derive(Debug, Clone)]
pub struct State {
    /// What is made in it.
    pub kind: ProjectType,
    /// Its screenplays: one of a film, one for each episode of a series.
    pub(in crate::film) scripts: Vec<Script>,
    pub(in crate::film) episodes: Vec<Record>,
    /// With bodies.
    pub(in crate::film) scenes: Vec<Record>,
    pub(in crate::film) characters: Vec<Record>,
    pub(in crate::film) locations: Vec<Record>,
    /// The relationships that hold.
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

    /// Reads what the project has.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(t: &mut Tenant<'_, '_>) -> Result<Self> {
        Ok(Self {
            kind: projects::kind(t)?,
            scripts: scripts(t)?,
            episodes: entities::whole(t, "episodes")?,
            scenes: entities::whole(t, "scenes")?,
            characters: entities::whole(t, "characters")?,
            locations: entities::whole(t, "locations")?,
            facts: facts::with(t, PREDICATES)?,
        })
    }

    /// The version at which an import last wrote a record.
    pub(in crate::film) fn written(&self, id: EntityId) -> Option<i64> {
        self.scripts.iter().filter_map(|script| script.kept.written.get(&id)).max().copied()
    }

    /// Whether a person had a hand in a record since an import wrote it, or made it.
    pub(in crate::film) fn is_touched(&self, record: &Record) -> bool {
        self.written(record.id) != Some(record.version)
    }
}

/// A screenplay of the project, apart from its scenes.
#[derive(Debug, Clone)]
pub(in crate::film) struct Script {
    pub(in crate::film) record: Record,
    pub(in crate::film) kept: Kept,
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
    let read = |record: Record| {
        let kept = serde_json::from_value(serde_json::Value::Object(record.metadata.clone()));
        Ok(Script { kept: kept.map_err(Error::internal)?, record })
    };
    entities::whole(t, SCREENPLAYS)?.into_iter().map(read).collect()
}
