//! Typed ids: a prefix that names the kind, and 128 bits (48 of time, 80 of chance) in Crockford's base 32.

use std::fmt;
use std::hash::Hash;
use std::str::FromStr;

/// Lower-case Crockford base 32, in value order.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// What stands in `VALUES` for what is no digit.
const NO_DIGIT: u8 = u8::MAX;
/// The value of each byte as a digit. Every row that is read has several ids.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};
/// Characters that carry the 128 bits.
const DIGITS: usize = 26;
/// Letters of each prefix.
const LETTERS: usize = 3;

/// What all kinds of id have in common. Written `prj_01jd…`; equal ids have equal texts.
pub trait Id: Copy + Eq + Ord + Hash + fmt::Display + FromStr<Err = BadId> + Send + Sync + 'static {
    /// What stands before the underscore.
    const PREFIX: &'static str;
    /// The id that carries these bits.
    fn from_bits(bits: u128) -> Self;
    /// The bits that the id carries.
    fn bits(self) -> u128;
}

/// A text that is not an id of the kind that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_…")]
pub struct BadId {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

/// Writes it in one piece, so that a text is made for it once.
fn write(prefix: [u8; LETTERS], bits: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [b'_'; LETTERS + 1 + DIGITS];
    text[..LETTERS].copy_from_slice(&prefix);
    for (i, digit) in text[LETTERS + 1..].iter_mut().enumerate() {
        *digit = ALPHABET[(bits >> (5 * (DIGITS - 1 - i)) & 31) as usize];
    }
    f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

/// The letters of a prefix. One that is longer or shorter does not compile.
const fn letters(prefix: &str) -> [u8; LETTERS] {
    match prefix.as_bytes().first_chunk() {
        Some(letters) if prefix.len() == LETTERS => *letters,
        _ => panic!("a prefix has three letters"),
    }
}

fn parse(prefix: &'static str, text: &str) -> Result<u128, BadId> {
    let bad = BadId { prefix };
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(bad)?;
    // The first of 26 digits carries only three bits: 26 × 5 = 130.
    if digits.len() != DIGITS || digits.as_bytes()[0] > b'7' {
        return Err(bad);
    }
    digits.bytes().try_fold(0u128, |bits, byte| match VALUES[usize::from(byte)] {
        NO_DIGIT => Err(bad),
        value => Ok(bits << 5 | u128::from(value)),
    })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_bits(bits: u128) -> Self { Self(bits) }
            fn bits(self) -> u128 { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write(const { letters($prefix) }, self.0, f) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> { parse($prefix, text).map(Self) }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> { to.collect_str(self) }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::Object::builder()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .build()
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

ids! {
    /// A person who can sign in.
    PersonId = "per";
    /// A signed-in device of a person: one family of refresh tokens.
    SessionId = "ses";
    /// An API key.
    KeyId = "key";
    /// A provider's key or another secret that is sealed at rest.
    SecretId = "sec";
    /// An invitation to a project.
    InvitationId = "inv";
    /// The unit of tenancy.
    ProjectId = "prj";
    /// A typed, versioned record of a project.
    EntityId = "ent";
    /// What the project's brain knows of an entity: an attribute or a relationship.
    FactId = "fct";
    /// A piece of an entity's text as recall finds it.
    PassageId = "psg";
    /// A set of entity changes that was made, and can be undone, together.
    ChangeId = "chg";
    /// A scored proposal and the decision that a person takes on it.
    ReviewId = "rev";
    /// A file on its way in, in chunks.
    UploadId = "upl";
    /// A person's talk with the orchestrator.
    ConversationId = "cnv";
    /// One message of a conversation.
    MessageId = "msg";
    /// One execution of a request: a graph of steps.
    RunId = "run";
    /// One piece of work in a run.
    StepId = "stp";
    /// When an order is to be given, again and again or once.
    ScheduleId = "sch";
    /// A call of a language model, and what it took.
    UsageId = "use";
    /// A notification to a person.
    NotificationId = "ntf";
    /// A row of the audit log.
    AuditId = "aud";
    /// One request, as logs and problem reports name it.
    RequestId = "req";
    /// A machine that has joined the fleet and does steps there.
    RunnerId = "rnr";
    /// A running server, as the other servers of its installation know it.
    NodeId = "nod";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Ambient, ManualClock, SeededRandom, Timestamp};

    proptest! {
        #[test]
        fn an_id_survives_its_text(bits: u128) {
            let id = ProjectId::from_bits(bits);
            prop_assert_eq!(id.to_string().parse::<ProjectId>(), Ok(id));
        }

        #[test]
        fn no_text_panics_the_parser(text: String) {
            let _ = text.parse::<ProjectId>();
        }

        #[test]
        fn a_text_that_parses_is_the_only_text_of_its_id(text in "prj_[0-9a-zA-Z]{26}") {
            if let Ok(id) = text.parse::<ProjectId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let project = ProjectId::from_bits(5).to_string();
        assert_eq!(project.parse::<PersonId>(), Err(BadId { prefix: "per" }));
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let clock = std::sync::Arc::new(ManualClock::at(Timestamp(1_000)));
        let ambient = Ambient::new(clock.clone(), std::sync::Arc::new(SeededRandom::new(1)));
        let earlier: EntityId = ambient.id();
        clock.advance(1);
        let later: EntityId = ambient.id();
        assert!(earlier < later);
        assert!(earlier.to_string() < later.to_string());
    }
}
