//! Updates that keep the tags and custom fields they do not mention.
//!
//! The API replaces `tags` as a whole, and `custom_field` too in some accounts (seen in the wild since July 2026; others merge it). [`Client::update`] is right
//! in both: it reads the record, merges, and writes every custom field that has a value. What is to be replaced says so: `replace_tags`, `replace_custom_fields`.
//!
//! ```no_run
//! use freshsales::contacts::{self, ContactAttributes};
//!
//! # async fn run(client: freshsales::Client) -> Result<(), freshsales::Error> {
//! let attributes = ContactAttributes::new().tags(["Webinar"]).remove_tags(["Cold"]).custom_field("cf_seats", 80);
//! let contact = client.update(&contacts::update(40201000001, attributes)).await?.record;
//! # let _ = contact;
//! # Ok(())
//! # }
//! ```
//!
//! # What is guaranteed, and what cannot be
//!
//! The API has no conditional write. With [`Guard::Before`] the record is read once more right before the write; if `updated_at`, the tags or the custom fields
//! changed, the merge starts again. A change by somebody else between that reading and the write is lost, and nothing shows it. With [`Guard::Around`] the record is also read after the
//! write; if somebody who had read it before wrote over it, the merge starts again. Writers who all use `Around` do not lose each other's changes unless two
//! writes fall into the time of one request.
//!
//! An upsert and a bulk upsert send their tags and custom fields as they are, for they do not know the record: what they find loses its other tags.

use serde_json::{Map, Value, json};

use crate::api::verbs::{Update, View};
use crate::client::Client;
use crate::decode::Single;
use crate::error::{Error, ErrorClass};
use crate::record::{Attributes, Record};
use crate::retry::{RetryPolicy, RetryingClient};

const TAGS: &str = "tags";
const CUSTOM: &str = "custom_field";
/// How often a merge is tried before the record counts as contended.
const TRIES: u32 = 4;

/// How an update that merges watches for others who change the record at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Guard {
    /// Reads once, then writes: 2 requests.
    Off,
    /// Reads again right before the write: 3 requests.
    #[default]
    Before,
    /// Reads again right before and right after the write: 4 requests.
    Around,
}

/// How a set of attributes means its tags and custom fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Merges {
    removed_tags: Vec<String>,
    tags: Mode,
    custom_fields: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Mode {
    /// Not mentioned, or set by name as they are to be sent.
    #[default]
    AsTheyAre,
    Merge,
    Replace,
}

impl Merges {
    /// Whether the record must be read before these attributes can be written to it.
    pub fn is_needed(&self) -> bool {
        self.tags == Mode::Merge || self.custom_fields == Mode::Merge
    }

    fn reads_the_record(&self) -> bool {
        // To replace custom fields in an account that merges them, the others must be emptied by name.
        self.is_needed() || self.custom_fields == Mode::Replace
    }

    pub(crate) fn add_tags(&mut self, fields: &mut Map<String, Value>, tags: impl Iterator<Item = String>) {
        let mut all = texts(fields.get(TAGS));
        all.extend(tags);
        all.retain(|tag| !self.removed_tags.contains(tag));
        fields.insert(TAGS.to_owned(), json!(without_repeats(all)));
        if self.tags != Mode::Replace {
            self.tags = Mode::Merge;
        }
    }

    pub(crate) fn remove_tags(&mut self, tags: impl Iterator<Item = String>) {
        self.removed_tags.extend(tags);
        if self.tags != Mode::Replace {
            self.tags = Mode::Merge;
        }
    }

    pub(crate) fn replace_tags(&mut self, fields: &mut Map<String, Value>, tags: impl Iterator<Item = String>) {
        fields.insert(TAGS.to_owned(), json!(without_repeats(tags.collect())));
        self.tags = Mode::Replace;
    }

    pub(crate) fn set_custom_field(&mut self, fields: &mut Map<String, Value>, key: String, value: Value) {
        let custom = fields.entry(CUSTOM).or_insert_with(|| json!({}));
        if let Value::Object(custom) = custom {
            custom.insert(key, value);
        }
        if self.custom_fields != Mode::Replace {
            self.custom_fields = Mode::Merge;
        }
    }

    pub(crate) fn replace_custom_fields(&mut self, fields: &mut Map<String, Value>, custom: Map<String, Value>) {
        fields.insert(CUSTOM.to_owned(), Value::Object(custom));
        self.custom_fields = Mode::Replace;
    }

    /// The attributes to send, merged into what the record has. `None` if the record does not show its tags or custom fields.
    fn merged(&self, wanted: &Map<String, Value>, record: &Map<String, Value>) -> Option<Map<String, Value>> {
        let mut sent = wanted.clone();
        if self.tags == Mode::Merge {
            let mut tags = texts(Some(record.get(TAGS)?));
            tags.extend(texts(wanted.get(TAGS)));
            tags.retain(|tag| !self.removed_tags.contains(tag));
            sent.insert(TAGS.to_owned(), json!(without_repeats(tags)));
        }
        if self.custom_fields != Mode::AsTheyAre {
            let held = record.get(CUSTOM)?.as_object()?;
            let mut custom = Map::new();
            for (key, value) in held.iter().filter(|(_, value)| !value.is_null()) {
                let kept = if self.custom_fields == Mode::Merge { value.clone() } else { Value::Null };
                custom.insert(key.clone(), kept);
            }
            custom.extend(wanted.get(CUSTOM).and_then(Value::as_object).cloned().unwrap_or_default());
            sent.insert(CUSTOM.to_owned(), Value::Object(custom));
        }
        Some(sent)
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn without_repeats(mut texts: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    texts.retain(|text| seen.insert(text.clone()));
    texts
}

/// What of a record shows that somebody changed it.
fn version(record: &Map<String, Value>) -> [Option<&Value>; 3] {
    [record.get("updated_at"), record.get(TAGS), record.get(CUSTOM)]
}

/// Whether the record already has what would be sent, so that nothing need be written.
fn has_all(record: &Map<String, Value>, sent: &Map<String, Value>) -> bool {
    let nothing = |value: Option<&Value>| value.is_none_or(Value::is_null);
    sent.iter().all(|(name, value)| match (name.as_str(), value, record.get(name)) {
        (CUSTOM, Value::Object(sent), Some(Value::Object(held))) => {
            sent.iter().all(|(key, value)| held.get(key) == Some(value) || (value.is_null() && nothing(held.get(key))))
        }
        (TAGS | CUSTOM, _, held) => held == Some(value),
        _ => false,
    })
}

/// Whether a tag or custom field has gone back to what it was before it was written. The CRM may spell a value differently (`"80"` as 80), so the wanted value alone tells nothing.
fn was_overwritten(before: &Map<String, Value>, sent: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    let undone = |sent: Option<&Value>, before: Option<&Value>, after: Option<&Value>| {
        let or_null = |value: Option<&Value>| value.cloned().unwrap_or_default();
        or_null(after) == or_null(before) && or_null(sent) != or_null(before)
    };
    let mut wanted = texts(sent.get(TAGS)).into_iter();
    let held = texts(after.get(TAGS));
    let old_tags = texts(before.get(TAGS));
    let tag_lost = wanted.any(|tag| !held.contains(&tag));
    let kept_tags = texts(sent.get(TAGS));
    let tag_is_back =
        sent.contains_key(TAGS) && old_tags.iter().any(|tag| held.contains(tag) && !kept_tags.contains(tag));
    let custom =
        |fields: &Map<String, Value>| fields.get(CUSTOM).and_then(Value::as_object).cloned().unwrap_or_default();
    let (old, new) = (custom(before), custom(after));
    tag_lost || tag_is_back || custom(sent).iter().any(|(key, value)| undone(Some(value), old.get(key), new.get(key)))
}

impl Client {
    /// Changes a record and keeps the tags and custom fields that the update does not mention. See [`crate::merge`].
    ///
    /// One request if there is nothing to merge; else 2 to 4, by the update's [`Guard`]. Nothing is written if the record already has the merged values.
    /// Side loads are those of the update's `include`.
    ///
    /// # Errors
    /// As [`Client::send`]; [`ErrorClass::ChangedMeanwhile`] if others kept changing the record.
    pub async fn update<T: Record>(&self, update: &Update<T>) -> Result<Single<T>, Error> {
        RetryingClient::new(self.clone(), RetryPolicy::default().attempts(1)).update(update).await
    }
}

impl RetryingClient {
    /// As [`Client::update`], with each of its requests repeated as the policy says: all of them are safe to repeat.
    ///
    /// # Errors
    /// As [`Client::update`].
    pub async fn update<T: Record>(&self, update: &Update<T>) -> Result<Single<T>, Error> {
        let Some(merges) = update.attributes.merges().filter(|merges| merges.reads_the_record()) else {
            return Ok(self.send(update).await?.output);
        };
        let wanted = update.attributes.as_map();
        let mut written = false;
        let mut record = self.fields_of(update).await?;
        for _ in 0..TRIES {
            let before = record.1;
            let sent = merges.merged(wanted, &before).ok_or_else(|| self.shows_nothing::<T>(update.id))?;
            if has_all(&before, &sent) {
                return Ok(record.0);
            }
            if update.guard != Guard::Off {
                record = self.fields_of(update).await?;
                if version(&record.1) != version(&before) {
                    continue;
                }
            }
            let reply = self.send(&Merged { update, fields: sent.clone() }).await?.output;
            written = true;
            if update.guard != Guard::Around {
                return Ok(reply);
            }
            record = self.fields_of(update).await?;
            if !was_overwritten(&before, &sent, &record.1) {
                return Ok(record.0);
            }
        }
        Err(Error::of_write(ErrorClass::ChangedMeanwhile { attempts: TRIES, written }, path_of::<T>(update.id)))
    }

    async fn fields_of<T: Record>(&self, update: &Update<T>) -> Result<(Single<T>, Map<String, Value>), Error> {
        let single = self.send(&View::<T>::new(update.id).include(update.include.clone())).await?.output;
        let fields = match serde_json::to_value(&single.record) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        Ok((single, fields))
    }

    fn shows_nothing<T: Record>(&self, id: i64) -> Error {
        Error::setup(format!(
            "{} does not show its tags or custom fields, so nothing can be merged into them: use `replace_tags` or `replace_custom_fields`",
            path_of::<T>(id)
        ))
    }
}

fn path_of<T: Record>(id: i64) -> String {
    format!("{}/{id}", T::PLURAL)
}

/// An update with the attributes that the merge came to.
struct Merged<'a, T: Record> {
    update: &'a Update<T>,
    fields: Map<String, Value>,
}

impl<T: Record> crate::Request for Merged<'_, T> {
    type Output = Single<T>;

    fn to_parts(&self, generation: crate::Generation) -> crate::RequestParts {
        self.update.to_parts(generation).body(json!({ T::SINGULAR: self.fields }))
    }

    fn kind(&self) -> crate::Idempotency {
        self.update.kind()
    }

    fn decode(&self, status: http::StatusCode, body: &[u8]) -> Result<Self::Output, crate::DecodeError> {
        self.update.decode(status, body)
    }
}
