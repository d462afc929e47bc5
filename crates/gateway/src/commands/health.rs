//! How the runners do, and what a person who knows better may say.

use kernel::{Code, Error, Result, Role};
use wire::fleet::BreakerState;

use super::registry::Kind;
use super::told::{reply, span, with_table};
use super::{Ask, Done, named};

pub(super) async fn show(ask: Ask) -> Result<Done> {
    let serving = ask.gateway().serving(ask.scope()).await?;
    if serving.is_empty() {
        return Ok(Done::told(reply("Health", vec!["No runner serves this project.".into()])));
    }
    let now = ask.now();
    let rows = serving.into_iter().map(|runner| {
        let breaker = match (runner.breaker.state, runner.breaker.until) {
            (BreakerState::Closed, _) => "closed".into(),
            (BreakerState::HalfOpen, _) => "being tried".into(),
            (BreakerState::Open, None) => "open".into(),
            (BreakerState::Open, Some(until)) => format!("open for {}", span(until.since(now))),
        };
        let there = if runner.present { "there" } else { "away" };
        let has = format!("{} of {}", runner.busy, runner.slots);
        let mean = runner.mean_ms.map_or_else(|| "–".into(), span);
        [runner.name, there.into(), has, breaker, runner.done.to_string(), runner.failed.to_string(), mean]
    });
    let lines = vec![
        "A breaker that is open keeps work from a runner on which much failed lately, for a minute at a time.".into(),
        "What went well or badly is of the last 7 days.".into(),
    ];
    let columns = ["Runner", "Now", "Has", "Breaker", "Went well", "Went badly", "Mean time"];
    Ok(Done::told(with_table(reply("Health", lines), columns, rows)))
}

pub(super) async fn reset(ask: Ask) -> Result<Done> {
    let runner = named::runner(&ask, ask.given.text(Kind::Runner)).await?;
    if ask.scope().role() < Role::Owner && ask.actor() != Some(runner.owner_id) {
        let why = format!("Only {} or an owner of the project may do this.", runner.owner_name);
        return Err(Error::new(Code::Forbidden, why));
    }
    ask.gateway().reset(runner.id).await?;
    let told = reply(format!("{} is given work again", runner.name), Vec::new());
    Ok(Done::changed(told, runner.id).noting("name", runner.name))
}
