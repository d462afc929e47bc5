//! Projects.

use kernel::{ProjectId, Role, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is made in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProjectType {
    /// A film.
    Movie,
    /// A series of episodes.
    Series,
}

impl ProjectType {
    /// The type's name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Series => "series",
        }
    }
}

/// How far a project is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum ProjectStatus {
    Active,
    Paused,
    Archived,
}

impl ProjectStatus {
    /// The status's name in the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Archived => "archived",
        }
    }
}

/// Makes a project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateProject {
    #[schema(min_length = 1, max_length = 200)]
    #[allow(missing_docs)]
    pub name: String,
    /// What is made in it.
    pub r#type: ProjectType,
}

/// Changes a project. What is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct UpdateProject {
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    pub status: Option<ProjectStatus>,
    pub metadata: Option<ProjectMetadata>,
}

/// What is known of a project beyond its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ProjectMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub logline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub genre: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub author: Option<String>,
}

/// How many records a project has in the seed's four collections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct ProjectStats {
    pub episodes: i64,
    pub characters: i64,
    pub scenes: i64,
    pub locations: i64,
    pub concepts: i64,
}

/// A project as a member sees it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Project {
    pub id: ProjectId,
    pub name: String,
    pub slug: String,
    pub r#type: ProjectType,
    pub status: ProjectStatus,
    pub metadata: ProjectMetadata,
    pub stats: ProjectStats,
    /// What the asking member may do in it.
    pub role: Role,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
