//! The folders that a machine declares, a project each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kernel::ProjectId;
use wire::runner::PROJECTS;

/// Folders by the projects that are worked on in them; each by its real path, without links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folders(BTreeMap<ProjectId, PathBuf>);

/// What is wrong with a declaration.
#[derive(Debug, thiserror::Error)]
pub enum BadFolder {
    /// It does not say which folder is which project's.
    #[error("`{0}` is not of the form PROJECT=FOLDER, with the project's id (prj_…) before the sign")]
    Form(String),
    /// There is no such folder.
    #[error("{}: {source}", folder.display())]
    Missing {
        /// What was named.
        folder: PathBuf,
        /// What the system says of it.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("{} is not a folder", .0.display())]
    NoFolder(PathBuf),
    /// Two folders are declared for one project.
    #[error("the project {0} has two folders")]
    Twice(ProjectId),
    /// There are more than a server takes.
    #[error("a runner declares at most {PROJECTS} projects")]
    TooMany,
}

impl Folders {
    /// Reads declarations of the form `prj_…=FOLDER`.
    ///
    /// # Errors
    /// What is wrong with the first that cannot be taken.
    pub fn read(declared: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, BadFolder> {
        let mut folders = BTreeMap::new();
        for text in declared {
            let text = text.as_ref();
            let form = || BadFolder::Form(text.to_owned());
            let (project, folder) = text.split_once('=').ok_or_else(form)?;
            let project: ProjectId = project.parse().map_err(|_| form())?;
            if folders.insert(project, real(Path::new(folder))?).is_some() {
                return Err(BadFolder::Twice(project));
            }
        }
        if folders.len() > PROJECTS { Err(BadFolder::TooMany) } else { Ok(Self(folders)) }
    }

    /// The projects that have a folder.
    #[must_use]
    pub fn projects(&self) -> Vec<ProjectId> {
        self.0.keys().copied().collect()
    }

    /// The folder of a project.
    pub(crate) fn get(&self, project: ProjectId) -> Option<&Path> {
        self.0.get(&project).map(PathBuf::as_path)
    }
}

fn real(folder: &Path) -> Result<PathBuf, BadFolder> {
    let missing = |source| BadFolder::Missing { folder: folder.to_owned(), source };
    let real = folder.canonicalize().map_err(missing)?;
    if real.is_dir() { Ok(real) } else { Err(BadFolder::NoFolder(folder.to_owned())) }
}

#[cfg(test)]
mod tests {
    use kernel::Id;

    use super::*;

    #[test]
    fn a_folder_is_declared_for_a_project_and_kept_by_its_real_path() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (ProjectId::from_bits(1), ProjectId::from_bits(2));
        let path = folder.path().display();
        let folders = Folders::read([format!("{one}={path}/."), format!("{other}={path}")]).unwrap();
        assert_eq!(folders.projects(), [one, other]);
        assert_eq!(folders.0[&one], folder.path().canonicalize().unwrap());
    }

    #[test]
    fn what_is_no_folder_of_a_project_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (file, path) = (folder.path().join("file"), folder.path().display());
        std::fs::write(&file, "").unwrap();
        let project = ProjectId::from_bits(1);
        let wrong = |declared: &[String]| Folders::read(declared).unwrap_err();
        assert!(matches!(wrong(&[format!("{path}")]), BadFolder::Form(_)));
        assert!(matches!(wrong(&[format!("film={path}")]), BadFolder::Form(_)));
        assert!(matches!(wrong(&[format!("{project}={path}/none")]), BadFolder::Missing { .. }));
        assert!(matches!(wrong(&[format!("{project}={}", file.display())]), BadFolder::NoFolder(_)));
        let twice = [format!("{project}={path}"), format!("{project}={path}")];
        assert!(matches!(wrong(&twice), BadFolder::Twice(_)));
    }
}
