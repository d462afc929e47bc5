//! Where a task works: a checkout of its own if git keeps the project's folder, else that folder itself.

use std::fs::File;
use std::path::{Path, PathBuf};

use wire::fleet::{Deliver, End};

use super::checkout::{self, Checkout, Made};
use super::conversations::Earlier;
use super::engines::Ending;
use super::spool::{Begun, Spool};
use super::{Shared, paths};

/// A place to work in.
pub(crate) struct Ground {
    /// The project's folder there, by its real path.
    pub(crate) root: PathBuf,
    /// The same, whatever comes to be at that path later.
    pub(crate) handle: File,
    /// What it is in, if that is the task's own.
    pub(crate) checkout: Option<Checkout>,
    /// What there is to say of it.
    pub(crate) notes: Vec<String>,
}

impl Ground {
    /// Makes the place for a task.
    ///
    /// # Errors
    /// How the task ends if there can be none.
    pub(crate) async fn prepare(
        shared: &Shared,
        spool: &Spool,
        begun: &Begun,
        earlier: Option<&Earlier>,
    ) -> Result<Self, Ending> {
        let Some(declared) = shared.folders.get(begun.submit.project_id) else {
            return Err(Ending::new(End::Refused, "This runner has no folder for the project."));
        };
        let broken = |why: String| Ending::new(End::Broken, why);
        let made = checkout::make(declared, spool, &shared.checkouts, earlier).await;
        let made = made.map_err(|why| broken(format!("There is no checkout to work in: {why}.")))?;
        let (root, checkout, notes) = match made {
            Made::Checkout(checkout, notes) => {
                let root = if checkout.prefix.is_empty() {
                    Ok(checkout.work.clone())
                } else {
                    paths::within(&checkout.work, Path::new(&checkout.prefix))
                };
                let root = root.map_err(|why| broken(format!("The checkout has no such folder: {why}.")))?;
                (root, Some(checkout), notes)
            }
            Made::Not(why) if begun.submit.order.read_only => {
                let why = format!(
                    "An agent that is to look only takes a folder that git keeps, so that what it changes all the same can be thrown away: {why}."
                );
                return Err(Ending::new(End::Refused, why));
            }
            Made::Not(why) if begun.submit.order.deliver != Deliver::Diff => {
                let why = format!("Nothing can be committed in the project's folder: {why}.");
                return Err(Ending::new(End::Refused, why));
            }
            Made::Not(why) => {
                let note = format!("It worked in the project's folder itself, and there is no diff: {why}.");
                (declared.to_owned(), None, vec![note])
            }
        };
        let handle = File::open(&root).map_err(|why| broken(format!("The folder cannot be read: {why}.")))?;
        Ok(Self { root, handle, checkout, notes })
    }

    /// The folder within it that an order names.
    ///
    /// # Errors
    /// How the task ends if that is none.
    pub(crate) fn folder(&self, named: Option<&str>) -> Result<PathBuf, Ending> {
        let Some(named) = named else { return Ok(self.root.clone()) };
        let found = paths::relative(named).and_then(|path| paths::within(&self.root, &path));
        match found {
            Ok(folder) if folder.is_dir() => Ok(folder),
            Ok(_) => Err(Ending::new(End::Refused, format!("`{named}` is no folder."))),
            Err(why) => Err(Ending::new(End::Refused, format!("`{named}` cannot be worked in: {why}."))),
        }
    }
}
