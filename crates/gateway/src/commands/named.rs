//! What an argument names: runs by how their ids begin, runners and schedules by name or id.

use kernel::{Code, Error, Id, PageRequest, Result, RunId};
use store::{runners, runs, schedules};
use wire::fleet::ServingRunner;
use wire::schedules::Schedule;

use super::Ask;
use super::parse::wrong;

/// The least of an id, behind its prefix, that names a thing.
const LEAST: usize = 6;
/// What is told of several that an abbreviation may mean.
const SEVERAL: u32 = 5;
/// The most schedules of a project, and more.
pub(crate) const SCHEDULES: u32 = 200;

/// The run that an argument names.
///
/// # Errors
/// `VALIDATION_ERROR` when it may be several, which are told; `NOT_FOUND` when there is none.
pub(crate) async fn run(ask: &Ask, given: &str) -> Result<RunId> {
    let given = given.to_lowercase();
    let digits = given.strip_prefix(RunId::PREFIX).and_then(|rest| rest.strip_prefix('_'));
    if digits
        .is_none_or(|digits| digits.len() < LEAST || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        return Err(wrong(format!(
            "A run is named by its id, {}_ and 26 more, of which the first {LEAST} may do.",
            RunId::PREFIX
        )));
    }
    let prefix = given.clone();
    let found =
        ask.store().read_in(ask.scope(), move |t| runs::beginning_with(t, &prefix, SEVERAL + 1)).await?;
    match found.as_slice() {
        [] => Err(Error::not_found("run")),
        [(run, _)] => Ok(*run),
        several => {
            let told =
                several.iter().take(SEVERAL as usize).map(|(run, title)| format!("{run} ({})", short(title)));
            let told = told.collect::<Vec<_>>().join(", ");
            let more = if several.len() > SEVERAL as usize { ", and more" } else { "" };
            Err(wrong(format!("Several runs begin with {given}: {told}{more}. Say more of the id.")))
        }
    }
}

fn short(title: &str) -> String {
    title.chars().take(40).collect()
}

/// The runner that an argument names, among those that serve the project.
///
/// # Errors
/// `VALIDATION_ERROR` when it may be several; `NOT_FOUND` when there is none.
pub(crate) async fn runner(ask: &Ask, given: &str) -> Result<ServingRunner> {
    let serving = ask.store().read_in(ask.scope(), runners::of_project).await?;
    one("runner", given, serving, |runner| (runner.id.to_string(), &runner.name))
}

/// The schedule that an argument names.
///
/// # Errors
/// As [`runner`].
pub(crate) async fn schedule(ask: &Ask, given: &str) -> Result<Schedule> {
    let all = ask
        .store()
        .read_in(ask.scope(), |t| schedules::list(t, &PageRequest { limit: SCHEDULES, after: None }));
    one("schedule", given, all.await?.rows, |schedule| (schedule.id.to_string(), &schedule.name))
}

/// Whether an id or a name is meant.
type Is<'a> = &'a dyn Fn(&str, &str) -> bool;

/// The one thing that a name means: whose id or name it is; else whose name it is but for capitals; else whose id begins so.
fn one<T>(what: &str, given: &str, all: Vec<T>, named: impl Fn(&T) -> (String, &str)) -> Result<T> {
    let lower = given.to_lowercase();
    let ways: [Is<'_>; 3] =
        [&|id, name| id == lower || name == given, &|_, name| name.to_lowercase() == lower, &|id, _| {
            lower.len() >= LEAST + 4 && id.starts_with(&lower)
        }];
    let mut all = all;
    for is in ways {
        let meant = |thing: &T| {
            let (id, name) = named(thing);
            is(&id, name)
        };
        match all.iter().filter(|thing| meant(thing)).count() {
            0 => {}
            1 => {
                let found = all.iter().position(meant).map(|at| all.swap_remove(at));
                return found.ok_or_else(|| Error::not_found(what));
            }
            _ => {
                let why = format!("There are several {what}s called {}. Say its id.", short(given));
                return Err(Error::new(Code::ValidationError, why));
            }
        }
    }
    Err(Error::not_found(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_thing_or_is_refused() {
        let all =
            || vec![("rnr_0123456789", "Forge"), ("rnr_0123459999", "forge"), ("rnr_0999999999", "Anvil")];
        let found = |given: &str| {
            let found = one("runner", given, all(), |(id, name)| ((*id).to_owned(), *name));
            found.map(|(id, _)| id).map_err(|error| error.code())
        };
        assert_eq!(found("forge"), Ok("rnr_0123459999"));
        assert_eq!(found("Forge"), Ok("rnr_0123456789"));
        assert_eq!(found("FORGE"), Err(Code::ValidationError));
        assert_eq!(found("anvil"), Ok("rnr_0999999999"));
        assert_eq!(found("rnr_099999"), Ok("rnr_0999999999"));
        assert_eq!(found("rnr_012345"), Err(Code::ValidationError));
        assert_eq!(found("rnr_0"), Err(Code::NotFound));
        assert_eq!(found(""), Err(Code::NotFound));
    }
}
