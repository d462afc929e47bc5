//! Who someone in Slack is here: a person says so, by a code that is good once and for minutes.

use kernel::{Code, Error, PersonId, Result, Timestamp};
use serde_json::json;
use store::{audit, slack};

use crate::caller::Caller;
use crate::{Identity, tokens};

/// How long a code is good, in milliseconds.
const GOOD_MS: i64 = 10 * 60_000;
/// The letters of a code: none that is taken for another.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// How many there are: 60 bits, of which nobody guesses one in ten minutes.
const LENGTH: usize = 12;

impl Identity {
    /// A code that the caller says in Slack to be known there, and until when it is good. A code before it is good no longer.
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key.
    pub async fn slack_code(&self, caller: &Caller) -> Result<(String, Timestamp)> {
        caller.in_person()?;
        let bytes: [u8; LENGTH] = self.inner.ambient.bytes();
        let code: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        let (person, hash, until) =
            (caller.person(), tokens::hash(&code), self.inner.ambient.now().plus_millis(GOOD_MS));
        self.inner.store.transact(move |tx| slack::offer(tx, person, &hash, until)).await?;
        let parts: Vec<&str> = [0, 4, 8].iter().map(|&at| &code[at..at + 4]).collect();
        Ok((parts.join("-"), until))
    }

    /// Has a member of a Slack team be known as the person whose code that is; it is used up.
    ///
    /// # Errors
    /// `AUTH_ERROR` when there is no such code now.
    pub async fn link_slack(&self, team: &str, member: &str, code: &str) -> Result<PersonId> {
        let code: String = code.chars().filter(char::is_ascii_alphanumeric).take(2 * LENGTH).collect();
        let hash = tokens::hash(&code.to_ascii_lowercase());
        let (team, member) = (team.to_owned(), member.to_owned());
        let linked = self.inner.store.transact(move |tx| {
            let Some(person) = slack::link(tx, &team, &member, &hash)? else { return Ok(None) };
            let details = json!({ "team": team });
            audit::write(tx, None, Some(person), "slack.linked", &member, &details)?;
            Ok(Some(person))
        });
        linked.await?.ok_or_else(|| {
            let why = "This code is not good, or not any more. Take another one in Atelier, and say it within ten minutes.";
            Error::new(Code::AuthError, why)
        })
    }

    /// Has nobody in Slack be known as the caller any more.
    ///
    /// # Errors
    /// `FORBIDDEN` for an API key.
    pub async fn unlink_slack(&self, caller: &Caller) -> Result<()> {
        caller.in_person()?;
        let person = caller.person();
        let unlinked = self.inner.store.transact(move |tx| {
            if slack::unlink(tx, person)? == 0 {
                return Ok(());
            }
            audit::write(tx, None, Some(person), "slack.unlinked", "", &json!({}))
        });
        unlinked.await
    }
}
