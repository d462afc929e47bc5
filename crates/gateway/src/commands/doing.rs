//! Commands that change something: orders to the fleet, runs that are ended or done again, schedules.

use kernel::{Code, Error, Result};
use serde_json::json;
use store::{Tenant, asks, executions, runners, runs};
use wire::fleet::{AgentAsk, AgentAskKind, CommandReply, CreateRemote, Engine, RemoteOrder, ServingRunner};
use wire::runs::{Priority, Reason, StepState};
use wire::schedules::{ChangeSchedule, ScheduleState};

use super::parse::wrong;
use super::registry::Kind;
use super::told::{count, reply};
use super::{Ask, Done, named};
use crate::{noting, orders};

/// The most characters of an answer.
const ANSWER: usize = 10_000;
/// Steps of a run that are begun again at a time.
const AGAIN: usize = 100;
/// Nothing of what a step gave is wanted.
const NOTHING: i64 = 0;

pub(super) async fn program(mut ask: Ask) -> Result<Done> {
    let runner = match ask.given.find(Kind::On) {
        Some(name) => Some(named::runner(&ask, name).await?),
        None => None,
    };
    let argv = std::mem::take(&mut ask.given.program);
    order(&ask, Engine::Command { argv }, runner, false).await
}

pub(super) async fn agent(ask: Ask) -> Result<Done> {
    let text = |kind| ask.given.text(kind).to_owned();
    let engine = Engine::Agent { name: text(Kind::Agent), prompt: text(Kind::Prompt) };
    order(&ask, engine, None, false).await
}

pub(super) async fn plan(ask: Ask) -> Result<Done> {
    let text = |kind| ask.given.text(kind).to_owned();
    let engine = Engine::Agent { name: text(Kind::Agent), prompt: text(Kind::Prompt) };
    order(&ask, engine, None, true).await
}

/// Has the coding agent of a run go on with it, after it has ended.
pub(super) async fn go_on(ask: Ask) -> Result<Done> {
    let run = named::run(&ask, ask.given.text(Kind::Run)).await?;
    let prompt = ask.given.text(Kind::Prompt).to_owned();
    let read = move |t: &mut Tenant<'_, '_>| orders::more(t, run, prompt.clone());
    let more = ask.store().read_in(ask.scope(), read).await?;
    give(&ask, more, None, false).await
}

async fn order(ask: &Ask, engine: Engine, runner: Option<ServingRunner>, decompose: bool) -> Result<Done> {
    give(ask, RemoteOrder::of(engine), runner, decompose).await
}

async fn give(ask: &Ask, order: RemoteOrder, runner: Option<ServingRunner>, decompose: bool) -> Result<Done> {
    let on = runner.as_ref().map(|runner| runner.id);
    let wanted = CreateRemote { title: None, order, runner: on, priority: Priority::default(), decompose };
    let details = noting::told(&wanted);
    let once = ask.word.as_ref().map(|word| format!("slack/{word}"));
    let orders::Ordered { run, waits } = ask.gateway().order(ask.scope(), wanted, once).await?;
    let read = ask.store().read_in(ask.scope(), move |t| Ok((runs::get(t, run)?, runners::of_project(t)?)));
    let (about, serving) = read.await?;
    let there = serving.iter().any(|one| one.present && on.is_none_or(|on| on == one.id));
    let mut lines = vec![about.title];
    lines.extend(waits.map(str::to_owned));
    if !there {
        lines.push(match &runner {
            Some(runner) => format!("{} is not there now; it waits for a day.", runner.name),
            None => "No runner is there now; it waits for a day.".into(),
        });
    }
    let told = CommandReply { run_id: Some(run), ..reply(format!("{run} is ordered"), lines) };
    Ok(Done::changed(told, run).noting_all(details))
}

pub(super) async fn cancel(ask: Ask) -> Result<Done> {
    let run = named::run(&ask, ask.given.text(Kind::Run)).await?;
    let about = ask.store().read_in(ask.scope(), move |t| runs::get(t, run)).await?;
    if about.state.has_ended() {
        let why = format!("{run} has ended: it is {}. Nothing was changed.", about.state.as_str());
        return Err(Error::new(Code::Conflict, why));
    }
    ask.tasks().cancel(ask.scope(), run).await?;
    let told = reply(format!("{run} is being cancelled"), vec![about.title]);
    Ok(Done::changed(CommandReply { run_id: Some(run), ..told }, run))
}

pub(super) async fn answer(ask: Ask) -> Result<Done> {
    let run = named::run(&ask, ask.given.text(Kind::Run)).await?;
    let read = ask.store().read_in(ask.scope(), move |t| {
        Ok((runs::get(t, run)?, runs::steps_of(t, run, NOTHING)?, asks::of_run(t, run)?))
    });
    let (about, steps, asked) = read.await?;
    let of_agent =
        of_agent(&asked, ask.given.text(Kind::Prompt)).map(|(one, said)| (one.clone(), said.to_owned()));
    if let Some((one, said)) = of_agent {
        return answer_agent(ask, about.title, one, said).await;
    }
    let mut asking =
        steps.into_iter().map(|detail| detail.step).filter(|step| step.state == StepState::Waiting);
    // Of several that ask the first one is answered: its question is what people were shown first.
    let step = asking.next().ok_or_else(|| {
        Error::new(
            Code::Conflict,
            format!("{run} asks nothing, or was answered already. Nothing was changed."),
        )
    })?;
    let said = ask.given.text(Kind::Prompt);
    if said.chars().count() > ANSWER {
        return Err(wrong(format!("An answer has at most {ANSWER} characters.")));
    }
    ask.tasks().answer(ask.scope(), run, step.id, json!(said)).await?;
    let left = asking.count();
    let mut lines = vec![about.title];
    lines.extend((left > 0).then(|| format!("{} more ask.", count(left as i64, "step", "steps"))));
    let told =
        CommandReply { run_id: Some(run), ..reply(format!("{} of {run} is answered", step.name), lines) };
    Ok(Done::changed(told, run).noting("step", step.id.to_string()))
}

/// Which question of a coding agent a text answers, and by what: the one that it names, as buttons do (`#FENCE.ASK OPTION`), or
/// the only one that is open.
fn of_agent<'a>(asked: &'a [AgentAsk], said: &'a str) -> Option<(&'a AgentAsk, &'a str)> {
    if let Some((which, said)) = said.strip_prefix('#').and_then(|said| said.split_once(' ')) {
        let (fence, number) = which.split_once('.')?;
        let is_it = |one: &&AgentAsk| one.fence.to_string() == fence && one.ask_id.to_string() == number;
        return asked.iter().find(is_it).map(|one| (one, said.trim()));
    }
    let mut open = asked.iter().filter(|one| one.open);
    let only = open.next()?;
    open.next().is_none().then_some((only, said.trim()))
}

/// The option that a text means: its id, its name, or what kind of answer it is.
fn option<'a>(asked: &'a AgentAsk, said: &str) -> Option<&'a str> {
    use AgentAskKind::{AllowAlways, AllowOnce, RejectAlways, RejectOnce};
    let kinds: &[AgentAskKind] = match said {
        "allow" => &[AllowOnce, AllowAlways],
        "refuse" => &[RejectOnce, RejectAlways],
        _ => &[],
    };
    let options = &asked.options;
    let named = options.iter().find(|one| one.id == said || one.name.eq_ignore_ascii_case(said));
    let meant = || kinds.iter().find_map(|kind| options.iter().find(|one| one.kind == *kind));
    named.or_else(meant).map(|one| one.id.as_str())
}

async fn answer_agent(ask: Ask, title: String, asked: AgentAsk, said: String) -> Result<Done> {
    let chosen = option(&asked, &said).map(str::to_owned).ok_or_else(|| {
        let names: Vec<&str> = asked.options.iter().map(|option| option.name.as_str()).collect();
        wrong(format!("“{}” may be answered by: {}.", asked.title, names.join(", ")))
    })?;
    let lease = executions::Lease { run: asked.run_id, step: asked.step_id, fence: asked.fence };
    let (number, option) = (asked.ask_id, chosen.clone());
    let answers =
        ask.store().transact_in(ask.scope(), move |t| asks::answer(t, lease, number, Some(&option)));
    if let Some(runner) = answers.await? {
        ask.gateway().answered(runner);
    }
    let (run, lines) = (asked.run_id, vec![title, format!("{}: {said}", asked.title)]);
    let told = CommandReply { run_id: Some(run), ..reply(format!("The agent of {run} is answered"), lines) };
    Ok(Done::changed(told, run).noting("option", chosen))
}

pub(super) async fn retry(ask: Ask) -> Result<Done> {
    let run = named::run(&ask, ask.given.text(Kind::Run)).await?;
    let read =
        ask.store().read_in(ask.scope(), move |t| Ok((runs::get(t, run)?, runs::steps_of(t, run, NOTHING)?)));
    let (about, steps) = read.await?;
    // Those that ended because of another come along with that one.
    let again = steps.into_iter().map(|detail| detail.step).filter(|step| match step.state {
        StepState::Failed => true,
        StepState::Cancelled => !matches!(step.reason, Some(Reason::Parent { .. })),
        _ => false,
    });
    let again: Vec<_> = again.collect();
    if again.is_empty() {
        let why = format!("No step of {run} has failed or was cancelled. Nothing was changed.");
        return Err(Error::new(Code::Conflict, why));
    }
    let steps: Vec<_> = again.iter().take(AGAIN).map(|step| step.id).collect();
    let waits = ask.gateway().retry(ask.scope(), run, &steps).await?;
    let begun = steps.len();
    let mut lines = vec![about.title, format!("{} again.", count(begun as i64, "step", "steps"))];
    lines.extend(waits.map(str::to_owned));
    if again.len() > begun {
        lines.push(format!("{} are left; retry the run once more for them.", again.len() - begun));
    }
    let told = CommandReply { run_id: Some(run), ..reply(format!("{run} is done again"), lines) };
    Ok(Done::changed(told, run).noting("steps", begun))
}

pub(super) async fn pause(ask: Ask) -> Result<Done> {
    set(ask, true).await
}

pub(super) async fn resume(ask: Ask) -> Result<Done> {
    set(ask, false).await
}

async fn set(ask: Ask, paused: bool) -> Result<Done> {
    let id = named::schedule(&ask, ask.given.text(Kind::Schedule)).await?.id;
    let changed = ask.store().transact_in(ask.scope(), move |t| {
        let mut schedule = store::schedules::hold(t, id)?;
        if (schedule.state == ScheduleState::Paused) == paused {
            let why = if paused { "It is paused already." } else { "It is not paused." };
            return Err(Error::new(Code::Conflict, why));
        }
        let change = ChangeSchedule { paused: Some(paused), ..ChangeSchedule::default() };
        tasks::schedules::change(t, &mut schedule, &change)?;
        Ok(schedule)
    });
    let schedule = changed.await?;
    (ask.commands.inner.options.scheduled)();
    let now = if paused { "paused" } else { "resumed" };
    let next = schedule.next_at.map(|at| format!("It is due next at {at}."));
    let told = reply(format!("{} is {now}", schedule.name), next.into_iter().collect());
    Ok(Done::changed(told, id).noting("name", schedule.name))
}
