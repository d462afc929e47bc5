//! A run is made whole: its row, its steps, their edges, under its idempotency key (G1 to G3).

use kernel::{Error, Result, StepId};
use serde_json::json;
use store::Tx;
use store::runs::{self, NewEdge, NewRunRow, NewStepRow, Step};
use wire::runs::{Run, RunState, StepState};

use super::{Book, Refused, Reply};
use crate::graph::NewRun;
use crate::machine::{self, Moment};

impl Book<'_> {
    pub(super) fn make(&mut self, tx: &mut Tx<'_>, new: &NewRun) -> Result<Result<Reply, Refused>> {
        let parents = match new.parents() {
            Ok(parents) => parents,
            Err(error) => return Ok(Err(error.into())),
        };
        let fingerprint = new.idempotency_key.as_ref().map(|_| new.fingerprint());
        let run = Run {
            id: tx.id(),
            project_id: new.project,
            kind: new.kind.clone(),
            title: new.title.clone(),
            state: RunState::Queued,
            paused: None,
            asked_at: None,
            asked_by: None,
            total: new.steps.len() as i64,
            complete: 0,
            failed: 0,
            cancelled: 0,
            log_end: 0,
            created_at: self.now,
            created_by: new.by,
            started_at: None,
            ended_at: None,
        };
        let made = NewRunRow {
            run: run.clone(),
            input: new.input.to_string(),
            idempotency_key: new.idempotency_key.clone(),
            fingerprint,
        };
        match &made.idempotency_key {
            None => self.new_runs.push(made),
            Some(key) if runs::create_once(tx, &made)? => {}
            Some(key) => {
                let first = runs::by_key(tx, new.project, key)?;
                let (run, fingerprint) = first.ok_or_else(|| Error::not_found("run"))?;
                return Ok(if fingerprint == made.fingerprint {
                    Ok(Reply::Made { run, again: true })
                } else {
                    let other = "Another run was made under this idempotency key. Nothing was started.";
                    let error = Error::new(kernel::Code::Conflict, other);
                    Err(error.with_details(json!({ "runId": run })).into())
                });
            }
        }
        self.tell_of_run(&run, run.created_by);
        let ids: Vec<StepId> = new.steps.iter().map(|_| tx.id()).collect();
        for (place, step) in new.steps.iter().enumerate() {
            let mut made = Step {
                id: ids[place],
                run: run.id,
                project: new.project,
                ordinal: place as i64,
                name: step.name.clone(),
                queue: step.queue.clone(),
                priority: step.priority,
                limits: step.limits,
                delay_until: step.delay_until,
                state: StepState::Queued,
                reason: None,
                open_parents: parents[place].len() as i64,
                attempt: 0,
                fence: 0,
                lost: 0,
                settled: 0,
                worker: None,
                rank: None,
                wake_at: None,
                not_before: step.delay_until,
                expires_at: None,
                leased_at: None,
                lease_until: None,
                progressed_at: None,
                asked_at: None,
                ended_at: None,
                answer: None,
            };
            machine::queue(&mut made, Moment { now: self.now, random: self.random, run: &run });
            self.wake = [self.wake, made.wake_at].into_iter().flatten().min();
            if made.rank.is_some() {
                self.writing.readied(&made);
                self.ready.insert(made.queue.clone());
                self.readied = true;
            }
            self.new_steps.push(NewStepRow { step: made, input: step.input.to_string() });
            self.new_edges.extend(
                parents[place].iter().map(|parent| NewEdge { child: ids[place], parent: ids[*parent] }),
            );
        }
        Ok(Ok(Reply::Made { run: run.id, again: false }))
    }
}
