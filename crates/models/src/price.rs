//! What tokens cost: a table with its source and date, and no guesses beyond it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::delta::Usage;
use crate::provider::{Billing, Target};

/// The table that Atelier comes with.
const BUNDLED: &str = include_str!("../prices.json");

/// What something cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Millionths of a US dollar.
    MicroUsd(u64),
    /// Nobody here knows. Never shown or summed as 0.
    Unknown,
}

impl Cost {
    /// Both together; unknown if either is.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::MicroUsd(a), Self::MicroUsd(b)) => Self::MicroUsd(a.saturating_add(b)),
            _ => Self::Unknown,
        }
    }
}

/// Prices by model, in micro-USD per million tokens.
#[derive(Debug, Clone)]
pub struct Prices(Arc<Table>);

#[derive(Debug, Default, Deserialize)]
struct Table {
    source: String,
    taken: String,
    #[serde(default)]
    openai: BTreeMap<String, Price>,
    #[serde(default)]
    anthropic: BTreeMap<String, Price>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Price {
    input: u64,
    cached: Option<u64>,
    cache_write: Option<u64>,
    output: u64,
    /// What all tokens cost when the request is longer than a bound.
    long: Option<Long>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Long {
    above: u64,
    input: u64,
    cached: Option<u64>,
    cache_write: Option<u64>,
    output: u64,
}

impl Prices {
    /// The table that Atelier comes with.
    #[must_use]
    pub fn bundled() -> Self {
        Self::parse(BUNDLED).unwrap_or_else(|error| {
            tracing::error!(%error, "the bundled prices cannot be read; every cost is unknown");
            Self(Arc::new(Table::default()))
        })
    }

    /// A table of the operator's own, in the form of the bundled one.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).map(|table| Self(Arc::new(table)))
    }

    /// Where the numbers are from and of what day: to be shown beside every sum.
    #[must_use]
    pub fn origin(&self) -> (&str, &str) {
        (&self.0.source, &self.0.taken)
    }

    pub(crate) fn cost(&self, target: &Target, usage: Usage) -> Cost {
        let rows = match target.billing() {
            Billing::Free => return Cost::MicroUsd(0),
            Billing::Unknown => return Cost::Unknown,
            Billing::OpenAi => &self.0.openai,
            Billing::Anthropic => &self.0.anthropic,
        };
        let Some(price) = rows.get(&target.model).or_else(|| rows.get(undated(&target.model))) else {
            return Cost::Unknown;
        };
        price.of(usage).map_or(Cost::Unknown, Cost::MicroUsd)
    }
}

impl Price {
    /// Nothing if the usage has tokens of a class that has no price.
    fn of(self, usage: Usage) -> Option<u64> {
        let (input, cached, cache_write, output) = match self.long {
            Some(long) if usage.input_tokens > long.above => {
                (long.input, long.cached, long.cache_write, long.output)
            }
            _ => (self.input, self.cached, self.cache_write, self.output),
        };
        let plain = usage.input_tokens.checked_sub(usage.cached_tokens + usage.cache_write_tokens)?;
        let part = |tokens: u64, price: Option<u64>| match (tokens, price) {
            (0, _) => Some(0),
            (tokens, price) => Some(u128::from(tokens) * u128::from(price?)),
        };
        let sum = part(plain, Some(input))?
            + part(usage.cached_tokens, cached)?
            + part(usage.cache_write_tokens, cache_write)?
            + part(usage.output_tokens, Some(output))?;
        u64::try_from((sum + 500_000) / 1_000_000).ok()
    }
}

/// `claude-opus-4-5-20251101` and `gpt-4o-2024-08-06` without their days. Nothing else is cut: `gpt-4o-audio` is
/// another model with another price.
fn undated(model: &str) -> &str {
    let is_day = |tail: &str, lengths: &[usize]| {
        let parts: Vec<&str> = tail.split('-').collect();
        parts.len() == lengths.len()
            && parts
                .iter()
                .zip(lengths)
                .all(|(part, &length)| part.len() == length && part.bytes().all(|b| b.is_ascii_digit()))
    };
    for lengths in [&[8][..], &[4, 2, 2]] {
        let size: usize = lengths.iter().sum::<usize>() + lengths.len();
        let Some(cut) = model.len().checked_sub(size) else { continue };
        if let Some((name, tail)) = model.split_at_checked(cut)
            && let Some(day) = tail.strip_prefix('-')
            && is_day(day, lengths)
        {
            return name;
        }
    }
    model
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Base;
    use crate::key::ApiKey;
    use crate::provider::{Anthropic, Ollama, OpenAi, Provider};

    fn key() -> ApiKey {
        ApiKey::new("k").unwrap()
    }

    fn openai(model: &str) -> Target {
        Target::new(Provider::OpenAi(OpenAi::hosted(key())), model)
    }

    fn usage(input: u64, cached: u64, output: u64) -> Usage {
        Usage { input_tokens: input, cached_tokens: cached, output_tokens: output, ..Usage::default() }
    }

    #[test]
    fn the_bundled_table_says_where_it_is_from_and_of_what_day() {
        let prices = Prices::bundled();
        let (source, taken) = prices.origin();
        assert!(!source.is_empty() && taken.len() == 10, "{source} {taken}");
        assert!(prices.0.openai.len() > 20 && prices.0.anthropic.len() > 10);
    }

    #[test]
    fn every_class_of_tokens_has_its_price() {
        let prices = Prices::bundled();
        // 1M - 400k plain at 2.50, 400k cached at 1.25, 100k out at 10 USD a million.
        assert_eq!(
            prices.cost(&openai("gpt-4o"), usage(1_000_000, 400_000, 100_000)),
            Cost::MicroUsd(3_000_000)
        );
        assert_eq!(
            prices.cost(&openai("gpt-4o-2024-08-06"), usage(1_000_000, 0, 0)),
            Cost::MicroUsd(2_500_000)
        );
        let opus = Target::new(Provider::Anthropic(Anthropic::hosted(key())), "claude-opus-4-5-20251101");
        assert_eq!(prices.cost(&opus, usage(0, 0, 1_000_000)), Cost::MicroUsd(25_000_000));
    }

    #[test]
    fn a_long_request_has_the_price_of_a_long_one() {
        let prices = Prices::bundled();
        assert_eq!(prices.cost(&openai("gpt-5.5"), usage(272_000, 0, 0)), Cost::MicroUsd(1_360_000));
        assert_eq!(prices.cost(&openai("gpt-5.5"), usage(272_001, 0, 0)), Cost::MicroUsd(2_720_010));
    }

    #[test]
    fn what_is_not_in_the_table_has_no_price() {
        let prices = Prices::bundled();
        for model in ["gpt-99", "gpt-4o-audio", "gpt-4o-2024", "", "20251101", "-20251101"] {
            assert_eq!(prices.cost(&openai(model), usage(1, 0, 1)), Cost::Unknown, "{model}");
        }
        assert_eq!(
            prices.cost(&openai("gpt-4"), usage(2, 1, 0)),
            Cost::Unknown,
            "gpt-4 has no price for cached tokens"
        );
        let elsewhere = OpenAi::at(Base::parse("https://example.com/v1").unwrap(), Some(key()));
        let elsewhere = Target::new(Provider::OpenAi(elsewhere), "gpt-4o");
        assert_eq!(prices.cost(&elsewhere, usage(1, 0, 1)), Cost::Unknown, "another host has other prices");
    }

    #[test]
    fn a_model_on_ones_own_machine_costs_nothing_and_one_in_its_cloud_is_unknown() {
        let prices = Prices::bundled();
        let ollama = |model| Target::new(Provider::Ollama(Ollama::local()), model);
        assert_eq!(prices.cost(&ollama("llama3"), usage(9, 0, 9)), Cost::MicroUsd(0));
        assert_eq!(prices.cost(&ollama("gpt-oss:120b-cloud"), usage(9, 0, 9)), Cost::Unknown);
    }

    #[test]
    fn a_sum_with_an_unknown_part_is_unknown() {
        assert_eq!(Cost::MicroUsd(2).plus(Cost::MicroUsd(3)), Cost::MicroUsd(5));
        assert_eq!(Cost::MicroUsd(2).plus(Cost::Unknown), Cost::Unknown);
    }
}
