//! Budgets: what calls of language models may take of their step, run, day and project. Decided here, kept by the store.

mod purse;
mod reply;

use models::{Message, Request};
use store::usage::{Amount, Of};
use wire::usage::Budgets;

pub use purse::{Answered, Grant, Purse, Reserved};
pub use reply::Reply;

/// The fewest bytes that make a token, for what a call may take at most.
const BYTES_A_TOKEN: usize = 3;
/// Tokens of a run, unless an owner says otherwise.
pub const RUN_TOKENS: i64 = 400_000;
/// Tokens of a day, unless an owner says otherwise.
pub const DAY_TOKENS: i64 = 2_000_000;

/// The most that a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Of the request and the answer.
    pub tokens: i64,
    /// Nothing if nobody knows the price; 0 if there is none.
    pub micro_usd: Option<i64>,
}

/// What a budget allows in all; what is absent is not bounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Limit {
    pub tokens: Option<i64>,
    pub micro_usd: Option<i64>,
}

/// How a budget stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Standing {
    pub of: Of,
    pub limit: Limit,
    /// Spent, or reserved by calls under way.
    pub spent: Amount,
}

/// Why a call is not made that no answer of a person to a step could allow: it is for the project's owner to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// It costs money, and nobody has set a budget of money.
    NoBudget,
    /// Nobody knows what it costs, and nobody has allowed such calls.
    Unpriced,
}

impl Barred {
    /// The reason and what to do, for people.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::NoBudget => {
                "No model was asked, because it costs money and this project has no budget for that. An owner can set one."
            }
            Self::Unpriced => {
                "No model was asked, because nobody here knows what it costs. An owner can allow such models in the \
                 project's budgets."
            }
        }
    }
}

/// What is decided of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be made.
    Granted,
    /// It is not made.
    Barred(Barred),
    /// These budgets have too little left; a person may add to them.
    Short(Vec<Standing>),
}

/// The limit of a budget, with what people have added to it. `step` is what the agent's definition gives one attempt at a step.
#[must_use]
pub fn limit(of: Of, budgets: &Budgets, step: i64, raised: Amount) -> Limit {
    let (tokens, micro_usd) = match of {
        Of::Step { .. } => (Some(step), None),
        Of::Run(_) => (budgets.run_tokens.or(Some(RUN_TOKENS)), budgets.run_micro_usd),
        Of::Day(_) => (budgets.day_tokens.or(Some(DAY_TOKENS)), budgets.day_micro_usd),
        Of::Project => (budgets.project_tokens, budgets.project_micro_usd),
    };
    Limit {
        tokens: tokens.map(|tokens| tokens.saturating_add(raised.tokens)),
        micro_usd: micro_usd.map(|money| money.saturating_add(raised.micro_usd)),
    }
}

/// Whether the project's owner lets such a call be made at all.
#[must_use]
pub fn barred(wanted: Wanted, budgets: &Budgets) -> Option<Barred> {
    let money = [budgets.run_micro_usd, budgets.day_micro_usd, budgets.project_micro_usd];
    match wanted.micro_usd {
        None if !budgets.unpriced => Some(Barred::Unpriced),
        Some(1..) if money.iter().all(Option::is_none) => Some(Barred::NoBudget),
        _ => None,
    }
}

/// Decides a call. What it may take at most has to fit into every budget that it falls under.
#[must_use]
pub fn decide(wanted: Wanted, budgets: &Budgets, standings: &[Standing]) -> Verdict {
    if let Some(barred) = barred(wanted, budgets) {
        return Verdict::Barred(barred);
    }
    let fits = |limit: Option<i64>, spent: i64, more: i64| {
        limit.is_none_or(|limit| spent.saturating_add(more) <= limit)
    };
    let short: Vec<Standing> = standings
        .iter()
        .filter(|Standing { limit, spent, .. }| {
            !fits(limit.tokens, spent.tokens, wanted.tokens)
                || !fits(limit.micro_usd, spent.micro_usd, wanted.micro_usd.unwrap_or(0))
        })
        .copied()
        .collect();
    if short.is_empty() { Verdict::Granted } else { Verdict::Short(short) }
}

/// What is said where rules stand in for a model because budgets are used up.
#[must_use]
pub fn used_up(short: &[Standing]) -> String {
    format!("No model was asked, because {}. An owner can raise the project's budgets.", lines(short))
}

/// How budgets stand, in words.
fn lines(short: &[Standing]) -> String {
    let mut lines: Vec<String> = Vec::with_capacity(short.len());
    for Standing { of, limit, spent } in short {
        let whose = match of {
            Of::Step { .. } => "this step",
            Of::Run(_) => "this run",
            Of::Day(_) => "the project's day",
            Of::Project => "the project",
        };
        let mut parts = Vec::new();
        if let Some(limit) = limit.tokens {
            parts.push(format!("{} of {} tokens", thousands(spent.tokens), thousands(limit)));
        }
        if let Some(limit) = limit.micro_usd {
            parts.push(format!("{} of {} USD", dollars(spent.micro_usd), dollars(limit)));
        }
        lines.push(format!("{whose} has used {}", parts.join(" and ")));
    }
    lines.join(", and ")
}

/// What a person is asked when budgets are used up.
#[must_use]
pub fn question(wanted: Wanted, short: &[Standing]) -> String {
    let money = match wanted.micro_usd {
        Some(money @ 1..) => format!(" and {} USD", dollars(money)),
        _ => String::new(),
    };
    format!(
        "The language model may need {} more tokens{money}, but {}. Answer `{}` to add so much (an owner can), `rules` to go on \
         without a model, or `cancel` to end the run.",
        thousands(wanted.tokens),
        lines(short),
        Reply::Raise(enough(wanted, short)),
    )
}

/// What has to be added to the budgets that are short for this call and another one like it: tokens, money, or both.
#[must_use]
pub fn enough(wanted: Wanted, short: &[Standing]) -> Amount {
    let more = |wanted: i64, of: &dyn Fn(&Standing) -> Option<(i64, i64)>| {
        let missing = short.iter().filter_map(|standing| {
            let (limit, spent) = of(standing)?;
            Some(spent.saturating_add(wanted).saturating_sub(limit)).filter(|missing| *missing > 0)
        });
        missing.max().map_or(0, |missing| missing.max(wanted).saturating_add(wanted))
    };
    Amount {
        tokens: more(wanted.tokens, &|one| Some((one.limit.tokens?, one.spent.tokens))),
        micro_usd: more(wanted.micro_usd.unwrap_or(0), &|one| {
            Some((one.limit.micro_usd?, one.spent.micro_usd))
        }),
    }
}

/// The tokens that a request has at most: all that is sent counts, at few bytes a token.
#[must_use]
pub fn most_tokens(request: &Request) -> u64 {
    let calls = request.messages.iter().map(|message| match message {
        Message::Assistant(turn) => {
            turn.tool_calls.iter().map(|call| call.arguments.to_string().len() + 64).sum()
        }
        _ => 0usize,
    });
    let messages: usize = request.messages.iter().map(|message| message.text().len() + 16).sum();
    let schema = request.schema.as_ref().map_or(0, |schema| schema.json().to_string().len());
    let tools: usize = request
        .tools
        .iter()
        .map(|tool| tool.description.len() + tool.arguments.json().to_string().len() + 64)
        .sum();
    let bytes = messages + calls.sum::<usize>() + schema + tools;
    u64::try_from(bytes.div_ceil(BYTES_A_TOKEN)).unwrap_or(u64::MAX)
}

/// `4,451`: a number as people read it.
fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut told = if number < 0 { "-".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

fn dollars(micro: i64) -> String {
    format!("{}.{:04}", micro / 1_000_000, micro % 1_000_000 / 100)
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;
    use proptest::prelude::*;

    use super::*;

    fn standing(of: Of, limit: Limit, tokens: i64, micro_usd: i64) -> Standing {
        Standing { of, limit, spent: Amount { tokens, micro_usd } }
    }

    const FREE: Wanted = Wanted { tokens: 100, micro_usd: Some(0) };
    const PAID: Wanted = Wanted { tokens: 100, micro_usd: Some(50) };
    const UNPRICED: Wanted = Wanted { tokens: 100, micro_usd: None };

    #[test]
    fn nothing_paid_is_called_without_a_budget_that_a_person_set() {
        let none = Budgets::default();
        assert_eq!(decide(FREE, &none, &[]), Verdict::Granted);
        assert_eq!(decide(PAID, &none, &[]), Verdict::Barred(Barred::NoBudget));
        assert_eq!(decide(UNPRICED, &none, &[]), Verdict::Barred(Barred::Unpriced));
        let set = Budgets { day_micro_usd: Some(0), ..none };
        assert_eq!(decide(UNPRICED, &set, &[]), Verdict::Barred(Barred::Unpriced));
        assert_eq!(decide(UNPRICED, &Budgets { unpriced: true, ..none }, &[]), Verdict::Granted);
        let limit = limit(Of::Project, &Budgets { project_micro_usd: Some(0), ..none }, 0, Amount::default());
        let zero = standing(Of::Project, limit, 0, 0);
        assert_eq!(
            decide(PAID, &Budgets { project_micro_usd: Some(0), ..none }, &[zero]),
            Verdict::Short(vec![zero])
        );
    }

    #[test]
    fn a_call_has_to_fit_into_every_budget_and_those_that_are_short_are_named() {
        let set = Budgets { run_micro_usd: Some(60), ..Budgets::default() };
        let run = Of::Run(Ambient::system().id());
        let limit = limit(run, &set, 0, Amount::default());
        assert_eq!(limit, Limit { tokens: Some(RUN_TOKENS), micro_usd: Some(60) });
        let wide = Limit { tokens: Some(1_000), micro_usd: None };
        let day = Of::Day(kernel::Timestamp(0));
        for (spent, short) in
            [((0, 10), false), ((0, 11), true), ((RUN_TOKENS - 100, 0), false), ((RUN_TOKENS - 99, 0), true)]
        {
            let standings = [standing(run, limit, spent.0, spent.1), standing(day, wide, 900, 10_000)];
            let verdict = decide(PAID, &set, &standings);
            let wanted = if short { Verdict::Short(vec![standings[0]]) } else { Verdict::Granted };
            assert_eq!(verdict, wanted, "{spent:?}");
        }
    }

    #[test]
    fn what_people_added_counts() {
        let raised = Amount { tokens: 50, micro_usd: 5 };
        let set = Budgets { project_tokens: Some(100), ..Budgets::default() };
        assert_eq!(limit(Of::Project, &set, 0, raised), Limit { tokens: Some(150), micro_usd: None });
        assert_eq!(
            limit(Of::Step { step: Ambient::system().id(), fence: 1 }, &set, 7, raised).tokens,
            Some(57)
        );
    }

    #[test]
    fn the_question_says_what_is_used_up_and_how_to_answer() {
        let limit = Limit { tokens: Some(1_000), micro_usd: Some(2_000_000) };
        let text = question(PAID, &[standing(Of::Run(Ambient::system().id()), limit, 990, 1_250_000)]);
        for part in [
            "this run has used 990 of 1,000 tokens and 1.2500 of 2.0000 USD",
            "`raise 200 tokens`",
            "`rules`",
            "`cancel`",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn numbers_are_told_with_a_comma_before_each_three_digits() {
        let told = [0, 999, 4_451, 100_000, 2_000_000, -1_234].map(thousands);
        assert_eq!(told, ["0", "999", "4,451", "100,000", "2,000,000", "-1,234"]);
    }

    #[test]
    fn what_is_proposed_to_be_added_is_what_is_needed_and_is_read_as_it_is_written() {
        let run = Of::Run(Ambient::system().id());
        let limit = Limit { tokens: Some(1_000), micro_usd: Some(2_000_000) };
        let dear = Wanted { tokens: 100, micro_usd: Some(32_000) };
        for (tokens, money, answer) in [
            (0, 1_990_000, "raise 0.07 usd"),
            (950, 1_990_000, "raise 200 tokens and 0.07 usd"),
            // An owner has lowered the budget below what is spent.
            (5_000, 0, "raise 4200 tokens"),
        ] {
            let short = [standing(run, limit, tokens, money)];
            assert!(question(dear, &short).contains(&format!("`{answer}`")), "{}", question(dear, &short));
            let Some(Reply::Raise(read)) = Reply::read(answer) else { panic!("{answer}") };
            let spent = Amount { tokens: tokens + 100, micro_usd: money + 32_000 };
            let raised =
                Limit { tokens: Some(1_000 + read.tokens), micro_usd: Some(2_000_000 + read.micro_usd) };
            let after = Standing { of: run, limit: raised, spent };
            // That is enough for this call and for the next.
            let set = Budgets { run_micro_usd: Some(0), ..Budgets::default() };
            assert_eq!(decide(dear, &set, &[after]), Verdict::Granted, "{answer}");
        }
    }

    /// What happens to a project's budgets.
    #[derive(Debug, Clone)]
    enum Act {
        /// A step of one of three runs wants so much.
        Want { run: usize, tokens: i64, money: i64 },
        /// The oldest call ends, having taken such a share of what it may, in percent.
        End { share: i64 },
        /// The server dies: what is under way is given back.
        Crash,
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            6 => (0..3usize, 1..400i64, 0..400i64).prop_map(|(run, tokens, money)| Act::Want { run, tokens, money }),
            4 => (0..=100i64).prop_map(|share| Act::End { share }),
            1 => Just(Act::Crash),
        ]
    }

    proptest! {
        /// Whatever is wanted, ends, or dies, in whatever order: no budget is ever overspent.
        #[test]
        fn no_budget_is_ever_overspent(acts in proptest::collection::vec(act(), 1..200), run_limit in 0..1_000i64, day_limit in 0..2_000i64) {
            let ambient = Ambient::system();
            let runs: [kernel::RunId; 3] = [ambient.id(), ambient.id(), ambient.id()];
            let set = Budgets { run_tokens: Some(run_limit), day_tokens: Some(day_limit), day_micro_usd: Some(day_limit), ..Budgets::default() };
            // (run, tokens, money); those at the front of `open` began first.
            let mut open: Vec<(usize, i64, i64)> = Vec::new();
            let mut over = open.clone();
            for act in acts {
                match act {
                    Act::Want { run, tokens, money } => {
                        let sum = |of_run: Option<usize>| {
                            let all = open.iter().chain(&over).filter(|(own, ..)| of_run.is_none_or(|run| run == *own));
                            all.fold(Amount::default(), |sum, (_, tokens, money)| Amount { tokens: sum.tokens + tokens, micro_usd: sum.micro_usd + money })
                        };
                        let of = [(Of::Run(runs[run]), sum(Some(run))), (Of::Day(kernel::Timestamp(0)), sum(None))];
                        let standings = of.map(|(of, spent)| Standing { of, limit: limit(of, &set, 0, Amount::default()), spent });
                        if decide(Wanted { tokens, micro_usd: Some(money) }, &set, &standings) == Verdict::Granted {
                            open.push((run, tokens, money));
                        }
                    }
                    Act::End { share } if !open.is_empty() => {
                        let (run, tokens, money) = open.remove(0);
                        over.push((run, tokens * share / 100, money * share / 100));
                    }
                    Act::End { .. } => {}
                    Act::Crash => open.clear(),
                }
                for run in 0..3 {
                    let tokens: i64 = open.iter().chain(&over).filter(|(own, ..)| *own == run).map(|(_, tokens, _)| tokens).sum();
                    prop_assert!(tokens <= run_limit);
                }
                let all = || open.iter().chain(&over);
                prop_assert!(all().map(|(_, tokens, _)| tokens).sum::<i64>() <= day_limit);
                prop_assert!(all().map(|(.., money)| money).sum::<i64>() <= day_limit);
            }
        }
    }
}
