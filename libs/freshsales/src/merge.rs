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
//! # Upserts
//!
//! [`Client::upsert`] looks the record up by its key and merges into what it finds. An [`Upsert`] that is sent as it is, and a
//! [bulk upsert](crate::jobs), do not know the record, so they are not sent if there is something to merge: say `replace_tags` or
//! `replace_custom_fields`, and what they find loses the rest.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::Generation;
use crate::api::lookup::KeyOf;
use crate::api::verbs::{Update, Upsert, View};
use crate::client::Client;
use crate::decode::{DecodeError, Single};
use crate::error::{Error, ErrorClass};
use crate::record::{Attributes, Record};
use crate::request::{Idempotency, Request, RequestParts};
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

/// An update that can be merged into what its record has: an [`Update`], or that of a [custom module's record](crate::custom_modules::UpdateRecord).
pub trait MergeUpdate: Request<Output = Single<Self::Record>> {
    /// What is changed.
    type Record: Serialize + Send;
    /// Reads what is changed.
    type Reading: Request<Output = Single<Self::Record>>;

    /// A request that reads the record with the update's includes.
    fn reading(&self) -> Self::Reading;
    /// What is to be written, in which envelope, and how it is merged.
    fn wanted(&self) -> Wanted<'_>;
}

/// What a [`MergeUpdate`] is to write.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Key that the attributes have in the body, e.g. `contact`.
    pub envelope: &'a str,
    /// The attributes as they were set.
    pub attributes: &'a Map<String, Value>,
    /// Which of them are to be merged.
    pub merges: Option<&'a Merges>,
    /// How others are watched for.
    pub guard: Guard,
}

impl<T: Record> MergeUpdate for Update<T> {
    type Record = T;
    type Reading = View<T>;

    fn reading(&self) -> View<T> {
        View::new(self.id).include(self.include.clone())
    }

    fn wanted(&self) -> Wanted<'_> {
        let attributes = &self.attributes;
        Wanted {
            envelope: T::SINGULAR,
            attributes: attributes.as_map(),
            merges: attributes.merges(),
            guard: self.guard,
        }
    }
}

impl Client {
    /// Changes a record and keeps the tags and custom fields that the update does not mention. See [`crate::merge`].
    ///
    /// One request if there is nothing to merge; else 2 to 4, by the update's [`Guard`]. Nothing is written if the record already has the merged values.
    /// Side loads are those of the update's `include`.
    ///
    /// # Errors
    /// As [`Client::send`]; [`ErrorClass::ChangedMeanwhile`] if others kept changing the record.
    pub async fn update<U: MergeUpdate>(&self, update: &U) -> Result<Single<U::Record>, Error> {
        without_retries(self).update(update).await
    }

    /// Updates the record that has the key, or creates it, and keeps the tags and custom fields that the upsert does not mention.
    ///
    /// One request if there is nothing to merge; else the record is looked up first, and [updated](Client::update) if it is there. Whom the
    /// look-up does not show although the CRM's upsert finds it, its other tags and custom fields are lost.
    ///
    /// # Errors
    /// As [`Client::update`]; [`ErrorClass::Setup`] if several records have the key: update one of them by its id.
    pub async fn upsert<T: Record>(&self, upsert: &Upsert<T>) -> Result<Single<T>, Error> {
        without_retries(self).upsert(upsert).await
    }
}

fn without_retries(client: &Client) -> RetryingClient {
    RetryingClient::new(client.clone(), RetryPolicy::default().attempts(1))
}

impl RetryingClient {
    /// As [`Client::update`], with each of its requests repeated as the policy says: all of them are safe to repeat.
    ///
    /// # Errors
    /// As [`Client::update`].
    pub async fn update<U: MergeUpdate>(&self, update: &U) -> Result<Single<U::Record>, Error> {
        let wanted = update.wanted();
        let Some(merges) = wanted.merges.filter(|merges| merges.reads_the_record()) else {
            return Ok(self.send(update).await?.output);
        };
        let mut written = false;
        let mut record = self.fields_of(update).await?;
        for _ in 0..TRIES {
            let before = record.1;
            let sent = merges.merged(wanted.attributes, &before).ok_or_else(|| self.shows_nothing(update))?;
            if has_all(&before, &sent) {
                return Ok(record.0);
            }
            if wanted.guard != Guard::Off {
                record = self.fields_of(update).await?;
                if version(&record.1) != version(&before) {
                    continue;
                }
            }
            let reply = self.send(&Merged { update, fields: sent.clone() }).await?.output;
            written = true;
            if wanted.guard != Guard::Around {
                return Ok(reply);
            }
            record = self.fields_of(update).await?;
            if !was_overwritten(&before, &sent, &record.1) {
                return Ok(record.0);
            }
        }
        Err(Error::of_write(ErrorClass::ChangedMeanwhile { attempts: TRIES, written }, self.path_of(update)))
    }

    /// As [`Client::upsert`], with each of its requests repeated as the policy says: all of them are safe to repeat.
    ///
    /// # Errors
    /// As [`Client::upsert`].
    pub async fn upsert<T: Record>(&self, upsert: &Upsert<T>) -> Result<Single<T>, Error> {
        if !upsert.needs_the_record() {
            return Ok(self.send(upsert).await?.output);
        }
        match self.ids_of(&KeyOf::<T>::new(&upsert.key)).await?[..] {
            [] => Ok(self.send(&AsItIs(upsert)).await?.output),
            [id] => self.update(&Update::<T>::new(id, upsert.attributes.clone()).include(upsert.include.clone())).await,
            _ => Err(Error::setup(format!("several {} have the key of the upsert: update one by its id", T::PLURAL))),
        }
    }

    async fn ids_of<T: Record>(&self, key: &KeyOf<'_, T>) -> Result<Vec<i64>, Error> {
        match key.as_id() {
            Some(id) => Ok(vec![id]),
            None => Ok(self.send(key).await?.output.iter().map(Record::id).collect()),
        }
    }

    async fn fields_of<U: MergeUpdate>(&self, update: &U) -> Result<(Single<U::Record>, Map<String, Value>), Error> {
        let single = self.send(&update.reading()).await?.output;
        let fields = match serde_json::to_value(&single.record) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        Ok((single, fields))
    }

    fn shows_nothing(&self, update: &impl MergeUpdate) -> Error {
        Error::setup(format!(
            "{} does not show its tags or custom fields, so nothing can be merged into them: use `replace_tags` or `replace_custom_fields`",
            self.path_of(update)
        ))
    }

    fn path_of(&self, update: &impl MergeUpdate) -> String {
        update.to_parts(self.client().generation()).printable_path()
    }
}

/// An update with the attributes that the merge came to.
struct Merged<'a, U> {
    update: &'a U,
    fields: Map<String, Value>,
}

impl<U: MergeUpdate> Request for Merged<'_, U> {
    type Output = Single<U::Record>;

    fn to_parts(&self, generation: Generation) -> RequestParts {
        self.update.to_parts(generation).body(json!({ self.update.wanted().envelope: self.fields }))
    }

    fn kind(&self) -> Idempotency {
        self.update.kind()
    }

    fn decode(&self, status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        self.update.decode(status, body)
    }
}

/// An upsert of a record that is not there: there is nothing to merge into.
struct AsItIs<'a, T: Record>(&'a Upsert<T>);

impl<T: Record> Request for AsItIs<'_, T> {
    type Output = Single<T>;

    fn to_parts(&self, generation: Generation) -> RequestParts {
        self.0.to_parts(generation)
    }

    fn kind(&self) -> Idempotency {
        self.0.kind()
    }

    fn decode(&self, status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        self.0.decode(status, body)
    }
}
