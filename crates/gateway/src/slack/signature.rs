//! Whether Slack itself sent something: a pure function of what was sent, the secret and the time.
//!
//! After <https://docs.slack.dev/authentication/verifying-requests-from-slack>.

use hmac::{Hmac, KeyInit, Mac};
use kernel::Timestamp;
use sha2::Sha256;

/// How far the time that Slack signed may be from ours, in seconds: whoever overheard it can use it no longer.
const WINDOW: i64 = 5 * 60;
/// The version of the signature that stands before it and in what is signed.
const VERSION: &str = "v0";

/// What a request says of its signature.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'r> {
    /// `X-Slack-Request-Timestamp`: seconds since 1970.
    pub timestamp: &'r str,
    /// `X-Slack-Signature`.
    pub signature: &'r str,
}

/// Whether the time that was signed is near enough to be looked at further.
pub(crate) fn is_fresh(timestamp: &str, now: Timestamp) -> bool {
    // Only what Slack writes: no sign, no blanks.
    let digits = (1..=12).contains(&timestamp.len()) && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let at = timestamp.parse::<i64>();
    digits && at.is_ok_and(|at| (now.0.div_euclid(1_000) - at).abs() <= WINDOW)
}

/// Whether the secret's holder signed this body at about this time. Takes the same time wherever a signature is wrong.
pub(crate) fn is_signed(secret: &str, signed: Signed<'_>, body: &[u8], now: Timestamp) -> bool {
    let Signed { timestamp, signature } = signed;
    let Some(given) = signature.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('=')).and_then(bytes)
    else {
        return false;
    };
    is_fresh(timestamp, now)
        && mac(secret, timestamp, body).is_some_and(|mac| mac.verify_slice(&given).is_ok())
}

/// How the secret's holder signs a body.
#[cfg(test)]
fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    use std::fmt::Write;
    let mac = mac(secret, timestamp, body).unwrap().finalize().into_bytes();
    mac.iter().fold(format!("{VERSION}="), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn mac(secret: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    // A key of any length will do, but for none: that anyone has.
    let mut mac = (!secret.is_empty()).then(|| Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok())??;
    for part in [VERSION.as_bytes(), b":", timestamp.as_bytes(), b":", body] {
        mac.update(part);
    }
    Some(mac)
}

/// The 32 bytes that hexadecimal digits say.
fn bytes(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        let digits = &text[2 * at..2 * at + 2];
        // `from_str_radix` would take a sign.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of Slack's documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const AT: &str = "1531420618";
    const BODY: &[u8] = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn now(seconds: i64) -> Timestamp {
        Timestamp((1_531_420_618 + seconds) * 1_000)
    }

    fn accepted(secret: &str, timestamp: &str, signature: &str, body: &[u8], seconds: i64) -> bool {
        is_signed(secret, Signed { timestamp, signature }, body, now(seconds))
    }

    #[test]
    fn what_slack_signed_is_accepted() {
        assert!(accepted(SECRET, AT, SIGNATURE, BODY, 0));
        assert_eq!(sign(SECRET, AT, BODY), SIGNATURE);
    }

    #[test]
    fn what_was_signed_too_long_ago_or_in_the_future_is_refused() {
        assert!(accepted(SECRET, AT, SIGNATURE, BODY, 300) && accepted(SECRET, AT, SIGNATURE, BODY, -300));
        assert!(!accepted(SECRET, AT, SIGNATURE, BODY, 301) && !accepted(SECRET, AT, SIGNATURE, BODY, -301));
    }

    #[test]
    fn whatever_is_not_as_it_was_signed_is_refused() {
        let mut body = BODY.to_vec();
        body[0] ^= 1;
        assert!(!accepted(SECRET, AT, SIGNATURE, &body, 0));
        assert!(!accepted(SECRET, "1531420619", SIGNATURE, BODY, 0));
        assert!(!accepted("another", AT, SIGNATURE, BODY, 0));
        assert!(!accepted("", AT, &SIGNATURE.replace('a', "b"), BODY, 0));
    }

    #[test]
    fn what_is_no_signature_or_time_is_refused() {
        for signature in
            ["", "v0=", "v1=00", &SIGNATURE[..66], &format!("{SIGNATURE}0"), "v0=é", &SIGNATURE[3..]]
        {
            assert!(!accepted(SECRET, AT, signature, BODY, 0), "{signature}");
        }
        let plus = format!("v0={}", "+1".repeat(32));
        assert!(!accepted(SECRET, AT, &plus, BODY, 0));
        for timestamp in ["", "now", "+1531420618", " 1531420618", "99999999999999999999", "-1"] {
            assert!(!accepted(SECRET, timestamp, &sign(SECRET, timestamp, BODY), BODY, 0), "{timestamp}");
        }
    }
}
