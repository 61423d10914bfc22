//! How every backend writes down what it keeps as JSON, and reads it back.

use leadgate_core::job::{JobState, STATE_VERSION};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// A job's state, as its columns hold it.
pub struct StateColumns {
    /// The whole of it.
    pub json: String,
    /// The name of the step that it is at, for lists.
    pub step: &'static str,
    /// How often its call failed in a row.
    pub failures: i64,
    /// See [`Packing::number`](leadgate_core::pack::Packing::number).
    pub packable: i16,
    /// Whether something may have been written for it.
    pub may_have_written: bool,
}

impl StateColumns {
    /// The columns of a state.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it cannot be written as JSON.
    pub fn new(state: &JobState) -> Result<StateColumns, StoreError> {
        let step = state.steps.get(state.current).or(state.steps.last());
        Ok(StateColumns {
            json: to_json("job state", state)?,
            step: step.map_or("", |step| step.name()),
            failures: i64::from(state.failures),
            packable: i16::from(state.packing().number()),
            may_have_written: state.may_have_written(),
        })
    }
}

/// A value as JSON text.
///
/// # Errors
/// [`StoreError::Corrupt`] if that fails.
pub fn to_json(what: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt(what, error))
}

/// A value from JSON text.
///
/// # Errors
/// [`StoreError::Corrupt`] if that fails.
pub fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| corrupt(what, error))
}

/// A job's state from JSON text. One of a newer version is refused even where it could be read: what it means may have changed.
///
/// # Errors
/// [`StoreError::Corrupt`] if that fails.
pub fn state_from_json(text: &str) -> Result<JobState, StoreError> {
    const WHAT: &str = "job state";
    // Only the version, because the rest of a newer one may have any shape.
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }
    let found = from_json::<Versioned>(WHAT, text)?.version;
    if found > u64::from(STATE_VERSION) {
        let why = format!(
            "written by a newer version of leadgate (form {found}, this one knows {STATE_VERSION}); upgrade leadgate"
        );
        return Err(corrupt(WHAT, why));
    }
    from_json(WHAT, text)
}

/// The job of an import's row that has not ended, as its columns hold it.
pub struct RowJob {
    /// Its number.
    pub id: i64,
    /// Its state, as JSON.
    pub state: String,
    /// A process had it in its hands and died.
    pub abandoned: bool,
}

impl RowJob {
    /// Whether something may have been written to the CRM for it. Of one that was abandoned it is not known which call was under way, and one that cannot be
    /// read may have as well.
    pub fn may_have_written(&self) -> bool {
        self.abandoned || state_from_json(&self.state).map_or(true, |state| state.may_have_written())
    }
}

/// A value from JSON text that may be missing.
///
/// # Errors
/// [`StoreError::Corrupt`] if that fails.
pub fn from_optional_json<T: DeserializeOwned>(
    what: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, StoreError> {
    text.map(|text| from_json(what, text)).transpose()
}

/// A stored value that cannot be read.
pub fn corrupt(what: &'static str, why: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt { what, why: why.to_string() }
}
