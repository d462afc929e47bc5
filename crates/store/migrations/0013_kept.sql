-- What a step keeps until a person has answered it is looked for among all that its run's log holds.
CREATE INDEX run_log_kept ON run_log(run_id, step_id, start) WHERE kind = 'kept';
