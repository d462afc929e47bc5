//! How things are told in a few words: times, money, what a step waits for, what a program wrote.

use kernel::Timestamp;
use wire::fleet::{CommandReply, CommandTable};
use wire::runs::Reason;

/// Rows of a table at most.
pub(crate) const ROWS: usize = 100;
/// Characters of a cell at most.
const CELL: usize = 300;

/// A reply that begins so.
pub(crate) fn reply(title: impl Into<String>, lines: Vec<String>) -> CommandReply {
    CommandReply { title: title.into(), lines, ..CommandReply::default() }
}

/// The reply with a table, unless that would be empty. What is too long is cut off.
pub(crate) fn with_table<const N: usize>(
    mut reply: CommandReply,
    columns: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> CommandReply {
    let mut rows = rows.into_iter();
    let told: Vec<Vec<String>> =
        rows.by_ref().take(ROWS).map(|row| row.map(|cell| cut(&cell)).to_vec()).collect();
    let more = rows.count();
    if more > 0 {
        reply.lines.push(format!("And {more} more."));
    }
    if !told.is_empty() {
        reply.table = Some(CommandTable { columns: columns.map(str::to_owned).to_vec(), rows: told });
    }
    reply
}

fn cut(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    if text.chars().count() <= CELL { text } else { text.chars().take(CELL - 1).chain(['…']).collect() }
}

/// How many there are of something.
pub(crate) fn count(number: i64, one: &str, several: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {several}") }
}

/// A span of time.
pub(crate) fn span(millis: i64) -> String {
    let seconds = millis.max(0) / 1_000;
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}

/// How long ago something was.
pub(crate) fn ago(now: Timestamp, at: Option<Timestamp>) -> String {
    at.map_or_else(|| "never".into(), |at| format!("{} ago", span(now.since(at))))
}

/// Money, from millionths of a US dollar.
pub(crate) fn money(micros: u64) -> String {
    format!("${}.{:04}", micros / 1_000_000, micros % 1_000_000 / 100)
}

/// What a step waits for.
pub(crate) fn reason(now: Timestamp, reason: Option<&Reason>) -> String {
    let later = |until: Timestamp| format!("in {}", span(until.since(now)));
    match reason {
        None | Some(Reason::Ready) => "it waits for a free worker".into(),
        Some(Reason::Parents { open }) => {
            format!("it waits for {}", count(i64::from(*open), "step", "steps"))
        }
        Some(Reason::Delay { until }) => format!("it was asked to start {}", later(*until)),
        Some(Reason::Retry { until, error }) => format!("it is tried again {}: {error}", later(*until)),
        Some(Reason::Paused { why }) => format!("its run is paused: {why}"),
        Some(Reason::Person { question }) => format!("a person has to answer: {question}"),
        Some(Reason::Error { error, .. }) => format!("it failed: {error}"),
        Some(Reason::Expired) => "its time was over".into(),
        Some(Reason::Asked { .. }) => "someone cancelled it".into(),
        Some(Reason::Parent { name, state, .. }) => format!("{name} before it is {}", state.as_str()),
    }
}

/// The last lines of what a program wrote, as a terminal would show them: without colours, and of what was written over only
/// what came last.
pub(crate) fn last_lines(bytes: &[u8], lines: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut all: Vec<&str> = text.trim_end().split('\n').collect();
    let last = all.split_off(all.len().saturating_sub(lines));
    last.into_iter()
        .map(|line| {
            let line = line.trim_end_matches('\r');
            plain(line.rsplit('\r').next().unwrap_or_default())
        })
        .collect()
}

/// A line without a terminal's commands (ECMA-48: `ESC [`, parameters, one final byte) and other controls.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                if chars.next() == Some('[') {
                    chars.by_ref().find(|c| ('@'..='~').contains(c));
                }
            }
            '\t' => plain.push('\t'),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain.chars().take(2_000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_wrote_is_shown_as_on_a_terminal() {
        let wrote = b"one\n\x1b[31mred\x1b[0m\ttab\r\n10%\r50%\r100%\nlast\x07 \xff\n\n";
        assert_eq!(last_lines(wrote, 3), ["red\ttab", "100%", "last \u{fffd}"]);
        assert_eq!(last_lines(b"", 3), [""]);
        assert_eq!(last_lines(b"\x1b", 1), [""]);
    }

    #[test]
    fn spans_and_money_are_told_in_few_digits() {
        for (millis, told) in [(-5, "0 s"), (59_999, "59 s"), (61_000, "1 min"), (3_700_000, "1 h 1 min")] {
            assert_eq!(span(millis), told);
        }
        assert_eq!(span(90_000_000), "1 d 1 h");
        assert_eq!((money(0), money(1_234_567)), ("$0.0000".into(), "$1.2345".into()));
    }

    #[test]
    fn a_table_has_an_end_and_says_so() {
        let rows = (0..ROWS + 2).map(|n| [n.to_string(), "x".repeat(CELL + 1)]);
        let told = with_table(reply("t", Vec::new()), ["a", "b"], rows);
        let table = told.table.unwrap();
        assert_eq!((table.rows.len(), table.rows[0][1].chars().count()), (ROWS, CELL));
        assert_eq!(told.lines, ["And 2 more."]);
        assert_eq!(with_table(reply("t", Vec::new()), ["a"], []).table, None);
    }
}
