//! Full-text search. Its index lags behind writes; to find a record by a known value use [`lookup`](crate::lookup).

use http::StatusCode;
use serde_json::{Map, Value};

use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::record::record;
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

record! {
    /// One hit. Its id arrives as text and is read as a number.
    pub struct SearchHit {
        /// Kind of record: `contact`, `sales_account`, `deal`, `lead`, `user`.
        r#type: String,
        /// Name as shown.
        name: String,
        /// E-mail address of a person.
        email: String,
        /// Stage of a deal.
        stage_name: String,
        /// Address of a picture.
        avatar: String,
        /// Company of a lead (Classic).
        company_name: String,
        /// Country, as typed.
        country: String,
        /// Website of a company (newer accounts).
        website: String,
        /// Id across the vendor's products; 19 digits (newer accounts).
        mcr_id: i64,
        /// Owner: `id` and `name`.
        owner: Map<String, Value>,
        /// Company of a deal.
        sales_account_name: String,
        /// Main company of a contact.
        primary_sales_account_name: String,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

/// Searches records of some kinds.
///
/// ```no_run
/// # async fn run(client: freshsales::Client) -> Result<(), freshsales::Error> {
/// let hits = client.send(&freshsales::search::query("halvorsen", ["contact", "deal"]).per_page(10)).await?;
/// # Ok(())
/// # }
/// ```
pub fn query<S: Into<String>>(text: impl Into<String>, kinds: impl IntoIterator<Item = S>) -> Search {
    Search { text: text.into(), kinds: kinds.into_iter().map(Into::into).collect(), per_page: None }
}

/// See [`query`].
#[derive(Debug, Clone)]
pub struct Search {
    text: String,
    kinds: Vec<String>,
    per_page: Option<u32>,
}

impl Search {
    /// Most hits to answer; there are no further pages.
    #[must_use]
    pub fn per_page(mut self, hits: u32) -> Self {
        self.per_page = Some(hits);
        self
    }
}

impl Request for Search {
    /// The reply is a bare list, without an envelope.
    type Output = Vec<SearchHit>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        let parts = RequestParts::get("search").query("q", self.text.clone()).include(&self.kinds);
        match self.per_page {
            Some(hits) => parts.query("per_page", hits.to_string()),
            None => parts,
        }
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        match decode::json(body)? {
            hits @ Value::Array(_) => decode::typed("$", hits),
            _ => Err(DecodeError::new("$", "a list")),
        }
    }
}
