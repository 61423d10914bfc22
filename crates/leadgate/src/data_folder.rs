//! The data folder: the store, the key of `leadgate dev`, and a note of the account that all of it is about.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use freshsales::AccountAddress;

use crate::config::{ConfigError, Settings};
use crate::exit::Failure;

/// The database in a data folder.
const STORE_FILE: &str = "leadgate.db";
/// The folder, in a data folder, of the store of a process that only reads rows.
const READER_FOLDER: &str = "reader";
/// The note of the account in a data folder.
const ACCOUNT_FILE: &str = "account";
/// Domains under which an account goes by its first label. One account may have both a Classic and a Suite address.
const PRODUCT_DOMAINS: [&str; 3] = [".freshsales.io", ".myfreshworks.com", ".freshworks.com"];

/// The copy of the account in a data folder.
const COPY_FILE: &str = "copy.db";

/// Where the copy of the account is.
pub(crate) fn copy_file(folder: &Path) -> PathBuf {
    folder.join(COPY_FILE)
}

/// Where a process that only reads rows has its own store. Not the gateway's: that belongs to one process, and a gateway that starts while rows are read
/// must find it free.
pub(crate) fn reader_folder(folder: &Path) -> PathBuf {
    folder.join(READER_FOLDER)
}

/// Where the store of a data folder is.
pub(crate) fn store_file(folder: &Path) -> PathBuf {
    folder.join(STORE_FILE)
}

/// Makes the data folder, closed to other users of the machine: it holds people's data.
pub(crate) fn make_folder(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(folder);
    made.with_context(|| format!("making the data folder {} failed; name another with --data", folder.display()))?;
    Ok(folder.to_owned())
}

/// Makes the data folder where rows are copied into it at times.
pub(crate) fn make_for_copy(settings: &Settings) -> anyhow::Result<()> {
    if settings.sync.schedule.is_some() {
        make_folder(&settings.store.data)?;
    }
    Ok(())
}

/// Makes sure that a data folder is about this account: ids that were learned of one account are wrong for another. Accounts on this
/// machine are sandboxes, which come and go, and are not noted.
pub(crate) fn claim_for_account(folder: &Path, address: &AccountAddress) -> Result<(), Failure> {
    if address.is_loopback() {
        return Ok(());
    }
    let account = account_name(&address.to_string());
    let file = folder.join(ACCOUNT_FILE);
    match std::fs::read_to_string(&file) {
        Ok(noted) if noted.trim() == account => Ok(()),
        Ok(noted) => Err(another_account(folder, noted.trim(), &account).into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(write_private(&file, &account).with_context(|| format!("writing {} failed", file.display()))?)
        }
        Err(error) => Err(anyhow::Error::new(error).context(format!("reading {} failed", file.display())).into()),
    }
}

/// The account that a data folder is about, if that is noted.
pub(crate) fn noted_account(folder: &Path) -> Option<String> {
    let noted = std::fs::read_to_string(folder.join(ACCOUNT_FILE)).ok()?;
    Some(noted.trim().to_owned()).filter(|noted| !noted.is_empty())
}

/// The account that the folder is about and the one of the address, where they differ.
pub(crate) fn difference(folder: &Path, address: &AccountAddress) -> Option<(String, String)> {
    let (noted, named) = (noted_account(folder)?, account_name(&address.to_string()));
    (!address.is_loopback() && noted != named).then_some((noted, named))
}

fn another_account(folder: &Path, noted: &str, account: &str) -> ConfigError {
    ConfigError::one(format!(
        "the data in {} is about the account {noted}, but FRESHSALES_SUBDOMAIN says {account}: name a folder of its own for \
         {account} with --data",
        folder.display()
    ))
}

/// Removes the copy of an account that is being removed, with its side files. What is not there needs no removing, and what cannot be removed is told.
pub(crate) fn remove_copy(folder: &Path) {
    let copy = copy_file(folder);
    for suffix in ["", "-wal", "-shm"] {
        let mut name = copy.clone().into_os_string();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::error!(%error, "the file {} could not be removed; remove it by hand", name.display());
            }
            _ => {}
        }
    }
}

/// Whether two addresses are of one account, as far as they tell.
pub(crate) fn same_account(one: &AccountAddress, other: &AccountAddress) -> bool {
    one.is_loopback() && other.is_loopback() || account_name(&one.to_string()) == account_name(&other.to_string())
}

/// `acme` for `acme` and for `https://acme.myfreshworks.com/crm/sales/api`; other addresses as they are.
fn account_name(address: &str) -> String {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest).split('/').next().unwrap_or(address);
    let label = PRODUCT_DOMAINS.iter().find_map(|domain| host.strip_suffix(domain));
    label.map_or_else(|| address.to_owned(), str::to_owned)
}

/// Writes a file that only its owner can read.
pub(crate) fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    writeln!(options.open(file)?, "{text}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::exit::Exit;

    #[rstest]
    #[case::same("acme", "acme", true)]
    #[case::in_full("acme", "acme.myfreshworks.com/crm/sales", true)]
    #[case::moved("acme.freshsales.io", "acme.myfreshworks.com", true)]
    #[case::another("acme", "acme-test", false)]
    #[case::another_server("https://crm.example.com", "https://crm.example.org", false)]
    #[case::sandboxes("http://127.0.0.1:1000", "http://127.0.0.1:2000", true)]
    fn a_folder_is_about_one_account(#[case] first: &str, #[case] second: &str, #[case] fits: bool) {
        let folder = tempfile::tempdir().unwrap();
        let claim = |address: &str| claim_for_account(folder.path(), &AccountAddress::parse(address).unwrap());
        claim(first).unwrap();
        let refused = claim(second).err().map(|failure| failure.exit);
        assert_eq!(refused, (!fits).then_some(Exit::Configuration));
    }
}
