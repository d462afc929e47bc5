//! What a person may answer when a budget is used up.

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
    /// Reads `raise 20000 tokens`, `raise 1.50 usd`, `rules` or `cancel`; a number alone counts tokens, one behind `$` dollars.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_matches('`').to_lowercase();
        let mut words = text.split_whitespace();
        let reply = match words.next()? {
            "rules" => Self::Rules,
            "cancel" => Self::Cancel,
            "raise" => {
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
                if !(1.0..=MOST).contains(&number) {
                    return None;
                }
                let number = number.round() as i64;
                Self::Raise(if dollars {
                    Amount { tokens: 0, micro_usd: number }
                } else {
                    Amount { tokens: number, micro_usd: 0 }
                })
            }
            _ => return None,
        };
        words.next().is_none().then_some(reply)
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
        ] {
            assert_eq!(Reply::read(text), None, "{text}");
        }
    }
}
