//! What is kept of a conversation while a person is asked: sealed to its step, in pieces of the run's log. Who has the step next,
//! on whichever server, reads it back and goes on. What cannot be read back is begun anew, and the log says why.

use kernel::{Error, Result};
use models::{Message, Named, Request};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::Scope;
use store::runs::{self, Told};
use tasks::Lease;

use super::Mind;
use crate::departments::engine::{Citation, Job};
use crate::messages::Key;

/// The form of what is kept; another one is another version's.
const FORM: u32 = 1;
/// The longest conversation that is kept, in bytes of JSON.
const LONGEST: usize = 256 * 1024;
/// Bytes of what is sealed in one piece, below the log's bound.
const PIECE: usize = 60_000;
/// Pieces of a step that are looked at, the newest: a head may keep some of each of its specialists.
const LOOKED_AT: u32 = 24;

/// A conversation in the middle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// All that was said so far. Behind the newest turn stand the results of those of its calls that were made.
    pub(super) messages: Vec<Message>,
    /// The records that may be cited.
    pub(super) given: Vec<Citation>,
    /// What others had said that it was told of.
    pub(super) heard: Vec<Key>,
    /// The model that said the newest turn.
    pub(super) by: String,
    pub(super) rounds: usize,
    pub(super) asked: usize,
    pub(super) mended: bool,
    pub(super) last: bool,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Whole<K> {
    form: u32,
    basis: String,
    kept: K,
}

/// A piece of it in the log.
#[derive(Debug, Serialize, Deserialize)]
struct Piece {
    /// `department/agent`: a head's step may hold conversations of several.
    agent: String,
    part: usize,
    /// How many there are; none if nothing was kept.
    of: usize,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    sealed: String,
    /// Why nothing was, if there was something to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost: Option<String>,
}

/// What a step finds of an earlier conversation.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// There was none.
    Nothing,
    /// It goes on.
    Kept(Box<Kept>),
    /// There was one, which has to begin anew; why, for people.
    Lost(String),
}

/// What a conversation rests on: what the model is told first, its tools, and who it is. With another one it begins anew.
///
/// # Errors
/// Never: requests can be written as JSON.
pub(super) fn basis(request: &Request, by: &Named) -> Result<String> {
    let text = serde_json::to_string(&(request, by)).map_err(Error::internal)?;
    Ok(format!("{:x}", Sha256::digest(text)))
}

/// Keeps a conversation; or, with none, that there is nothing to go on with.
///
/// # Errors
/// `CONFLICT` when the lease is over.
pub(super) async fn keep(
    mind: &Mind,
    lease: &Lease,
    job: &Job,
    basis: &str,
    kept: Option<Kept>,
) -> Result<()> {
    let whole = kept.map(|kept| Whole { form: FORM, basis: basis.to_owned(), kept });
    let text = whole.map(|whole| serde_json::to_string(&whole)).transpose().map_err(Error::internal)?;
    let agent = name(job);
    let pieces = match text {
        None => vec![Piece { agent, part: 0, of: 0, sealed: String::new(), lost: None }],
        Some(text) if text.len() > LONGEST => {
            let lost =
                format!("it had {} KiB, more than the {} that are kept", text.len() / 1024, LONGEST / 1024);
            vec![Piece { agent, part: 0, of: 0, sealed: String::new(), lost: Some(lost) }]
        }
        Some(text) => pieces(&agent, &mind.identity.seal(&purpose(lease), &text)?),
    };
    for piece in pieces {
        let text = serde_json::to_string(&piece).map_err(Error::internal)?;
        lease.log(Told::Kept.as_str(), text).await?;
    }
    Ok(())
}

/// Reads back what was kept when the step asked last, if a person has answered.
///
/// # Errors
/// When the database fails.
pub(super) async fn read(mind: &Mind, lease: &Lease, job: &Job, basis: &str) -> Result<Found> {
    let step = lease.step();
    // A step that asks, or is done once more, forgets the answer before.
    if step.answer.is_none() {
        return Ok(Found::Nothing);
    }
    let (run, id) = (step.run, step.id);
    let read = move |t: &mut store::Tenant<'_, '_>| runs::newest(t, run, id, Told::Kept, LOOKED_AT);
    let entries = mind.store.read_in(&Scope::server(step.project), read).await?;
    let newest_first = entries.iter().map(|entry| entry.text.as_str());
    let sealed = match together(&name(job), newest_first) {
        Ok(Some(sealed)) => sealed,
        Ok(None) => return Ok(Found::Nothing),
        Err(why) => return Ok(Found::Lost(why)),
    };
    let lost = |why: &str| Ok(Found::Lost(why.to_owned()));
    let Some(text) = mind.identity.unseal(&purpose(lease), &sealed) else {
        return lost("it was kept under a master key that is not here");
    };
    match serde_json::from_str::<Whole<serde_json::Value>>(&text) {
        Ok(whole) if whole.form == FORM && whole.basis != basis => {
            lost("its agent, model or tools, or what it works from, have changed since")
        }
        Ok(Whole { form: FORM, kept, .. }) => match serde_json::from_value(kept) {
            Ok(kept) => Ok(Found::Kept(Box::new(kept))),
            Err(_) => lost("it was kept by another version of Atelier"),
        },
        _ => lost("it was kept by another version of Atelier"),
    }
}

fn name(job: &Job) -> String {
    format!("{}/{}", job.agent.department, job.agent.name)
}

/// What a conversation is sealed for: it opens for no other step.
fn purpose(lease: &Lease) -> String {
    format!("conversation/{}/{}", lease.step().run, lease.step().id)
}

fn pieces(agent: &str, sealed: &str) -> Vec<Piece> {
    let mut parts = Vec::new();
    let mut rest = sealed;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        parts.push(part);
        rest = after;
    }
    let of = parts.len();
    let piece = |(part, sealed): (usize, &str)| Piece {
        agent: agent.to_owned(),
        part,
        of,
        sealed: sealed.to_owned(),
        lost: None,
    };
    parts.into_iter().enumerate().map(piece).collect()
}

/// What an agent kept last, of pieces that come newest first; nothing if it had nothing to keep, and why if it could not.
fn together<'t>(agent: &str, newest_first: impl Iterator<Item = &'t str>) -> Result<Option<String>, String> {
    let read = newest_first.filter_map(|text| serde_json::from_str::<Piece>(text).ok());
    let mut own = read.filter(|piece| piece.agent == agent);
    let Some(newest) = own.next() else { return Ok(None) };
    if newest.of == 0 {
        return newest.lost.map_or(Ok(None), Err);
    }
    let (of, rest) = (newest.of, newest.of - 1);
    let mut pieces: Vec<Piece> = std::iter::once(newest).chain(own.take(rest)).collect();
    pieces.reverse();
    let fits = |(place, piece): (usize, &Piece)| piece.part == place && piece.of == of;
    if pieces.len() != of || !pieces.iter().enumerate().all(fits) {
        return Err("not all of it was kept".into());
    }
    Ok(Some(pieces.into_iter().map(|piece| piece.sealed).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of what agents kept, one after the other, as the log gives them.
    fn logged(kept: &[(&str, &str)]) -> Vec<String> {
        let all = kept.iter().flat_map(|(agent, sealed)| pieces(agent, sealed));
        let mut texts: Vec<String> = all.map(|piece| serde_json::to_string(&piece).unwrap()).collect();
        texts.reverse();
        texts
    }

    fn read(texts: &[String]) -> Result<Option<String>, String> {
        together("audio/cues", texts.iter().map(String::as_str))
    }

    #[test]
    fn what_an_agent_kept_last_is_put_together_whatever_others_keep_in_the_same_step() {
        let (first, second, others) =
            ("a".repeat(3 * PIECE), "b".repeat(2 * PIECE + 1), "c".repeat(PIECE + 1));
        let texts = logged(&[("audio/cues", &first), ("audio/cues", &second), ("audio/noises", &others)]);
        assert!(texts.iter().all(|text| text.len() < 64 * 1024));
        assert_eq!(read(&texts), Ok(Some(second)));
        assert_eq!(read(&logged(&[("audio/noises", &others)])), Ok(None));
    }

    #[test]
    fn what_is_not_there_as_a_whole_begins_anew_and_says_so() {
        let mut texts = logged(&[("audio/cues", &"a".repeat(3 * PIECE))]);
        assert!(read(&texts[1..]).is_err(), "its end is missing");
        texts.pop();
        assert!(read(&texts).is_err(), "its beginning is missing");
        // What was kept before does not stand in for what was too long.
        let mut texts = logged(&[("audio/cues", "short")]);
        texts.insert(0, r#"{"agent":"audio/cues","part":0,"of":0,"lost":"it had 300 KiB"}"#.into());
        assert_eq!(read(&texts), Err("it had 300 KiB".into()));
        texts.insert(0, r#"{"agent":"audio/cues","part":0,"of":0}"#.into());
        assert_eq!(read(&texts), Ok(None));
    }
}
