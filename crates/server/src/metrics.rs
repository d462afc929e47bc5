//! What Prometheus reads: request times by route and status, open connections, work that waits, agents at work.

use std::collections::BTreeMap;
use std::fmt;

use agents::departments::desk::Desk;
use agents::departments::roster::Roster;
use agents::departments::slots::Slots;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text::encode};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of the request times, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Which requests a series counts. The route is the pattern, never the address, so that series stay few.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) route: String,
    pub(crate) status: u16,
}

/// Which kind of connection a gauge counts: `socket` or `sse`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Connection {
    pub(crate) kind: &'static str,
}

/// Which queue a gauge tells the length of: `embedding`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Queue {
    pub(crate) queue: &'static str,
}

/// Which agents a series counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct Agent {
    department: String,
    /// What projects have added is `added`: whoever reads the series is not to read what projects call their agents.
    agent: String,
}

/// The same, by what they do: `in_use`, `idle` or `waiting`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AgentState {
    department: String,
    agent: String,
    state: &'static str,
}

/// The numbers of the agents' pool, as they are when they are read.
struct AgentPool {
    slots: Slots,
    roster: Roster,
}

impl fmt::Debug for AgentPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentPool").finish_non_exhaustive()
    }
}

impl AgentPool {
    /// Slots in use and idle, steps that wait, and times that a slot was lent.
    fn numbers(&self) -> BTreeMap<Agent, ([usize; 3], u64)> {
        let mut by_agent: BTreeMap<Agent, ([usize; 3], u64)> = BTreeMap::new();
        for (kind, stats, waiting) in self.slots.stats() {
            let (department, agent) = kind.split_once('/').unwrap_or(("", kind.as_str()));
            let agent = if self.roster.studio().file(department, agent).is_some() { agent } else { "added" };
            let of = Agent { department: department.to_owned(), agent: agent.to_owned() };
            let (states, requests) = by_agent.entry(of).or_default();
            for (sum, count) in states.iter_mut().zip([stats.in_use, stats.idle, waiting]) {
                *sum += count;
            }
            *requests += stats.total_requests;
        }
        by_agent
    }
}

impl Collector for AgentPool {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let numbers = self.numbers();
        let what = "Agents at work and idle, and steps that wait for one";
        let mut slots = encoder.encode_descriptor("agent_pool", what, None, MetricType::Gauge)?;
        for (Agent { department, agent }, (states, _)) in &numbers {
            for (state, count) in ["in_use", "idle", "waiting"].into_iter().zip(states) {
                let of = AgentState { department: department.clone(), agent: agent.clone(), state };
                let count = i64::try_from(*count).unwrap_or(i64::MAX);
                ConstGauge::new(count).encode(slots.encode_family(&of)?)?;
            }
        }
        let what = "Times that an agent was given a step";
        let mut requests =
            encoder.encode_descriptor("agent_pool_requests", what, None, MetricType::Counter)?;
        for (agent, (_, count)) in &numbers {
            ConstCounter::new(*count).encode(requests.encode_family(agent)?)?;
        }
        Ok(())
    }
}

/// All series.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: Family<Request, Histogram, fn() -> Histogram>,
    pub(crate) connections: Family<Connection, Gauge>,
    pub(crate) queues: Family<Queue, Gauge>,
    /// What agents on other servers said and nobody could read.
    pub(crate) malformed: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let requests: Family<Request, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(SECONDS));
        let (connections, queues) = (Family::<Connection, Gauge>::default(), Family::default());
        for kind in ["socket", "sse"] {
            // A series that is there from the beginning says that nobody is connected.
            drop(connections.get_or_create(&Connection { kind }));
        }
        registry.register(
            "http_request_duration_seconds",
            "Time from a request to the head of its answer",
            requests.clone(),
        );
        registry.register("active_connections", "Connections that are open now", connections.clone());
        registry.register("queue_size", "Pieces of work that wait", queues.clone());
        let malformed = Gauge::default();
        registry.register(
            "agent_messages_malformed",
            "Messages of agents on other servers that could not be read, since the start",
            malformed.clone(),
        );
        Self { registry, requests, connections, queues, malformed }
    }
}

impl Metrics {
    /// All series, those of a desk's agents among them.
    pub(crate) fn of(desk: &Desk) -> Self {
        let mut metrics = Self::default();
        let pool = AgentPool { slots: desk.slots().clone(), roster: desk.roster().clone() };
        metrics.registry.register_collector(Box::new(pool));
        metrics
    }

    /// All series in the text that Prometheus reads.
    ///
    /// # Errors
    /// Never in practice: the text is written to memory.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// Counts a connection of that kind until the guard is dropped.
    pub(crate) fn open(&self, kind: &'static str) -> Open {
        let gauge = self.connections.get_or_create(&Connection { kind }).clone();
        gauge.inc();
        Open(gauge)
    }
}

/// A connection that is counted while this lives.
pub(crate) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_times_are_a_histogram_and_connections_are_counted_while_they_last() {
        let metrics = Metrics::default();
        let request = Request { method: "GET", route: "/health".into(), status: 200 };
        metrics.requests.get_or_create(&request).observe(0.003);
        let open = metrics.open("sse");
        let text = metrics.text().unwrap();
        assert!(text.contains("http_request_duration_seconds_bucket{le=\"0.005\",method=\"GET\""), "{text}");
        assert!(text.contains("active_connections{kind=\"sse\"} 1"), "{text}");
        drop(open);
        assert!(metrics.text().unwrap().contains("active_connections{kind=\"sse\"} 0"));
    }
}
