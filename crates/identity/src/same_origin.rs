//! Whether a request that bears a cookie was made by a page of this server: the guard against cross-site requests.

/// Whether a request that is known by a cookie may pass.
///
/// `origin` and `sec_fetch_site` are the headers of those names; `own` is the server's own origin (`https://host`), and
/// `list` are the other origins that may call it. A browser sends `Origin` with every request that can change something,
/// and `Sec-Fetch-Site` with every request to a server that it trusts the way to; a page can forge neither. Without
/// both, no browser of the last years asks, and the cookie is only where its owner put it.
#[must_use]
pub fn allowed(origin: Option<&str>, sec_fetch_site: Option<&str>, own: &str, list: &[String]) -> bool {
    match (origin, sec_fetch_site) {
        (Some(origin), _) => same(origin, own) || list.iter().any(|allowed| same(origin, allowed)),
        // `none`: the person asked themselves, by the address bar or a bookmark.
        (None, Some(site)) => matches!(site, "same-origin" | "none"),
        (None, None) => true,
    }
}

/// Scheme and host are of any case; a default port is left out by browsers and may stand in a configuration.
fn same(origin: &str, other: &str) -> bool {
    let plain = |text: &str| {
        let text = text.trim().trim_end_matches('/').to_ascii_lowercase();
        let port = if text.starts_with("https://") { ":443" } else { ":80" };
        text.strip_suffix(port).map_or_else(|| text.clone(), str::to_owned)
    };
    origin != "null" && plain(origin) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "https://atelier.example";

    fn listed() -> Vec<String> {
        vec!["http://localhost:5173".to_owned()]
    }

    #[test]
    fn pages_of_this_server_and_of_the_list_pass() {
        assert!(allowed(Some(OWN), Some("same-origin"), OWN, &[]));
        assert!(allowed(Some("https://ATELIER.example"), None, "https://atelier.example:443/", &[]));
        assert!(allowed(Some("http://localhost:5173"), Some("cross-site"), OWN, &listed()));
        assert!(allowed(None, Some("same-origin"), OWN, &[]));
        assert!(allowed(None, Some("none"), OWN, &[]));
    }

    #[test]
    fn pages_of_other_sites_do_not_pass() {
        for origin in [
            "https://evil.example",
            "http://atelier.example",
            "https://atelier.example.evil.example",
            "https://atelier.example:8443",
            "http://localhost:5174",
            "null",
        ] {
            assert!(!allowed(Some(origin), None, OWN, &listed()), "{origin}");
            assert!(!allowed(Some(origin), Some("same-origin"), OWN, &listed()), "{origin}");
        }
        for site in ["cross-site", "same-site", "something new"] {
            assert!(!allowed(None, Some(site), OWN, &listed()), "{site}");
        }
        assert!(!allowed(Some("null"), None, "null", &[]));
    }

    #[test]
    fn a_client_that_is_no_browser_passes() {
        assert!(allowed(None, None, OWN, &[]));
    }
}
