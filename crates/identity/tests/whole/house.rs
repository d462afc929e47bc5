//! A house for tests: a real SQLite store in a folder of its own, a clock that only moves when told, and its people.

use std::net::IpAddr;
use std::sync::Arc;

use identity::{Caller, Identity, Opened, Options, ProviderOptions, Secret};
use kernel::{Ambient, ManualClock, PageRequest, ProjectId, Role, SystemRandom, Timestamp};
use store::Store;
use wire::auth::{LoginRequest, SetupRequest};
use wire::people::{AcceptInvitation, AuditEntry, CreateInvitation};
use wire::projects::ProjectType;

pub(crate) const PASSWORD: &str = "a long enough password";
pub(crate) const DEVICE: &str = "Test/1.0";
pub(crate) const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ambient: Ambient,
    pub(crate) store: Store,
    pub(crate) identity: Identity,
}

impl House {
    /// A server that nobody has set up yet.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000_000)));
        let ambient = Ambient::new(clock.clone(), Arc::new(SystemRandom));
        let file = store::Options::sqlite(folder.path().join("test.db"));
        let store = Store::open(file, ambient.clone()).await.unwrap();
        let identity = open(&folder, &store, &ambient, None, Vec::new()).await.unwrap();
        Self { folder, clock, ambient, store, identity }
    }

    /// A server that Ada set up, and Ada's sign-in.
    pub(crate) async fn with_ada() -> (Self, Opened, Caller) {
        let house = Self::new().await;
        let token = house.identity.setup_token().await.unwrap().unwrap();
        let opened = house.identity.setup(setup(&token), DEVICE).await.unwrap();
        let ada = house.caller(&opened).await;
        (house, opened, ada)
    }

    /// The server as it is after a restart, with a master key of the configuration if one is given.
    pub(crate) async fn restarted(&self, master_key: Option<&str>) -> kernel::Result<Identity> {
        open(&self.folder, &self.store, &self.ambient, master_key, Vec::new()).await
    }

    /// The server as it is with other providers.
    pub(crate) async fn with_providers(&self, providers: Vec<ProviderOptions>) -> kernel::Result<Identity> {
        open(&self.folder, &self.store, &self.ambient, None, providers).await
    }

    pub(crate) async fn caller(&self, opened: &Opened) -> Caller {
        self.identity.authenticate(&opened.signed_in.access_token).await.unwrap()
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> kernel::Result<Opened> {
        let request = LoginRequest { email: email.to_owned(), password: password.to_owned() };
        self.identity.login(request, DEVICE, HERE).await
    }

    pub(crate) async fn project(&self, owner: &Caller) -> ProjectId {
        let person = owner.person();
        let made =
            self.store.transact(move |tx| store::projects::create(tx, person, "Film", ProjectType::Movie));
        made.await.unwrap().id
    }

    /// A link to `project` for that address, made by its owner.
    pub(crate) async fn invitation(
        &self,
        owner: &Caller,
        project: ProjectId,
        email: &str,
        role: Role,
    ) -> String {
        let permit = self.identity.permit(owner, project).await.unwrap();
        let request = CreateInvitation { email: email.to_owned(), role };
        let link = self.identity.invite(&permit, request).await.unwrap().link;
        link.strip_prefix("http://atelier.test/invite#token=").unwrap().to_owned()
    }

    /// A new person who came in by an invitation.
    pub(crate) async fn joined(&self, owner: &Caller, project: ProjectId, email: &str, role: Role) -> Caller {
        let token = self.invitation(owner, project, email, role).await;
        let (_, opened) = self.identity.accept(None, accept(&token), DEVICE).await.unwrap();
        self.caller(&opened.unwrap()).await
    }

    /// The rows of the server's audit log, oldest first.
    pub(crate) async fn audit(&self) -> Vec<AuditEntry> {
        let page = PageRequest { limit: 200, after: None };
        let mut rows = self.store.read(move |tx| store::audit::of_server(tx, &page)).await.unwrap().rows;
        rows.reverse();
        rows
    }
}

async fn open(
    folder: &tempfile::TempDir,
    store: &Store,
    ambient: &Ambient,
    master_key: Option<&str>,
    providers: Vec<ProviderOptions>,
) -> kernel::Result<Identity> {
    let options = Options {
        data: folder.path().to_owned(),
        public_url: "http://atelier.test".to_owned(),
        master_key: master_key.map(Secret::new),
        providers,
    };
    Identity::open(store.clone(), &backplane::Handle::alone(ambient.clone()), ambient.clone(), options).await
}

pub(crate) fn setup(token: &str) -> SetupRequest {
    SetupRequest {
        token: token.to_owned(),
        email: "Ada@Example.org".to_owned(),
        password: PASSWORD.to_owned(),
        name: Some("Ada".to_owned()),
    }
}

pub(crate) fn accept(token: &str) -> AcceptInvitation {
    AcceptInvitation { token: token.to_owned(), name: None, password: Some(PASSWORD.to_owned()) }
}
