//! Prints the settings that hold, secrets masked, each with its source.

use figment::value::{Num, Value};

use super::{DEFAULT_TEXT, Effective};

/// Settings whose values are never shown.
const SECRETS: [&str; 4] = ["access.app_key", "access.operator_key", "accounts.master_key", "crm.api_key"];
/// Addresses. None may have a user name or password in it, but a start is refused for that only after people have looked here.
const ADDRESSES: [&str; 6] =
    ["server.public_url", "crm.subdomain", "sync.database", "store.url", "store.database", "store.listen_url"];
/// Where rows go: a list of texts, or of tables with an address each, which may have a password in it.
const SINKS: &str = "sync.sinks";
const MASK: &str = "********";

/// Whether a value must not be shown, nor repeated by an error.
pub(super) fn is_secret(path: &str) -> bool {
    SECRETS.contains(&path) || path.starts_with("store.") && ADDRESSES.contains(&path)
}

/// One setting as it is shown.
pub(crate) struct Shown {
    /// `section.key`.
    pub(crate) path: String,
    /// The value, or a mask.
    pub(crate) value: serde_json::Value,
    /// Where it is from.
    pub(crate) origin: String,
}

impl Effective {
    /// Every setting, in the order of the default text.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        let mut section = "";
        let mut shown = Vec::new();
        for line in DEFAULT_TEXT.lines() {
            if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = header;
            } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
                let path = format!("{section}.{key}");
                shown.push(Shown { value: self.masked(&path), origin: self.origin(&path), path });
            }
        }
        shown
    }

    /// The settings as TOML, each with its source behind it.
    pub(crate) fn as_toml(&self) -> String {
        let mut text = String::new();
        let mut current = String::new();
        for Shown { path, value, origin } in self.shown() {
            let (section, key) = path.split_once('.').unwrap_or(("", &path));
            if section != current {
                let gap = if current.is_empty() { "" } else { "\n" };
                text.push_str(&format!("{gap}[{section}]\n"));
                current = section.to_owned();
            }
            // A JSON text, number or boolean is the same in TOML.
            let setting = format!("{key} = {value}");
            text.push_str(&format!("{setting:<40} # {origin}\n"));
        }
        text
    }

    fn masked(&self, path: &str) -> serde_json::Value {
        let value = self.figment.find_value(path).map(|value| plain(&value)).unwrap_or_default();
        let is_set = value.as_str().is_none_or(|text| !text.trim().is_empty());
        if path == SINKS {
            return sinks(&value);
        }
        match value.as_str() {
            Some(address) if ADDRESSES.contains(&path) => without_credentials(address).into(),
            _ if SECRETS.contains(&path) && is_set => MASK.into(),
            _ => value,
        }
    }
}

/// Sinks by their addresses.
fn sinks(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::String(text) => {
            text.split(',').map(without_credentials).collect::<Vec<_>>().join(",").into()
        }
        serde_json::Value::Array(sinks) => sinks.iter().map(sinks_of).collect(),
        other => other.clone(),
    }
}

fn sinks_of(sink: &serde_json::Value) -> serde_json::Value {
    let address = sink.as_str().or_else(|| sink.get("to")?.as_str()).unwrap_or_default();
    without_credentials(address).into()
}

/// An address with a mask for all that stands before its last `@`, but for the scheme, and for a password among its parameters.
pub(crate) fn without_credentials(address: &str) -> String {
    let (address, parameters) =
        address.split_once('?').map_or((address, None), |(before, behind)| (before, Some(behind)));
    let shown = match address.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
            format!("{scheme}{MASK}@{host}")
        }
        None => address.to_owned(),
    };
    match parameters {
        // A password that holds a question mark: what follows it belongs to it.
        Some(parameters) if parameters.contains('@') => format!("{MASK}@{}", after_last_at(parameters)),
        Some(parameters) => {
            format!("{shown}?{}", parameters.split('&').map(masked_parameter).collect::<Vec<_>>().join("&"))
        }
        None => shown,
    }
}

fn after_last_at(text: &str) -> &str {
    text.rsplit_once('@').map_or(text, |(_, host)| host)
}

fn masked_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("pass") => format!("{name}={MASK}"),
        _ => parameter.to_owned(),
    }
}

fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::String(_, text) => text.clone().into(),
        Value::Bool(_, flag) => (*flag).into(),
        Value::Num(_, number) => plain_number(*number),
        Value::Array(_, values) => values.iter().map(plain).collect(),
        Value::Dict(_, entries) => {
            serde_json::Value::Object(entries.iter().map(|(key, value)| (key.clone(), plain(value))).collect())
        }
        _ => serde_json::Value::Null,
    }
}

fn plain_number(number: Num) -> serde_json::Value {
    match (number.to_u128_lossy(), number.to_f64()) {
        (_, Some(fraction)) => fraction.into(),
        (Some(whole), None) => u64::try_from(whole).unwrap_or(u64::MAX).into(),
        (None, None) => serde_json::Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("postgres://host/crm", "postgres://host/crm")]
    #[case::password("postgres://ada:s3cret@host:5432/crm", "postgres://********@host:5432/crm")]
    #[case::parameter(
        "postgres://host/crm?sslmode=require&password=s3cret",
        "postgres://host/crm?sslmode=require&password=********"
    )]
    #[case::question_mark("postgres://ada:s3?cret@host/crm", "********@host/crm")]
    fn a_password_in_an_address_is_masked(#[case] address: &str, #[case] shown: &str) {
        assert_eq!(without_credentials(address), shown);
    }
}
