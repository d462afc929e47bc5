//! A person's changes to a proposal before it is saved.

use kernel::{Error, Result};
use serde_json::Value;
use wire::records::Metadata;

use super::fields;
use super::proposal::{LONGEST_DESCRIPTION, LONGEST_NAME, Proposal, Source};
use crate::catalogue::Catalogue;

/// Sets fields of a proposal: `name`, `description` or an attribute; `null` takes one out.
///
/// # Errors
/// `VALIDATION_ERROR` naming the field that does not fit.
pub(super) fn modify(proposal: &mut Proposal, catalogue: &Catalogue, changes: &Metadata) -> Result<()> {
    let collection = catalogue.collection(&proposal.collection)?;
    for (field, value) in changes {
        let path = || format!("changes.{field}");
        match (field.as_str(), value) {
            ("name", Value::String(name)) => {
                let fits = (1..=LONGEST_NAME).contains(&name.trim().chars().count());
                if !fits {
                    return Err(Error::field(path(), format!("must have 1 to {LONGEST_NAME} characters")));
                }
                proposal.set_name(&name.replace('\0', ""), Source::Said);
            }
            ("name", _) => return Err(Error::field(path(), "must be a text")),
            ("description", Value::Null) => {
                proposal.description.clear();
                proposal.sources.remove("description");
            }
            ("description", Value::String(text)) => {
                if text.chars().count() > LONGEST_DESCRIPTION {
                    let reason = format!("must be at most {LONGEST_DESCRIPTION} characters");
                    return Err(Error::field(path(), reason));
                }
                proposal.description.clear();
                proposal.sources.remove("description");
                proposal.set_description(&text.replace('\0', ""), Source::Said);
            }
            ("description", _) => return Err(Error::field(path(), "must be a text")),
            (name, Value::Null) => {
                proposal.metadata.shift_remove(name);
                proposal.sources.remove(name);
                proposal.misfits.remove(name);
            }
            (name, value) => {
                let fitting = match collection.field(name) {
                    Some(known) => {
                        fields::fit(known.kind, value).map_err(|reason| Error::field(path(), reason))?
                    }
                    None => fields::free(value).ok_or_else(|| Error::field(path(), "must not be empty"))?,
                };
                proposal.set(name, fitting, Source::Said);
            }
        }
    }
    collection.check(&proposal.metadata)
}
