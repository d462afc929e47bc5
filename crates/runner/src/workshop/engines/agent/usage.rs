//! What an agent used so far, as it says itself, and whether that is more than its task may: no IO.

use agent_client_protocol::v1::schema::{Usage as OfTurns, UsageUpdate};
use wire::fleet::{Bounds, Used};

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// All tokens of the session, those that it was given and those that it made, as it said at the end of its last turn.
    turns: Option<(u64, u64, u64)>,
    /// How full its context was at the most. It has used at least that.
    context: u64,
    /// In millionths of a US dollar.
    cost_micros: Option<u64>,
}

impl Usage {
    /// Takes in what it says while its turn goes on.
    pub(super) fn update(&mut self, update: &UsageUpdate) {
        self.context = self.context.max(update.used);
        if let Some(cost) = update.cost.as_ref().filter(|cost| cost.currency == "USD") {
            self.cost_micros = micros(cost.amount);
        }
    }

    /// Takes in what it says at the end of a turn, of all turns.
    pub(super) fn turned(&mut self, usage: &OfTurns) {
        self.turns = Some((usage.total_tokens, usage.input_tokens, usage.output_tokens));
    }

    /// What it used, if it has said anything of it.
    pub(super) fn used(&self) -> Option<Used> {
        if self.turns.is_none() && self.cost_micros.is_none() && self.context == 0 {
            return None;
        }
        let (_, input, output_tokens) = self.turns.unwrap_or_default();
        let input_tokens = input.max(self.context.saturating_sub(output_tokens));
        Some(Used { input_tokens, output_tokens, cost_micros: self.cost_micros.unwrap_or(0) })
    }

    /// In a sentence, how it has used more than it may.
    pub(super) fn over(&self, bounds: &Bounds) -> Option<String> {
        let tokens = self.turns.map_or(0, |(total, ..)| total).max(self.context);
        if let Some(most) = bounds.tokens.filter(|most| tokens > *most) {
            return Some(format!("It used {tokens} tokens, and may use {most}."));
        }
        let cost = self.cost_micros.unwrap_or(0);
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
            usage.cost_micros
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
