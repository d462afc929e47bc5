-- What a removed project or person takes with it is found without reading whole tables …
CREATE INDEX entities_project ON entities(project_id);
CREATE INDEX invitations_project_fk ON invitations(project_id);
CREATE INDEX invitations_inviter ON invitations(invited_by);
CREATE INDEX audit_person ON audit(person_id);

-- … and so is what has had its time.
CREATE INDEX sessions_end ON sessions(expires_at);
CREATE INDEX invitations_end ON invitations(expires_at);
CREATE INDEX uploads_begun ON uploads(created_at);
CREATE INDEX reviews_undecided ON reviews(created_at) WHERE state = 'pending';
