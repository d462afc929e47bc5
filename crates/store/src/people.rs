//! People who can sign in, and who they are at outside sign-ins.

use kernel::{Code, Error, PersonId, Result, Timestamp};

use crate::db::{DbError, Row, Tx, args};

/// A person.
#[derive(Debug, Clone)]
pub struct Person {
    #[allow(missing_docs)]
    pub id: PersonId,
    /// In lower case.
    pub email: String,
    #[allow(missing_docs)]
    pub name: String,
    /// An argon2id hash in PHC form; absent for those who only sign in elsewhere.
    pub password_hash: Option<String>,
    /// Whether they administer the server.
    pub admin: bool,
    #[allow(missing_docs)]
    pub created_at: Timestamp,
}

const COLUMNS: &str = "id, email, name, password_hash, admin, created_at";

fn read(row: &Row<'_>) -> Result<Person, DbError> {
    Ok(Person {
        id: row.id(0)?,
        email: row.get(1)?,
        name: row.get(2)?,
        password_hash: row.get(3)?,
        admin: row.get(4)?,
        created_at: row.get(5)?,
    })
}

/// Whether anyone exists: before that the server waits for its set-up.
///
/// # Errors
/// When the database fails.
pub fn any(tx: &mut Tx<'_>) -> Result<bool> {
    Ok(tx.query_opt("SELECT 1 FROM people LIMIT 1", args![], |_| Ok(()))?.is_some())
}

/// Makes a person.
///
/// # Errors
/// `CONFLICT` when the e-mail is taken.
pub fn create(
    tx: &mut Tx<'_>,
    email: &str,
    name: &str,
    password_hash: Option<&str>,
    admin: bool,
) -> Result<Person> {
    let person = Person {
        id: tx.id(),
        email: email.to_lowercase(),
        name: name.to_owned(),
        password_hash: password_hash.map(str::to_owned),
        admin,
        created_at: tx.now(),
    };
    let inserted = tx.execute(
        "INSERT INTO people (id, email, name, password_hash, admin, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        args![person.id, &person.email, name, password_hash, admin, person.created_at],
    );
    match inserted {
        Ok(_) => Ok(person),
        Err(error) if error.is_unique() => {
            Err(Error::new(Code::Conflict, "There already is someone with this e-mail address."))
        }
        Err(error) => Err(error.into()),
    }
}

/// The person of that id.
///
/// # Errors
/// When the database fails.
pub fn get(tx: &mut Tx<'_>, id: PersonId) -> Result<Option<Person>> {
    Ok(tx.query_opt(&format!("SELECT {COLUMNS} FROM people WHERE id = $1"), args![id], read)?)
}

/// The person with that e-mail address, whatever its case.
///
/// # Errors
/// When the database fails.
pub fn by_email(tx: &mut Tx<'_>, email: &str) -> Result<Option<Person>> {
    let email = email.to_lowercase();
    Ok(tx.query_opt(&format!("SELECT {COLUMNS} FROM people WHERE email = $1"), args![&email], read)?)
}

/// Changes a person's name or password; what is absent stays.
///
/// # Errors
/// When the database fails.
pub fn update(tx: &mut Tx<'_>, id: PersonId, name: Option<&str>, password_hash: Option<&str>) -> Result<()> {
    tx.execute(
        "UPDATE people SET name = COALESCE($2, name), password_hash = COALESCE($3, password_hash), updated_at = $4
         WHERE id = $1",
        args![id, name, password_hash, tx.now()],
    )?;
    Ok(())
}

/// The person whom an outside sign-in knows by `subject`.
///
/// # Errors
/// When the database fails.
pub fn by_identity(tx: &mut Tx<'_>, provider: &str, subject: &str) -> Result<Option<Person>> {
    let found = tx.query_opt(
        "SELECT person_id FROM identities WHERE provider = $1 AND subject = $2",
        args![provider, subject],
        |row| row.id(0),
    )?;
    found.map_or(Ok(None), |id| get(tx, id))
}

/// Notes that an outside sign-in knows the person by `subject`.
///
/// # Errors
/// `CONFLICT` when that subject is someone else already.
pub fn link_identity(tx: &mut Tx<'_>, person: PersonId, provider: &str, subject: &str) -> Result<()> {
    let linked = tx.execute(
        "INSERT INTO identities (provider, subject, person_id, created_at) VALUES ($1, $2, $3, $4)",
        args![provider, subject, person, tx.now()],
    );
    match linked {
        Ok(_) => Ok(()),
        Err(error) if error.is_unique() => {
            Err(Error::new(Code::Conflict, "This outside account belongs to someone else here."))
        }
        Err(error) => Err(error.into()),
    }
}
