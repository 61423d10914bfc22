//! A reply of which only shapes are kept. The values are gone as soon as it is made.

use std::collections::BTreeMap;

use serde_json::Value;

use super::shape::Shape;

/// Headers that are looked at.
const HEADERS: [&str; 6] =
    ["content-type", "location", "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
/// Content types that may be named.
const CONTENT_TYPES: [&str; 3] = ["application/json", "text/html", "text/plain"];

/// What is kept of one reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What was asked, with ids taken out: `GET /contacts/{id}`.
    pub request: String,
    /// The status; `None` where no reply came.
    pub status: Option<u16>,
    /// What headers hold, in words.
    pub headers: BTreeMap<&'static str, String>,
    /// The body.
    pub body: Body,
    /// Whether a list had rows; `None` where it is no list.
    pub has_rows: Option<bool>,
}

/// A body without what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// Something for people.
    Page,
    /// JSON.
    Json(Shape),
}

impl Recorded {
    /// Takes a reply apart. `header` looks a header up; `rows` is the key of the rows, where the reply is a list.
    pub fn new<'a>(
        request: &str,
        status: Option<u16>,
        header: impl Fn(&str) -> Option<&'a str>,
        (body, rows): (&[u8], Option<&str>),
    ) -> Recorded {
        let value: Option<Value> = serde_json::from_slice(body).ok();
        let row_count = rows.and_then(|key| Some(value.as_ref()?.get(key)?.as_array()?.len()));
        let headers = HEADERS.into_iter().filter_map(|name| Some((name, in_words(name, header(name)?))));
        Recorded {
            request: request.to_owned(),
            status,
            headers: headers.collect(),
            has_rows: row_count.map(|count| count > 0),
            body: match &value {
                Some(value) => Body::Json(Shape::of(value)),
                None if body.trim_ascii().is_empty() => Body::Empty,
                None => Body::Page,
            },
        }
    }
}

/// A header's value by its kind: values may hold addresses.
fn in_words(name: &str, value: &str) -> String {
    let value = value.trim();
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match name {
        "content-type" => {
            let media = value.split(';').next().unwrap_or_default().trim();
            CONTENT_TYPES.iter().find(|known| **known == media).map_or("another type", |known| *known).to_owned()
        }
        "location" if value.to_lowercase().contains("sign") => "the sign-in page".to_owned(),
        "location" => "elsewhere".to_owned(),
        "x-ratelimit-reset" if digits => format!("{} digits", value.len()),
        _ if digits => "a number".to_owned(),
        _ => "a text".to_owned(),
    }
}

impl Body {
    /// Its name in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Body::Empty => "nothing",
            Body::Page => "a page",
            Body::Json(_) => "JSON",
        }
    }
}
