//! Where files go: a folder, one file, the standard output, an object store.
//!
//! Every file is first written whole to a file of its own and then put in its place: renamed, copied to the output, or uploaded. So nobody
//! sees half of one. What a dead process left behind is known by nobody holding its lock, and is removed.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use object_store::buffered::BufWriter;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

use super::{SinkError, blocking};

const LEFTOVER_PREFIX: &str = ".leadgate-";
const LEFTOVER_SUFFIX: &str = ".part";
const MANIFEST: &str = "leadgate-manifest.json";
/// A manifest is a few kilobytes; what is longer is none.
const LONGEST_MANIFEST: u64 = 16 << 20;
const UPLOAD_PART: usize = 8 << 20;

/// Where files go.
#[derive(Clone)]
pub(crate) enum Place {
    Folder(PathBuf),
    File(PathBuf),
    Output,
    Objects(Objects),
}

/// Objects of a store.
#[derive(Clone)]
pub(crate) struct Objects {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// The address, without what is secret.
    pub(crate) shown: String,
    pub(crate) path: object_store::path::Path,
    /// The path is that of one object, not of all that begin with it.
    pub(crate) single: bool,
}

impl Place {
    /// For people.
    pub(crate) fn shown(&self) -> String {
        match self {
            Place::Folder(path) | Place::File(path) => path.display().to_string(),
            Place::Output => "the standard output".into(),
            Place::Objects(objects) => objects.shown.clone(),
        }
    }

    /// Whether it holds one file only.
    pub(crate) fn is_single(&self) -> bool {
        match self {
            Place::Folder(_) => false,
            Place::File(_) | Place::Output => true,
            Place::Objects(objects) => objects.single,
        }
    }

    /// A file to write to, which [`Place::put`] takes. Blocks.
    pub(crate) fn begin(&self) -> Result<NamedTempFile, SinkError> {
        let begun = match self {
            Place::Folder(path) => begin_in(path),
            Place::File(path) => begin_in(folder_of(path)),
            Place::Output | Place::Objects(_) => NamedTempFile::new(),
        };
        begun.map_err(|source| self.write_failed(source))
    }

    /// Puts a written file in its place under `name`; a place of one file has its own name for it.
    pub(crate) async fn put(&self, name: &str, written: NamedTempFile) -> Result<(), SinkError> {
        match self {
            Place::Folder(path) => self.rename(written, path.join(name)).await,
            Place::File(path) => self.rename(written, path.clone()).await,
            Place::Output => {
                let shown = self.clone();
                blocking(move || print(written.path()).map_err(|source| shown.write_failed(source))).await
            }
            Place::Objects(objects) => objects.upload(&objects.named(name), written).await,
        }
    }

    /// What tells the file of that name from any other that was or will be there; none if there is no such file.
    pub(crate) async fn mark(&self, name: &str) -> Result<Option<String>, SinkError> {
        match self {
            Place::Folder(path) => Ok(mark_of(&path.join(name))),
            Place::File(path) => Ok(mark_of(path)),
            Place::Output => Ok(None),
            Place::Objects(objects) => match objects.store.head(&objects.named(name)).await {
                Ok(found) => {
                    Ok(Some(found.e_tag.unwrap_or_else(|| format!("{}, {}", found.size, found.last_modified))))
                }
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(source) => Err(objects.failed(source)),
            },
        }
    }

    /// Tries whether files can be put there, and leaves none.
    pub(crate) async fn check(&self) -> Result<(), SinkError> {
        self.manifest().await?;
        let place = self.clone();
        blocking(move || place.begin().map(drop)).await
    }

    /// The text of the manifest, if there is one.
    pub(crate) async fn manifest(&self) -> Result<Option<Vec<u8>>, SinkError> {
        let read = match self {
            Place::Folder(path) => read_short(&path.join(MANIFEST)),
            Place::File(path) => read_short(&beside(path)),
            Place::Output => Ok(None),
            Place::Objects(objects) => return objects.manifest().await,
        };
        read.map_err(|source| self.write_failed(source))
    }

    /// Replaces the manifest.
    pub(crate) async fn put_manifest(&self, text: Vec<u8>) -> Result<(), SinkError> {
        let path = match self {
            Place::Folder(path) => path.join(MANIFEST),
            Place::File(path) => beside(path),
            Place::Output => return Ok(()),
            Place::Objects(objects) => {
                let put = objects.store.put(&objects.manifest_path(), Bytes::from(text).into()).await;
                return put.map(|_| ()).map_err(|source| objects.failed(source));
            }
        };
        let mut written = self.begin()?;
        written.write_all(&text).map_err(|source| self.write_failed(source))?;
        self.rename(written, path).await
    }

    /// Removes what a process left that died while it wrote here. Blocks.
    pub(crate) fn remove_leftovers(&self) -> Result<(), SinkError> {
        let folder = match self {
            Place::Folder(path) => path.as_path(),
            Place::File(path) => folder_of(path),
            Place::Output | Place::Objects(_) => return Ok(()),
        };
        if !folder.exists() {
            return Ok(());
        }
        remove_leftovers(folder).map_err(|source| self.write_failed(source))
    }

    pub(crate) fn write_failed(&self, source: io::Error) -> SinkError {
        SinkError::Write { place: self.shown(), source }
    }

    async fn rename(&self, written: NamedTempFile, path: PathBuf) -> Result<(), SinkError> {
        let place = self.clone();
        blocking(move || rename(written, &path).map_err(|source| place.write_failed(source))).await
    }
}

/// Its length and when it was written, to the nanosecond.
fn mark_of(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    let written = found.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Some(format!("{}, {}", found.len(), written.as_nanos()))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".manifest.json");
    name.into()
}

fn begin_in(folder: &Path) -> io::Result<NamedTempFile> {
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(LEFTOVER_PREFIX).suffix(LEFTOVER_SUFFIX);
    // As for any other file, who may read it is for the process's umask to say.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let begun = builder.tempfile_in(folder)?;
    begun.as_file().lock()?;
    Ok(begun)
}

fn rename(written: NamedTempFile, path: &Path) -> io::Result<()> {
    written.as_file().sync_all()?;
    written.persist(path)?;
    File::open(folder_of(path))?.sync_all()
}

fn remove_leftovers(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let leftover = name.starts_with(LEFTOVER_PREFIX) && name.ends_with(LEFTOVER_SUFFIX);
        // Whoever is still writing holds the lock.
        if leftover && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn print(path: &Path) -> io::Result<()> {
    let mut output = io::stdout().lock();
    io::copy(&mut File::open(path)?, &mut output)?;
    output.flush()
}

fn read_short(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut text = Vec::new();
    file.take(LONGEST_MANIFEST).read_to_end(&mut text)?;
    Ok(Some(text))
}

impl Objects {
    fn named(&self, name: &str) -> object_store::path::Path {
        if self.single { self.path.clone() } else { self.path.clone().join(name) }
    }

    fn manifest_path(&self) -> object_store::path::Path {
        if self.single { format!("{}.manifest.json", self.path).into() } else { self.path.clone().join(MANIFEST) }
    }

    fn failed(&self, source: object_store::Error) -> SinkError {
        SinkError::Objects { place: self.shown.clone(), source }
    }

    async fn manifest(&self) -> Result<Option<Vec<u8>>, SinkError> {
        let found = match self.store.get(&self.manifest_path()).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            found => found.map_err(|source| self.failed(source))?,
        };
        if found.meta.size > LONGEST_MANIFEST {
            return Ok(None);
        }
        Ok(Some(found.bytes().await.map_err(|source| self.failed(source))?.to_vec()))
    }

    /// In parts; a store shows the object when the last has come.
    async fn upload(&self, path: &object_store::path::Path, written: NamedTempFile) -> Result<(), SinkError> {
        let place = Place::Objects(self.clone());
        let mut file = written.reopen().map_err(|source| place.write_failed(source))?;
        let mut upload = BufWriter::with_capacity(Arc::clone(&self.store), path.clone(), UPLOAD_PART);
        loop {
            let read = blocking(move || Ok((read_part(&mut file), file))).await?;
            let (part, rest) = read;
            file = rest;
            let part = part.map_err(|source| place.write_failed(source))?;
            if part.is_empty() {
                return upload.shutdown().await.map_err(|source| place.write_failed(source));
            }
            if let Err(source) = upload.put(part).await {
                // The store also forgets unfinished uploads by itself; the first failure is the one to tell.
                let _ = upload.abort().await;
                return Err(self.failed(source));
            }
        }
    }
}

fn read_part(file: &mut File) -> io::Result<Bytes> {
    let mut part = Vec::new();
    file.take(UPLOAD_PART as u64).read_to_end(&mut part)?;
    Ok(part.into())
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    fn bucket(path: &str, single: bool) -> (Arc<InMemory>, Place) {
        let store = Arc::new(InMemory::new());
        let shown = format!("s3://bucket/{path}");
        (Arc::clone(&store), Place::Objects(Objects { store, shown, path: path.into(), single }))
    }

    fn written(place: &Place, text: &[u8]) -> NamedTempFile {
        let mut file = place.begin().unwrap();
        file.write_all(text).unwrap();
        file
    }

    async fn read(store: &InMemory, path: &str) -> Vec<u8> {
        store.get(&path.into()).await.unwrap().bytes().await.unwrap().to_vec()
    }

    #[tokio::test]
    async fn objects_are_named_below_the_path_and_replaced() {
        let (store, place) = bucket("crm/leads", false);
        assert_eq!(place.mark("deals.csv").await.unwrap(), None);
        let mut marks = Vec::new();
        for text in ["old", "new"] {
            place.put("deals.csv", written(&place, text.as_bytes())).await.unwrap();
            marks.push(place.mark("deals.csv").await.unwrap());
        }
        assert!(marks[0].is_some() && marks[0] != marks[1], "{marks:?}");
        assert_eq!(read(&store, "crm/leads/deals.csv").await, b"new");
    }

    #[tokio::test]
    async fn a_single_object_has_the_name_that_was_given() {
        let (store, place) = bucket("won.csv", true);
        place.put("deals.csv", written(&place, b"rows")).await.unwrap();
        assert_eq!(read(&store, "won.csv").await, b"rows");
        place.put_manifest(b"{}".to_vec()).await.unwrap();
        assert_eq!(read(&store, "won.csv.manifest.json").await, b"{}");
        assert_eq!(place.manifest().await.unwrap().as_deref(), Some(b"{}".as_slice()));
    }

    #[tokio::test]
    async fn what_is_larger_than_a_part_arrives_whole() {
        let (store, place) = bucket("", false);
        let text: Vec<u8> = (0..UPLOAD_PART * 2 + 17).map(|index| (index % 251) as u8).collect();
        place.put("big", written(&place, &text)).await.unwrap();
        assert!(read(&store, "big").await == text);
    }

    #[tokio::test]
    async fn a_place_without_a_manifest_says_so() {
        let (_store, place) = bucket("crm", false);
        assert_eq!(place.manifest().await.unwrap(), None);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Place::Folder(folder.path().join("new")).manifest().await.unwrap(), None);
    }
}
