//! A provider's key, which never prints and is wiped from memory when dropped.

use std::fmt;

use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

/// Bytes that a key may have at most.
const MAX_KEY: usize = 4_096;

/// A provider's key. It has no `Display` and no `Serialize`; `Debug` shows nothing of it.
#[derive(Clone)]
pub struct ApiKey(Zeroizing<String>);

/// A text that cannot be a key: empty, too long, or with characters that a header cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is 1 to 4096 visible ASCII characters without spaces")]
pub struct BadKey;

impl ApiKey {
    /// Takes the key over. Blanks around it, which come from copying, are dropped.
    pub fn new(text: impl Into<String>) -> Result<Self, BadKey> {
        let whole = Zeroizing::new(text.into());
        let key = Zeroizing::new(whole.trim().to_owned());
        let fits = !key.is_empty() && key.len() <= MAX_KEY && key.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(key)) } else { Err(BadKey) }
    }

    /// The header value `prefix` + key, marked so that no log of headers shows it.
    pub(crate) fn header(&self, prefix: &str) -> Option<HeaderValue> {
        let text = Zeroizing::new(format!("{prefix}{}", self.0.as_str()));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// `text` without the key, should a provider have repeated it.
    pub(crate) fn scrub(&self, text: &str) -> String {
        text.replace(self.0.as_str(), "[key]")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_prints() {
        let key = ApiKey::new("sk-very-secret").unwrap();
        assert!(!format!("{key:?}").contains("secret"));
        assert!(!format!("{:?}", key.header("Bearer ").unwrap()).contains("secret"));
        assert_eq!(key.scrub("bad key sk-very-secret!"), "bad key [key]!");
    }

    #[test]
    fn a_key_that_would_break_a_header_is_refused() {
        for text in ["", "  ", "a b", "a\r\nHost: x", "ключ"] {
            assert!(ApiKey::new(text).is_err(), "{text:?}");
        }
        assert!(ApiKey::new(" sk-1\n").is_ok(), "blanks from copying are dropped");
    }
}
