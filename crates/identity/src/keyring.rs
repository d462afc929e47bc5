//! The master key and what is derived from it: where it is kept, and how values are sealed under it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dryoc::classic::crypto_aead_xchacha20poly1305_ietf as aead;
use dryoc::classic::crypto_box::{crypto_box_seal_open, crypto_box_seed_keypair};
use dryoc::classic::crypto_kdf::{crypto_kdf_hkdf_sha256_expand, crypto_kdf_hkdf_sha256_extract};
use kernel::{Ambient, Error, Result};
use zeroize::Zeroizing;

use crate::access::Access;
use crate::secret::Secret;
use crate::tokens::hex;

/// The file in the data folder.
const FILE: &str = "master.key";
/// What a sealed value begins with: the form of what follows.
const FORM: &str = "v1";
/// Bytes of XChaCha20's nonce: enough that chance never gives one twice.
const NONCE: usize = 24;
/// Bytes of Poly1305's tag.
const TAG: usize = 16;
/// Bytes that a sealed box adds: the sender's public key and the tag.
const SEAL: usize = 48;

/// A master key and the keys that it yields, each for one use.
pub(crate) struct MasterKey {
    raw: Zeroizing<[u8; 32]>,
    /// Tells keys apart without telling anything of them.
    name: String,
    rest: Zeroizing<[u8; 32]>,
    access: Zeroizing<[u8; 32]>,
    refresh: Zeroizing<[u8; 32]>,
    sealing_public: [u8; 32],
    sealing_secret: Zeroizing<[u8; 32]>,
}

impl MasterKey {
    fn from_raw(raw: Zeroizing<[u8; 32]>) -> Result<Self> {
        // RFC 5869: extract once, expand by use.
        let mut prk = Zeroizing::new([0u8; 32]);
        crypto_kdf_hkdf_sha256_extract(&mut prk, None, &raw[..]);
        let derive = |purpose: &str| -> Result<Zeroizing<[u8; 32]>> {
            let mut key = Zeroizing::new([0u8; 32]);
            crypto_kdf_hkdf_sha256_expand(&mut key[..], format!("atelier/1/{purpose}").as_bytes(), &prk)
                .map_err(Error::internal)?;
            Ok(key)
        };
        let (sealing_public, sealing_secret) = crypto_box_seed_keypair(&*derive("sealing")?);
        Ok(Self {
            name: hex(&derive("name")?[..8]),
            rest: derive("rest")?,
            access: derive("access")?,
            refresh: derive("refresh")?,
            sealing_public,
            sealing_secret: Zeroizing::new(sealing_secret),
            raw,
        })
    }

    fn random(ambient: &Ambient) -> Result<Self> {
        Self::from_raw(Zeroizing::new(ambient.bytes()))
    }

    fn parse(text: &str) -> Result<Self> {
        let bad = || {
            Error::field("masterKey", "must be 32 bytes in base 64, as `openssl rand -base64 32` gives them")
        };
        let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| bad())?);
        let raw: [u8; 32] = bytes.as_slice().try_into().map_err(|_| bad())?;
        Self::from_raw(Zeroizing::new(raw))
    }

    fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(&self.raw[..]))
    }
}

/// Where the master keys come from.
pub(crate) enum Source {
    /// The configuration, which alone may change them.
    Given,
    /// The file in the data folder.
    File(PathBuf),
}

/// The master keys: the first is the one in use, those behind it only open what was sealed before.
pub(crate) struct Keyring {
    first: MasterKey,
    former: Vec<MasterKey>,
    source: Source,
    /// Makes and reads access tokens of the first key.
    pub(crate) access: Access,
}

impl Keyring {
    /// Takes the keys of the configuration, or those of the file in `data`, which is made if it is not there.
    ///
    /// # Errors
    /// When the file cannot be read or made, or what stands there is no key.
    pub(crate) fn open(data: &Path, given: Option<&Secret>, issuer: &str, ambient: &Ambient) -> Result<Self> {
        match given {
            Some(given) => Self::of(parse(given.expose())?, Source::Given, issuer),
            None => {
                let file = data.join(FILE);
                Self::of(read_or_make(&file, ambient)?, Source::File(file), issuer)
            }
        }
    }

    fn of(mut keys: Vec<MasterKey>, source: Source, issuer: &str) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::field("masterKey", "is empty"));
        }
        let first = keys.remove(0);
        let access = Access::new(issuer, &first.access);
        Ok(Self { first, former: keys, source, access })
    }

    /// A ring with a new key before those there are. Both stand in the file before anything is sealed under the new one.
    ///
    /// # Errors
    /// `CONFLICT` when the keys come from the configuration; or when the file cannot be written.
    pub(crate) fn renewed(&self, issuer: &str, ambient: &Ambient) -> Result<Self> {
        let Source::File(file) = &self.source else {
            return Err(Error::new(
                kernel::Code::Conflict,
                "The master key comes from the configuration. Put the new key before the old one there, with a comma \
                 between them, and start the server; when it has started, the old one may go.",
            ));
        };
        // What stands in the file counts, not what this process read once: no key in it may be lost.
        let mut keys = vec![MasterKey::random(ambient)?];
        keys.extend(read(file)?.unwrap_or_default());
        write(file, &keys)?;
        Self::of(keys, Source::File(file.clone()), issuer)
    }

    /// Forgets the former keys, which nothing is sealed under any more.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn trim(&self) -> Result<()> {
        match &self.source {
            Source::File(file) if !self.former.is_empty() => write(file, std::slice::from_ref(&self.first)),
            _ => Ok(()),
        }
    }

    /// The public key that browsers seal to, base 64.
    pub(crate) fn public(&self) -> String {
        STANDARD.encode(self.first.sealing_public)
    }

    /// The key that refresh tokens follow each other by.
    pub(crate) fn refresh(&self) -> &[u8; 32] {
        &self.first.refresh
    }

    /// Opens a libsodium sealed box that was sealed to [`Self::public`].
    pub(crate) fn open_box(&self, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let sealed = STANDARD.decode(sealed.trim()).ok()?;
        let mut text = Zeroizing::new(vec![0; sealed.len().checked_sub(SEAL)?]);
        let opened =
            crypto_box_seal_open(&mut text, &sealed, &self.first.sealing_public, &self.first.sealing_secret);
        opened.ok().map(|()| text)
    }

    /// Seals a value to be kept under `place`; it opens nowhere else.
    ///
    /// # Errors
    /// When the value is too long to be sealed.
    pub(crate) fn seal(&self, place: &str, value: &[u8], ambient: &Ambient) -> Result<String> {
        let nonce: [u8; NONCE] = ambient.bytes();
        let mut sealed = vec![0; NONCE + value.len() + TAG];
        let (head, body) = sealed.split_at_mut(NONCE);
        head.copy_from_slice(&nonce);
        let key = &self.first.rest;
        aead::crypto_aead_xchacha20poly1305_ietf_encrypt(body, value, Some(place.as_bytes()), &nonce, key)
            .map_err(Error::internal)?;
        Ok(format!("{FORM}:{}:{}", self.first.name, STANDARD.encode(sealed)))
    }

    /// Opens what was sealed for `place` under any of the keys.
    pub(crate) fn unseal(&self, place: &str, value: &str) -> Option<Zeroizing<Vec<u8>>> {
        let (name, sealed) = parts(value)?;
        let key = std::iter::once(&self.first).chain(&self.former).find(|key| key.name == name)?;
        let sealed = STANDARD.decode(sealed).ok()?;
        let (nonce, body) = sealed.split_at_checked(NONCE)?;
        let mut text = Zeroizing::new(vec![0; body.len().checked_sub(TAG)?]);
        let place = Some(place.as_bytes());
        aead::crypto_aead_xchacha20poly1305_ietf_decrypt(
            &mut text,
            body,
            place,
            nonce.try_into().ok()?,
            &key.rest,
        )
        .ok()
        .map(|()| text)
    }

    /// Whether a sealed value is under the first key already.
    pub(crate) fn is_current(&self, value: &str) -> bool {
        parts(value).is_some_and(|(name, _)| name == self.first.name)
    }
}

/// The name of the key that a value is sealed under, and what is sealed.
fn parts(value: &str) -> Option<(&str, &str)> {
    value.strip_prefix(FORM)?.strip_prefix(':')?.split_once(':')
}

/// Keys stand one after another, with white space or commas between them; the one in use comes first.
fn parse(text: &str) -> Result<Vec<MasterKey>> {
    text.split(|c: char| c.is_whitespace() || c == ',')
        .filter(|part| !part.is_empty())
        .map(MasterKey::parse)
        .collect()
}

fn read_or_make(file: &Path, ambient: &Ambient) -> Result<Vec<MasterKey>> {
    if let Some(keys) = read(file)? {
        return Ok(keys);
    }
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| unusable(file, error))?;
    }
    let keys = vec![MasterKey::random(ambient)?];
    write(file, &keys)?;
    Ok(keys)
}

fn read(file: &Path) -> Result<Option<Vec<MasterKey>>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(file, error)),
    };
    warn_if_open(file);
    // An empty file is a key that was lost, not one that never was: to make a new one would hide that.
    parse(&text).map(Some)
}

/// Writes beside the file and puts it in its place at once, so that a crash leaves the old keys or the new ones.
fn write(file: &Path, keys: &[MasterKey]) -> Result<()> {
    let beside = file.with_extension("key.new");
    let done = (|| {
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut new = private(&beside)?;
        for key in keys {
            new.write_all(key.text().as_bytes())?;
            new.write_all(b"\n")?;
        }
        new.sync_all()?;
        std::fs::rename(&beside, file)?;
        // The name is safe once its folder is; not every file system can be asked.
        if let Some(folder) = file.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    })();
    done.map_err(|error| unusable(file, error))
}

/// A new file that only this account may read.
fn private(file: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

#[cfg(unix)]
fn warn_if_open(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if std::fs::metadata(file).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0) {
        tracing::warn!(file = %file.display(), "other accounts of this machine can read the master key: chmod 600");
    }
}

#[cfg(not(unix))]
fn warn_if_open(_file: &Path) {}

fn unusable(file: &Path, error: std::io::Error) -> Error {
    Error::internal(format!("the master key in {}: {error}", file.display()))
}
