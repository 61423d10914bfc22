//! Where settings come from: each source is a [`Layer`] of entries that knows its own name, so that every value can say where it is from.
//!
//! The default text is also the list of what exists: a key that it does not have is a mistake, and a variable's text is read as the type that
//! the default has.

use std::collections::BTreeMap;
use std::path::Path;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::ConfigError;

/// The commented defaults.
pub(crate) const DEFAULT_TEXT: &str = include_str!("config.default.toml");
/// How variables begin that name a setting in full.
const PREFIX: &str = "LEADGATE__";
/// Variables with names of their own: those of the integration guide and of hosting platforms, and the ones used most.
const SHORT_NAMES: [(&str, &str); 11] = [
    (freshsales::credentials::KEY_VARIABLE, "crm.api_key"),
    (freshsales::credentials::ADDRESS_VARIABLE, "crm.subdomain"),
    ("LEADGATE_APP_KEY", "access.app_key"),
    ("LEADGATE_OPERATOR_KEY", "access.operator_key"),
    ("LEADGATE_MASTER_KEY", "accounts.master_key"),
    ("LEADGATE_MASTER_KEY_FILE", "accounts.master_key_file"),
    ("LEADGATE_DATA", "store.data"),
    ("LEADGATE_RULES", "rules.file"),
    ("DATABASE_URL", "store.database"),
    ("DATABASE_URL", "sync.database"),
    ("PORT", "server.port"),
];

/// Entries from one source, by `section.key`.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// The source, for people: `variable PORT`.
    pub(crate) origin: String,
    entries: BTreeMap<String, Value>,
}

impl Layer {
    /// Values that a command or its flags set.
    pub(crate) fn of_flag(flag: &str, path: &str, value: impl Into<Value>) -> Layer {
        Layer { origin: format!("flag {flag}"), entries: BTreeMap::from([(path.to_owned(), value.into())]) }
    }

    /// What a command sets where nobody says otherwise.
    pub(crate) fn of_command(command: &str, entries: &[(&str, Value)]) -> Layer {
        let entries = entries.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect();
        Layer { origin: format!("default of {command}"), entries }
    }

    /// The embedded defaults.
    pub(crate) fn of_defaults() -> Result<Layer, ConfigError> {
        Layer::of_text("default", DEFAULT_TEXT)
    }

    /// A TOML file.
    pub(crate) fn of_file(file: &Path) -> Result<Layer, ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigError::one(format!("{} could not be read: {error}", file.display())))?;
        Layer::of_text(&format!("file {}", file.display()), &text)
    }

    fn of_text(origin: &str, text: &str) -> Result<Layer, ConfigError> {
        let parsed = Toml::string(text).data();
        let parsed = parsed.map_err(|error| ConfigError::one(format!("{origin} is not valid TOML: {}", error.kind)))?;
        let sections: Dict = parsed.into_values().next().unwrap_or_default();
        let mut entries = BTreeMap::new();
        for (section, content) in sections {
            match content {
                Value::Dict(_, keys) => {
                    entries.extend(keys.into_iter().map(|(key, value)| (format!("{section}.{key}"), value)));
                }
                value => drop(entries.insert(section, value)),
            }
        }
        Ok(Layer { origin: origin.to_owned(), entries })
    }

    /// Whether the source has something to say of a setting.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.entries.contains_key(path)
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Problems with keys that do not exist.
    pub(crate) fn unknown_keys(&self, known: &Layer) -> Vec<String> {
        let unknown = self.paths().filter(|path| !known.has(path));
        unknown.map(|path| format!("{}: there is no setting {path}{}", self.origin, suggestion(path, known))).collect()
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> figment::error::Result<Map<Profile, Dict>> {
        let mut sections = Dict::new();
        for (path, value) in &self.entries {
            let Some((section, key)) = path.split_once('.') else { continue };
            let section = sections.entry(section.to_owned()).or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, keys) = section {
                keys.insert(key.to_owned(), value.clone());
            }
        }
        Ok(Map::from([(Profile::Default, sections)]))
    }
}

/// One layer for each variable that is about a setting; the full names hold over the short ones. An empty variable counts as not set.
pub(crate) fn of_environment(variables: &BTreeMap<String, String>, known: &Layer) -> Result<Vec<Layer>, ConfigError> {
    let short = SHORT_NAMES.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned()));
    let full = variables.keys().filter_map(|name| Some((name.clone(), path_of_variable(name)?)));
    let mut layers = Vec::new();
    let mut problems = Vec::new();
    for (name, path) in short.chain(full) {
        let Some(text) = variables.get(&name).map(|text| text.trim()).filter(|text| !text.is_empty()) else { continue };
        match known.entries.get(&path).map(|default| read_as(text, default)) {
            Some(Ok(value)) => {
                layers.push(Layer { origin: format!("variable {name}"), entries: BTreeMap::from([(path, value)]) })
            }
            Some(Err(wanted)) => problems.push(format!("variable {name}: it is not {wanted}")),
            None => problems.push(format!("variable {name}: there is no setting {path}{}", suggestion(&path, known))),
        }
    }
    if problems.is_empty() { Ok(layers) } else { Err(ConfigError { problems }) }
}

/// `LEADGATE__BUDGET__PER_HOUR` is `budget.per_hour`.
fn path_of_variable(name: &str) -> Option<String> {
    Some(name.strip_prefix(PREFIX)?.to_lowercase().replace("__", "."))
}

/// A variable's text as the type that the default has. The error says what was expected.
fn read_as(text: &str, default: &Value) -> Result<Value, &'static str> {
    match default {
        Value::Bool(..) => text.parse::<bool>().map(Value::from).map_err(|_| "true or false"),
        Value::Num(_, number) if number.to_f64().is_some() => {
            text.parse::<f64>().map(Value::from).map_err(|_| "a number such as 0.25")
        }
        Value::Num(..) => text.parse::<u64>().map(Value::from).map_err(|_| "a whole number"),
        _ => Ok(Value::from(text)),
    }
}

/// `; did you mean …?` with the nearest known key, if one is near. A key that is right in another section counts as near.
fn suggestion(path: &str, known: &Layer) -> String {
    let key = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let nearness = |candidate: &str| {
        strsim::jaro_winkler(path, candidate).max(strsim::jaro_winkler(&key(path), &key(candidate)) - 0.05)
    };
    let nearest = known.paths().map(|candidate| (nearness(candidate), candidate)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((nearness, candidate)) if nearness > 0.8 => format!("; did you mean {candidate}?"),
        _ => "; `leadgate config example` lists them all".to_owned(),
    }
}
