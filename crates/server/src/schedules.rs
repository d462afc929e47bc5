//! What gives the orders of schedules: looks when one is due, and makes of it the run that its route would make.

use std::time::Duration;

use agents::departments::plan::Order;
use agents::departments::roster::Roster;
use kernel::{Error, Result, Role, Timestamp};
use store::{Scope, Tenant};
use tasks::graph::NewRun;
use tasks::schedules;
use tokio::sync::Notify;
use wire::fleet::CreateRemote;
use wire::schedules::{Schedule, ScheduledOrder};

use crate::app::Parts;
use crate::orders;

/// How often to look for what another server has set.
const POLL: Duration = Duration::from_secs(30);
/// How long to wait when an order could not be given.
const PAUSE: Duration = Duration::from_secs(1);

/// Wakes the one who looks.
#[derive(Debug, Default)]
pub(crate) struct Bell(Notify);

impl Bell {
    /// A schedule was set, or is to be given now.
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }
}

/// Gives orders for as long as the server runs.
pub(crate) async fn keep(app: &Parts) {
    loop {
        let pause = match look(app).await {
            Ok(Some(next)) => {
                let millis = next.since(app.ambient.now());
                Duration::from_millis(u64::try_from(millis).unwrap_or(0)).clamp(PAUSE, POLL)
            }
            Ok(None) => POLL,
            Err(error) => {
                tracing::warn!(%error, "schedules could not be looked at; they are again in a second");
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = app.bell.0.notified() => {}
        }
    }
}

/// Gives what is due now, and tells when something is due next.
pub(crate) async fn look(app: &Parts) -> Result<Option<Timestamp>> {
    let plan = |schedule: Schedule| async move {
        let (scope, roster) = (Scope::server(schedule.project_id), app.desk.roster().clone());
        app.store.read_in(&scope, move |t| planned(t, &roster, &schedule)).await
    };
    schedules::look(&app.store, &app.tasks, &app.ambient, plan).await
}

/// The run for what a schedule orders, by what its project is now, and what whoever set it may order there.
///
/// # Errors
/// `VALIDATION_ERROR` when the order makes no sense; `FORBIDDEN` when the fleet's policy does not have it for that person.
pub(crate) fn planned(t: &mut Tenant<'_, '_>, roster: &Roster, schedule: &Schedule) -> Result<NewRun> {
    match schedule.order.clone() {
        ScheduledOrder::Task { task, priority, departments, auto_ingest, one_by_one } => {
            let order = Order {
                project: schedule.project_id,
                by: schedule.set_by,
                request: wire::clean_message("task", &task)?,
                priority,
                departments,
                auto_ingest,
            };
            orders::planned(t, roster, &order, one_by_one)
        }
        ScheduledOrder::Fleet { title, order, runner, priority, decompose } => {
            if order.continues.is_some() {
                let why = "is not for a schedule: what it goes on with would be the same each time";
                return Err(Error::field("order.order.continues", why));
            }
            let person = schedule.set_by.ok_or_else(|| Error::not_found("person"))?;
            let who = Scope::admit(t, person, schedule.project_id, Role::Editor)?;
            let wanted = CreateRemote { title, order: *order, runner, priority, decompose };
            gateway::orders::planned(t, &who, wanted, None)
        }
    }
}
