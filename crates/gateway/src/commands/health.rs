//! How the runners do, and what a person who knows better may say.

use std::collections::HashMap;

use kernel::{Code, Error, Result, Role, RunnerId};
use resilience::breaker::Position;
use store::executions::{self, Ends};
use store::runners;
use wire::fleet::End;

use super::registry::Kind;
use super::told::{reply, span, with_table};
use super::{Ask, Done, named};

/// Executions of the project that are looked at, the newest.
const LATEST: u32 = 1_000;

/// How a runner's executions went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Went {
    well: i64,
    badly: i64,
    /// Of both together, in milliseconds.
    took_ms: i64,
}

impl Went {
    fn count(&mut self, ends: &Ends) {
        match ends.end {
            End::Complete => self.well += ends.times,
            End::Failed | End::Timeout | End::Memory | End::Budget | End::Broken | End::Lost => {
                self.badly += ends.times
            }
            // That it would not, or should not, says nothing of how it does.
            End::Refused | End::Cancelled => return,
        }
        self.took_ms += ends.took_ms;
    }

    fn mean(self) -> String {
        match self.well + self.badly {
            0 => "–".into(),
            times => span(self.took_ms / times),
        }
    }
}

pub(super) async fn show(ask: Ask) -> Result<Done> {
    let read =
        ask.store().read_in(ask.scope(), |t| Ok((runners::of_project(t)?, executions::ends(t, LATEST)?)));
    let (serving, ends) = read.await?;
    if serving.is_empty() {
        return Ok(Done::told(reply("Health", vec!["No runner serves this project.".into()])));
    }
    let mut went: HashMap<RunnerId, Went> = HashMap::new();
    for ends in &ends {
        went.entry(ends.runner).or_default().count(ends);
    }
    let (now, breakers) = (ask.now(), ask.gateway().breakers());
    let rows = serving.into_iter().map(|runner| {
        let (position, calls) = match breakers.view(&runner.id) {
            None => ("closed".into(), "–".into()),
            Some(view) => {
                let position = match (view.position, view.retry_at) {
                    (Position::Closed, _) => "closed".into(),
                    (Position::HalfOpen, _) => "being tried".into(),
                    (Position::Open, None) => "open".into(),
                    (Position::Open, Some(at)) => format!("open for {}", span(at.since(now))),
                };
                (position, format!("{} of {}", view.failures, view.calls))
            }
        };
        let went = went.get(&runner.id).copied().unwrap_or_default();
        let there = if runner.present { "there" } else { "away" };
        let (well, badly) = (went.well.to_string(), went.badly.to_string());
        [runner.name, there.into(), position, calls, well, badly, went.mean()]
    });
    let lines = vec![
        "A breaker that is open keeps work from a runner on which much failed lately, for a minute at a time.".into(),
    ];
    let columns = ["Runner", "Now", "Breaker", "Failed calls", "Went well", "Went badly", "Mean time"];
    Ok(Done::told(with_table(reply("Health", lines), columns, rows)))
}

pub(super) async fn reset(ask: Ask) -> Result<Done> {
    let runner = named::runner(&ask, ask.given.text(Kind::Runner)).await?;
    if ask.scope().role() < Role::Owner && ask.actor() != Some(runner.owner_id) {
        let why = format!("Only {} or an owner of the project may do this.", runner.owner_name);
        return Err(Error::new(Code::Forbidden, why));
    }
    ask.gateway().reset(runner.id);
    Ok(Done::changed(reply(format!("{} is given work again", runner.name), Vec::new()), runner.id))
}

#[cfg(test)]
mod tests {
    use kernel::Id;

    use super::*;

    #[test]
    fn what_says_nothing_of_a_runners_health_is_not_counted() {
        let mut went = Went::default();
        for (end, times, took_ms) in [
            (End::Complete, 3, 9_000),
            (End::Failed, 1, 3_000),
            (End::Lost, 2, 0),
            (End::Refused, 5, 1_000),
            (End::Cancelled, 5, 1_000),
        ] {
            went.count(&Ends { runner: RunnerId::from_bits(1), end, times, took_ms });
        }
        assert_eq!(went, Went { well: 3, badly: 3, took_ms: 12_000 });
        assert_eq!((went.mean(), Went::default().mean()), ("2 s".into(), "–".into()));
    }
}
