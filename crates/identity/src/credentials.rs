//! What people sign in with: e-mail addresses as they are kept, and the rules for names and passwords.

use kernel::{Error, Result};

/// The longest e-mail address: RFC 5321's path of 256 without its brackets.
const MAX_EMAIL: usize = 254;
/// The shortest password, in characters; length is what counts (NIST SP 800-63B, 5.1.1.2).
const MIN_PASSWORD: usize = 12;
/// The longest password, in characters: what is hashed has a bound.
pub(crate) const MAX_PASSWORD: usize = 200;
/// The longest name, in characters.
const MAX_NAME: usize = 100;

/// An address as it is compared and kept: without outer white space, in lower case.
pub(crate) fn normal_email(text: &str) -> String {
    text.trim().to_lowercase()
}

/// An address as it is kept, if it can be one. Whether post arrives there only post can tell.
///
/// # Errors
/// `VALIDATION_ERROR` naming `email`.
pub(crate) fn email(text: &str) -> Result<String> {
    let email = normal_email(text);
    if email.len() > MAX_EMAIL {
        return Err(Error::field("email", format!("must be at most {MAX_EMAIL} bytes")));
    }
    let plausible = email.split_once('@').is_some_and(|(local, domain)| {
        let labels_fit = domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
        (1..=64).contains(&local.len())
            && local.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"()<>[]:;,\\\"".contains(c))
            && labels_fit
    });
    if plausible { Ok(email) } else { Err(Error::field("email", "is not an e-mail address")) }
}

/// Whether a password may be set for the person with that (normal) address.
///
/// # Errors
/// `VALIDATION_ERROR` naming `field`.
pub(crate) fn check_password(field: &str, password: &str, email: &str) -> Result<()> {
    if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&password.chars().count()) {
        return Err(Error::field(field, format!("must be {MIN_PASSWORD} to {MAX_PASSWORD} characters")));
    }
    if normal_email(password) == email {
        return Err(Error::field(field, "must not be the e-mail address"));
    }
    Ok(())
}

/// How others see a person: what they say, or else the first part of their address.
///
/// # Errors
/// `VALIDATION_ERROR` naming `name`.
pub(crate) fn name(said: Option<&str>, email: &str) -> Result<String> {
    let name = match said.map(str::trim) {
        Some(name) => name.to_owned(),
        None => email.split('@').next().unwrap_or_default().to_owned(),
    };
    label("name", &name)
}

/// A text that people name something by.
///
/// # Errors
/// `VALIDATION_ERROR` naming `field`.
pub(crate) fn label(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_NAME || text.chars().any(char::is_control) {
        return Err(Error::field(field, format!("must be 1 to {MAX_NAME} characters")));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_trimmed_and_in_lower_case() {
        assert_eq!(email(" Ada@Example.ORG\n").unwrap(), "ada@example.org");
        assert_eq!(email("ada+film@localhost").unwrap(), "ada+film@localhost");
        assert_eq!(email("josé@bücher.example").unwrap(), "josé@bücher.example");
    }

    #[test]
    fn what_cannot_be_an_address_is_refused() {
        let long = format!("ada@{}.org", "x".repeat(250));
        for text in
            ["", "ada", "@b", "a@", "a@b@c", "a b@c", "a@b..c", "a@-b", "a@.b", "<a@b>", "a@b c", &long]
        {
            assert!(email(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_password_has_12_to_200_characters_and_is_not_the_address() {
        let email = "ada@example.org";
        assert!(check_password("password", "twelve chars", email).is_ok());
        assert!(check_password("password", &"é".repeat(200), email).is_ok());
        for bad in ["eleven char", &"x".repeat(201), "ADA@example.org", " ada@example.org "] {
            assert!(check_password("password", bad, email).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_person_without_a_name_is_called_by_the_first_part_of_the_address() {
        assert_eq!(name(None, "ada@example.org").unwrap(), "ada");
        assert_eq!(name(Some(" Ada L. "), "ada@example.org").unwrap(), "Ada L.");
        assert!(name(Some("  "), "ada@example.org").is_err());
        assert!(name(Some("a\u{7}"), "ada@example.org").is_err());
    }
}
