//! What an agent used so far, as it says itself, and whether that is more than its task may: no IO.

use agent_client_protocol::v1::schema::{Usage as OfTurns, UsageUpdate};
use wire::fleet::{Bounds, Used};

use crate::workshop::conversations::Spent;

/// What is known of it. What it says at the end of a turn, and of its cost, is of all of its session.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// All that it has said of its session.
    session: Spent,
    /// What that was before this task. Nothing, if it turned out that it does not count on from there.
    before: Spent,
    /// Whether it said something of its turns, and of its cost.
    said: (bool, bool),
    /// How full its context was at the most. It has used at least that.
    context: u64,
}

impl Usage {
    /// It goes on with a session that had used that.
    pub(super) fn goes_on(&mut self, before: Spent) {
        (self.session, self.before) = (before, before);
    }

    /// What its session used, all of its tasks together.
    pub(super) fn session(&self) -> Spent {
        self.session
    }

    /// Takes in what it says while its turn goes on.
    pub(super) fn update(&mut self, update: &UsageUpdate) {
        self.context = self.context.max(update.used);
        let cost = update.cost.as_ref().filter(|cost| cost.currency == "USD");
        if let Some(cost) = cost.and_then(|cost| micros(cost.amount)) {
            self.said.1 = true;
            if cost < self.before.cost_micros {
                self.before.cost_micros = 0;
            }
            self.session.cost_micros = cost;
        }
    }

    /// Takes in what it says at the end of a turn, of all turns.
    pub(super) fn turned(&mut self, usage: &OfTurns) {
        self.said.0 = true;
        if usage.total_tokens < self.before.total {
            self.before = Spent { cost_micros: self.before.cost_micros, ..Spent::default() };
        }
        let (total, input, output) = (usage.total_tokens, usage.input_tokens, usage.output_tokens);
        self.session = Spent { total, input, output, cost_micros: self.session.cost_micros };
    }

    /// What this task used by that.
    fn own(&self) -> Spent {
        let (session, before) = (&self.session, &self.before);
        Spent {
            total: session.total.saturating_sub(before.total),
            input: session.input.saturating_sub(before.input),
            output: session.output.saturating_sub(before.output),
            cost_micros: session.cost_micros.saturating_sub(before.cost_micros),
        }
    }

    /// What it used, if it has said anything of it.
    pub(super) fn used(&self) -> Option<Used> {
        if self.said == (false, false) && self.context == 0 {
            return None;
        }
        let Spent { input, output, cost_micros, .. } = self.own();
        let input_tokens = input.max(self.context.saturating_sub(output));
        Some(Used { input_tokens, output_tokens: output, cost_micros })
    }

    /// In a sentence, how it has used more than it may.
    pub(super) fn over(&self, bounds: &Bounds) -> Option<String> {
        let own = self.own();
        let (tokens, cost) = (own.total.max(self.context), own.cost_micros);
        if let Some(most) = bounds.tokens.filter(|most| tokens > *most) {
            return Some(format!("It used {tokens} tokens, and may use {most}."));
        }
        let most = bounds.cost_micros.filter(|most| cost > *most)?;
        Some(format!("It cost {}, and may cost {}.", dollars(cost), dollars(most)))
    }
}

fn dollars(micros: u64) -> String {
    format!("${}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// An amount of dollars that makes sense, in millionths.
fn micros(dollars: f64) -> Option<u64> {
    let micros = (dollars * 1_000_000.0).round();
    // Nothing costs a thousand million dollars; below that each number is exact.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (0.0..1e15).contains(&micros).then_some(micros as u64)
}

#[cfg(test)]
mod tests {
    use agent_client_protocol::v1::schema::Cost;

    use super::*;

    fn bounds(tokens: Option<u64>, cost_micros: Option<u64>) -> Bounds {
        Bounds { tokens, cost_micros, ..Bounds::default() }
    }

    #[test]
    fn a_cost_that_makes_no_sense_is_none() {
        let cost = |amount, currency: &str| {
            let mut usage = Usage::default();
            usage.update(&UsageUpdate::new(1, 2).cost(Cost::new(amount, currency)));
            usage.said.1.then_some(usage.session.cost_micros)
        };
        assert_eq!(cost(0.25, "USD"), Some(250_000));
        assert_eq!((cost(1.0, "EUR"), cost(-1.0, "USD"), cost(f64::NAN, "USD")), (None, None, None));
    }

    #[test]
    fn what_was_used_is_the_more_of_what_turns_and_the_context_say() {
        let mut usage = Usage::default();
        assert_eq!(usage.used(), None);
        usage.update(&UsageUpdate::new(70, 100));
        let used = |usage: &Usage| usage.used().map(|used| (used.input_tokens, used.output_tokens));
        assert_eq!(used(&usage), Some((70, 0)));
        usage.update(&UsageUpdate::new(10, 100));
        assert_eq!(used(&usage), Some((70, 0)), "its context was emptied");
        usage.turned(&OfTurns::new(250, 200, 50));
        assert_eq!(used(&usage), Some((200, 50)));
    }

    #[test]
    fn what_its_session_used_before_is_not_this_task_s() {
        let before = Spent { total: 250, input: 200, output: 50, cost_micros: 250_000 };
        let used = |turns: &[OfTurns], cost| {
            let mut usage = Usage::default();
            usage.goes_on(before);
            usage.update(&UsageUpdate::new(0, 100).cost(Cost::new(cost, "USD")));
            turns.iter().for_each(|turn| usage.turned(turn));
            let used = usage.used().unwrap();
            (used.input_tokens, used.output_tokens, used.cost_micros)
        };
        assert_eq!(used(&[OfTurns::new(280, 220, 60)], 0.3), (20, 10, 50_000));
        // This one counts from its start.
        let turns = [OfTurns::new(30, 20, 10), OfTurns::new(280, 220, 60)];
        assert_eq!(used(&turns, 0.1), (220, 60, 100_000));
    }

    #[test]
    fn more_than_it_may_use_is_said_in_a_sentence() {
        let mut usage = Usage::default();
        usage.update(&UsageUpdate::new(70, 100).cost(Cost::new(0.25, "USD")));
        assert_eq!(usage.over(&bounds(None, None)), None);
        assert_eq!(usage.over(&bounds(Some(70), Some(250_000))), None);
        let over = |bounds| usage.over(&bounds).unwrap();
        assert_eq!(over(bounds(Some(69), None)), "It used 70 tokens, and may use 69.");
        assert_eq!(over(bounds(None, Some(100))), "It cost $0.250000, and may cost $0.000100.");
    }
}
