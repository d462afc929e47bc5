//! What a person may answer when a budget is used up.

use std::fmt;

use store::usage::Amount;

/// The most that one answer adds, in tokens or millionths of a US dollar.
const MOST: f64 = 1e12;

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Add so much, and go on.
    Raise(Amount),
    /// Go on without a model.
    Rules,
    /// End the run.
    Cancel,
}

impl Reply {
    /// Reads `raise 20000 tokens`, `raise 1.50 usd`, both with `and` between them, `rules` or `cancel`; a number alone counts tokens,
    /// one behind `$` dollars.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_matches('`').to_lowercase();
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
        match first {
            "rules" if rest.is_empty() => Some(Self::Rules),
            "cancel" if rest.is_empty() => Some(Self::Cancel),
            "raise" => {
                let mut sum = Amount::default();
                for part in rest.split(" and ") {
                    let more = amount(part)?;
                    sum.tokens = sum.tokens.saturating_add(more.tokens);
                    sum.micro_usd = sum.micro_usd.saturating_add(more.micro_usd);
                }
                Some(Self::Raise(sum))
            }
            _ => None,
        }
    }
}

/// Reads `20000 tokens`, `1.50 usd`, `$2` …
fn amount(text: &str) -> Option<Amount> {
    let mut words = text.split_whitespace();
    let number = words.next()?;
    let (number, dollars) = number.strip_prefix('$').map_or((number, false), |rest| (rest, true));
    let dollars = match words.next() {
        None => dollars,
        Some("token" | "tokens") if !dollars => false,
        Some("usd" | "dollar" | "dollars") => true,
        Some(_) => return None,
    };
    let number: f64 = number.replace([',', '_'], "").parse().ok()?;
    let number = if dollars { number * 1e6 } else { number };
    if !(1.0..=MOST).contains(&number) || words.next().is_some() {
        return None;
    }
    let number = number.round() as i64;
    Some(if dollars {
        Amount { tokens: 0, micro_usd: number }
    } else {
        Amount { tokens: number, micro_usd: 0 }
    })
}

/// As people answer it. Money is told in cents, and rather more than less.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Amount { tokens, micro_usd } = match self {
            Self::Raise(amount) => *amount,
            Self::Rules => return f.write_str("rules"),
            Self::Cancel => return f.write_str("cancel"),
        };
        let cents = u64::try_from(micro_usd).unwrap_or(0).div_ceil(10_000);
        let money = format!("{}.{:02} usd", cents / 100, cents % 100);
        match (tokens, cents) {
            (_, 0) => write!(f, "raise {tokens} tokens"),
            (0, _) => write!(f, "raise {money}"),
            _ => write!(f, "raise {tokens} tokens and {money}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_people_write_them() {
        let tokens = |tokens| Some(Reply::Raise(Amount { tokens, micro_usd: 0 }));
        let money = |micro_usd| Some(Reply::Raise(Amount { tokens: 0, micro_usd }));
        for (text, reply) in [
            ("raise 20000 tokens", tokens(20_000)),
            (" Raise 20,000 ", tokens(20_000)),
            ("`raise 1.50 usd`", money(1_500_000)),
            ("raise $2", money(2_000_000)),
            ("raise 200 tokens and 0.07 usd", Some(Reply::Raise(Amount { tokens: 200, micro_usd: 70_000 }))),
            ("rules", Some(Reply::Rules)),
            ("Cancel", Some(Reply::Cancel)),
        ] {
            assert_eq!(Reply::read(text), reply, "{text}");
        }
    }

    #[test]
    fn what_is_no_answer_adds_nothing() {
        for text in [
            "",
            "yes",
            "raise",
            "raise -5",
            "raise 0",
            "raise nan",
            "raise 1e300",
            "raise 5 euros",
            "rules please",
            "raise inf usd",
            "raise 5 tokens and",
            "raise 5 tokens and more",
        ] {
            assert_eq!(Reply::read(text), None, "{text}");
        }
    }
}
