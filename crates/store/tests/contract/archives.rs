//! Backups: what is restored is what was there, on either database; what is damaged is refused as a whole.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use kernel::{Ambient, Code, Role};
use store::changes::{Draft, Write as Change};
use store::passages::Wanted;
use store::runners::{Bearer, Joining};
use store::{
    Options, Scope, Store, asks, conversations, executions, keys, members, passages, people, reviews,
    runners, runs, said, schedules, sessions, settings, slack, uploads, usage,
};
use tempfile::TempDir;
use wire::auth::KeyScope;
use wire::fleet::Verb;
use wire::orchestrator::{Author, Message, MessageState, Mode};
use wire::runs::{Limits, LogEntry, Priority, Reason, RunState, StepState};
use wire::schedules::{Missed, NewSchedule, Occurrence, Outcome, ScheduledOrder, When};
use wire::usage::Budgets;

use crate::place::Place;
use crate::stage::{Stage, fact};

/// Puts something into every table, and what is hard to carry over: bytes, floats, umlauts, empty and absent texts.
pub(crate) async fn fill(stage: &Stage) -> Scope {
    let scope = stage.begun().await;
    let ids = stage.make(&scope, "characters", &["Mara", "Joss", "Zoë 雨 🌊"]).await;
    let mut scene = stage.new_entity("scenes", "INT. HARBOUR — NIGHT");
    scene.body = Some("MARA\nWhere is he?\n\n\"Here\", \\ says the lantern.\t".into());
    scene.metadata =
        serde_json::json!({ "time": "night", "nul": "\u{0000}", "x": 0.1 }).as_object().unwrap().clone();
    let odd = store::facts::NewFact {
        weight: Some(0.1 + 0.2),
        value: Some(String::new()),
        ..fact(ids[0], "in", scene.id)
    };
    let none =
        store::facts::NewFact { weight: None, source: None, object: None, ..fact(ids[1], "alone", ids[1]) };
    let writes = vec![Change::Create(scene), Change::Remove(ids[2])];
    let facts = vec![fact(ids[0], "knows", ids[1]), odd, none];
    let first = stage.apply(&scope, Draft { writes, facts, ..Draft::default() }).await.unwrap();
    stage.apply(&scope, Draft { ended: vec![first.facts[0]], ..Draft::default() }).await.unwrap();
    let (ambient, ada) = (stage.ambient.clone(), scope.actor().unwrap());
    let later = stage.ambient.now().plus_millis(1_000_000);
    let filled = stage.store.transact_in(&scope, move |t| {
        let conversation = conversations::create(t)?;
        let message = Message {
            id: ambient.id(),
            conversation_id: conversation.id,
            author: Author::User,
            mode: Mode::Query,
            state: MessageState::Complete,
            content: "Where is Mara?".into(),
            metadata: None,
            created_at: ambient.now(),
        };
        conversations::add(t, &message)?;
        reviews::create(t, reviews::Kind::Ingest, "A record", "{}", 0.5)?;
        let upload = uploads::create(t, "tides.fdx", 256, None)?;
        uploads::put(t, upload.id, 0, &(0..=255u8).collect::<Vec<_>>())?;
        passages::keep_vectors(t, &[("hash".into(), vec![0, 1, 255])])?;
        members::invite(t, "cleo@example.org", Role::Viewer, "token", later)?;
        people::link_identity(t, ada, "oidc", "subject")?;
        sessions::create(t, ada, "refresh", "Firefox", later)?;
        keys::create(t, ada, "ci", KeyScope::Read, "key-hash", "x9", later)?;
        let runner = runners::create(t, ada, "forge", "runner-hash", "atn_x9")?.id;
        let joining = Joining {
            connection: "first".into(),
            version: "1".into(),
            platform: "linux".into(),
            slots: 2,
            commands: true,
            agents: vec!["scribe".into()],
            tools: Vec::new(),
            projects: vec![t.project()],
        };
        runners::join(t, Bearer { runner, owner: ada }, &joining)?;
        settings::set(t, "b.c", "2")?;
        settings::set(t, "B_c", "1")?;
        let lease = run_of(t, AGENT)?;
        executions::begin(t, lease, runner)?;
        let part =
            executions::Part { lease, stream: "output".into(), offset: 0, bytes: vec![0, 159, 146, 150] };
        executions::append(t, [(&part, executions::Most { streams: 9, bytes: 9 })])?;
        crate::asks::hold(t, lease)?;
        asks::ask(t, &crate::asks::ask(lease, 1))?;
        asks::answer(t, lease, 1, Some("yes"))?;
        said::say(t, lease.run, None, Verb::Steer, "Möwen")?;
        executions::end(t, lease, &wire::fleet::Outcome::of(wire::fleet::End::Complete, ""))?;
        store::fleet::policy::set(t, &wire::fleet::FleetPolicy::default())?;
        let at = slack::Channel { team: "T1".into(), channel: "C1".into() };
        slack::hear(t, "event/1", "{}", "nod_1")?;
        slack::offer(t, ada, "first", later)?;
        slack::link(t, "T1", "U1", "first")?;
        slack::offer(t, ada, "second", later)?;
        slack::set_project(t, &at)?;
        let thread = slack::Thread {
            at,
            thread: "1.2".into(),
            root: "1.2".into(),
            project: t.project(),
            run: lease.run,
        };
        slack::begin(t, &thread, "nod_1")?;
        schedule(t)
    });
    filled.await.unwrap();
    scope
}

/// What a coding agent is to do.
pub(crate) const AGENT: &str = r#"{"engine":{"kind":"agent","name":"scribe","prompt":"Write"}}"#;

/// A run of two steps, one of which has been tried, with a log.
pub(crate) fn run(t: &mut store::Tenant<'_, '_>) -> kernel::Result<executions::Lease> {
    run_of(t, "null")
}

/// The same, of steps that are to do that.
pub(crate) fn run_of(t: &mut store::Tenant<'_, '_>, input: &str) -> kernel::Result<executions::Lease> {
    let (run, project, now) = (t.id(), t.project(), t.now());
    let step = |id, ordinal: i64, name: &str| runs::Step {
        id,
        run,
        project,
        ordinal,
        name: name.into(),
        queue: format!("one/{project}#a"),
        priority: Priority::High,
        limits: Limits::default(),
        delay_until: None,
        state: StepState::Queued,
        reason: Some(Reason::Ready),
        open_parents: ordinal,
        attempt: 0,
        lost: 0,
        fence: 0,
        settled: 0,
        worker: None,
        rank: (ordinal == 0).then_some(7),
        wake_at: None,
        not_before: None,
        expires_at: None,
        leased_at: None,
        lease_until: None,
        progressed_at: None,
        asked_at: None,
        ended_at: None,
        answer: None,
    };
    let (parent, child) = (t.id(), t.id());
    let steps = [step(parent, 0, "a"), step(child, 1, "b")];
    let row = wire::runs::Run {
        id: run,
        project_id: project,
        kind: "test".into(),
        title: "Möwen".into(),
        state: RunState::Queued,
        paused: None,
        asked_at: None,
        asked_by: None,
        total: 2,
        complete: 0,
        failed: 0,
        cancelled: 0,
        log_end: 6,
        created_at: now,
        created_by: None,
        started_at: None,
        ended_at: None,
    };
    let row = runs::NewRunRow { run: row, input: "{}".into(), idempotency_key: None, fingerprint: None };
    let rows = steps.map(|step| runs::NewStepRow { step, input: input.into() });
    runs::create(t, &[row], &rows, &[runs::NewEdge { child, parent }])?;
    runs::save_turns(t, &[], &[(format!("one/{project}"), child)])?;
    let attempt = runs::NewAttempt {
        step: parent,
        run,
        fence: 1,
        attempt: 1,
        worker: "w".into(),
        outcome: "failed",
        error: Some("the lamp broke".into()),
        output: None,
        began_at: now,
        ended_at: now,
    };
    runs::save_attempts(t, &[attempt])?;
    let entry =
        LogEntry { start: 0, step_id: parent, fence: 1, kind: "text".into(), text: "Möwen".into(), at: now };
    runs::append(t, &[(run, entry)])?;
    let call = usage::Call {
        id: t.id(),
        made_for: usage::For::Step { run, step: parent, fence: 1 },
        agent: "audio/cues".into(),
        provider: "ollama".into(),
        model: "llama".into(),
        input_tokens: 7,
        output_tokens: 5,
        micro_usd: None,
        at: now,
    };
    usage::settle(t, &call)?;
    usage::set_budgets(t, &Budgets { run_tokens: Some(1_000), ..Budgets::default() })?;
    usage::raise(t, parent, (now, None), usage::Of::Run(run), usage::Amount { tokens: 1, micro_usd: 0 })?;
    store::project_secrets::set(t, "tool-server.weather", Some("sealed"))?;
    let server = store::tool_servers::Row {
        name: "weather".into(),
        url: Some("https://tools.example.com/mcp".into()),
        command: None,
        trusted: vec!["post".into()],
        updated_at: now,
    };
    store::tool_servers::put(t, &server)?;
    Ok(executions::Lease { run, step: parent, fence: 1 })
}

/// A schedule that was missed once.
fn schedule(t: &mut store::Tenant<'_, '_>) -> kernel::Result<()> {
    let order = ScheduledOrder::Task {
        task: "Zähle die Möwen".into(),
        priority: Priority::Low,
        departments: vec!["audio".into()],
        auto_ingest: true,
        one_by_one: true,
    };
    let when = When::Cron { cron: "30 2 * * *".into(), time_zone: "Europe/Berlin".into() };
    let (at, new) = (t.now(), NewSchedule { name: "Gulls".into(), order, when, missed: Missed::Skip });
    let made = schedules::create(t, &new, at)?;
    let reason = Some("No server ran at the time.".into());
    let missed = Occurrence { at, outcome: Outcome::Missed, times: 7, run_id: None, reason, noted_at: at };
    schedules::note(t, made.id, &missed)
}

/// The backup's lines.
fn lines(path: &Path) -> Vec<String> {
    let mut text = String::new();
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn write(path: &Path, lines: &[String]) {
    let mut out = GzEncoder::new(std::fs::File::create(path).unwrap(), Compression::fast());
    out.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    out.finish().unwrap();
}

/// The lines that tell of the content, without those that tell of the backup.
fn content(path: &Path) -> Vec<String> {
    let lines = lines(path);
    lines[1..lines.len() - 1].to_vec()
}

struct Shelf(TempDir);

impl Shelf {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn place(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Whether nothing is there but what is named.
    fn holds_only(&self, names: &[&str]) -> bool {
        let found = std::fs::read_dir(self.0.path()).unwrap();
        found
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .all(|name| names.contains(&name.as_str()))
    }
}

async fn backup(store: &Store, path: &Path) -> store::BackupReport {
    store.backup(path, |_| ()).await.unwrap()
}

async fn restored(place: &Place, path: &Path) -> Store {
    store::restore(place.options(), Ambient::system(), path).await.unwrap();
    Store::open(place.options(), Ambient::system()).await.unwrap()
}

on_both! {
    async fn a_backup_holds_every_row_of_every_table(stage) {
        fill(stage).await;
        let shelf = Shelf::new();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        let report = stage.store.backup(&shelf.place("b"), move |p| heard.lock().unwrap().push((p.rows, p.total))).await;
        let report = report.unwrap();
        let tables = stage.place.rows(if stage.store.backend() == "sqlite" {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'passages_fts%' ORDER BY 1"
        } else {
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
        }).await;
        // Which migrations were applied stands in the header; the counts are counted anew; what is reserved, is so for
        // milliseconds, by a server that the copy does not have.
        let kept = |name: &String| !["migrations", "counts", "claims"].contains(&name.as_str());
        let tables: Vec<String> = tables.into_iter().flatten().filter(kept).collect();
        assert_eq!(report.rows.keys().cloned().collect::<Vec<_>>(), tables);
        for (table, rows) in &report.rows {
            let counted = &stage.place.rows(&format!("SELECT COUNT(*) FROM {table}")).await[0][0];
            assert!(*rows > 0 && rows.to_string() == *counted, "{table}: {rows} of {counted}");
        }
        let (last, all) = (*told.lock().unwrap().last().unwrap(), report.rows.values().sum::<u64>());
        assert!(last.1 == all && last.0 <= all, "{last:?} of {all}");
        assert!(shelf.holds_only(&["b"]));
        assert_eq!(store::verify(&shelf.place("b")).unwrap(), report);
    }

    async fn what_is_restored_is_what_was_there_and_works(stage) {
        let scope = fill(stage).await;
        let (shelf, other) = (Shelf::new(), Place::folder());
        backup(&stage.store, &shelf.place("first")).await;
        let store = restored(&other, &shelf.place("first")).await;
        backup(&store, &shelf.place("second")).await;
        assert_eq!(content(&shelf.place("first")), content(&shelf.place("second")));
        assert_eq!(store.check().await.unwrap(), []);
        let words = vec!["lantern".to_owned()];
        let found = store
            .read_in(&scope, move |t| {
                let wanted = Wanted { words: &words, typing: false, collections: &["scenes"] };
                passages::search(t, &wanted, 10)
            })
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        let id = found[0].entity;
        // And it goes on from where it was.
        let patch = store::changes::Patch { name: Some("EXT. QUAY".into()), ..Default::default() };
        let draft = Draft { writes: vec![Change::Change { id, expected: Some(1), patch }], ..Draft::default() };
        store.transact_in(&scope, move |t| store::changes::apply(t, &draft)).await.unwrap();
        assert_eq!(store.check().await.unwrap(), []);
    }

    async fn a_backup_of_a_busy_server_is_of_one_moment(stage) {
        let scope = fill(stage).await;
        let shelf = Shelf::new();
        let writing = async {
            for n in 0..30 {
                stage.make(&scope, "characters", &[&format!("Extra {n}")]).await;
            }
        };
        let path = shelf.place("b");
        let (report, ()) = tokio::join!(backup(&stage.store, &path), writing);
        let other = Place::folder();
        let store = restored(&other, &path).await;
        assert_eq!(store.check().await.unwrap(), []);
        let counted = store.read_in(&scope, store::projects::stats).await.unwrap();
        // Three made at first, one of them removed; versions and events came with the records.
        assert_eq!(report.rows["entities"] as i64, counted.characters + 2);
    }

    async fn a_backup_never_takes_the_place_of_a_file(stage) {
        let shelf = Shelf::new();
        std::fs::write(shelf.place("b"), "mine").unwrap();
        let refused = stage.store.backup(&shelf.place("b"), |_| ()).await.unwrap_err();
        assert_eq!(refused.code(), Code::Conflict);
        assert_eq!(std::fs::read(shelf.place("b")).unwrap(), b"mine");
        let nowhere = stage.store.backup(&shelf.place("no/such/folder"), |_| ()).await.unwrap_err();
        assert_eq!(nowhere.code(), Code::Unavailable);
        assert!(shelf.holds_only(&["b"]));
    }

    async fn nothing_is_restored_into_a_database_that_has_something(stage) {
        fill(stage).await;
        let shelf = Shelf::new();
        backup(&stage.store, &shelf.place("b")).await;
        let refused = store::restore(stage.place.options(), Ambient::system(), &shelf.place("b")).await.unwrap_err();
        assert_eq!(refused.code(), Code::Conflict);
        backup(&stage.store, &shelf.place("again")).await;
        assert_eq!(content(&shelf.place("b")), content(&shelf.place("again")));
    }

    async fn of_a_damaged_backup_nothing_is_kept(stage) {
        let donor = Stage::sqlite().await;
        fill(&donor).await;
        let shelf = Shelf::new();
        backup(&donor.store, &shelf.place("good")).await;
        let good = lines(&shelf.place("good"));
        let with = |edit: &dyn Fn(&mut Vec<String>)| {
            let mut lines = good.clone();
            edit(&mut lines);
            lines
        };
        let row = good.iter().position(|line| line.contains("Mara")).unwrap();
        let altered = [
            with(&|lines| lines[row] = lines[row].replacen("Mara", "Mora", 1)),
            with(&|lines| drop(lines.remove(row))),
            with(&|lines| lines.swap(row, row + 1)),
            with(&|lines| drop(lines.pop())),
            with(&|lines| lines.push(lines[row].clone())),
            with(&|lines| lines[row] = "[1]".into()),
            with(&|lines| lines[row] = "no JSON".into()),
            with(&|lines| lines[1] = lines[1].replace("people", "people; DROP TABLE people")),
            with(&|lines| lines[1] = lines[1].replace("email", "emall")),
            with(&|lines| lines[0] = lines[0].replace("atelier-backup", "another")),
            with(&|lines| lines[0] = lines[0].replace("\"version\":1", "\"version\":2")),
        ];
        for (n, lines) in altered.iter().enumerate() {
            write(&shelf.place("bad"), lines);
            refused(stage, &shelf.place("bad"), &format!("altered, {n}")).await;
        }
        let whole = std::fs::read(shelf.place("good")).unwrap();
        for end in [0, 5, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
            std::fs::write(shelf.place("bad"), &whole[..end]).unwrap();
            refused(stage, &shelf.place("bad"), &format!("cut at {end}")).await;
        }
        std::fs::write(shelf.place("bad"), [&whole[..], b"x"].concat()).unwrap();
        refused(stage, &shelf.place("bad"), "followed by something").await;
        std::fs::write(shelf.place("bad"), [&whole[..], &whole[..]].concat()).unwrap();
        refused(stage, &shelf.place("bad"), "followed by another").await;
        // The database took no harm: it takes the good one.
        store::restore(stage.place.options(), Ambient::system(), &shelf.place("good")).await.unwrap();
        assert_eq!(stage.store.check().await.unwrap(), []);
    }

    async fn a_backup_of_a_newer_program_is_refused(stage) {
        let shelf = Shelf::new();
        backup(&stage.store, &shelf.place("b")).await;
        let mut lines = lines(&shelf.place("b"));
        let header: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        lines[0] = lines[0].replace(&format!("\"migration\":{}", header["migration"]), "\"migration\":9999");
        write(&shelf.place("later"), &lines);
        let fresh = Place::folder();
        let refused = store::restore(fresh.options(), Ambient::system(), &shelf.place("later")).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
        assert!(!fresh.options().file.exists());
    }
}

/// Checks that neither a fresh file nor the stage's own empty database takes anything of the backup.
async fn refused(stage: &Stage, path: &Path, how: &str) {
    assert_eq!(store::verify(path).unwrap_err().code(), Code::UnreadableDocument, "{how}");
    let fresh = Place::folder();
    for options in [fresh.options(), stage.place.options()] {
        let refused = store::restore(options, Ambient::system(), path).await.unwrap_err();
        assert_eq!(refused.code(), Code::UnreadableDocument, "{how}");
    }
    assert!(!fresh.options().file.exists(), "{how}");
    for table in ["people", "projects", "entities", "passages"] {
        assert!(stage.place.rows(&format!("SELECT 1 FROM {table}")).await.is_empty(), "{how}: {table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_moves_from_sqlite_to_postgres_and_back_unchanged() {
    let Some(server) = Place::server().await else { return };
    let (stage, shelf, back) = (Stage::sqlite().await, Shelf::new(), Place::folder());
    fill(&stage).await;
    backup(&stage.store, &shelf.place("sqlite")).await;
    let postgres = restored(&server, &shelf.place("sqlite")).await;
    assert_eq!(postgres.check().await.unwrap(), []);
    backup(&postgres, &shelf.place("postgres")).await;
    let sqlite = restored(&back, &shelf.place("postgres")).await;
    assert_eq!(sqlite.check().await.unwrap(), []);
    backup(&sqlite, &shelf.place("again")).await;
    let first = content(&shelf.place("sqlite"));
    assert_eq!(first, content(&shelf.place("postgres")));
    assert_eq!(first, content(&shelf.place("again")));
}

/// What an older program wrote is brought up to date by the migrations that came since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_an_older_program_is_brought_up_to_date() {
    let (stage, shelf) = (Stage::sqlite().await, Shelf::new());
    fill(&stage).await;
    backup(&stage.store, &shelf.place("b")).await;
    let mut lines = lines(&shelf.place("b"));
    let mut trailer: serde_json::Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    // The first migration had no runs, no schedules, no budgets, no tool servers, no runners, nothing that these
    // did, and no Slack.
    for table in [
        "runs",
        "steps",
        "step_edges",
        "turns",
        "attempts",
        "run_log",
        "schedules",
        "occurrences",
        "usage",
        "budgets",
        "budget_raises",
        "project_secrets",
        "tool_servers",
        "runners",
        "executions",
        "streams",
        "stream_pieces",
        "asks",
        "said",
        "fleet_days",
        "fleet_policies",
        "runner_projects",
        "slack_seen",
        "slack_people",
        "slack_codes",
        "slack_channels",
        "slack_threads",
    ] {
        let at = lines.iter().position(|line| line.contains(&format!("\"table\":\"{table}\""))).unwrap();
        let rows = lines[at + 1..].iter().take_while(|line| line.starts_with('[')).count();
        assert!(rows > 0);
        lines.drain(at..=at + rows);
        trailer["rows"].as_object_mut().unwrap().remove(table).unwrap();
    }
    // Of what its tables have now, the first migration had all but these columns.
    let of_reviews = ["run_id", "step_id", "line", "score", "content", "reasons", "entity_id"];
    for (table, later) in [("passages", &["collection", "waiting"][..]), ("reviews", &of_reviews)] {
        let at = lines.iter().position(|line| line.contains(&format!("\"table\":\"{table}\""))).unwrap();
        let mut table: serde_json::Value = serde_json::from_str(&lines[at]).unwrap();
        let columns = table["columns"].as_array_mut().unwrap();
        let is_later = |column: &serde_json::Value| later.iter().any(|name| column[0] == *name);
        let places: Vec<usize> = (0..columns.len()).filter(|n| is_later(&columns[*n])).collect();
        assert_eq!(places.len(), later.len());
        columns.retain(|column| !is_later(column));
        lines[at] = table.to_string();
        for line in lines[at + 1..].iter_mut().take_while(|line| line.starts_with('[')) {
            let row: Vec<serde_json::Value> = serde_json::from_str(line).unwrap();
            let kept =
                row.into_iter().enumerate().filter(|(n, _)| !places.contains(n)).map(|(_, value)| value);
            *line = serde_json::Value::Array(kept.collect()).to_string();
        }
    }
    let header: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    lines[0] = lines[0].replace(&format!("\"migration\":{}", header["migration"]), "\"migration\":1");
    let sum = {
        use sha2::{Digest, Sha256};
        let all: String = lines[..lines.len() - 1].iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        Sha256::digest(all.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    trailer["sha256"] = sum.into();
    *lines.last_mut().unwrap() = trailer.to_string();
    write(&shelf.place("older"), &lines);
    let fresh = Place::folder();
    let store = restored(&fresh, &shelf.place("older")).await;
    assert_eq!(store.check().await.unwrap(), []);
    let applied = fresh.rows("SELECT number FROM migrations ORDER BY number").await;
    let newest = stage.place.rows("SELECT number FROM migrations ORDER BY number").await;
    assert_eq!(applied, newest);
}

#[tokio::test]
async fn a_backup_that_is_not_there_is_said_not_to_be() {
    let fresh = Place::folder();
    let options: Options = fresh.options();
    let missing = store::restore(options, Ambient::system(), Path::new("/nowhere/b")).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    assert!(!fresh.options().file.exists());
}
