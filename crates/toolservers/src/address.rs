//! The address of a server, and which addresses may be reached: names are looked up by ourselves, and only what was checked is
//! connected to, so that no name can lead into our own networks.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The longest address, in bytes.
const LONGEST: usize = 500;

/// An address that may be reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

/// Why an address may not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It is not an address at all.
    #[error("not a web address; it should look like https://tools.example.com/mcp")]
    Unreadable,
    /// Neither `http` nor `https`.
    #[error("the address must start with https://")]
    Scheme,
    /// It carries a user name or a password.
    #[error("the address must not carry a user name or password; the token has its own field")]
    Credentials,
    /// It carries a query or a fragment.
    #[error("the address must end with its path, without ? or #")]
    Tail,
    /// It is on this machine or in a network of its own.
    #[error(
        "addresses on this machine and in private networks are not allowed; whoever runs the server can allow them with \
         tools.private_addresses"
    )]
    Private,
}

impl Address {
    /// Reads and checks an address. Plain HTTP is only for private networks.
    pub(crate) fn parse(text: &str, private: bool) -> Result<Self, BadAddress> {
        let text = text.trim();
        let url = Url::parse(text).ok().filter(|_| text.len() <= LONGEST).ok_or(BadAddress::Unreadable)?;
        match url.scheme() {
            "https" => {}
            "http" if private => {}
            _ => return Err(BadAddress::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadAddress::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BadAddress::Tail);
        }
        let host = url.host_str().ok_or(BadAddress::Unreadable)?;
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let local = host == "localhost" || host.ends_with(".localhost");
        if !private && (local || literal.is_some_and(|ip| !is_public(ip))) {
            return Err(BadAddress::Private);
        }
        Ok(Self(url.into()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Looks names up, and gives only addresses that may be reached.
pub(crate) struct Checked {
    pub(crate) private_addresses: bool,
}

/// A name leads to none that may be reached.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to no address that may be reached")]
pub(crate) struct NotAllowed;

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private_addresses;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| private || is_public(address.ip())).collect();
            if allowed.is_empty() {
                return Err(NotAllowed.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is of the public internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_documentation()
        // "This network", shared space of carriers, protocols' own, old relays, benchmarks, and all from multicast on.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 224;
    !special
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    if let Some(v4) = v6.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let [a, b, ..] = v6.segments();
    // Only global unicast, without its parts for protocols (0x2001:0 to 0x2001:1ff, Teredo among them), for documentation, and
    // for 6to4, which holds any address of version 4.
    (0x2000..0x4000).contains(&a)
        && !(a == 0x2001 && (b < 0x0200 || b == 0x0db8))
        && a != 0x2002
        && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_may_be_reached() {
        for text in
            ["https://tools.example.com/mcp", "https://93.184.216.34/", "https://[2606:2800:220:1::1]/mcp"]
        {
            assert_eq!(Address::parse(text, false).unwrap().as_str(), text);
        }
        for text in [
            "https://127.0.0.1/mcp",
            "https://127.1/mcp",
            "https://2130706433/mcp",
            "https://0x7f000001/",
            "https://0.0.0.0/",
            "https://localhost:4400/mcp",
            "https://a.localhost/",
            "https://10.0.0.8/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://198.18.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::1]/",
            "https://[::]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[::ffff:10.0.0.8]/",
            "https://[64:ff9b::a00:8]/",
            "https://[2002:a00:8::]/",
            "https://[2001:db8::1]/",
        ] {
            assert_eq!(Address::parse(text, false), Err(BadAddress::Private), "{text}");
            assert!(Address::parse(text, true).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_plain_web_address_is_refused() {
        for (text, why) in [
            ("tools.example.com", BadAddress::Unreadable),
            ("file:///etc/passwd", BadAddress::Scheme),
            ("http://tools.example.com/mcp", BadAddress::Scheme),
            ("https://ada:pw@example.com", BadAddress::Credentials),
            ("https://example.com/?token=1", BadAddress::Tail),
        ] {
            assert_eq!(Address::parse(text, false), Err(why), "{text}");
        }
        assert!(Address::parse("http://10.0.0.8:9000/mcp", true).is_ok());
        assert_eq!(
            Address::parse(&format!("https://example.com/{}", "x".repeat(600)), true),
            Err(BadAddress::Unreadable)
        );
    }

    #[tokio::test]
    async fn a_name_that_leads_into_our_own_networks_is_not_connected_to() {
        let checked = Checked { private_addresses: false };
        let refused = checked.resolve("localhost".parse().unwrap()).await.err().unwrap();
        assert!(refused.downcast_ref::<NotAllowed>().is_some(), "{refused}");
        let open = Checked { private_addresses: true };
        assert!(open.resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
