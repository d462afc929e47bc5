//! The pool: a bounded number of slots for each kind of worker, lent in the order in which they are asked for.

use std::collections::{BTreeMap, HashMap, VecDeque};

use kernel::Timestamp;
use serde::Serialize;

/// How large a pool is, and how patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Slots of one kind that are there at once, lent and idle together.
    pub slots: usize,
    /// Callers of one kind that wait at once.
    pub waiting: usize,
    /// How long a caller waits at most, in milliseconds.
    pub patience_ms: i64,
    /// How long a slot is idle before a sweep takes it away, in milliseconds.
    pub idle_ms: i64,
    /// Time between two sweeps, in milliseconds.
    pub sweep_ms: i64,
    /// Kinds that are remembered at once.
    pub kinds: usize,
}

/// For agents, by type: ten at once, gone after five idle minutes, swept every minute.
pub const AGENTS: Params =
    Params { slots: 10, waiting: 100, patience_ms: 60_000, idle_ms: 300_000, sweep_ms: 60_000, kinds: 1_000 };

/// Names a slot. What the slot holds is the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(u64);

/// Names a place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// A slot that is lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Which one.
    pub id: SlotId,
    /// There is nothing in it yet: the borrower makes what belongs there.
    pub fresh: bool,
    /// Tells this loan from the next one of the same slot.
    loan: u64,
}

/// What a caller is told who asks for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Here it is; give it back with [`Pool::release`] or [`Pool::discard`].
    Lent(Slot),
    /// All are lent. Whoever waits goes with [`Pool::collect`] or [`Pool::leave`].
    Waiting {
        /// The place in the queue.
        ticket: Ticket,
        /// When the wait is over at the latest.
        until: Timestamp,
    },
    /// As many wait as may, or as many kinds are in use as may be remembered. Nothing was changed.
    Full,
}

/// How it stands with a caller who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// It is the caller's turn; the ticket is used up.
    Lent(Slot),
    /// Others come first.
    Waiting,
    /// The ticket has timed out, was left or was used before.
    Over,
}

/// What time has brought about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tick {
    /// Callers whose wait is over without a slot.
    pub expired: Vec<Ticket>,
    /// Slots that were idle for too long: what they hold can be let go.
    pub retired: Vec<SlotId>,
}

/// One kind as a person sees it; named as the API names it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Slots that are there.
    pub total: usize,
    /// Slots that are lent.
    pub in_use: usize,
    /// Slots that are there and not lent.
    pub idle: usize,
    /// Times that a slot was lent.
    pub total_requests: u64,
}

#[derive(Debug, Clone, Default)]
struct Kind {
    in_use: usize,
    /// With the time since when. The latest is lent first, so that what is not needed grows old.
    idle: Vec<(SlotId, Timestamp)>,
    /// With the time until when. Nobody waits while a slot is idle or could be made.
    waiting: VecDeque<(Ticket, Timestamp)>,
    requests: u64,
}

/// A pool of slots for each kind `K`.
#[derive(Debug, Clone)]
pub struct Pool<K> {
    params: Params,
    kinds: BTreeMap<K, Kind>,
    /// With the number of the loan.
    lent: HashMap<SlotId, (K, u64)>,
    waiting: HashMap<Ticket, K>,
    /// Lent to a caller who has not collected yet.
    granted: HashMap<Ticket, Slot>,
    /// The number of the next slot, ticket or loan.
    next: u64,
    sweep_at: Option<Timestamp>,
    /// The latest instant seen, to notice a clock that was set back.
    seen: Timestamp,
}

impl<K: Ord + Clone> Pool<K> {
    /// An empty pool.
    #[must_use]
    pub fn new(params: Params) -> Self {
        Self {
            params,
            kinds: BTreeMap::new(),
            lent: HashMap::new(),
            waiting: HashMap::new(),
            granted: HashMap::new(),
            next: 0,
            sweep_at: None,
            seen: Timestamp(i64::MIN),
        }
    }

    /// Asks for a slot of `kind`.
    pub fn acquire(&mut self, kind: &K, now: Timestamp) -> Answer {
        self.heed(now);
        if !self.kinds.contains_key(kind) && !self.has_place_for_a_kind() {
            return Answer::Full;
        }
        let params = self.params;
        let entry = self.kinds.entry(kind.clone()).or_default();
        if let Some((id, _)) = entry.idle.pop() {
            return Answer::Lent(self.lend(kind, id, false));
        }
        if entry.in_use < params.slots {
            let id = SlotId(self.number());
            return Answer::Lent(self.lend(kind, id, true));
        }
        if entry.waiting.len() >= params.waiting {
            return Answer::Full;
        }
        let (ticket, until) = (Ticket(self.next), now.plus_millis(params.patience_ms));
        entry.waiting.push_back((ticket, until));
        self.next += 1;
        self.waiting.insert(ticket, kind.clone());
        Answer::Waiting { ticket, until }
    }

    /// Takes the slot that a waiting caller was granted, if its turn has come.
    pub fn collect(&mut self, ticket: Ticket) -> Wait {
        match self.granted.remove(&ticket) {
            Some(slot) => Wait::Lent(slot),
            None if self.waiting.contains_key(&ticket) => Wait::Waiting,
            None => Wait::Over,
        }
    }

    /// A caller no longer waits. If its turn had come, the slot goes to the one who is returned, or is idle.
    pub fn leave(&mut self, ticket: Ticket, now: Timestamp) -> Option<Ticket> {
        if let Some(slot) = self.granted.remove(&ticket) {
            // Nobody has made what belongs into a fresh one.
            return if slot.fresh { self.discard(slot, now) } else { self.release(slot, now) };
        }
        let kind = self.waiting.remove(&ticket)?;
        if let Some(kind) = self.kinds.get_mut(&kind) {
            kind.waiting.retain(|(waiting, _)| *waiting != ticket);
        }
        None
    }

    /// Takes a slot back. It is granted to the one who is returned, or is idle. A second return changes nothing.
    pub fn release(&mut self, slot: Slot, now: Timestamp) -> Option<Ticket> {
        self.heed(now);
        let kind = self.take_back(slot)?;
        let next = self.grant(&kind, slot.id, false);
        if next.is_none() {
            self.kinds.entry(kind).or_default().idle.push((slot.id, now));
            self.sweep_at.get_or_insert(now.plus_millis(self.params.sweep_ms));
        }
        next
    }

    /// Takes a slot back whose content is of no use any more. Its place is granted to the one who is returned, as a
    /// fresh slot, or is free. A second return changes nothing.
    pub fn discard(&mut self, slot: Slot, now: Timestamp) -> Option<Ticket> {
        self.heed(now);
        let kind = self.take_back(slot)?;
        let id = SlotId(self.number());
        self.grant(&kind, id, true)
    }

    /// Ends waits that are over, and sweeps if it is time to.
    pub fn tick(&mut self, now: Timestamp) -> Tick {
        self.heed(now);
        let mut tick = Tick::default();
        let sweeps = self.sweep_at.is_some_and(|at| at <= now);
        for kind in self.kinds.values_mut() {
            while kind.waiting.front().is_some_and(|(_, until)| *until <= now) {
                if let Some((ticket, _)) = kind.waiting.pop_front() {
                    self.waiting.remove(&ticket);
                    tick.expired.push(ticket);
                }
            }
            if sweeps {
                let idle_ms = self.params.idle_ms;
                let old = kind.idle.extract_if(.., |(_, since)| now.since(*since) >= idle_ms);
                tick.retired.extend(old.map(|(id, _)| id));
            }
        }
        if sweeps {
            let idle = self.kinds.values().any(|kind| !kind.idle.is_empty());
            self.sweep_at = idle.then(|| now.plus_millis(self.params.sweep_ms));
        }
        tick
    }

    /// When [`Pool::tick`] has something to do next, if ever.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        let waits = self.kinds.values().filter_map(|kind| kind.waiting.front()).map(|(_, until)| *until);
        waits.chain(self.sweep_at).min()
    }

    /// Every kind that is remembered, with its numbers.
    pub fn stats(&self) -> impl Iterator<Item = (&K, Stats)> {
        self.kinds.iter().map(|(kind, entry)| {
            let (in_use, idle) = (entry.in_use, entry.idle.len());
            (kind, Stats { total: in_use + idle, in_use, idle, total_requests: entry.requests })
        })
    }

    /// Callers of `kind` that wait.
    #[must_use]
    pub fn waiting(&self, kind: &K) -> usize {
        self.kinds.get(kind).map_or(0, |kind| kind.waiting.len())
    }

    fn has_place_for_a_kind(&mut self) -> bool {
        if self.kinds.len() >= self.params.kinds {
            self.kinds.retain(|_, kind| kind.in_use > 0 || !kind.idle.is_empty() || !kind.waiting.is_empty());
        }
        self.kinds.len() < self.params.kinds
    }

    fn lend(&mut self, kind: &K, id: SlotId, fresh: bool) -> Slot {
        let entry = self.kinds.entry(kind.clone()).or_default();
        entry.in_use += 1;
        entry.requests += 1;
        let loan = self.number();
        self.lent.insert(id, (kind.clone(), loan));
        Slot { id, fresh, loan }
    }

    /// Whose kind a slot is of that is given back, unless it was given back before.
    fn take_back(&mut self, slot: Slot) -> Option<K> {
        if self.lent.get(&slot.id)?.1 != slot.loan {
            return None;
        }
        let (kind, _) = self.lent.remove(&slot.id)?;
        self.kinds.entry(kind.clone()).or_default().in_use -= 1;
        Some(kind)
    }

    /// Lends a slot to whoever of its kind has waited longest.
    fn grant(&mut self, kind: &K, id: SlotId, fresh: bool) -> Option<Ticket> {
        let (ticket, _) = self.kinds.get_mut(kind)?.waiting.pop_front()?;
        self.waiting.remove(&ticket);
        let slot = self.lend(kind, id, fresh);
        self.granted.insert(ticket, slot);
        Some(ticket)
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// The clock was set back: what lies in the future is taken as happening now, so that nobody waits for longer
    /// than the patience, and nothing is idle for longer than it may be.
    fn heed(&mut self, now: Timestamp) {
        if now < self.seen {
            let latest = now.plus_millis(self.params.patience_ms);
            for kind in self.kinds.values_mut() {
                kind.waiting.iter_mut().for_each(|(_, until)| *until = (*until).min(latest));
                kind.idle.iter_mut().for_each(|(_, since)| *since = (*since).min(now));
            }
            let sweep = now.plus_millis(self.params.sweep_ms);
            self.sweep_at = self.sweep_at.map(|at| at.min(sweep));
        }
        self.seen = now;
    }
}
