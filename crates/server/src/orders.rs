//! What a person or a schedule orders, as the run that it becomes.

use agents::departments::plan::{self, Order, Parts};
use agents::departments::roster::Roster;
use kernel::Result;
use store::Tenant;
use studios::film;
use tasks::graph::NewRun;

/// The run for an order, by who works in the project; done scene by scene, by the scenes that it has.
///
/// # Errors
/// `VALIDATION_ERROR` when the order makes no sense, or has more steps than a run holds.
pub(crate) fn planned(
    t: &mut Tenant<'_, '_>,
    roster: &Roster,
    order: &Order,
    one_by_one: bool,
) -> Result<NewRun> {
    let parts = if one_by_one { film::crew::parts(t, roster.studio())? } else { Parts::default() };
    plan::plan(order, &*roster.departments_in(t)?, &parts)
}
