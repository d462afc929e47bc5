//! Changes to who works in a project: checked before they are made, each a change of one record that can be taken back.

use kernel::{ChangeId, Code, EntityId, Error, PageRequest, Result};
use serde_json::json;
use store::changes::{self, Draft, New, Patch, Write};
use store::events::Listed;
use store::{Scope, Tenant, entities};
use wire::records::{Origin as Source, Record, RecordVersion};

use super::standing::{Word, attributes, record_name, standings};
use super::{COLLECTION, MOST_AGENTS, Origin, Roster, Standing};
use crate::departments::definition::{Role, is_name};
use crate::departments::studio::Studio;

/// Records in the bin that are looked through for one of a name.
const LOOKED_THROUGH: u32 = 200;

/// What an owner says of an agent. It takes the place of all that was said of it before.
#[derive(Debug, Clone, Default)]
pub struct Put {
    /// Its file; the built-in one stands if absent.
    pub definition: Option<String>,
    /// Whether it gets no work.
    pub off: bool,
    /// The version that this was made from, 0 if the project had said nothing; if it has moved on, the change is refused.
    pub version: Option<i64>,
}

/// What a change did.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Changed {
    pub change: ChangeId,
    pub record: EntityId,
    /// How the agent stands now; nothing if it is gone.
    pub standing: Option<Standing>,
}

impl Roster {
    /// Changes an agent, adds one, or switches one off or on.
    ///
    /// # Errors
    /// `UNREADABLE_DOCUMENT` with line and field when the file cannot be worked by; `NOT_FOUND` when there is no such department,
    /// or no such agent and no file; `VALIDATION_ERROR` when a head is to be switched off or there are too many agents;
    /// `CONFLICT`, with both versions, when someone else was faster.
    pub async fn put(&self, scope: &Scope, department: &str, agent: &str, put: Put) -> Result<Changed> {
        let own = self.studio().department(department)?;
        let is_built_in = self.studio().file(department, agent).is_some();
        match &put.definition {
            Some(_) if !is_name(agent) => {
                return Err(Error::field("agent", "must be 1 to 60 of a to z, 0 to 9, `-` and `.`"));
            }
            Some(file) => drop(self.studio().read_for(department, agent, file)?),
            None if !is_built_in => return Err(Error::not_found("agent")),
            None if !put.off => {
                let what = "must be there unless `off` is set; DELETE puts back what is built in";
                return Err(Error::field("definition", what));
            }
            None => {}
        }
        if put.off && own.head.name == agent {
            return Err(Error::field("off", "the head of a department can be changed, but not switched off"));
        }
        let (studio, department, agent) = (self.shared_studio(), department.to_owned(), agent.to_owned());
        let work = move |t: &mut Tenant<'_, '_>| {
            t.one_at_a_time()?;
            let words = Word::all(t)?;
            let said = words.iter().find(|word| word.is_of(&department, &agent));
            let before = standings(&studio, &words);
            let stands = before.iter().find(|one| one.department == department && one.name == agent);
            if stands.is_none() && before.len() >= MOST_AGENTS {
                return Err(Error::field("agent", format!("a project has at most {MOST_AGENTS} agents")));
            }
            let summary = summary(&department, &agent, stands, &put);
            let (change, record) = match said {
                Some(word) => alter(t, word.id, put.version, summary, &put)?,
                None => begin(t, &record_name(&department, &agent), summary, &put)?,
            };
            told(t, &studio, change, record, &department, &agent)
        };
        self.store.transact_in(scope, work).await
    }

    /// Puts back what is built in, or takes out what was added.
    ///
    /// # Errors
    /// `NOT_FOUND` when the project has nothing of its own there.
    pub async fn put_back(&self, scope: &Scope, department: &str, agent: &str) -> Result<Changed> {
        let (studio, department, agent) = (self.shared_studio(), department.to_owned(), agent.to_owned());
        let work = move |t: &mut Tenant<'_, '_>| {
            t.one_at_a_time()?;
            let words = Word::all(t)?;
            let said = words.iter().find(|word| word.is_of(&department, &agent) && !word.is_empty());
            let said = said.ok_or_else(|| Error::not_found("agent of the project's own"))?;
            let (change, record) = if studio.file(&department, &agent).is_some() {
                let summary = format!("Put back the agent {department}/{agent}");
                alter(t, said.id, None, summary, &Put::default())?
            } else {
                let summary = format!("Removed the agent {department}/{agent}");
                let writes = vec![Write::Remove(said.id)];
                (changes::apply(t, &Draft { summary, writes, ..Draft::default() })?.change, said.id)
            };
            told(t, &studio, change, record, &department, &agent)
        };
        self.store.transact_in(scope, work).await
    }

    /// What a project has said of an agent, newest first; also of one that was taken out.
    ///
    /// # Errors
    /// `NOT_FOUND` when there is no such agent.
    pub fn history(
        &self,
        t: &mut Tenant<'_, '_>,
        department: &str,
        agent: &str,
        page: &PageRequest,
    ) -> Result<Listed<RecordVersion>> {
        let words = Word::all(t)?;
        let said = words.iter().find(|word| word.is_of(department, agent)).map(|word| word.id);
        let said = match said {
            Some(id) => Some(id),
            None => in_bin(t, &record_name(department, agent))?.map(|record| record.id),
        };
        match said {
            Some(id) => entities::history(t, id, page),
            None if self.studio().file(department, agent).is_some() => {
                Ok(Listed { rows: Vec::new(), total: 0, next: None })
            }
            None => Err(Error::not_found("agent")),
        }
    }
}

/// How a change stands in the project's history.
fn summary(department: &str, agent: &str, stands: Option<&Standing>, put: &Put) -> String {
    let what = match stands {
        None => "Added",
        Some(stands) if stands.off != put.off => {
            if put.off {
                "Switched off"
            } else {
                "Switched on"
            }
        }
        Some(_) => "Changed",
    };
    format!("{what} the agent {department}/{agent}")
}

fn alter(
    t: &mut Tenant<'_, '_>,
    id: EntityId,
    expected: Option<i64>,
    summary: String,
    put: &Put,
) -> Result<(ChangeId, EntityId)> {
    let patch = Patch {
        metadata: Some(attributes(put.off)),
        replace_metadata: true,
        body: Some(put.definition.clone().unwrap_or_default()),
        origin: Some(Source::Person),
        ..Patch::default()
    };
    let writes = vec![Write::Change { id, expected, patch }];
    Ok((changes::apply(t, &Draft { summary, writes, ..Draft::default() })?.change, id))
}

/// The project says something of an agent for the first time, or anew after it took back what it had said.
fn begin(t: &mut Tenant<'_, '_>, name: &str, summary: String, put: &Put) -> Result<(ChangeId, EntityId)> {
    if put.version.is_some_and(|version| version != 0) {
        return Err(Error::new(
            Code::Conflict,
            "Someone else took this agent out meanwhile. Your change was not saved.",
        )
        .with_details(json!({ "yours": { "version": put.version }, "theirs": null })));
    }
    if let Some(old) = in_bin(t, name)? {
        // Two changes, so that the second can be taken back by itself.
        let writes = vec![Write::Restore(old.id)];
        changes::apply(t, &Draft { summary: summary.clone(), writes, ..Draft::default() })?;
        return alter(t, old.id, None, summary, put);
    }
    let new = New {
        id: t.id(),
        collection: COLLECTION.to_owned(),
        name: name.to_owned(),
        description: String::new(),
        metadata: attributes(put.off),
        body: put.definition.clone(),
        position: None,
        origin: Source::Person,
    };
    let id = new.id;
    let writes = vec![Write::Create(new)];
    Ok((changes::apply(t, &Draft { summary, writes, ..Draft::default() })?.change, id))
}

fn in_bin(t: &mut Tenant<'_, '_>, name: &str) -> Result<Option<Record>> {
    let filter = entities::Filter { name: Some(name.to_owned()), removed: true };
    let page = PageRequest { limit: LOOKED_THROUGH, after: None };
    let found = entities::list(t, COLLECTION, &filter, &page, 0)?;
    Ok(found.rows.into_iter().find(|record| record.name == name))
}

fn told(
    t: &mut Tenant<'_, '_>,
    studio: &Studio,
    change: ChangeId,
    record: EntityId,
    department: &str,
    agent: &str,
) -> Result<Changed> {
    let all = standings(studio, &Word::all(t)?);
    let standing = all.into_iter().find(|one| one.department == department && one.name == agent);
    Ok(Changed { change, record, standing })
}

impl Standing {
    /// Whether an owner may switch it off.
    #[must_use]
    pub fn can_be_off(&self) -> bool {
        self.role == Role::Specialist
    }

    /// Whether there is something to be put back or taken out.
    #[must_use]
    pub fn has_own(&self) -> bool {
        self.origin != Origin::BuiltIn || self.off
    }
}
