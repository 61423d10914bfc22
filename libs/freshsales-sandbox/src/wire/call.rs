//! One request to the account, taken apart: generation, path segments, query, body.

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value};

use super::{Form, Refusal};
use crate::{Generation, Kind};

/// A request that reached an account.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) generation: Generation,
    /// Whether the path had the `/api` part; a few routes exist only without it.
    pub(crate) api: bool,
    pub(crate) path: Vec<String>,
    query: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// The body where it is a form.
    pub(crate) form: Option<Form>,
    /// The host as the caller named it, for absolute links.
    pub(crate) host: String,
    /// Path and query as they came, to make the same call again.
    pub(crate) full_path: String,
    pub(crate) raw_query: String,
}

/// A path split into the generation it names, whether it is an API path, and the rest.
pub(crate) fn split_prefix(path: &str) -> (Generation, bool, &str) {
    let under = |prefix: &str| {
        let rest = path.strip_prefix(prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    };
    if let Some(rest) = under("/crm/sales/api") {
        (Generation::Suite, true, rest)
    } else if let Some(rest) = under("/crm/sales") {
        (Generation::Suite, false, rest)
    } else if let Some(rest) = under("/api") {
        (Generation::Classic, true, rest)
    } else {
        (Generation::Classic, false, path)
    }
}

/// Path segments, decoded, without a trailing slash and without a `.json` suffix.
pub(crate) fn segments(path: &str) -> Vec<String> {
    let mut parts: Vec<String> =
        path.split('/').filter(|part| !part.is_empty()).map(|part| decode(part, false)).collect();
    if let Some(stem) = parts.last().and_then(|last| last.strip_suffix(".json")).map(str::to_owned) {
        parts.pop();
        parts.push(stem);
    }
    parts
}

/// Query pairs, decoded.
pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%' && tail.len() >= 2)
            .then(|| std::str::from_utf8(&tail[..2]).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok()))
            .flatten();
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(if first == b'+' && plus_is_space { b' ' } else { first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Call {
    pub(crate) fn new(method: Method, path: &str, query: &str, body: Bytes, host: String) -> Self {
        let (generation, api, rest) = split_prefix(path);
        let (full_path, raw_query) = (path.to_owned(), query.to_owned());
        Self {
            method,
            generation,
            api,
            path: segments(rest),
            query: query_pairs(query),
            body,
            form: None,
            host,
            full_path,
            raw_query,
        }
    }

    /// A query parameter; of duplicates the last wins.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a query parameter that may be repeated.
    pub(crate) fn query_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A query parameter as a positive number; anything else counts as absent.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.query(name).and_then(|value| value.trim().parse().ok()).filter(|&number| number > 0)
    }

    /// The comma-separated `include` values.
    pub(crate) fn includes(&self) -> Vec<&str> {
        let values = self.query("include").unwrap_or_default().split(',');
        values.map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    /// The body as a JSON object; an empty body is an empty object.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, Refusal> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(map)) => Ok(map),
            _ => Err(Refusal::invalid("The request body is not a JSON object.")),
        }
    }

    /// The attributes of one record: what stands under the singular key, or the whole body where that key is missing.
    pub(crate) fn attributes(&self, kind: Kind) -> Result<Map<String, Value>, Refusal> {
        let mut body = self.object()?;
        match body.remove(kind.singular()) {
            Some(Value::Object(inner)) => Ok(inner),
            Some(other) => {
                body.insert(kind.singular().to_owned(), other);
                Ok(body)
            }
            None => Ok(body),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/api/leads/1", Generation::Classic, true, &["leads", "1"])]
    #[case("/contacts/view/1/", Generation::Classic, false, &["contacts", "view", "1"])]
    #[case("/crm/sales/api/settings/contacts/fields.json", Generation::Suite, true, &["settings", "contacts", "fields"])]
    #[case("/crm/sales/deals/1/tasks", Generation::Suite, false, &["deals", "1", "tasks"])]
    #[case("/apiary", Generation::Classic, false, &["apiary"])]
    #[case("/api", Generation::Classic, true, &[])]
    fn a_path_names_generation_and_resource(
        #[case] path: &str,
        #[case] generation: Generation,
        #[case] api: bool,
        #[case] parts: &[&str],
    ) {
        let call = Call::new(Method::GET, path, "", Bytes::new(), String::new());
        assert_eq!((call.generation, call.api), (generation, api));
        assert_eq!(call.path, parts);
    }

    #[rstest]
    #[case("q=a%40b.c", Some("a@b.c"))]
    #[case("q=due+today", Some("due today"))]
    #[case("q=1&q=2", Some("2"))]
    #[case("q=%zz%4", Some("%zz%4"))]
    #[case("q%5Bx%5D=1&q", Some(""))]
    #[case("x=1", None)]
    fn a_query_is_decoded_and_the_last_of_duplicates_wins(#[case] query: &str, #[case] value: Option<&str>) {
        let call = Call::new(Method::GET, "/api/search", query, Bytes::new(), String::new());
        assert_eq!(call.query("q"), value);
    }
}
