//! Who is in a project, and who is invited.

use std::collections::{HashMap, HashSet};

use kernel::{
    Code, Error, EventKind, Id, InvitationId, KeyId, PageRequest, PersonId, ProjectId, Result, Role,
    SessionId, Timestamp,
};
use serde_json::json;
use wire::people::{Invitation, Member};

use crate::audit;
use crate::db::{Arg, DbError, Row, Tx, args};
use crate::entities::by_ids;
use crate::events::{Listed, emit};
use crate::scope::{Scope, Tenant};

const COLUMNS: &str = "people.id, people.name, people.email, members.role, members.joined_at";

fn read(row: &Row<'_>) -> Result<Member, DbError> {
    Ok(Member {
        id: row.id(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        role: row.named(3)?,
        joined_at: row.get(4)?,
    })
}

/// The members, in the order in which they joined.
///
/// # Errors
/// When the database fails.
pub fn list(t: &mut Tenant<'_, '_>, page: &PageRequest) -> Result<Listed<Member>> {
    let (key, id) = page.after.as_ref().map_or((i64::MIN, ""), |cursor| (cursor.key, cursor.id.as_str()));
    let project = t.project();
    let total =
        t.query_one("SELECT COUNT(*) FROM members WHERE project_id = $1", args![project], |row| row.get(0))?;
    let rows = t.query(
        &format!(
            "SELECT {COLUMNS} FROM members JOIN people ON people.id = members.person_id
             WHERE members.project_id = $1
               AND (members.joined_at > $2 OR (members.joined_at = $2 AND people.id > $3))
             ORDER BY members.joined_at, people.id LIMIT $4"
        ),
        args![project, key, id, i64::from(page.limit) + 1],
        read,
    )?;
    Ok(Listed::of(rows, total, page, |member| (member.joined_at.0, member.id.to_string())))
}

/// One member.
///
/// # Errors
/// `NOT_FOUND` when the person is not in the project.
pub fn get(t: &mut Tenant<'_, '_>, person: PersonId) -> Result<Member> {
    let project = t.project();
    t.query_opt(
        &format!(
            "SELECT {COLUMNS} FROM members JOIN people ON people.id = members.person_id
             WHERE members.project_id = $1 AND members.person_id = $2"
        ),
        args![project, person],
        read,
    )?
    .ok_or_else(|| Error::not_found("member"))
}

/// A project never loses its last owner.
fn keeps_an_owner(t: &mut Tenant<'_, '_>) -> Result<()> {
    let project = t.project();
    let owners = t.query(
        "SELECT person_id FROM members WHERE project_id = $1 AND role = 'owner'",
        args![project],
        |_| Ok(()),
    )?;
    if owners.is_empty() {
        return Err(Error::new(
            Code::Conflict,
            "A project needs an owner. Make someone else an owner first; nothing was changed.",
        ));
    }
    Ok(())
}

/// The role of each member.
///
/// # Errors
/// When the database fails.
pub fn roles(t: &mut Tenant<'_, '_>) -> Result<HashMap<PersonId, Role>> {
    let project = t.project();
    let rows =
        t.query("SELECT person_id, role FROM members WHERE project_id = $1", args![project], |row| {
            Ok((row.id::<PersonId>(0)?, row.named::<Role>(1)?))
        })?;
    Ok(rows.into_iter().collect())
}

/// Gives a member another role.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` when no owner would be left.
pub fn set_role(t: &mut Tenant<'_, '_>, person: PersonId, role: Role) -> Result<Member> {
    // Two owners cannot remove each other at once.
    t.one_at_a_time()?;
    let (project, actor, before) = (t.project(), t.scope().actor(), get(t, person)?);
    t.execute(
        "UPDATE members SET role = $3 WHERE project_id = $1 AND person_id = $2",
        args![project, person, role],
    )?;
    keeps_an_owner(t)?;
    let details = json!({ "from": before.role, "to": role });
    audit::write(t, Some(project), actor, "member.role", &person.to_string(), &details)?;
    emit(t, &[(EventKind::MemberUpdated, json!({ "userId": person }))])?;
    get(t, person)
}

/// Takes a member out of the project.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` when no owner would be left.
pub fn remove(t: &mut Tenant<'_, '_>, person: PersonId) -> Result<()> {
    // Two owners cannot remove each other at once.
    t.one_at_a_time()?;
    let (project, actor) = (t.project(), t.scope().actor());
    get(t, person)?;
    t.execute("DELETE FROM members WHERE project_id = $1 AND person_id = $2", args![project, person])?;
    keeps_an_owner(t)?;
    audit::write(t, Some(project), actor, "member.removed", &person.to_string(), &json!({}))?;
    emit(t, &[(EventKind::MemberUpdated, json!({ "userId": person, "removed": true }))])
}

/// Those of the projects in which a person may change things, sorted.
///
/// # Errors
/// When the database fails.
pub fn changing(tx: &mut Tx<'_>, person: PersonId, projects: &[ProjectId]) -> Result<Vec<ProjectId>> {
    let sql =
        format!("SELECT project_id, role FROM members WHERE person_id = $1 AND project_id {}", tx.among(2));
    let ids = Arg::Texts(projects.iter().map(ToString::to_string).collect());
    let found = tx.query(&sql, &[person.into(), ids], |row| Ok((row.id(0)?, row.named::<Role>(1)?)))?;
    let mut may: Vec<ProjectId> =
        found.into_iter().filter(|(_, role)| *role >= Role::Editor).map(|(project, _)| project).collect();
    may.sort_unstable();
    Ok(may)
}

/// Those of the sessions and of the API keys that have not ended, and whose person is in the project.
///
/// # Errors
/// When the database fails.
pub fn present(
    t: &mut Tenant<'_, '_>,
    sessions: &[SessionId],
    keys: &[KeyId],
) -> Result<(HashSet<SessionId>, HashSet<KeyId>)> {
    Ok((standing(t, "sessions", sessions)?, standing(t, "api_keys", keys)?))
}

fn standing<I: Id>(t: &mut Tenant<'_, '_>, means: &str, ids: &[I]) -> Result<HashSet<I>>
where
    for<'a> Arg<'a>: From<I>,
{
    let now = t.now();
    let sql = |places: &str| {
        format!(
            "SELECT means.id, means.expires_at FROM {means} means
             JOIN members ON members.person_id = means.person_id AND members.project_id = $1
             WHERE means.id IN ({places})"
        )
    };
    let found = by_ids(t, &[], ids, sql, |row| Ok((row.id(0)?, row.get::<Timestamp>(1)?)))?;
    Ok(found.into_iter().filter(|(_, ends)| *ends > now).map(|(id, _)| id).collect())
}

/// Invites someone by e-mail; `token_hash` is of the token that the link bears.
///
/// # Errors
/// `CONFLICT` when that address is a member's.
pub fn invite(
    t: &mut Tenant<'_, '_>,
    email: &str,
    role: Role,
    token_hash: &str,
    expires_at: Timestamp,
) -> Result<Invitation> {
    let (project, actor, email) = (t.project(), t.scope().actor(), email.to_lowercase());
    let member = t.query_opt(
        "SELECT 1 FROM members JOIN people ON people.id = members.person_id
         WHERE members.project_id = $1 AND people.email = $2",
        args![project, &email],
        |_| Ok(()),
    )?;
    if member.is_some() {
        return Err(Error::new(Code::Conflict, "This person is in the project already."));
    }
    let invitation = Invitation { id: t.id(), email, role, created_at: t.now(), expires_at };
    t.execute(
        "INSERT INTO invitations (id, project_id, email, role, token_hash, invited_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            invitation.id,
            project,
            &invitation.email,
            role,
            token_hash,
            actor,
            invitation.created_at,
            expires_at
        ],
    )?;
    let details = json!({ "email": invitation.email, "role": role });
    audit::write(t, Some(project), actor, "member.invited", &invitation.id.to_string(), &details)?;
    Ok(invitation)
}

/// The invitations that are open, newest first.
///
/// # Errors
/// When the database fails.
pub fn invitations(t: &mut Tenant<'_, '_>, page: &PageRequest) -> Result<Listed<Invitation>> {
    let (key, id) = page.after.as_ref().map_or((i64::MAX, "~"), |cursor| (cursor.key, cursor.id.as_str()));
    let (project, now) = (t.project(), t.now());
    let total = t.query_one(
        "SELECT COUNT(*) FROM invitations WHERE project_id = $1 AND accepted_at IS NULL AND expires_at > $2",
        args![project, now],
        |row| row.get(0),
    )?;
    let rows = t.query(
        "SELECT id, email, role, created_at, expires_at FROM invitations
         WHERE project_id = $1 AND accepted_at IS NULL AND expires_at > $2
           AND (created_at < $3 OR (created_at = $3 AND id < $4))
         ORDER BY created_at DESC, id DESC LIMIT $5",
        args![project, now, key, id, i64::from(page.limit) + 1],
        |row| {
            Ok(Invitation {
                id: row.id(0)?,
                email: row.get(1)?,
                role: row.named(2)?,
                created_at: row.get(3)?,
                expires_at: row.get(4)?,
            })
        },
    )?;
    Ok(Listed::of(rows, total, page, |row| (row.created_at.0, row.id.to_string())))
}

/// Takes an invitation back.
///
/// # Errors
/// `NOT_FOUND` when it is not open.
pub fn withdraw(t: &mut Tenant<'_, '_>, id: InvitationId) -> Result<()> {
    let (project, actor) = (t.project(), t.scope().actor());
    let gone = t.execute(
        "DELETE FROM invitations WHERE project_id = $1 AND id = $2 AND accepted_at IS NULL",
        args![project, id],
    )?;
    if gone == 0 {
        return Err(Error::not_found("invitation"));
    }
    audit::write(t, Some(project), actor, "invitation.withdrawn", &id.to_string(), &json!({}))
}

/// An invitation that was found by its token.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Found {
    pub id: InvitationId,
    pub project: ProjectId,
    pub email: String,
    pub role: Role,
}

/// The open invitation whose token has that hash.
///
/// # Errors
/// `NOT_FOUND` when there is none, or it was used, or it has ended.
pub fn by_token(tx: &mut Tx<'_>, token_hash: &str) -> Result<Found> {
    tx.query_opt(
        "SELECT id, project_id, email, role FROM invitations
         WHERE token_hash = $1 AND accepted_at IS NULL AND expires_at > $2",
        args![token_hash, tx.now()],
        |row| Ok(Found { id: row.id(0)?, project: row.id(1)?, email: row.get(2)?, role: row.named(3)? }),
    )?
    .ok_or_else(|| Error::not_found("invitation"))
}

/// The open invitations of that address, oldest first. Only for someone whose address a provider has verified.
///
/// # Errors
/// When the database fails.
pub fn by_email(tx: &mut Tx<'_>, email: &str) -> Result<Vec<Found>> {
    let email = email.to_lowercase();
    Ok(tx.query(
        "SELECT id, project_id, email, role FROM invitations
         WHERE email = $1 AND accepted_at IS NULL AND expires_at > $2 ORDER BY created_at, id",
        args![&email, tx.now()],
        |row| Ok(Found { id: row.id(0)?, project: row.id(1)?, email: row.get(2)?, role: row.named(3)? }),
    )?)
}

/// Makes `person` a member by an invitation, once. A member keeps the higher of the two roles.
///
/// # Errors
/// `NOT_FOUND` when someone else was faster.
pub fn accept(tx: &mut Tx<'_>, found: &Found, person: PersonId) -> Result<()> {
    let now = tx.now();
    Tenant::new(tx, Scope::server(found.project)).one_at_a_time()?;
    let taken = tx.execute(
        "UPDATE invitations SET accepted_at = $2 WHERE id = $1 AND accepted_at IS NULL",
        args![found.id, now],
    )?;
    if taken == 0 {
        return Err(Error::not_found("invitation"));
    }
    let present = tx.query_opt(
        "SELECT role FROM members WHERE project_id = $1 AND person_id = $2",
        args![found.project, person],
        |row| row.named::<Role>(0),
    )?;
    match present {
        None => tx.execute(
            "INSERT INTO members (project_id, person_id, role, joined_at) VALUES ($1, $2, $3, $4)",
            args![found.project, person, found.role, now],
        )?,
        Some(role) => tx.execute(
            "UPDATE members SET role = $3 WHERE project_id = $1 AND person_id = $2",
            args![found.project, person, role.max(found.role)],
        )?,
    };
    audit::write(tx, Some(found.project), Some(person), "member.joined", &person.to_string(), &json!({}))?;
    let scope = Scope::admit(tx, person, found.project, Role::Viewer)?;
    emit(&mut Tenant::new(tx, scope), &[(EventKind::MemberUpdated, json!({ "userId": person }))])
}
