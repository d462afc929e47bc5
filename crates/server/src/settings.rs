//! The server's settings: kept in the store, applied while it runs.

use std::sync::Arc;

use crate::{breakers, others};
use agents::language::{Language, Voice};
use backplane::bus::Bus;
use brain::indexer;
use identity::{Admin, Identity};
use kernel::{Ambient, Code, Error, Result};
use models::{Anthropic, ApiKey, Base, Engine, Models, Ollama, OpenAi, Target};
use resilience::breakers::Breakers;
use serde::{Deserialize, Serialize};
use store::Store;
use wire::settings::{EmbedderStatus, ModelSettings, ModelTest, Provider, UpdateModelSettings};

/// Where the model's settings stand in the store.
const MODEL: &str = "model";
/// The name of its sealed key.
const MODEL_KEY: &str = "model.key";

/// The settings. A cheap clone of one shared thing.
#[derive(Clone)]
pub(crate) struct Settings {
    store: Store,
    identity: Identity,
    language: Language,
    embedder: indexer::Handle,
    models: Models,
    /// One change at a time, so that what is kept and what is applied are the same.
    changing: Arc<tokio::sync::Mutex<()>>,
    /// Where other servers are told of a change.
    bus: Bus,
}

/// What is kept of the model's settings; the key is kept sealed and apart.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    provider: Provider,
    model: String,
    base_url: Option<String>,
}

impl Settings {
    /// Reads the settings and applies them.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn open(
        store: &Store,
        identity: &Identity,
        bus: Bus,
        embedder: indexer::Handle,
        language: Language,
        ambient: Ambient,
    ) -> Result<Self> {
        let breakers = breakers::kept(store, breakers::PROVIDERS).await?;
        let options = models::Options { breakers, ..models::Options::default() };
        let models = Models::new(options, ambient).map_err(Error::internal)?;
        let settings = Self {
            store: store.clone(),
            identity: identity.clone(),
            language,
            embedder,
            models,
            changing: Arc::default(),
            bus,
        };
        settings.reload().await;
        Ok(settings)
    }

    /// Applies the settings as they are kept: another server may have changed them.
    pub(crate) async fn reload(&self) {
        let _one = self.changing.lock().await;
        if let Err(error) = self.apply().await {
            // The server runs without a model rather than not at all; the settings screen says why.
            tracing::warn!(%error, "the language model's settings cannot be used");
        }
    }

    /// The breakers before the providers.
    pub(crate) fn breakers(&self) -> &Breakers<Engine> {
        self.models.breakers()
    }

    async fn kept(&self) -> Result<Option<Kept>> {
        let text = self.store.read(|tx| store::settings::get(tx, MODEL)).await?;
        text.map(|text| serde_json::from_str(&text).map_err(Error::internal)).transpose()
    }

    async fn apply(&self) -> Result<()> {
        let voice = match self.kept().await? {
            Some(kept) => {
                Some(Voice { models: self.models.clone(), route: self.target(&kept).await?.into() })
            }
            None => None,
        };
        self.language.set(voice);
        Ok(())
    }

    async fn target(&self, kept: &Kept) -> Result<Target> {
        let secret = self.identity.secret(MODEL_KEY).await?;
        let key = secret
            .map(|secret| ApiKey::new(secret.expose()))
            .transpose()
            .map_err(|bad| Error::field("sealedKey", bad.to_string()))?;
        let base = kept.base_url.as_deref().map(Base::parse).transpose();
        let base = base.map_err(|bad| Error::field("baseUrl", bad.to_string()))?;
        let needed = || Error::field("sealedKey", "this provider needs a key");
        let provider = match (kept.provider, base) {
            (Provider::Openai, None) => models::Provider::OpenAi(OpenAi::hosted(key.ok_or_else(needed)?)),
            (Provider::Openai, Some(base)) => models::Provider::OpenAi(OpenAi::at(base, key)),
            (Provider::Anthropic, None) => {
                models::Provider::Anthropic(Anthropic::hosted(key.ok_or_else(needed)?))
            }
            (Provider::Anthropic, Some(base)) => {
                models::Provider::Anthropic(Anthropic::at(base, key.ok_or_else(needed)?))
            }
            (Provider::Ollama, None) => models::Provider::Ollama(Ollama::local()),
            (Provider::Ollama, Some(base)) => models::Provider::Ollama(Ollama::at(base, key)),
        };
        Ok(Target::new(provider, kept.model.clone()))
    }

    /// Where the prices of models are from, and of what day.
    pub(crate) fn prices(&self) -> String {
        let (source, day) = self.models.prices();
        format!("{source}, {day}")
    }

    /// The model's settings, without the key.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn model(&self) -> Result<ModelSettings> {
        let kept = self.kept().await?;
        Ok(ModelSettings {
            provider: kept.as_ref().map(|kept| kept.provider),
            model: kept.as_ref().map(|kept| kept.model.clone()),
            base_url: kept.and_then(|kept| kept.base_url),
            has_key: self.identity.has_secret(MODEL_KEY).await?,
        })
    }

    /// Sets the model, or turns it off.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` naming the field; then the settings are as they were.
    pub(crate) async fn set_model(
        &self,
        admin: &Admin,
        change: UpdateModelSettings,
    ) -> Result<ModelSettings> {
        let _one = self.changing.lock().await;
        let Some(provider) = change.provider else {
            self.store.transact(|tx| store::settings::remove(tx, MODEL)).await?;
            self.identity.remove_secret(admin, MODEL_KEY).await?;
            self.language.set(None);
            others::tell(&self.bus, others::SETTINGS, "");
            return self.model().await;
        };
        let model = change.model.as_deref().map(str::trim).filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| Error::field("model", "name a model of the provider"))?.to_owned();
        let base_url = change.base_url.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty());
        if let Some(url) = &base_url {
            Base::parse(url).map_err(|bad| Error::field("baseUrl", bad.to_string()))?;
        }
        let before = self.kept().await?;
        match &change.sealed_key {
            Some(sealed) => self.identity.keep_secret(admin, MODEL_KEY, sealed).await?,
            // A key goes to the place that it was given for, and to no other.
            None if before.is_some_and(|kept| kept.provider != provider || kept.base_url != base_url) => {
                self.identity.remove_secret(admin, MODEL_KEY).await?;
            }
            None => {}
        }
        let kept = Kept { provider, model, base_url };
        self.target(&kept).await?;
        let text = serde_json::to_string(&kept).map_err(Error::internal)?;
        self.store.transact(move |tx| store::settings::set(tx, MODEL, &text)).await?;
        self.apply().await?;
        others::tell(&self.bus, others::SETTINGS, "");
        self.model().await
    }

    /// Asks the model for a word.
    ///
    /// # Errors
    /// When no model is set, or the store fails; a model that does not answer is told in the result.
    pub(crate) async fn test_model(&self) -> Result<ModelTest> {
        let kept = self.kept().await?.ok_or_else(|| Error::new(Code::Conflict, "No model is set yet."))?;
        let target = self.target(&kept).await?;
        Ok(match self.models.probe(&target).await {
            Ok(probe) => ModelTest {
                ok: true,
                message: format!("{} answered: {}", probe.by.model, probe.reply),
                milliseconds: probe.took_ms,
            },
            Err(error) => ModelTest { ok: false, message: error.advice(), milliseconds: 0 },
        })
    }

    /// How the memory's embedder is.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn embedder(&self) -> Result<EmbedderStatus> {
        self.embedder.status().await
    }

    /// Begins to fetch the embedder's weights, unless they are here or on their way.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn fetch_embedder(&self) -> Result<EmbedderStatus> {
        self.embedder.fetch();
        self.embedder.status().await
    }
}
