//! A sink as people write it: in settings, or on the command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use leadgate_core::sync::Schema;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{ObjectStore, ObjectStoreScheme};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;
use url::Url;

use super::files::FileSink;
use super::place::{Objects, Place};
use super::postgres::PostgresSink;
use super::sqlite::SqliteSink;
use super::writer::{Database, RowWriter};
use super::{Sink, SinkError};

/// The schema of a Postgres database that tables go to if none is named.
const DEFAULT_SCHEMA: &str = "freshsales";

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// An object of JSON a line.
    Ndjson,
    /// Parquet.
    Parquet,
}

impl Format {
    /// What the names of its files end in, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Parquet => "parquet",
        }
    }

    fn from_name(name: &str) -> Option<Format> {
        match name {
            "csv" => Some(Format::Csv),
            "ndjson" | "jsonl" => Some(Format::Ndjson),
            "parquet" => Some(Format::Parquet),
            _ => None,
        }
    }

    fn of_file(path: &str) -> Option<Format> {
        path.rsplit_once('.').and_then(|(_, extension)| Format::from_name(extension))
    }
}

/// Why a text names no sink. It repeats no address, since that may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// It is nothing of what a sink can be.
    #[error(
        "`{0}` names no sink: write a file (won.csv, won.ndjson, won.parquet, copy.db), a folder (out/, or out/?format=parquet), - for \
         the standard output, sqlite:FILE, postgres://HOST/DATABASE, or s3://, gs:// or az:// with a bucket and a path"
    )]
    Unknown(String),
    /// The format is none.
    #[error("`{0}` is no format of files: use csv, ndjson or parquet")]
    Format(String),
    /// Two formats are named.
    #[error("the file's name says {0:?}, the format {1:?}: leave one of them out")]
    TwoFormats(Format, Format),
    /// A table has no format, a file no schema.
    #[error("`{0}` does not go with this kind of sink: leave it out")]
    Misplaced(&'static str),
    /// The address cannot be read.
    #[error("the {0} address cannot be read: see the examples in docs/sinks.md")]
    Address(&'static str),
    /// The name of the schema is no plain name.
    #[error("`{0}` is no name for a schema: use lower-case letters, digits and _, at most 63")]
    Schema(String),
}

/// Where rows go. Its `Debug` and `Display` show no password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SpecText")]
pub struct SinkSpec(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Folder(PathBuf, Format),
    File(PathBuf, Format),
    Output(Format),
    Objects(Url, Format),
    Sqlite(PathBuf),
    Postgres(Url, String),
}

/// As it stands in settings: `to = "out/"`, or a table with the format or the schema beside it.
#[derive(Deserialize)]
#[serde(untagged)]
enum SpecText {
    Plain(String),
    Table(SpecTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecTable {
    to: String,
    format: Option<String>,
    schema: Option<String>,
}

impl TryFrom<SpecText> for SinkSpec {
    type Error = SpecError;

    fn try_from(text: SpecText) -> Result<SinkSpec, SpecError> {
        match text {
            SpecText::Plain(text) => SinkSpec::parse(&text),
            SpecText::Table(SpecTable { to, format, schema }) => {
                SinkSpec::parse_with(&to, format.as_deref(), schema.as_deref())
            }
        }
    }
}

impl FromStr for SinkSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<SinkSpec, SpecError> {
        SinkSpec::parse(text)
    }
}

impl SinkSpec {
    /// Reads a sink. What follows a `?` may name `format`, or for Postgres `schema`.
    pub fn parse(text: &str) -> Result<SinkSpec, SpecError> {
        SinkSpec::parse_with(text, None, None)
    }

    /// Reads a sink whose format or schema is named apart.
    pub fn parse_with(text: &str, format: Option<&str>, schema: Option<&str>) -> Result<SinkSpec, SpecError> {
        let format =
            format.map(|name| Format::from_name(name).ok_or_else(|| SpecError::Format(name.into()))).transpose()?;
        let (address, asked) = text.trim().split_once("?format=").unwrap_or((text.trim(), ""));
        let kind = match address.split_once(':').map_or("", |(scheme, _)| scheme) {
            "postgres" | "postgresql" => {
                return if format.is_some() {
                    Err(SpecError::Misplaced("format"))
                } else {
                    postgres(text.trim(), schema)
                };
            }
            _ if schema.is_some() => return Err(SpecError::Misplaced("schema")),
            "sqlite" => sqlite(address, format)?,
            _ => {
                let asked = (!asked.is_empty())
                    .then(|| Format::from_name(asked).ok_or_else(|| SpecError::Format(asked.into())));
                files(address, format.or(asked.transpose()?))?
            }
        };
        Ok(SinkSpec(kind))
    }

    /// Whether the standard output is what the rows go to, so that nothing else should be written there.
    pub fn is_output(&self) -> bool {
        matches!(self.0, Kind::Output(_))
    }

    /// Whether it holds the rows of one stream only.
    pub fn is_of_one_stream(&self) -> bool {
        match &self.0 {
            Kind::File(..) | Kind::Output(_) => true,
            Kind::Objects(url, _) => Format::of_file(url.path()).is_some(),
            Kind::Folder(..) | Kind::Sqlite(_) | Kind::Postgres(..) => false,
        }
    }

    /// The sink, ready to publish to. Credentials of object stores are read from the environment.
    pub fn open(&self) -> Result<Box<dyn Sink>, SinkError> {
        Ok(match &self.0 {
            Kind::Sqlite(path) => Box::new(SqliteSink { path: path.clone() }),
            Kind::Postgres(url, schema) => Box::new(self.postgres_sink(url, schema)?),
            Kind::Folder(_, format) | Kind::File(_, format) | Kind::Output(format) | Kind::Objects(_, format) => {
                Box::new(FileSink { place: self.place()?, format: *format })
            }
        })
    }

    /// A writer of rows of one schema, for whom there is no copy. Blocks.
    pub fn writer(&self, schema: &Schema) -> Result<RowWriter, SinkError> {
        match &self.0 {
            Kind::Sqlite(path) => RowWriter::to_database(Database::Sqlite(path.clone()), schema),
            Kind::Postgres(url, name) => {
                RowWriter::to_database(Database::Postgres(Box::new(self.postgres_sink(url, name)?)), schema)
            }
            Kind::Folder(_, format) | Kind::File(_, format) | Kind::Output(format) | Kind::Objects(_, format) => {
                RowWriter::to_file(self.place()?, *format, schema)
            }
        }
    }

    fn postgres_sink(&self, url: &Url, schema: &str) -> Result<PostgresSink, SinkError> {
        let shown = self.to_string();
        let options = PgConnectOptions::from_str(url.as_str())
            .map_err(|source| SinkError::Postgres { place: shown.clone(), source })?;
        Ok(PostgresSink { options, schema: schema.to_owned(), shown })
    }

    fn place(&self) -> Result<Place, SinkError> {
        Ok(match &self.0 {
            Kind::Folder(path, _) => Place::Folder(path.clone()),
            Kind::File(path, _) => Place::File(path.clone()),
            Kind::Objects(url, _) => Place::Objects(self.objects(url)?),
            Kind::Output(_) | Kind::Sqlite(_) | Kind::Postgres(..) => Place::Output,
        })
    }

    fn objects(&self, url: &Url) -> Result<Objects, SinkError> {
        // reqwest panics where no provider of TLS is installed; if another was installed before, that one is used.
        drop(rustls::crypto::ring::default_provider().install_default());
        let shown = self.to_string();
        let failed = |source| SinkError::Objects { place: shown.clone(), source };
        let (scheme, path) = ObjectStoreScheme::parse(url).map_err(|error| failed(error.into()))?;
        let address = url.to_string();
        let store: Arc<dyn ObjectStore> = match scheme {
            ObjectStoreScheme::AmazonS3 => {
                Arc::new(AmazonS3Builder::from_env().with_url(address).build().map_err(failed)?)
            }
            ObjectStoreScheme::GoogleCloudStorage => {
                Arc::new(GoogleCloudStorageBuilder::from_env().with_url(address).build().map_err(failed)?)
            }
            _ => Arc::new(MicrosoftAzureBuilder::from_env().with_url(address).build().map_err(failed)?),
        };
        let single = Format::of_file(url.path()).is_some();
        Ok(Objects { store, shown, path, single })
    }
}

fn postgres(text: &str, schema: Option<&str>) -> Result<SinkSpec, SpecError> {
    let mut url = Url::parse(text).map_err(|_| SpecError::Address("Postgres"))?;
    // A password with a slash in it ends the address before its `@`.
    if url.username().is_empty() && url.path().contains('@') {
        return Err(SpecError::Address("Postgres"));
    }
    let asked = url.query_pairs().find(|(name, _)| name == "schema").map(|(_, value)| value.into_owned());
    let kept: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(name, _)| name != "schema").collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    PgConnectOptions::from_str(url.as_str()).map_err(|_| SpecError::Address("Postgres"))?;
    let schema = schema.map(str::to_owned).or(asked).unwrap_or_else(|| DEFAULT_SCHEMA.into());
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if schema.is_empty() || schema.len() > 63 || !schema.bytes().all(plain) || schema.starts_with("pg_") {
        return Err(SpecError::Schema(schema));
    }
    Ok(SinkSpec(Kind::Postgres(url, schema)))
}

fn sqlite(address: &str, format: Option<Format>) -> Result<Kind, SpecError> {
    let path = address.trim_start_matches("sqlite:");
    let path = path.strip_prefix("//").unwrap_or(path);
    match format {
        Some(_) => Err(SpecError::Misplaced("format")),
        None if path.is_empty() => Err(SpecError::Address("SQLite")),
        None => Ok(Kind::Sqlite(path.into())),
    }
}

fn files(address: &str, format: Option<Format>) -> Result<Kind, SpecError> {
    if let Some((scheme, _)) = address.split_once("://") {
        return match scheme {
            "s3" | "s3a" | "gs" | "az" | "abfs" | "abfss" => objects(address, format),
            _ => Err(SpecError::Unknown(format!("{scheme}://"))),
        };
    }
    let named = Format::of_file(address);
    match (address, named) {
        ("-", _) => Ok(Kind::Output(format.unwrap_or(Format::Csv))),
        (folder, _) if folder.ends_with('/') => Ok(Kind::Folder(folder.into(), format.unwrap_or(Format::Csv))),
        (file, Some(named)) => Ok(Kind::File(file.into(), one_format(named, format)?)),
        (file, None) if [".db", ".sqlite", ".sqlite3"].iter().any(|end| file.ends_with(end)) => sqlite(file, format),
        (folder, None) if format.is_some() && !folder.is_empty() => {
            Ok(Kind::Folder(folder.into(), format.unwrap_or(Format::Csv)))
        }
        (other, None) => Err(SpecError::Unknown(other.into())),
    }
}

fn objects(address: &str, format: Option<Format>) -> Result<Kind, SpecError> {
    let url = Url::parse(address).map_err(|_| SpecError::Address("object store"))?;
    if url.host_str().is_none_or(str::is_empty) || url.password().is_some() || url.query().is_some() {
        return Err(SpecError::Address("object store"));
    }
    let format = match Format::of_file(url.path()) {
        Some(named) => one_format(named, format)?,
        None => format.unwrap_or(Format::Csv),
    };
    Ok(Kind::Objects(url, format))
}

fn one_format(named: Format, format: Option<Format>) -> Result<Format, SpecError> {
    match format {
        Some(format) if format != named => Err(SpecError::TwoFormats(named, format)),
        _ => Ok(named),
    }
}

impl fmt::Display for SinkSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Folder(path, format) => write!(formatter, "{} ({})", path.display(), format.extension()),
            Kind::File(path, _) => write!(formatter, "{}", path.display()),
            Kind::Output(_) => formatter.write_str("the standard output"),
            Kind::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Kind::Objects(url, _) => write!(formatter, "{url}"),
            Kind::Postgres(url, schema) => {
                let (host, port) = (url.host_str().unwrap_or("localhost"), url.port().unwrap_or(5432));
                write!(formatter, "postgres://{host}:{port}{} (schema {schema})", url.path())
            }
        }
    }
}

impl fmt::Debug for SinkSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SinkSpec({self})")
    }
}
