//! What a package index answers: the address of one file, from JSON (PEP 691) or from HTML (PEP 503).

use reqwest::Url;
use serde::Deserialize;

/// What is asked for: JSON if the index can, else HTML.
pub(super) const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

#[derive(Deserialize)]
struct Page {
    files: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    filename: String,
    url: String,
}

/// The address of the file `name` on the page `text`, which came from `page`. Whether the page is JSON or HTML is told by
/// its text: some indexes answer the one and call it the other.
pub(super) fn address(text: &str, page: &Url, name: &str) -> Option<Url> {
    let mut url = match serde_json::from_str::<Page>(text) {
        Ok(json) => page.join(&json.files.iter().find(|file| file.filename == name)?.url).ok()?,
        Err(_) => links(text).filter_map(|link| page.join(&link).ok()).find(|url| file_name(url) == name)?,
    };
    url.set_fragment(None);
    // An index that wants a name and password wants them for its files too, and its links leave them out.
    if url.username().is_empty() && url.host() == page.host() && url.scheme() == page.scheme() {
        url.set_username(page.username()).ok()?;
        url.set_password(page.password()).ok()?;
    }
    matches!(url.scheme(), "http" | "https").then_some(url)
}

fn file_name(url: &Url) -> &str {
    url.path_segments().and_then(Iterator::last).unwrap_or_default()
}

/// The `href` of every anchor.
fn links(html: &str) -> impl Iterator<Item = String> {
    html.split("<a").skip(1).filter_map(|anchor| {
        let inside = anchor.split_once('>')?.0;
        let (before, value) = inside.split_once("href")?;
        let value = value.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let link = value[1..].split(quote).next()?;
        before.ends_with(char::is_whitespace).then(|| link.replace("&amp;", "&"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHEEL: &str = "model-1.0-py3-none-any.whl";

    fn find(text: &str, page: &str) -> Option<String> {
        address(text, &page.parse().unwrap(), WHEEL).map(String::from)
    }

    #[test]
    fn a_json_page_is_read() {
        let page = r#"{"meta":{"api-version":"1.0"},"name":"model","files":[
            {"filename":"model-1.0.tar.gz","url":"https://files.example/model-1.0.tar.gz","hashes":{}},
            {"filename":"model-1.0-py3-none-any.whl","url":"../../f/model-1.0-py3-none-any.whl","hashes":{}}]}"#;
        let found = find(page, "https://index.example/simple/model/");
        assert_eq!(found.unwrap(), "https://index.example/f/model-1.0-py3-none-any.whl");
    }

    #[test]
    fn an_html_page_is_read_and_the_hash_is_cut_off() {
        let page = r#"<!DOCTYPE html><html><body><abbr title="x">href="y"</abbr>
            <a href="https://files.example/a/model-1.0.tar.gz#sha256=00">model-1.0.tar.gz</a><br/>
            <a data-requires-python="&gt;=3.7" href = 'https://files.example/b/model-1.0-py3-none-any.whl?a=1&amp;b=2#sha256=11'>
            model-1.0-py3-none-any.whl</a></body></html>"#;
        let found = find(page, "https://index.example/simple/model/");
        assert_eq!(found.unwrap(), "https://files.example/b/model-1.0-py3-none-any.whl?a=1&b=2");
    }

    #[test]
    fn a_page_without_the_file_has_no_address() {
        assert_eq!(find("", "https://index.example/simple/model/"), None);
        assert_eq!(find("<a href=", "https://index.example/simple/model/"), None);
        assert_eq!(find(r#"{"files":[]}"#, "https://index.example/simple/model/"), None);
        let local = r#"<a href="file:///x/model-1.0-py3-none-any.whl">x</a>"#;
        assert_eq!(find(local, "https://index.example/simple/model/"), None);
    }

    #[test]
    fn a_password_goes_along_to_the_same_host_only() {
        let page = "https://ada:secret@index.example/simple/model/";
        let same = find(r#"<a href="/f/model-1.0-py3-none-any.whl">x</a>"#, page);
        assert_eq!(same.unwrap(), "https://ada:secret@index.example/f/model-1.0-py3-none-any.whl");
        let other = find(r#"<a href="https://files.example/model-1.0-py3-none-any.whl">x</a>"#, page);
        assert_eq!(other.unwrap(), "https://files.example/model-1.0-py3-none-any.whl");
    }
}
