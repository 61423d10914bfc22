//! The list of known operations, and the recorded and documented examples of each.

use std::path::PathBuf;

use freshsales::Generation;
use serde_json::Value;

/// One operation of the list.
pub(crate) struct Known {
    pub(crate) operation: String,
    pub(crate) method: String,
    /// The template of its path, relative to the account's address.
    pub(crate) path: String,
    pub(crate) generations: String,
    pub(crate) source: String,
}

impl Known {
    /// The generations that have it.
    pub(crate) fn spoken(&self) -> Vec<Generation> {
        match self.generations.as_str() {
            "suite" => vec![Generation::Suite],
            "classic" => vec![Generation::Classic],
            "both" => vec![Generation::Suite, Generation::Classic],
            other => panic!("{}: unknown generations {other}", self.operation),
        }
    }

    /// Whether a path is one of its own: a parameter stands for one whole segment, and a trailing `.json` says nothing.
    pub(crate) fn fits(&self, path: &str) -> bool {
        let path = path.strip_suffix(".json").unwrap_or(path);
        let (wanted, found) = (self.path.split('/'), path.split('/'));
        wanted.clone().count() == found.clone().count()
            && wanted.zip(found).all(|(wanted, found)| wanted == found || wanted.starts_with('{') && !found.is_empty())
    }

    fn parameters(&self) -> usize {
        self.path.matches('{').count()
    }
}

/// A recorded or documented exchange.
pub(crate) struct Example {
    pub(crate) file: String,
    pub(crate) name: String,
    method: String,
    path: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/freshsales")
}

fn document(file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder().join(file)).unwrap()).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Every known operation, in the order of the list.
pub(crate) fn known() -> Vec<Known> {
    let list = document("operations.json");
    let known = |item: &Value| Known {
        operation: text(&item["operation"]),
        method: text(&item["method"]),
        path: text(&item["path"]),
        generations: text(&item["generations"]),
        source: text(&item["source"]),
    };
    list["operations"].as_array().unwrap().iter().map(known).collect()
}

/// Every example whose request was granted.
pub(crate) fn examples() -> Vec<Example> {
    let mut files: Vec<_> =
        folder().read_dir().unwrap().map(|entry| text(&entry.unwrap().file_name().to_str().into())).collect();
    files.sort();
    files.iter().flat_map(|file| examples_of(file)).collect()
}

fn examples_of(file: &str) -> Vec<Example> {
    let document = document(file);
    let granted = |example: &&Value| example["response"]["status"].as_u64().is_some_and(|status| status < 300);
    let example = |example: &Value| Example {
        file: file.to_owned(),
        name: text(&example["name"]),
        method: text(&example["request"]["method"]),
        path: path_of(example["request"]["url"].as_str().unwrap()),
    };
    document["examples"].as_array().into_iter().flatten().filter(granted).map(example).collect()
}

/// The path relative to the account's address.
fn path_of(url: &str) -> String {
    let path = url.split('?').next().unwrap().splitn(4, '/').nth(3).unwrap();
    let path = path.strip_prefix("crm/sales/").unwrap_or(path);
    format!("/{path}")
}

/// The examples of an operation: its template fits, and none with fewer parameters does.
pub(crate) fn examples_for<'a>(wanted: &Known, known: &[Known], examples: &'a [Example]) -> Vec<&'a Example> {
    let fits = |known: &Known, example: &Example| known.method == example.method && known.fits(&example.path);
    let is_nearer =
        |example: &Example| known.iter().any(|other| other.parameters() < wanted.parameters() && fits(other, example));
    examples.iter().filter(|example| fits(wanted, example) && !is_nearer(example)).collect()
}
