//! The base address of a provider, as an administrator sets it.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// An address that requests are sent below: `http` or `https`, without user, query or fragment.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Base {
    /// The whole address, with a slash at its end.
    text: Cow<'static, str>,
    host: Cow<'static, str>,
    loopback: bool,
}

/// OpenAI's own service.
pub(crate) const OPENAI: Base = Base::known("https://api.openai.com/v1/", "api.openai.com", false);
/// Anthropic's own service.
pub(crate) const ANTHROPIC: Base = Base::known("https://api.anthropic.com/", "api.anthropic.com", false);
/// Ollama on this machine, at its usual port.
pub(crate) const OLLAMA: Base = Base::known("http://127.0.0.1:11434/", "127.0.0.1", true);

/// Why an address cannot be a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBase {
    /// It is not an address at all.
    #[error("not a web address; it should look like https://api.example.com/v1")]
    Unreadable,
    /// Neither `http` nor `https`.
    #[error("the address must start with http:// or https://")]
    Scheme,
    /// It carries a user name or a password.
    #[error("the address must not carry a user name or password; the key has its own field")]
    Credentials,
    /// It carries a query or a fragment.
    #[error("the address must end with its path, without ? or #")]
    Tail,
    /// It names a link-local address, where clouds keep their machines' credentials.
    #[error("link-local addresses are not allowed")]
    LinkLocal,
}

impl Base {
    /// Reads and checks an address.
    pub fn parse(text: &str) -> Result<Self, BadBase> {
        let mut url = Url::parse(text.trim()).map_err(|_| BadBase::Unreadable)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadBase::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadBase::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BadBase::Tail);
        }
        let link_local = match address(&url) {
            Some(IpAddr::V4(v4)) => v4.is_link_local(),
            Some(IpAddr::V6(v6)) => {
                v6.is_unicast_link_local() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_link_local())
            }
            None => false,
        };
        if link_local {
            return Err(BadBase::LinkLocal);
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let loopback = address(&url).map_or(host == "localhost", |ip| ip.is_loopback());
        Ok(Self { text: Cow::Owned(url.into()), host: Cow::Owned(host), loopback })
    }

    const fn known(text: &'static str, host: &'static str, loopback: bool) -> Self {
        Self { text: Cow::Borrowed(text), host: Cow::Borrowed(host), loopback }
    }

    /// The address of `path` below the base.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// Whether both are served by the same host.
    pub(crate) fn same_host(&self, other: &Self) -> bool {
        self.host == other.host
    }

    /// Whether this host serves it.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        self.host == host
    }

    /// Whether the base is on this machine, so that no proxy is asked for it.
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }
}

fn address(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_joined_below_the_base_with_or_without_a_final_slash() {
        for base in ["https://example.com/v1", "https://example.com/v1/"] {
            let url = Base::parse(base).unwrap().join("chat/completions");
            assert_eq!(url, "https://example.com/v1/chat/completions");
        }
    }

    #[test]
    fn what_is_not_a_plain_web_address_is_refused() {
        for (text, why) in [
            ("example.com", BadBase::Unreadable),
            ("file:///etc/passwd", BadBase::Scheme),
            ("gopher://example.com", BadBase::Scheme),
            ("https://ada:pw@example.com", BadBase::Credentials),
            ("https://example.com/?a=b", BadBase::Tail),
            ("http://169.254.169.254/latest", BadBase::LinkLocal),
            ("http://0xa9fea9fe/", BadBase::LinkLocal),
            ("http://[fe80::1]/", BadBase::LinkLocal),
            ("http://[::ffff:169.254.169.254]/", BadBase::LinkLocal),
        ] {
            assert_eq!(Base::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn the_known_bases_are_what_would_be_read() {
        for known in [OPENAI, ANTHROPIC, OLLAMA] {
            assert_eq!(Base::parse(&known.text), Ok(known));
        }
    }

    #[test]
    fn this_machine_is_known_in_all_its_spellings() {
        for text in ["http://localhost:11434", "http://127.0.0.1:1", "http://[::1]:1", "http://127.9.9.9"] {
            assert!(Base::parse(text).unwrap().is_loopback(), "{text}");
        }
        assert!(!Base::parse("http://localhost.example.com").unwrap().is_loopback());
    }
}
