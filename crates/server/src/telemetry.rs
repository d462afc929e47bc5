//! Traces: the spans of requests, answers, imports and calls of models, sent to an OpenTelemetry collector.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::runtime::Tokio;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use rustls_platform_verifier::ConfigVerifierExt;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::registry::LookupSpan;

/// How long the collector may take. Spans wait for it in a queue of 2,048 (`OTEL_BSP_MAX_QUEUE_SIZE`); at that bound new
/// ones are dropped, and nothing else waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where spans go.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to send spans to the collector at `address`. To be called within the runtime.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the address, or with TLS on this machine.
    pub fn open(address: &str) -> Result<Self, String> {
        let told = |why: &dyn std::fmt::Display| format!("telemetry.otlp: {address}: {why}");
        let tls = rustls::ClientConfig::with_platform_verifier().map_err(|error| told(&error))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|error| told(&error))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(format!("{}/v1/traces", address.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| told(&error))?;
        let provider = SdkTracerProvider::builder()
            .with_resource(Resource::builder().with_service_name("atelier").build())
            .with_span_processor(BatchSpanProcessor::builder(exporter, Tokio).build())
            .build();
        Ok(Self(provider))
    }

    /// The layer that makes traces of spans. Events stay in the log.
    pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(&self) -> impl Layer<S> + use<S> {
        let spans = LevelFilter::INFO.and(filter_fn(|about| about.is_span()));
        tracing_opentelemetry::layer().with_tracer(self.0.tracer("atelier")).with_filter(spans)
    }

    /// Sends what waits. To be called outside the runtime, while it lives.
    pub fn close(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}
