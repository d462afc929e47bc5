//! What Prometheus reads: request times by route and status, open connections, work that waits.

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
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
