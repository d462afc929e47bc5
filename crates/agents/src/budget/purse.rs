//! A purse: reserves what a call may take in one transaction with the decision, and makes it true afterwards.

use kernel::{Ambient, Code, PersonId, Result, Role, StepId, Timestamp};
use models::{Cost, Named, Request, Spent, Usage};
use store::usage::{self, Amount, Call, For, Of};
use store::{Scope, Store, Tenant, members};
use tasks::Lease;

use super::{Barred, Standing, Verdict, Wanted, decide, limit, most_tokens, used_up};
use crate::departments::plan::agent_of;
use crate::language::Voice;

/// Bytes that count as a token where nobody has counted: English has about four, other scripts fewer.
const BYTES_A_TOKEN: usize = 4;

/// Who pays for the calls of one lease on a step, or for those of an answer that a person waits for.
pub struct Purse {
    store: Store,
    scope: Scope,
    ambient: Ambient,
    made_for: For,
    agent: String,
    /// What the agent's definition gives an attempt, in tokens.
    tokens: i64,
    /// A person's answer that adds to the budgets which are short at the first call, and to no others.
    answered: Option<Answered>,
}

/// A person's answer that adds to budgets.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Answered {
    pub at: Timestamp,
    pub by: Option<PersonId>,
    pub amount: Amount,
}

/// What came of asking for a call.
pub enum Grant {
    /// It may be made.
    Reserved(Box<Reserved>),
    /// It is not made.
    Barred(Barred),
    /// A person has to be asked: so much is wanted, and of these too little is left.
    Short(Wanted, Vec<Standing>),
}

impl Purse {
    /// The purse of a lease.
    #[must_use]
    pub fn new(
        store: Store,
        ambient: Ambient,
        lease: &Lease,
        tokens: u32,
        answered: Option<Answered>,
    ) -> Self {
        let step = lease.step();
        Self {
            store,
            scope: Scope::server(step.project),
            ambient,
            made_for: For::Step { run: step.run, step: step.id, fence: step.fence },
            agent: agent_of(&step.name).to_owned(),
            tokens: tokens.into(),
            answered,
        }
    }

    /// The purse for what a person asks: the budgets of the project and of the day. `agent` names in reports who answered.
    #[must_use]
    pub fn of_person(store: Store, ambient: Ambient, scope: Scope, agent: &str) -> Self {
        let made_for = For::Person(scope.actor());
        Self { store, scope, ambient, made_for, agent: agent.to_owned(), tokens: 0, answered: None }
    }

    /// Reserves what so many calls with this request may take at most; the request says how long an answer is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reserve_for(&mut self, voice: &Voice, request: &Request, calls: u32) -> Result<Grant> {
        // A second call brings the first one's answer along.
        let (calls, output) = (u64::from(calls), u64::from(request.max_tokens.unwrap_or_default()));
        let input = most_tokens(request) * calls + output * (calls - calls.min(1));
        let output = output * calls;
        let most = Usage { input_tokens: input, output_tokens: output, ..Usage::default() };
        let price = voice.models.price(&voice.route, most);
        let whole = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX / 4);
        self.reserve(&voice.route.first().named(), whole(input), whole(output), price).await
    }

    /// Reserves what a call may take at most: `input` and `output` tokens at `price`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reserve(&mut self, by: &Named, input: i64, output: i64, price: Cost) -> Result<Grant> {
        let micro_usd = match price {
            Cost::MicroUsd(money) => Some(i64::try_from(money).unwrap_or(i64::MAX)),
            Cost::Unknown => None,
        };
        let call = Call {
            id: self.ambient.id(),
            made_for: self.made_for,
            agent: self.agent.clone(),
            provider: by.provider.as_str().to_owned(),
            model: by.model.clone(),
            input_tokens: input,
            output_tokens: output,
            micro_usd,
            at: self.ambient.now(),
        };
        let wanted = Wanted { tokens: input.saturating_add(output), micro_usd };
        let (answered, tokens, asked) = (self.answered.take(), self.tokens, call.clone());
        let decided = self.store.transact_in(&self.scope, move |t| {
            usage::hold(t)?;
            let verdict = match (weigh(t, &asked, wanted, tokens)?, answered, asked.made_for) {
                (Verdict::Short(short), Some(answered), For::Step { step, .. }) => {
                    add(t, step, answered, &short)?;
                    weigh(t, &asked, wanted, tokens)?
                }
                (verdict, ..) => verdict,
            };
            if verdict == Verdict::Granted {
                usage::reserve(t, &asked)?;
            }
            Ok(verdict)
        });
        Ok(match decided.await? {
            Verdict::Granted => Grant::Reserved(Box::new(Reserved {
                store: self.store.clone(),
                scope: self.scope,
                call: Some(call),
                said: None,
            })),
            Verdict::Barred(barred) => Grant::Barred(barred),
            Verdict::Short(short) => Grant::Short(wanted, short),
        })
    }
}

/// Decides a call by how its budgets stand now.
fn weigh(t: &mut Tenant<'_, '_>, call: &Call, wanted: Wanted, tokens: i64) -> Result<Verdict> {
    let budgets = usage::budgets(t)?.unwrap_or_default();
    let mut standings = Vec::with_capacity(4);
    let own = match call.made_for {
        For::Step { run, step, fence } => vec![Of::Step { step, fence }, Of::Run(run)],
        For::Person(_) => Vec::new(),
    };
    for of in own.into_iter().chain([Of::Day(call.at), Of::Project]) {
        let limit = limit(of, &budgets, tokens, usage::raised(t, of)?);
        // What is not bounded need not be added up: a project's calls may be many.
        if limit.tokens.is_some() || limit.micro_usd.is_some() {
            standings.push(Standing { of, limit, spent: usage::spent(t, of)? });
        }
    }
    Ok(decide(wanted, &budgets, &standings))
}

/// Adds a person's answer to the budgets that are short, if they may.
fn add(t: &mut Tenant<'_, '_>, step: StepId, answered: Answered, short: &[Standing]) -> Result<()> {
    let Some(person) = answered.by else { return Ok(()) };
    match members::get(t, person) {
        Ok(member) if member.role == Role::Owner => {}
        Err(error) if error.code() != Code::NotFound => return Err(error),
        _ => return Ok(()),
    }
    short.iter().try_for_each(|standing| {
        usage::raise(t, step, (answered.at, answered.by), standing.of, answered.amount)
    })
}

impl Grant {
    /// What is reserved; or why rules stand in for the model, for people.
    ///
    /// # Errors
    /// The reason.
    pub fn or_why(self) -> std::result::Result<Reserved, String> {
        match self {
            Self::Reserved(reserved) => Ok(*reserved),
            Self::Barred(barred) => Err(barred.why().to_owned()),
            Self::Short(_, short) => Err(used_up(&short)),
        }
    }
}

/// What is reserved for a call. Dropped without having been settled, it is given back; or, if the model had begun to answer,
/// counted as far as it came.
pub struct Reserved {
    store: Store,
    scope: Scope,
    /// Taken when it is settled.
    call: Option<Call>,
    /// Bytes of answer so far, once there are any.
    said: Option<usize>,
}

impl Reserved {
    /// The model has said so many bytes.
    pub fn said(&mut self, bytes: usize) {
        self.said = Some(bytes);
    }

    /// Notes what the call took, and by whom it was answered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle(mut self, by: &Named, spent: Spent) -> Result<()> {
        let Some(mut call) = self.call.take() else { return Ok(()) };
        call.provider = by.provider.as_str().to_owned();
        by.model.clone_into(&mut call.model);
        call.input_tokens = i64::try_from(spent.usage.input_tokens).unwrap_or(i64::MAX / 4);
        call.output_tokens = i64::try_from(spent.usage.output_tokens).unwrap_or(i64::MAX / 4);
        call.micro_usd = match spent.cost {
            Cost::MicroUsd(money) => Some(i64::try_from(money).unwrap_or(i64::MAX / 4)),
            Cost::Unknown => None,
        };
        self.store.transact_in(&self.scope, move |t| usage::settle(t, &call)).await
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let Some(call) = self.call.take() else { return };
        let (store, scope, said) = (self.store.clone(), self.scope, self.said);
        tokio::spawn(async move {
            let kept = store.transact_in(&scope, move |t| match said {
                None => usage::release(t, call.id),
                Some(bytes) => {
                    let tokens = bytes.div_ceil(BYTES_A_TOKEN);
                    usage::settle(t, &Call { output_tokens: tokens as i64, ..call.clone() })
                }
            });
            if let Err(error) = kept.await {
                // The reservation ends with the lease, at the latest.
                tracing::warn!(%error, "what a call took could not be noted");
            }
        });
    }
}
