//! Tokens: 256 bits of chance in base 64, kept only as their SHA-256.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dryoc::classic::crypto_auth_hmacsha256::crypto_auth_hmacsha256;
use dryoc::classic::crypto_hash::crypto_hash_sha256;
use kernel::Ambient;

/// What an API key begins with.
pub(crate) const KEY: &str = "atk_";
/// What a runner's key begins with.
pub(crate) const RUNNER: &str = "atn_";
/// What a refresh token begins with.
pub(crate) const REFRESH: &str = "atr_";
/// What an invitation's token begins with.
pub(crate) const INVITATION: &str = "ati_";
/// What the set-up's token begins with.
pub(crate) const SETUP: &str = "ats_";

/// A new token of the kind that `prefix` names.
pub(crate) fn new(ambient: &Ambient, prefix: &str) -> String {
    written(prefix, ambient.bytes())
}

/// How much of a key is shown in lists.
const HINT: usize = 10;

/// What lists show of a key.
pub(crate) fn hint(key: &str) -> String {
    key.chars().take(HINT).collect()
}

/// What is kept of a token. A token is all chance, so a plain hash cannot be tried backwards.
pub(crate) fn hash(token: &str) -> String {
    let mut digest = [0; 32];
    crypto_hash_sha256(&mut digest, token.as_bytes());
    hex(&digest)
}

/// The refresh token that follows `token`: the same one however often it is asked for, and made by `key` alone.
pub(crate) fn successor(token: &str, key: &[u8; 32]) -> String {
    let mut mac = [0; 32];
    crypto_auth_hmacsha256(&mut mac, token.as_bytes(), key);
    written(REFRESH, mac)
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn written(prefix: &str, bytes: [u8; 32]) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_as_its_sha_256() {
        // FIPS 180-4's example "abc".
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn tokens_differ_and_say_their_kind() {
        let ambient = Ambient::system();
        let (one, other) = (new(&ambient, KEY), new(&ambient, KEY));
        assert_ne!(one, other);
        assert!(one.starts_with(KEY) && one.len() == KEY.len() + 43);
    }

    #[test]
    fn a_successor_depends_on_the_token_and_the_key() {
        let one = successor("atr_a", &[1; 32]);
        assert_eq!(one, successor("atr_a", &[1; 32]));
        assert_ne!(one, successor("atr_b", &[1; 32]));
        assert_ne!(one, successor("atr_a", &[2; 32]));
    }
}
