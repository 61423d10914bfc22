//! App keys: made here, shown once, kept as digests. The one exception is the key of `leadgate dev`, which is kept to be shown again.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use leadgate_store::model::AppKey;
use leadgate_store::scopes::Scopes;
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::data_folder::write_private;

/// The file in the data folder that keeps the key of `leadgate dev`.
const DEV_KEY_FILE: &str = "dev-app-key";

/// A new key: 192 random bits.
#[expect(clippy::disallowed_methods, reason = "a key that could be repeated would be no secret")]
pub(crate) fn generate() -> SecretString {
    let bits: [u8; 24] = rand::rng().random();
    let digits: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("lg_{digits}").into()
}

/// What the store keeps of a key.
pub(crate) fn kept(name: &str, key: &SecretString, may: Scopes) -> AppKey {
    AppKey { name: name.to_owned(), digest: Sha256::digest(key.expose_secret()).into(), may }
}

/// The key of `leadgate dev` in this data folder, if there was one made.
pub(crate) fn dev_key(data: &Path) -> anyhow::Result<Option<SecretString>> {
    let file = data.join(DEV_KEY_FILE);
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(SecretString::from)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {} failed", file.display())),
    }
}

/// The key of `leadgate dev` in this data folder; the first time, one is made.
pub(crate) fn dev_key_or_new(data: &Path) -> anyhow::Result<SecretString> {
    if let Some(key) = dev_key(data)? {
        return Ok(key);
    }
    let key = generate();
    let file = data.join(DEV_KEY_FILE);
    write_private(&file, key.expose_secret()).with_context(|| format!("writing {} failed", file.display()))?;
    Ok(key)
}
