//! The other servers on the same database: what this one tells them, what it does when they speak, and that none has its name.
//!
//! What they say are hints, and may be lost: whatever waits for one also looks by itself now and then.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use backplane::Unreachable;
use backplane::bus::{Bus, Delivery, Message, Pattern};
use backplane::lease::Hold;
use gateway::{Grown, Word};
use kernel::{Code, Error, Result};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::app::App;

/// The language model's settings were changed.
pub(crate) const SETTINGS: &str = "server.settings";
/// A project, which the message names, was removed.
pub(crate) const CLOSED: &str = "server.closed";
/// A runner, which the message names, was removed.
pub(crate) const REMOVED: &str = "server.runner-removed";
/// Something that a runner asks, which the message names, was answered.
const ANSWERED: &str = "server.runner-answered";
/// A person lets a runner, which the message names, be given work again.
const RESET: &str = "server.runner-reset";
/// What the fleet may do in a project, which the message names, was changed.
const POLICY: &str = "server.fleet-policy";
/// What a task writes, which the message names, has grown.
const GROWN: &str = "server.stream-grown";
/// A project, which the message names, has new events.
const ADVANCED: &str = "server.advanced";
/// There are more steps than this server's workers take.
const LEFT_OVER: &str = "server.left-over";

/// How often the others are told at most of steps that are left over.
const PACE: Duration = Duration::from_millis(20);
/// How often the settings are read anew, though nobody said that they changed.
const LOOK: Duration = Duration::from_secs(60);
/// How long this server's name is leased to it, in milliseconds. So long its next start waits if it ended without a word.
const NAME_MS: u32 = 10_000;
/// How long a start waits for the name, and how often it tries.
const NAME_PATIENCE: Duration = Duration::from_secs(15);
const NAME_AGAIN: Duration = Duration::from_millis(250);

/// Tells the others something; what is said to nobody is no loss.
pub(crate) fn tell(bus: &Bus, topic: &'static str, what: impl ToString) {
    if let Err(refused) = bus.publish(topic, what.to_string()) {
        tracing::error!(%refused, topic, "the other servers were not told");
    }
}

/// Tells the others of runners.
pub(crate) fn tell_of_runners(bus: Bus) -> gateway::Tell {
    Arc::new(move |word| match word {
        Word::Told(runner) => tell(&bus, ANSWERED, runner),
        Word::Reset(runner) => tell(&bus, RESET, runner),
        Word::Policy(project) => tell(&bus, POLICY, project),
        Word::Grown(Grown { project, run, step, fence }) => {
            tell(&bus, GROWN, format!("{project} {run} {step} {fence}"));
        }
    })
}

/// Tells the others what this server commits, until the store closes.
pub(crate) async fn tell_of_commits(app: App) {
    let mut commits = app.store.commits();
    loop {
        let mut projects = match commits.recv().await {
            Ok(project) => HashSet::from([project]),
            // Which projects they were is not known: the others look by themselves.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        loop {
            match commits.try_recv() {
                Ok(project) => drop(projects.insert(project)),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        projects.into_iter().for_each(|project| tell(app.backplane.bus(), ADVANCED, project));
    }
}

/// Tells the others of steps that this server's workers have no slot for, until it is dropped.
pub(crate) async fn tell_of_left_over(app: App) {
    loop {
        app.tasks.left_over().await;
        tell(app.backplane.bus(), LEFT_OVER, "");
        sleep(PACE).await;
    }
}

/// Does what is to be done when the others speak, until it is dropped.
pub(crate) async fn hear(app: App) {
    let bus = app.backplane.bus();
    let topics = [ADVANCED, LEFT_OVER, SETTINGS, CLOSED, REMOVED, ANSWERED, RESET, POLICY, GROWN];
    let mut heard = topics.map(|topic| bus.subscribe(Pattern::topic(topic)));
    let mut clock = interval(LOOK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let [advanced, left_over, settings, closed, removed, answered, reset, policy, grown] = &mut heard;
        tokio::select! {
            said = advanced.next() => if let Some(project) = of_another(bus, said).and_then(|project| project.parse().ok()) {
                app.store.heard(project);
            },
            said = left_over.next() => if of_another(bus, said).is_some() {
                app.tasks.look();
            },
            said = settings.next() => if of_another(bus, said).is_some() {
                app.settings.reload().await;
            },
            said = closed.next() => if let Some(project) = of_another(bus, said).and_then(|project| project.parse().ok()) {
                app.live.close(project);
            },
            said = removed.next() => if let Some(runner) = of_another(bus, said).and_then(|runner| runner.parse().ok()) {
                app.gateway.send_away(runner);
            },
            said = answered.next() => if let Some(runner) = of_another(bus, said).and_then(|runner| runner.parse().ok()) {
                app.gateway.heard(Word::Told(runner));
            },
            said = reset.next() => if let Some(runner) = of_another(bus, said).and_then(|runner| runner.parse().ok()) {
                app.gateway.heard(Word::Reset(runner));
            },
            said = policy.next() => if let Some(project) = of_another(bus, said).and_then(|project| project.parse().ok()) {
                app.gateway.heard(Word::Policy(project));
            },
            said = grown.next() => if let Some(grown) = of_another(bus, said).and_then(|grown| read(&grown)) {
                app.gateway.heard(Word::Grown(grown));
            },
            _ = clock.tick() => app.settings.reload().await,
        }
    }
}

/// What has grown, as another server names it.
fn read(grown: &str) -> Option<Grown> {
    let mut parts = grown.split(' ');
    let (project, run) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Grown { project, run, step: parts.next()?.parse().ok()?, fence: parts.next()?.parse().ok()? })
}

/// What another server said; nothing where something is missing, and where this server hears itself.
fn of_another(bus: &Bus, said: Delivery) -> Option<String> {
    match said {
        Delivery::Message(Message { node, payload, .. }) if node != bus.node() => {
            String::from_utf8(payload.to_vec()).ok()
        }
        // Then the text is none that means anything, but for those that only say "look".
        Delivery::Missed(_) => Some(String::new()),
        Delivery::Message(_) => None,
    }
}

/// Takes this server's name, or waits until it is free: what an earlier start that ended without a word holds.
///
/// # Errors
/// `CONFLICT` when another server has it, and so would take this one for its own earlier start.
pub(crate) async fn take_name(app: &App) -> Result<Hold> {
    let mut name = app.backplane.leases().hold(format!("server:{}", app.name), NAME_MS);
    let end = Instant::now() + NAME_PATIENCE;
    loop {
        match name.take().await {
            Ok(true) => return Ok(name),
            Ok(false) if Instant::now() < end => sleep(NAME_AGAIN).await,
            Ok(false) => {
                return Err(Error::new(
                    Code::Conflict,
                    "Another server runs under the name of this one, which stands in `server.id` in the data folder. \
                     Every server needs a data folder of its own: remove that file here, and start again.",
                ));
            }
            Err(Unreachable) => {
                tracing::warn!("without Redis it cannot be seen whether another server has this one's name");
                return Ok(name);
            }
        }
    }
}
