//! How things look in Slack: replies of commands, and how a run gets on. Pure functions to the JSON of a message.

use serde_json::{Value, json};
use store::runs::Detail;
use wire::fleet::{AgentAsk, AgentAskKind, CommandReply, CommandTable, Execution};
use wire::runs::{Run, StepState};

use crate::commands::told::{count, money, span};

/// The most characters of a message: of a section Slack takes 3,000.
const MESSAGE: usize = 2_900;
/// Characters of a cell in a table.
const CELL: usize = 40;
/// Questions of coding agents that are shown, each with its buttons; Slack takes 25 of these.
const ASKS: usize = 2;
/// Characters of one, and of its detail.
const ASKED: usize = 500;
/// Characters that Slack takes on a button.
const LABEL: usize = 75;
/// Steps of a run that are listed.
const STEPS: usize = 20;

/// A text as Slack shows it: nothing in it is a mention or a link.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A text that is short enough, cut at its end.
fn cut(text: String, most: usize) -> String {
    if text.chars().count() <= most { text } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// A command's reply.
pub(crate) fn reply(reply: &CommandReply) -> String {
    let mut text = format!("*{}*", escaped(&reply.title).replace('*', "∗"));
    for line in &reply.lines {
        text.push('\n');
        text.push_str(&escaped(line));
    }
    match &reply.table {
        None => cut(text, MESSAGE),
        Some(table) => {
            // The text before it has at most half, so that the table is never cut within its fence.
            let text = cut(text, MESSAGE / 2);
            let room = MESSAGE - text.chars().count() - "\n```\n\n```".len();
            format!("{text}\n```\n{}\n```", fenced(table, room))
        }
    }
}

/// A table in columns, as many rows as there is room for.
fn fenced(table: &CommandTable, room: usize) -> String {
    let cell = |cell: &String| cut(cell.replace("```", "'''"), CELL);
    let all: Vec<Vec<String>> = std::iter::once(&table.columns)
        .chain(&table.rows)
        .map(|row| row.iter().map(cell).collect())
        .collect();
    let width = |at: usize| {
        all.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let mut text = String::new();
    for (n, row) in all.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = escaped(cells.collect::<Vec<_>>().join("  ").trim_end());
        if text.chars().count() + line.chars().count() + 20 > room {
            text.push_str(&format!("\n… and {} more", all.len() - n));
            break;
        }
        if n > 0 {
            text.push('\n');
        }
        text.push_str(&line);
    }
    text
}

/// How a run gets on: one message, with buttons for what can be done about it.
pub(crate) fn progress(run: &Run, steps: &[Detail], done: &[Execution], asked: &[AgentAsk]) -> Value {
    let open: Vec<&AgentAsk> = asked.iter().filter(|asked| asked.open).collect();
    let mut text = format!("*{}* – {}", escaped(&run.title).replace('*', "∗"), run.state.as_str());
    if let Some(why) = &run.paused {
        text.push_str(&format!(" (paused: {})", escaped(why)));
    }
    for detail in steps.iter().take(STEPS) {
        text.push_str(&format!("\n{}", step(detail)));
    }
    if steps.len() > STEPS {
        text.push_str(&format!("\n… and {} more", steps.len() - STEPS));
    }
    // Whoever has seen one of these may look for its buttons.
    for asked in asked.iter().rev().filter(|asked| asked.withdrawn_at.is_some()).take(ASKS) {
        let told = format!("\n– Withdrawn by the agent on {}: {}", asked.runner_name, asked.title);
        text.push_str(&cut(escaped(&told), ASKED));
    }
    for asked in open.iter().take(ASKS) {
        let told =
            format!("\n? The agent on {} asks: *{}*", asked.runner_name, asked.title.replace('*', "∗"));
        text.push_str(&cut(escaped(&told), ASKED));
        if !asked.detail.is_empty() {
            text.push_str(&format!("\n```{}```", cut(escaped(&asked.detail.replace("```", "'''")), ASKED)));
        }
    }
    if run.state.has_ended() {
        text.push_str(&format!("\n{}", result(run, done)));
    }
    let text = cut(text, MESSAGE);
    let mut blocks = vec![json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } })];
    let buttons = buttons(run, steps, &open);
    if !buttons.is_empty() {
        blocks.push(json!({ "type": "actions", "elements": buttons }));
    }
    json!({ "text": text, "blocks": blocks })
}

fn step(detail: &Detail) -> String {
    let step = &detail.step;
    let mark = match step.state {
        StepState::Queued => "·",
        StepState::Leased | StepState::Running => "▸",
        StepState::Waiting => "?",
        StepState::Complete => "✓",
        StepState::Failed | StepState::Cancelled => "✗",
    };
    let why = match (&step.reason, step.state) {
        (Some(wire::runs::Reason::Person { question }), StepState::Waiting) => format!(": {question}"),
        (Some(wire::runs::Reason::Error { error, .. }), _) => format!(": {error}"),
        _ => String::new(),
    };
    cut(format!("{mark} {}{}", escaped(&step.name), escaped(&why)), 500)
}

/// What came of it: how long it took, files, tokens and cost.
fn result(run: &Run, done: &[Execution]) -> String {
    let mut parts = Vec::new();
    if let (Some(from), Some(to)) = (run.started_at, run.ended_at) {
        parts.push(format!("It took {}.", span(to.since(from))));
    }
    let outcomes = || done.iter().filter_map(|done| done.outcome.as_ref());
    let files = outcomes().flat_map(|outcome| &outcome.files);
    let (number, added, removed) = files.fold((0, 0, 0), |(number, added, removed), file| {
        (number + 1, added + file.added.unwrap_or(0), removed + file.removed.unwrap_or(0))
    });
    if number > 0 {
        parts.push(format!("{} changed (+{added} −{removed}).", count(number, "file", "files")));
    }
    if let Some(branch) = outcomes().find_map(|outcome| outcome.branch.as_ref()) {
        parts.push(format!("Branch {}.", escaped(branch)));
    }
    let used: Vec<_> = outcomes().filter_map(|outcome| outcome.used).collect();
    if !used.is_empty() {
        let tokens: u64 = used.iter().map(|used| used.input_tokens.saturating_add(used.output_tokens)).sum();
        parts.push(format!("{tokens} tokens, {}.", money(used.iter().map(|used| used.cost_micros).sum())));
    }
    parts.extend(
        outcomes().next_back().map(|outcome| escaped(&outcome.message)).filter(|message| !message.is_empty()),
    );
    parts.join(" ")
}

/// Buttons are commands: what pressing one may do is seen as for whoever types it.
fn buttons(run: &Run, steps: &[Detail], open: &[&AgentAsk]) -> Vec<Value> {
    let button = |name: &str, text: &str, command: &str, style: Option<&str>| {
        let mut button = json!({ "type": "button", "action_id": name, "value": command,
            "text": { "type": "plain_text", "text": text } });
        if let Some(style) = style {
            button["style"] = json!(style);
        }
        button
    };
    let mut buttons = Vec::new();
    if steps.iter().any(|detail| detail.step.state == StepState::Waiting) {
        let answer = |word: &str| format!("answer {} {word}", run.id);
        buttons.push(button("allow", "Allow", &answer("allow"), Some("primary")));
        buttons.push(button("refuse", "Refuse", &answer("refuse"), Some("danger")));
    }
    for asked in open.iter().take(ASKS) {
        for option in &asked.options {
            // It names the question: whoever presses twice does not answer the next one unseen.
            let (fence, number) = (asked.fence, asked.ask_id);
            let command = format!("answer {} #{fence}.{number} {}", run.id, option.id);
            let style = match option.kind {
                AgentAskKind::AllowOnce | AgentAskKind::AllowAlways => "primary",
                AgentAskKind::RejectOnce | AgentAskKind::RejectAlways => "danger",
            };
            let name = format!("ask/{fence}/{number}/{}", buttons.len());
            buttons.push(button(&name, &cut(option.name.clone(), LABEL), &command, Some(style)));
        }
    }
    if !run.state.has_ended() && run.asked_at.is_none() {
        buttons.push(button("cancel", "Cancel", &format!("cancel {}", run.id), None));
    }
    buttons
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_told_mentions_anyone_or_breaks_out_of_its_table() {
        let table = CommandTable { columns: vec!["a".into()], rows: vec![vec!["``` <!channel> & x".into()]] };
        let told = reply(&CommandReply {
            title: "<@U1>".into(),
            lines: vec!["<https://x|y>".into()],
            table: Some(table),
            run_id: None,
        });
        assert!(!told.contains('<') && told.matches("```").count() == 2, "{told}");
        assert!(told.contains("&lt;!channel&gt; &amp; x"));
    }

    #[test]
    fn a_message_is_never_longer_than_slack_takes() {
        let rows = (0..100).map(|n| vec![n.to_string(), "x".repeat(300)]).collect();
        let table = CommandTable { columns: vec!["n".into(), "x".into()], rows };
        let told = reply(&CommandReply {
            title: "t".repeat(10_000),
            lines: vec!["l".repeat(10_000)],
            table: Some(table),
            run_id: None,
        });
        assert!(told.chars().count() <= MESSAGE, "{}", told.chars().count());
        assert!(told.ends_with("more\n```"), "{told}");
        let long = reply(&CommandReply { lines: vec!["l".repeat(10_000)], ..CommandReply::default() });
        assert_eq!(long.chars().count(), MESSAGE);
    }

    #[test]
    fn columns_stand_below_each_other() {
        let table = CommandTable {
            columns: vec!["Run".into(), "What".into()],
            rows: vec![vec!["one".into(), "x".into()], vec!["fifteen".into(), "y".into()]],
        };
        assert_eq!(fenced(&table, 1_000), "Run      What\none      x\nfifteen  y");
    }
}
