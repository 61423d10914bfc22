//! Conditions: expressions in CEL, the Common Expression Language.
//!
//! Moments are texts in RFC 3339; `timestamp("…")` and `duration("24h")` turn texts into seconds that can be compared and added, so that an
//! expression reads as it does elsewhere.

use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map as CelMap};
use cel::{Context, Env, ExecutionError, Program, Value as CelValue};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::pattern::seconds;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A condition that could be read.
#[derive(Clone)]
pub(super) struct Condition {
    program: Arc<Program>,
    source: String,
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.source)
    }
}

impl Condition {
    /// Reads a condition. `known` are the names that it may speak of.
    pub(super) fn parse(source: &str, known: &[&str]) -> Result<Condition, String> {
        let program = ENVIRONMENT.compile(source).map_err(|error| one_line(&error.to_string()))?;
        let is_free = |name: &&str| !known.contains(name) && !is_bound(source, name);
        let unknown = program.references().variables().into_iter().find(is_free).map(str::to_owned);
        match unknown {
            Some(name) => Err(format!("knows no \"{name}\"; a condition may speak of: {}", known.join(", "))),
            None => Ok(Condition { program: Arc::new(program), source: source.to_owned() }),
        }
    }

    /// Whether the condition holds of what is seen.
    pub(super) fn holds(&self, view: &Map<String, Value>) -> Result<bool, String> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        let ready = context.add_function("timestamp", timestamp).and(context.add_function("duration", duration));
        ready.map_err(|_| "its functions are not at hand".to_owned())?;
        for (name, value) in view {
            context.add_variable_from_value(name.as_str(), value_of(value));
        }
        match self.program.execute(&context) {
            Ok(CelValue::Bool(holds)) => Ok(holds),
            Ok(_) => Err("it says neither true nor false".to_owned()),
            Err(error) => Err(in_words(&error)),
        }
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }
}

/// Whether the condition itself gives the name to the items of a list: `tags.exists(tag, …)`. Names that begin with `@` are the language's own.
fn is_bound(source: &str, name: &str) -> bool {
    let dense: String = source.split_whitespace().collect();
    name.starts_with('@') || dense.contains(&format!("({name},"))
}

fn timestamp(text: Arc<String>) -> Result<i64, ExecutionError> {
    let moment: Result<Timestamp, _> = text.parse();
    moment
        .map(Timestamp::as_second)
        .map_err(|_| ExecutionError::function_error("timestamp", "it is no moment in RFC 3339"))
}

fn duration(text: Arc<String>) -> Result<i64, ExecutionError> {
    seconds(&text).ok_or_else(|| ExecutionError::function_error("duration", "write a length of time such as 24h or 2d"))
}

/// A number without a fraction is an integer, whichever way it was written.
fn value_of(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(flag) => CelValue::Bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => CelValue::Int(integer),
            None => CelValue::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => CelValue::String(Arc::new(text.clone())),
        Value::Array(items) => CelValue::List(Arc::new(items.iter().map(value_of).collect())),
        Value::Object(entries) => {
            let entry = |(name, value): (&String, &Value)| (Key::String(Arc::new(name.clone())), value_of(value));
            CelValue::Map(CelMap { map: Arc::new(entries.iter().map(entry).collect()) })
        }
    }
}

/// What went wrong, without the values at hand: they are people's.
fn in_words(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(name) => format!("there is no \"{name}\"; ask has(…) first"),
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::UndeclaredReference(name) => format!("there is no \"{name}\""),
        ExecutionError::FunctionError { function, message } => format!("{function}: {message}"),
        ExecutionError::ValuesNotComparable(..) => "two values of different kinds were compared".to_owned(),
        ExecutionError::UnexpectedType { got, want } => format!("a value is of kind {got} rather than {want}"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "a list is shorter than that".to_owned(),
        _ => "its values do not fit what it does with them".to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
