//! Configuration: what may be set, where it comes from, what of it is wrong.
//!
//! Cast: `config.default.toml` says what there is and explains it; [`layers`] reads the sources; [`sections`] has the settings as types; [`checks`]
//! finds what cannot work; [`account`] has the settings of one account of many; [`show`] prints what holds. Flow: [`Sources`] → layers → [`Effective`], or every problem that was found at once.

mod account;
mod checks;
mod layers;
mod sections;
mod show;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use figment::Figment;
use leadgate_core::rules::{Rules, RulesError};

pub(crate) use account::{AccountSecrets, AccountSettings, OfAccount};
pub(crate) use checks::{account_of, names_account};
pub(crate) use layers::{DEFAULT_TEXT, Layer};
pub(crate) use sections::{
    DurabilityChoice, LogFormat, LogSettings, RetentionSettings, ServerSettings, Settings, StoreSettings, is_postgres,
    stream_of,
};
pub(crate) use show::{Shown, without_credentials};

/// The file that is read where none is named.
const USUAL_FILE: &str = "leadgate.toml";
/// The rules file that is read where none is named.
const USUAL_RULES_FILE: &str = "leadgate-rules.toml";

/// What cannot be started with; each problem is a line that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{}", problems.join("\n"))]
pub(crate) struct ConfigError {
    /// The problems.
    pub(crate) problems: Vec<String>,
}

impl ConfigError {
    pub(crate) fn one(problem: impl Into<String>) -> ConfigError {
        ConfigError { problems: vec![problem.into()] }
    }
}

/// Where settings are looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// A file named by the user. It must exist.
    pub(crate) file: Option<PathBuf>,
    /// The folder in which `leadgate.toml` is looked for otherwise.
    pub(crate) folder: PathBuf,
    /// The environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// Defaults of the command, under all that the user says.
    pub(crate) command: Option<Layer>,
    /// The flags.
    pub(crate) flags: Vec<Layer>,
}

/// The settings that hold, and where each is from.
pub(crate) struct Effective {
    /// As types.
    pub(crate) settings: Settings,
    figment: Figment,
}

impl Effective {
    /// Reads every source and checks the result.
    pub(crate) fn load(sources: &Sources) -> Result<Effective, ConfigError> {
        let defaults = Layer::of_defaults()?;
        let file = sources.file()?;
        let unknown: Vec<String> = file.iter().flat_map(|layer| layer.unknown_keys(&defaults)).collect();
        if !unknown.is_empty() {
            return Err(ConfigError { problems: unknown });
        }
        let environment = layers::of_environment(&sources.environment, &defaults)?;
        let above = sources.command.iter().chain(&file).chain(&environment).chain(&sources.flags);
        let figment = above.fold(Figment::from(&defaults), Figment::merge);
        let mut settings: Settings = figment.extract().map_err(|error| ConfigError { problems: readable(error) })?;
        checks::check(&settings)?;
        settings.rules.read = Arc::new(sources.rules(settings.rules.file.as_deref())?);
        Ok(Effective { settings, figment })
    }

    /// Where the value of `section.key` is from.
    pub(crate) fn origin(&self, path: &str) -> String {
        self.figment.find_metadata(path).map(|metadata| metadata.name.to_string()).unwrap_or_default()
    }
}

impl Sources {
    /// The rules file that is named, which must exist, or the usual one, which need not.
    pub(crate) fn rules(&self, named: Option<&str>) -> Result<Rules, ConfigError> {
        let usual = self.folder.join(USUAL_RULES_FILE);
        let file = match named {
            Some(named) => PathBuf::from(named),
            None if usual.is_file() => usual,
            None => return Ok(Rules::default()),
        };
        let text = std::fs::read_to_string(&file).map_err(|error| {
            ConfigError::one(format!("the rules file {} could not be read: {error}", file.display()))
        })?;
        let problem = |problem: String| format!("the rules file {}: {problem}", file.display());
        let variable = |name: &str| self.environment.get(name).filter(|value| !value.is_empty()).cloned();
        Rules::parse(&text, &variable)
            .map_err(|RulesError(problems)| ConfigError { problems: problems.into_iter().map(problem).collect() })
    }

    fn file(&self) -> Result<Option<Layer>, ConfigError> {
        let usual = self.folder.join(USUAL_FILE);
        match &self.file {
            Some(named) => Layer::of_file(named).map(Some),
            None if usual.is_file() => Layer::of_file(Path::new(&usual)).map(Some),
            None => Ok(None),
        }
    }
}

fn readable(errors: figment::Error) -> Vec<String> {
    let line = |error: figment::Error| {
        let origin = error.metadata.as_ref().map(|metadata| format!("{}: ", metadata.name)).unwrap_or_default();
        // The kind may repeat a value, and a secret is one.
        let what =
            if show::is_secret(&error.path.join(".")) { "it is not a text".to_owned() } else { error.kind.to_string() };
        format!("{origin}{} cannot be used: {what}", error.path.join("."))
    };
    errors.into_iter().map(line).collect()
}
