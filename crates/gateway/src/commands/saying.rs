//! Commands that say something to a coding agent while it works.

use kernel::Result;
use store::{runs, said, slack};
use wire::fleet::{CommandReply, SAY_BYTES, Verb};

use super::parse::wrong;
use super::registry::Kind;
use super::told::reply;
use super::{Ask, Done, named};

/// Says something to the agent that is at work in a run.
pub(super) async fn say(ask: Ask, verb: Verb) -> Result<Done> {
    let run = named::run(&ask, ask.given.text(Kind::Run)).await?;
    let text = ask.given.text(Kind::Prompt).to_owned();
    if text.len() > SAY_BYTES {
        return Err(wrong(format!("An agent is told at most {SAY_BYTES} bytes at once.")));
    }
    let word = ask.word.clone();
    let says = ask.store().transact_in(ask.scope(), move |t| {
        if let Some(word) = &word {
            // What was said in Slack is not said again by a server that goes on with what another was at.
            slack::heeded(t, word)?;
        }
        let (said, runner) = said::say(t, run, None, verb, &text)?;
        Ok((said, runner, runs::get(t, run)?.title))
    });
    let (said, runner, title) = says.await?;
    if let Some(runner) = runner {
        ask.gateway().said(runner);
    }
    let when = match verb {
        Verb::Queue => "It turns to that when it is done with what it does.",
        Verb::Steer => "It turns to that when its tool call is over.",
        Verb::Interrupt => "It breaks off what it does.",
    };
    let told = reply(format!("The agent of {run} is told"), vec![title, when.to_owned()]);
    let done = Done::changed(CommandReply { run_id: Some(run), ..told }, run);
    Ok(done.noting("verb", verb.as_str()).noting("said", said.said_id))
}
