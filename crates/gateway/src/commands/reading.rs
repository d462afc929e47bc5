//! Commands that only tell: help, what is under way and what waits, what was written, what was used, what is kept.

use kernel::{PageRequest, Result, Timestamp};
use store::runs::Which;
use store::{executions, runners, runs, schedules, usage};
use wire::fleet::CommandReply;
use wire::runs::{Run, RunState};
use wire::schedules::When;
use wire::usage::UsageBy;

use super::parse::wrong;
use super::registry::{self, COMMANDS, Command, Kind};
use super::told::{ago, count, last_lines, money, reason, reply, span, with_table};
use super::{Ask, Done, named};
use crate::orders;

/// Runs of each kind that are told of.
const RUNS: u32 = 20;
/// Steps that wait that are told of.
const WAITING: u32 = 50;
/// Lines of what was written, if it is not said.
const LINES: u32 = 20;
/// The last bytes of a stream that lines are looked for in.
const TAIL: u64 = 64 * 1024;
/// Pieces of a run's log that lines are looked for in.
const PIECES: u32 = 1_000;
/// Days of usage, if it is not said.
const DAYS: u32 = 7;

// It reads the table that names it, so its future cannot be a type of its own.
pub(super) fn help(ask: &Ask) -> Result<Done> {
    let needs = |command: &Command| match ask.who.may(command) {
        Ok(()) => String::new(),
        Err(_) => format!(" (for the role {})", command.needs),
    };
    let Some(name) = ask.given.find(Kind::Command) else {
        let rows =
            COMMANDS.iter().map(|command| [command.usage(), format!("{}{}", command.help, needs(command))]);
        return Ok(Done::told(with_table(reply("Commands", Vec::new()), ["Command", "What it does"], rows)));
    };
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let about: Vec<&Command> = match registry::find(&name) {
        Some(command) => vec![command],
        None => registry::beginning_with(&name).collect(),
    };
    if about.is_empty() {
        let near =
            registry::nearest(&name).map(|near| format!(" Did you mean {}?", near.name)).unwrap_or_default();
        return Err(wrong(format!("There is no such command.{near}")));
    }
    let lines =
        about.iter().flat_map(|command| [command.usage(), format!("{}{}", command.help, needs(command))]);
    Ok(Done::told(reply(name, lines.collect())))
}

pub(super) async fn status(ask: Ask) -> Result<Done> {
    let read = ask.store().read_in(ask.scope(), |t| {
        let page = PageRequest { limit: RUNS, after: None };
        let mut of = |state| runs::list(t, &Which { state: Some(state), kind: None }, &page);
        Ok((of(RunState::Running)?, of(RunState::Queued)?, runners::of_project(t)?))
    });
    let (running, queued, serving) = read.await?;
    let now = ask.now();
    let there = serving.iter().filter(|runner| runner.present).count();
    let lines = vec![
        format!("{} under way, {} waiting.", count(running.total, "run", "runs"), queued.total),
        format!("{there} of {} there.", count(serving.len() as i64, "runner", "runners")),
    ];
    let rows = running.rows.into_iter().chain(queued.rows).map(|run| run_row(now, run));
    Ok(Done::told(with_table(reply("Status", lines), ["Run", "What", "State", "Steps", "Since"], rows)))
}

fn run_row(now: Timestamp, run: Run) -> [String; 5] {
    let state = if run.paused.is_some() { "paused" } else { run.state.as_str() };
    let since = run.started_at.unwrap_or(run.created_at);
    let steps = format!("{} of {}", run.complete, run.total);
    [run.id.to_string(), run.title, state.to_owned(), steps, span(now.since(since))]
}

pub(super) async fn runners(ask: Ask) -> Result<Done> {
    let serving = ask.store().read_in(ask.scope(), runners::of_project).await?;
    let now = ask.now();
    if serving.is_empty() {
        let none = "No runner serves this project. Start one: atelier runner --project …".to_owned();
        return Ok(Done::told(reply("Runners", vec![none])));
    }
    let rows = serving.into_iter().map(|runner| {
        let here = if runner.present { "there".into() } else { format!("seen {}", ago(now, runner.seen_at)) };
        let can = runner.commands.then(|| "commands".to_owned()).into_iter().chain(runner.agents);
        let can = can.collect::<Vec<_>>().join(", ");
        [runner.name, here, can, runner.slots.to_string(), runner.platform, runner.version, runner.owner_name]
    });
    let columns = ["Runner", "Now", "Does", "At a time", "System", "Version", "Whose"];
    Ok(Done::told(with_table(reply("Runners", Vec::new()), columns, rows)))
}

pub(super) async fn queue(ask: Ask) -> Result<Done> {
    let (fleet, waiting) = tokio::try_join!(
        ask.gateway().queue(ask.scope()),
        ask.store().read_in(ask.scope(), |t| runs::waiting(t, WAITING)),
    )?;
    let (now, turn) = (ask.now(), format!("{}#", orders::turn(ask.project())));
    let remote = fleet.into_iter().filter_map(|step| {
        let why = step.reason?;
        let until =
            why.until.filter(|until| *until > now).map(|until| format!(" In {}.", span(until.since(now))));
        let why = format!("{}{}", why.message, until.unwrap_or_default());
        Some([step.run_id.to_string(), step.title, step.step, why])
    });
    let others = waiting.into_iter().filter(|step| !step.queue.starts_with(&turn)).map(|step| {
        let why = reason(now, step.reason.as_ref());
        [step.run.to_string(), step.run_title, step.name, why]
    });
    let rows: Vec<[String; 5]> = remote
        .chain(others)
        .enumerate()
        .map(|(n, [run, title, step, why])| [(n + 1).to_string(), run, title, step, why])
        .collect();
    if rows.is_empty() {
        return Ok(Done::told(reply("Queue", vec!["Nothing waits.".into()])));
    }
    let columns = ["", "Run", "What", "Step", "Why"];
    Ok(Done::told(with_table(reply("Queue", Vec::new()), columns, rows)))
}

pub(super) async fn logs(ask: Ask) -> Result<Done> {
    let run = named::run(&ask, ask.given.text(Kind::Run)).await?;
    let wanted = ask.given.number(Kind::Lines).unwrap_or(LINES) as usize;
    let read = ask.store().read_in(ask.scope(), move |t| {
        let about = runs::get(t, run)?;
        // The latest one that wrote anything.
        let done = executions::of_run(t, run)?;
        let wrote = done.iter().rev().find_map(|done| {
            let output = done.streams.iter().find(|stream| stream.name == "output")?;
            Some((executions::Lease { run, step: done.step_id, fence: done.fence }, output.length))
        });
        let bytes = match wrote {
            Some((lease, length)) => {
                executions::read(t, lease, "output", length.saturating_sub(TAIL), TAIL as usize)?.0
            }
            None => {
                let from = about.log_end.saturating_sub(TAIL as i64).max(0);
                let mut pieces = runs::log(t, run, from, PIECES)?;
                pieces.retain(runs::is_told);
                let lines: Vec<String> = pieces.into_iter().map(|piece| piece.text).collect();
                lines.join("\n").into_bytes()
            }
        };
        Ok((about, bytes))
    });
    let (about, bytes) = read.await?;
    let lines = match bytes.is_empty() {
        true => vec!["It has written nothing.".into()],
        false => last_lines(&bytes, wanted),
    };
    let title = format!("{} ({})", about.title, about.state.as_str());
    Ok(Done::told(CommandReply { run_id: Some(run), ..reply(title, lines) }))
}

pub(super) async fn usage(ask: Ask) -> Result<Done> {
    let days = ask.given.number(Kind::Days).unwrap_or(DAYS);
    let today = ask.now().0.div_euclid(usage::DAY_MS) * usage::DAY_MS;
    let since = Timestamp(today).plus_millis(-usage::DAY_MS * i64::from(days - 1));
    let read = ask.store().read_in(ask.scope(), move |t| {
        Ok((usage::report(t, UsageBy::Day, since)?, executions::used(t, since)?))
    });
    let (by_day, (times, agents)) = read.await?;
    let total = |of: fn(&wire::usage::UsageSum) -> i64| by_day.iter().map(|row| of(&row.sum)).sum::<i64>();
    let micros = |micros: i64| money(u64::try_from(micros).unwrap_or(0));
    let lines = vec![
        format!(
            "Language models: {}, {} tokens in, {} out, {}.",
            count(total(|sum| sum.calls), "call", "calls"),
            total(|sum| sum.input_tokens),
            total(|sum| sum.output_tokens),
            micros(total(|sum| sum.cost_micro_usd)),
        ),
        format!(
            "Coding agents on runners, as they say: {}, {} tokens in, {} out, {}.",
            count(times, "task", "tasks"),
            agents.input_tokens,
            agents.output_tokens,
            money(agents.cost_micros),
        ),
    ];
    let rows = by_day.into_iter().map(|row| {
        let sum = row.sum;
        let numbers = [sum.calls, sum.input_tokens, sum.output_tokens].map(|number| number.to_string());
        let [calls, input, output] = numbers;
        [row.key, calls, input, output, micros(sum.cost_micro_usd)]
    });
    let title = format!("Usage of {}", count(i64::from(days), "day", "days"));
    Ok(Done::told(with_table(reply(title, lines), ["Day", "Calls", "Tokens in", "Tokens out", "Cost"], rows)))
}

pub(super) async fn schedules(ask: Ask) -> Result<Done> {
    let page = PageRequest { limit: named::SCHEDULES, after: None };
    let all = ask.store().read_in(ask.scope(), move |t| schedules::list(t, &page)).await?;
    if all.rows.is_empty() {
        return Ok(Done::told(reply("Schedules", vec!["The project has no schedules.".into()])));
    }
    let rows = all.rows.into_iter().map(|schedule| {
        let when = match schedule.when {
            When::Once { at } => format!("once at {at}"),
            When::Cron { cron, time_zone } => format!("{cron} ({time_zone})"),
        };
        let next = schedule.next_at.map_or_else(|| "–".into(), |at| at.to_string());
        [schedule.name, schedule.state.as_str().into(), when, next, schedule.id.to_string()]
    });
    Ok(Done::told(with_table(
        reply("Schedules", Vec::new()),
        ["Schedule", "State", "When", "Next", "Id"],
        rows,
    )))
}

pub(super) async fn retention(ask: Ask) -> Result<Done> {
    let rows = ask.commands.inner.options.retention.iter().map(|(what, long)| [what.clone(), long.clone()]);
    Ok(Done::told(with_table(reply("Retention", Vec::new()), ["What", "How long"], rows)))
}
