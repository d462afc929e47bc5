-- A run and its steps are written anew soon after they were made. With room on its page a new version of a row needs no page
-- of its own to be found and written, and that of a run none of its indexes. What is there stays where it is.
ALTER TABLE runs SET (fillfactor = 50);
ALTER TABLE steps SET (fillfactor = 50);
