//! What these tests play on: two departments whose specialists have a scripted model, tools, and each other.

use std::sync::Arc;

use agents::catalogue::{Catalogue, Collection};
use agents::departments::desk::Desk;
use agents::departments::engine::{Engine, Job, Work};
use agents::departments::mind::Mind;
use agents::departments::plan::{self, Order};
use agents::departments::roster::Roster;
use agents::departments::slots::Slots;
use agents::departments::studio::Studio;
use agents::ingest::Ingest;
use agents::language::{Language, Voice};
use agents::messages::{self, Messages};
use agents::outside::Outside;
use agents::tools::Toolbox;
use brain::Brain;
use brain::lexicon::{self, Lexicon, NamedBy};
use futures_util::future::BoxFuture;
use identity::Identity;
use kernel::{Ambient, Result, RunId};
use models::{Models, Provider, Scene, Script, Scripted, Target};
use resilience::pool::AGENTS;
use serde_json::{Value, json};
use store::runs::{self, Detail};
use store::tool_servers::{self, Row};
use store::{Scope, Store, people, projects};
use tasks::{Service, Tasks};
use tokio::sync::oneshot;
use toolservers::ToolServers;
use wire::messages::AgentMessage;
use wire::projects::ProjectType;
use wire::runs::{Priority, RunState};

static LEXICON: Lexicon = Lexicon {
    collections: &[lexicon::Collection {
        name: messages::COLLECTION,
        singular: "note",
        words: &["note", "notes"],
        named_by: NamedBy::Name,
    }],
    hub: messages::COLLECTION,
    prose: str::to_owned,
    relations: &[],
    measures: &[],
    attributes: &[],
};

static FILM: Catalogue = Catalogue {
    work: &[Collection {
        name: messages::COLLECTION,
        singular: "note",
        label: "Notes",
        fields: &[],
        cues: &[],
        departments: &[],
    }],
    collections: &[],
    lexicon: &LEXICON,
};

/// Finds the same rows each time.
struct Rows(&'static str, Value);

impl Engine for Rows {
    fn name(&self) -> &'static str {
        self.0
    }

    fn work<'j>(&'j self, _job: &'j Job) -> BoxFuture<'j, Result<Work>> {
        Box::pin(async move {
            Ok(Work {
                title: self.0.to_owned(),
                summary: format!("{} is done.", self.0),
                content: self.1.clone(),
                citations: Vec::new(),
                quality: 0.9,
                consistency: 0.9,
                creativity: 0.9,
                lacks: Vec::new(),
            })
        })
    }
}

/// The model of the head of characters, which is its own.
pub(crate) const ELDER: &str = "elder";

/// Departments whose specialists have these tools: the cast, and the cues behind it.
fn studio(tools: &str, engines: [Arc<dyn Engine>; 2]) -> Studio {
    let agent = |department: &str, name: &str, role: &str, tools: &str| {
        format!(
            "---\nname: {name}\ntitle: {name}\ndepartment: {department}\nrole: {role}\nengine: {department}.{name}\n\
             tools: [{tools}]\nlimits:\n  attempts: 1\n---\nWork.\n"
        )
    };
    let agents = [
        agent("character", "head", "head", "").replacen("\nlimits", &format!("\nmodel: {ELDER}\nlimits"), 1),
        agent("character", "cast", "specialist", ""),
        agent("audio", "head", "head", ""),
        agent("audio", "cues", "specialist", tools),
    ];
    Studio::of(&[("character", &[]), ("audio", &["character"])], agents, engines).unwrap()
}

pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) tasks: Tasks,
    pub(crate) scope: Scope,
    pub(crate) messages: Messages,
    pub(crate) toolbox: Toolbox,
    desk: Arc<Desk>,
    _end: oneshot::Sender<()>,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// The cues' agent has these tools, and the model plays this.
    pub(crate) async fn set(tools: &str, scenes: Vec<Scene>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ambient = Ambient::system();
        let database = store::Options::sqlite(folder.path().join("atelier.db"));
        let store = Store::open(database, ambient.clone()).await.unwrap();
        let scope = store.transact(|tx| {
            let ada = people::create(tx, "ada@example.org", "Ada", None, false)?.id;
            let project = projects::create(tx, ada, "Tides", ProjectType::Movie)?.id;
            Scope::admit(tx, ada, project, kernel::Role::Owner)
        });
        let scope = scope.await.unwrap();
        let (service, tasks) = Service::new(store.clone(), ambient.clone(), tasks::Options::new("test"));
        let (end, ended) = oneshot::channel::<()>();
        tokio::spawn(service.run(async move { drop(ended.await) }));

        let backplane = backplane::Handle::alone(ambient.clone());
        let bus = backplane.bus().clone();
        let (_, messages) = messages::Service::new(bus, ambient.clone(), messages::Options::default());
        let identity = identity::Options {
            providers: Vec::new(),
            data: folder.path().to_owned(),
            public_url: "http://localhost".into(),
            master_key: None,
        };
        let identity = Identity::open(store.clone(), &backplane, ambient.clone(), identity).await.unwrap();
        let options = toolservers::Options { private_addresses: true, ..toolservers::Options::default() };
        let servers = ToolServers::new(options, ambient.clone()).unwrap();
        let outside = Outside::new(store.clone(), identity.clone(), ambient.clone(), servers, true);

        let language = Language::none();
        let scripted = Scripted::new(Script { name: "stage".into(), scenes });
        let mut options = models::Options::default();
        options.retry.base_ms = 0;
        let models = Models::new(options, ambient.clone()).unwrap();
        let route = Target::new(Provider::Scripted(scripted), "actor").into();
        language.set(Some(Voice { models, route }));
        let toolbox = Toolbox {
            store: store.clone(),
            brain: Brain::new(store.clone()),
            ingest: Ingest::new(store.clone(), language.clone(), ambient.clone()),
            catalogue: &FILM,
        };
        let cast = json!({ "people": [{ "name": "Mara", "work": "runs the ferry" }, { "name": "Joss", "work": "deckhand" }] });
        let engines: [Arc<dyn Engine>; 2] =
            [Arc::new(Rows("character.cast", cast)), Arc::new(Rows("audio.cues", json!({ "cues": [] })))];
        let roster = Roster::new(store.clone(), studio(tools, engines));
        let mind = Mind {
            store: store.clone(),
            ambient,
            language,
            roster: roster.clone(),
            tasks: tasks.clone(),
            toolbox: toolbox.clone(),
            messages: messages.clone(),
            outside,
            identity,
        };
        let desk = Desk::new(store.clone(), roster, Slots::new(Ambient::system(), AGENTS, 10));
        let desk = Arc::new(desk.with_mind(mind).with_messages(messages.clone()));
        tokio::spawn(desk.clone().serve(tasks.worker(plan::QUEUE, 4).await.unwrap()));
        Self { store, tasks, scope, messages, toolbox, desk, _end: end, _folder: folder }
    }

    /// Names a tool server.
    pub(crate) async fn server(&self, name: &str, url: &str, trusted: &[&str]) {
        let row = Row {
            name: name.to_owned(),
            url: Some(url.to_owned()),
            command: None,
            trusted: trusted.iter().map(|tool| (*tool).to_owned()).collect(),
            updated_at: kernel::Timestamp(1),
        };
        self.store.transact_in(&self.scope, move |t| tool_servers::put(t, &row)).await.unwrap();
    }

    /// Orders everything.
    pub(crate) async fn order(&self) -> RunId {
        let order = Order {
            project: self.scope.project(),
            by: self.scope.actor(),
            request: "Prepare everything".into(),
            priority: Priority::Medium,
            departments: Vec::new(),
            auto_ingest: false,
        };
        let departments = self.desk.roster().departments(&self.scope).await.unwrap();
        let new = plan::plan(&order, &departments, &plan::Parts::default()).unwrap();
        self.tasks.make(new).await.unwrap().0
    }

    async fn steps(&self, run: RunId) -> (RunState, Vec<Detail>) {
        let read = self
            .store
            .read_in(&self.scope, move |t| Ok((runs::get(t, run)?.state, runs::steps_of(t, run, i64::MAX)?)));
        read.await.unwrap()
    }

    /// What the cues' agent gave, once the run is complete.
    pub(crate) async fn ended(&self, run: RunId) -> Value {
        loop {
            let (state, steps) = self.steps(run).await;
            if state.has_ended() {
                assert_eq!(state, RunState::Complete, "{steps:?}");
                let cues = steps.iter().find(|detail| detail.step.name == "audio/cues").unwrap();
                return serde_json::from_str(cues.output.as_deref().unwrap()).unwrap();
            }
            tokio::task::yield_now().await;
        }
    }

    /// The question that the cues' agent asks a person, as soon as it asks.
    pub(crate) async fn asked(&self, run: RunId) -> String {
        loop {
            let (state, steps) = self.steps(run).await;
            let cues = steps.iter().find(|detail| detail.step.name == "audio/cues").unwrap();
            if let Some(wire::runs::Reason::Person { question }) = &cues.step.reason {
                return question.clone();
            }
            assert!(!state.has_ended(), "{:?}", self.log(run, "fallback").await);
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn answer(&self, run: RunId, answer: &str) {
        let (_, steps) = self.steps(run).await;
        let cues = steps.iter().find(|detail| detail.step.name == "audio/cues").unwrap();
        self.tasks.answer(&self.scope, run, cues.step.id, json!(answer)).await.unwrap();
    }

    /// The entries of a kind in the run's log.
    pub(crate) async fn log(&self, run: RunId, kind: &'static str) -> Vec<Value> {
        let log = self.store.read_in(&self.scope, move |t| runs::log(t, run, 0, 1_000)).await.unwrap();
        let kept = log.iter().filter(|entry| entry.kind == kind);
        kept.map(|entry| serde_json::from_str(&entry.text).unwrap()).collect()
    }

    /// What agents said in a run.
    pub(crate) async fn said(&self, run: RunId) -> Vec<AgentMessage> {
        let said = self.log(run, messages::MESSAGE).await;
        said.iter().map(|message| messages::read(&message.to_string()).unwrap()).collect()
    }
}
