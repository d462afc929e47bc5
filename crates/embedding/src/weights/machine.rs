//! Which package index this machine uses, as `pip` and `uv` are told: by the environment or by `pip`'s own files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use configparser::ini::Ini;
use reqwest::Url;

use super::WeightsError;

/// The index of a machine that names no other: the same default that `pip` has.
pub const DEFAULT_INDEX: &str = "https://pypi.org/simple";

/// How this machine reaches packages.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// Address of the package index; `None` if the machine may use none.
    pub index: Option<String>,
    /// Files of certificates (PEM) to trust beside those of the platform.
    pub certificates: Vec<PathBuf>,
}

impl Machine {
    /// As the environment of this process and `pip`'s files say.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::read(&|name| std::env::var_os(name), &|path| std::fs::read_to_string(path).ok())
    }

    /// As `variable` and `file` say. What comes first counts: `PIP_INDEX_URL`, `UV_DEFAULT_INDEX`, `UV_INDEX_URL`, the
    /// files of `pip` from the nearest to the machine's own, the default.
    fn read(variable: &dyn Fn(&str) -> Option<OsString>, file: &dyn Fn(&Path) -> Option<String>) -> Self {
        let text = |name: &str| variable(name)?.into_string().ok().filter(|text| !text.is_empty());
        let settings: Vec<Ini> = files(variable)
            .iter()
            .filter_map(|path| {
                let mut settings = Ini::new();
                settings.read(file(path)?).ok()?;
                Some(settings)
            })
            .collect();
        let setting = |key: &str| {
            let in_file = |settings: &Ini| {
                ["install", "global"].into_iter().find_map(|section| {
                    let written = [key.to_owned(), key.replace('-', "_")];
                    written
                        .iter()
                        .find_map(|key| settings.get(section, key))
                        .map(|value| value.trim().to_owned())
                })
            };
            settings.iter().find_map(in_file).filter(|value| !value.is_empty())
        };
        let refused = text("PIP_NO_INDEX").or_else(|| setting("no-index"));
        let refused =
            refused.is_some_and(|value| matches!(value.to_lowercase().as_str(), "1" | "true" | "yes" | "on"));
        // `uv` allows a name before the address: `name=https://…`.
        let named = |value: String| match value.split_once('=') {
            Some((name, address)) if !name.contains(':') => address.to_owned(),
            _ => value,
        };
        let index = text("PIP_INDEX_URL")
            .or_else(|| text("UV_DEFAULT_INDEX").map(named))
            .or_else(|| text("UV_INDEX_URL"))
            .or_else(|| setting("index-url"))
            .unwrap_or_else(|| DEFAULT_INDEX.to_owned());
        let certificates = [text("PIP_CERT"), text("SSL_CERT_FILE"), setting("cert")];
        let mut certificates: Vec<PathBuf> = certificates.into_iter().flatten().map(PathBuf::from).collect();
        certificates.dedup();
        Self { index: (!refused).then_some(index), certificates }
    }

    /// The page of `project` in the index.
    pub(super) fn page(&self, project: &str) -> Result<Url, WeightsError> {
        let index = self.index.as_ref().ok_or(WeightsError::NoIndex)?;
        let page = Url::parse(&format!("{}/{project}/", index.trim_end_matches('/')));
        page.ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or(WeightsError::BadIndex)
    }
}

/// The files that `pip` reads, those that count more first.
/// Source: pip's documentation, "Configuration", section "Location".
fn files(variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from);
    let home = folder("HOME");
    let (name, mut files) = (if cfg!(windows) { "pip.ini" } else { "pip.conf" }, Vec::new());
    files.extend(folder("PIP_CONFIG_FILE"));
    files.extend(folder("VIRTUAL_ENV").map(|path| path.join(name)));
    if cfg!(windows) {
        files.extend(folder("APPDATA").map(|path| path.join("pip").join(name)));
        files.extend(folder("USERPROFILE").map(|path| path.join("pip").join(name)));
        files.extend(folder("PROGRAMDATA").map(|path| path.join("pip").join(name)));
    } else {
        if cfg!(target_os = "macos") {
            files.extend(home.as_ref().map(|home| home.join("Library/Application Support/pip").join(name)));
        }
        let config = folder("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
        files.extend(config.map(|config| config.join("pip").join(name)));
        files.extend(home.map(|home| home.join(".pip").join(name)));
        let shared = variable("XDG_CONFIG_DIRS").unwrap_or_else(|| "/etc/xdg".into());
        files.extend(std::env::split_paths(&shared).map(|path| path.join("pip").join(name)));
        files.push(Path::new("/etc").join(name));
    }
    files
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn machine(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Machine {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        let file = |path: &Path| {
            files.iter().find(|(key, _)| Path::new(key) == path).map(|(_, text)| (*text).into())
        };
        Machine::read(&variable, &file)
    }

    #[test]
    fn a_machine_that_names_no_index_uses_the_default() {
        assert_eq!(machine(&[], &[]).index.unwrap(), DEFAULT_INDEX);
        assert_eq!(machine(&[("PIP_INDEX_URL", "")], &[]).index.unwrap(), DEFAULT_INDEX);
    }

    #[test]
    fn the_environment_counts_more_than_files_and_near_files_more_than_far_ones() {
        let near = (
            "/home/ada/.config/pip/pip.conf",
            "[global]\nindex-url = https://near.example/simple # not a comment",
        );
        let far = ("/etc/pip.conf", "[global]\nindex_url: https://far.example/simple/\ncert = /ca.pem\n");
        let home = ("HOME", "/home/ada");
        assert_eq!(machine(&[], &[far]).index.unwrap(), "https://far.example/simple/");
        assert!(machine(&[home], &[near, far]).index.unwrap().starts_with("https://near.example/simple"));
        assert_eq!(machine(&[home], &[near, far]).certificates, [Path::new("/ca.pem")]);
        let uv = ("UV_DEFAULT_INDEX", "inner=https://uv.example/simple?a=b");
        assert_eq!(machine(&[home, uv], &[near, far]).index.unwrap(), "https://uv.example/simple?a=b");
        let pip = ("PIP_INDEX_URL", "https://pip.example/simple");
        assert_eq!(machine(&[home, uv, pip], &[near, far]).index.unwrap(), "https://pip.example/simple");
    }

    #[test]
    fn a_machine_that_may_use_no_index_has_none() {
        assert_eq!(machine(&[("PIP_NO_INDEX", "1")], &[]).index, None);
        assert_eq!(machine(&[], &[("/etc/pip.conf", "[global]\nno-index = true")]).index, None);
        assert!(matches!(machine(&[("PIP_NO_INDEX", "1")], &[]).page("model"), Err(WeightsError::NoIndex)));
    }

    #[test]
    fn the_page_of_a_project_is_below_the_index() {
        let page = |index| machine(&[("PIP_INDEX_URL", index)], &[]).page("model");
        assert_eq!(page("https://a.example/simple").unwrap().as_str(), "https://a.example/simple/model/");
        assert_eq!(page("https://a.example/simple/").unwrap().as_str(), "https://a.example/simple/model/");
        assert!(matches!(page("not an address"), Err(WeightsError::BadIndex)));
        assert!(matches!(page("file:///simple"), Err(WeightsError::BadIndex)));
    }

    #[test]
    fn certificates_come_from_the_environment_and_are_not_repeated() {
        let both = [("PIP_CERT", "/ca.pem"), ("SSL_CERT_FILE", "/ca.pem")];
        assert_eq!(machine(&both, &[]).certificates, [Path::new("/ca.pem")]);
    }
}
