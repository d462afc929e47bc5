//! How far a conversation with an agent is, for all who wait in it: which turn goes on, whether it is broken off, and whether all ends.

use std::sync::Arc;

use tokio::sync::watch;

/// A conversation's course. A clone is another hold on the same.
#[derive(Clone)]
pub(super) struct Course(Arc<watch::Sender<At>>);

#[derive(Debug, Clone, Copy, Default)]
struct At {
    turn: u32,
    broken_off: bool,
    stops: bool,
}

impl At {
    fn is_over(self, turn: u32) -> bool {
        self.stops || self.turn != turn || self.broken_off
    }
}

impl Course {
    /// One that has not begun.
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(At::default())))
    }

    /// The next turn begins.
    pub(super) fn begin(&self) {
        self.0.send_modify(|at| (at.turn, at.broken_off) = (at.turn + 1, false));
    }

    /// The turn is to end before it is done, and another one is to follow.
    pub(super) fn break_off(&self) {
        self.0.send_modify(|at| at.broken_off = true);
    }

    /// The turn is to end, and none is to follow.
    pub(super) fn stop(&self) {
        self.0.send_modify(|at| at.stops = true);
    }

    pub(super) fn stops(&self) -> bool {
        self.0.borrow().stops
    }

    /// Comes when all is to end.
    pub(super) async fn stopped(&self) {
        self.wait(|at| at.stops).await;
    }

    /// The number of the turn that goes on.
    pub(super) fn turn(&self) -> u32 {
        self.0.borrow().turn
    }

    /// Whether nothing is waited for any more in the turn of that number.
    pub(super) fn is_over(&self, turn: u32) -> bool {
        self.0.borrow().is_over(turn)
    }

    /// Comes when nothing is waited for any more in the turn of that number.
    pub(super) async fn over(&self, turn: u32) {
        self.wait(|at| at.is_over(turn)).await;
    }

    async fn wait(&self, until: impl Fn(At) -> bool) {
        // Its sender is here.
        let _ = self.0.subscribe().wait_for(|at| until(*at)).await;
    }
}
