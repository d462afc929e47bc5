-- That an event's project is there is not looked up for each of them: whoever writes events counts them in the project's row
-- first, and whoever removes a project removes them after it.

ALTER TABLE events DROP CONSTRAINT events_project_id_fkey;

-- A step's project is that of its run, with which it goes. An index that has every step is written anew with every change of
-- one; what it was for is the few that have failed.
ALTER TABLE steps DROP CONSTRAINT steps_project_id_fkey;
DROP INDEX steps_project;
-- A run that changes stays on its page, and its indexes are let be.
ALTER TABLE runs SET (fillfactor = 60);
