//! How many steps a runner may be given now, and of which projects.

use std::time::Duration;

use resilience::breaker::{self, Position};

use super::{Done, Work};
use crate::{End, orders};

/// How long to wait before a runner is looked at again that rests, if it is not known.
const REST: Duration = Duration::from_secs(60);

impl Work {
    /// Wants as many steps as the runner may be given now, of the projects that it serves now.
    pub(crate) fn want(&mut self) {
        let wanted = (self.capacity(), self.projects.clone());
        if wanted == self.joined {
            return;
        }
        self.worker = None;
        self.joined = wanted;
        if self.joined.0 == 0 || self.projects.is_empty() {
            return;
        }
        let (commands, agents, tools) = (self.commands, &self.agents, &self.tools);
        let queues = self
            .projects
            .iter()
            .flat_map(|id| orders::queues(*id, self.runner, commands, agents, tools))
            .collect();
        let (tasks, name, slots) = (self.gateway.inner.tasks.clone(), self.name.clone(), self.joined.0);
        self.doing.push(Box::pin(async move {
            // If the service has ended, so does the server.
            let worker = tasks.worker_elsewhere(name, queues, slots).await.map_err(|_| End::Away)?;
            Ok(vec![Done::Joined(worker)])
        }));
    }

    /// The steps that it may have at a time: while its breaker is not closed, what it has and a few to try.
    fn capacity(&self) -> u32 {
        let has = u32::try_from(self.given.len()).unwrap_or(u32::MAX);
        match self.gateway.inner.breakers.view(&self.runner) {
            Some(view) if view.position == Position::Open => 0,
            Some(view) if view.position == Position::HalfOpen => {
                let more = breaker::RUNNERS.probes.saturating_sub(view.probes);
                if more == 0 { 0 } else { self.slots.min(has.saturating_add(more)) }
            }
            _ => self.slots,
        }
    }

    /// When to look again whether it may be given steps.
    pub(super) fn rest(&self) -> Duration {
        let inner = &self.gateway.inner;
        let until = inner.breakers.view(&self.runner).and_then(|view| view.retry_at);
        until.map_or(REST, |until| {
            Duration::from_millis(u64::try_from(until.since(inner.ambient.now())).unwrap_or(0))
        })
    }
}
