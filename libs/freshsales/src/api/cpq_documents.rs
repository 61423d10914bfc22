//! CPQ documents of Suite accounts: quotes and the like, made for a deal, with products.

use http::{Method, StatusCode};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::bulk::BulkCall;
use super::product_lines::{self, LineAttributes, ProductLine};
use super::products::Product;
use super::recycle_bin::{Restorable, Restore};
use super::verbs::{Create, Delete, Forget, Update, View, collection};
use crate::Generation;
use crate::decode::{self, DecodeError};
use crate::record::{Record, attributes, custom_field_attributes, record};
use crate::request::{Idempotency, Request, RequestParts};
use crate::value::RecordTime;

record! {
    /// A document (source: official page, #create_document).
    pub struct CpqDocument {
        /// Deal that it is for.
        deal_id: i64,
        /// Contact that it goes to.
        contact_id: i64,
        /// Company that it goes to.
        sales_account_id: i64,
        /// `Quote`, … in the account's words.
        document_type: String,
        /// Number that the CRM gives it, e.g. `DOC-3`.
        document_number: String,
        /// Title.
        display_name: String,
        /// Stage, in the account's words.
        stage: String,
        /// Last day of its validity.
        valid_till: Date,
        /// Value in the document's currency.
        amount: Decimal,
        /// ISO 4217 code of the document's currency.
        currency_code: String,
        /// Value in the account's base currency; null right after the creation.
        base_currency_amount: Decimal,
        /// Whether it has products.
        has_products: bool,
        /// Products; in the reply to a creation, else only with `include=products`.
        products: Vec<ProductLine>,
        /// Whether it stands for its deal among several documents.
        is_deal_primary: bool,
        /// Where it is shipped to: street.
        shipping_address: String,
        /// Where it is shipped to: city.
        shipping_city: String,
        /// Where it is shipped to: state.
        shipping_state: String,
        /// Where it is shipped to: postal code.
        shipping_zipcode: String,
        /// Where it is shipped to: country.
        shipping_country: String,
        /// Who is billed: street.
        billing_address: String,
        /// Who is billed: city.
        billing_city: String,
        /// Who is billed: state.
        billing_state: String,
        /// Who is billed: postal code.
        billing_zipcode: String,
        /// Who is billed: country.
        billing_country: String,
        /// Owner; null unless one is set.
        owner_id: i64,
        /// Territory.
        territory_id: i64,
        /// Who made it.
        creater_id: i64,
        /// Who changed it last.
        updater_id: i64,
        /// Custom fields by key (`cf_…`).
        custom_field: Map<String, Value>,
        /// Body; only in the reply to a creation, as are the four below.
        html_content: String,
        /// Style of the body.
        html_content_css: String,
        /// Settings of the body.
        html_content_settings: Map<String, Value>,
        /// Header.
        html_header: String,
        /// Footer.
        html_footer: String,
        /// Template of the e-mail that it is sent with.
        email_template_id: i64,
        /// Template that it was made from.
        cpq_document_template_name: String,
        /// How its table of products looks: JSON inside a text.
        pricing_table_settings: String,
        /// Signatures.
        signatures: Vec<Map<String, Value>>,
        /// Where the signed document is.
        signed_url: String,
        /// Whether it asks for signatures.
        has_signatures: bool,
        /// Whether the order of signing was changed.
        signing_order_modified: bool,
        /// Most signatures of the account, where it tells.
        cpq_signature_limit: i64,
        /// Signatures that the account has used, where it tells.
        cpq_signatures_used: i64,
        /// Whether it is in the recycle bin.
        is_deleted: bool,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

attributes! {
    /// What a write of a document sets. `deal_id` and `document_type` are required on creation.
    pub struct CpqDocumentAttributes {
        /// Sets the deal.
        deal_id: i64,
        /// Sets the contact.
        contact_id: i64,
        /// Sets the company.
        sales_account_id: i64,
        /// Sets the type, e.g. `Quote`.
        document_type: String,
        /// Sets the title.
        display_name: String,
        /// Sets the stage.
        stage: String,
        /// Sets the last day of its validity.
        valid_till: Date,
        /// Sets the currency by its ISO 4217 code.
        currency_code: String,
        /// Sets whether it stands for its deal.
        is_deal_primary: bool,
        /// Sets the street that it is shipped to.
        shipping_address: String,
        /// Sets the city that it is shipped to.
        shipping_city: String,
        /// Sets the state that it is shipped to.
        shipping_state: String,
        /// Sets the postal code that it is shipped to.
        shipping_zipcode: String,
        /// Sets the country that it is shipped to.
        shipping_country: String,
        /// Sets the street that is billed.
        billing_address: String,
        /// Sets the city that is billed.
        billing_city: String,
        /// Sets the state that is billed.
        billing_state: String,
        /// Sets the postal code that is billed.
        billing_zipcode: String,
        /// Sets the country that is billed.
        billing_country: String,
        /// Sets the owner.
        owner_id: i64,
        /// Sets the territory.
        territory_id: i64,
    }
}

custom_field_attributes!(CpqDocumentAttributes);

impl CpqDocumentAttributes {
    /// Sets the value, in the document's currency.
    #[must_use]
    pub fn amount(self, amount: Decimal) -> Self {
        self.field("amount", product_lines::number(amount))
    }

    /// Replaces the products; an empty list takes all away.
    #[must_use]
    pub fn products(self, lines: impl IntoIterator<Item = LineAttributes>) -> Self {
        self.field("products", product_lines::to_json(lines))
    }
}

impl Record for CpqDocument {
    type Attributes = CpqDocumentAttributes;
    const SINGULAR: &'static str = "cpq_document";
    const PLURAL: &'static str = "cpq_documents";
    const PATH: &'static str = "cpq/cpq_documents";
    const IN_EVERY_ACCOUNT: bool = false;

    fn from_id(id: i64) -> Self {
        Self::from_id(id)
    }

    fn id(&self) -> i64 {
        self.id
    }
}

impl Restorable for CpqDocument {}

/// Reads a document. Includes: `products`.
pub fn view(id: i64) -> View<CpqDocument> {
    View::new(id)
}

/// Creates a document. A repetition creates a second one.
pub fn create(attributes: CpqDocumentAttributes) -> Create<CpqDocument> {
    Create::new(attributes)
}

/// Changes a document or its products.
pub fn update(id: i64, attributes: CpqDocumentAttributes) -> Update<CpqDocument> {
    Update::new(id, attributes)
}

/// Deletes a document (to the recycle bin).
pub fn delete(id: i64) -> Delete<CpqDocument> {
    Delete::new(id)
}

/// Takes a document out of the recycle bin.
pub fn restore(id: i64) -> Restore<CpqDocument> {
    super::recycle_bin::restore(id)
}

/// Deletes a document for good, past the recycle bin.
pub fn forget(id: i64) -> Forget<CpqDocument> {
    Forget::new(id)
}

/// Gives documents to an owner.
pub fn bulk_assign_owner(ids: impl IntoIterator<Item = i64>, owner_id: i64) -> BulkCall<CpqDocument> {
    BulkCall::cpq_assign_owner(ids, owner_id)
}

/// Deletes documents (to the recycle bin).
pub fn bulk_destroy(ids: impl IntoIterator<Item = i64>) -> BulkCall<CpqDocument> {
    BulkCall::cpq_destroy(ids)
}

/// Takes documents out of the recycle bin.
pub fn bulk_restore(ids: impl IntoIterator<Item = i64>) -> BulkCall<CpqDocument> {
    BulkCall::cpq_restore(ids)
}

/// Sets the same attributes on several documents.
pub fn bulk_update(ids: impl IntoIterator<Item = i64>, attributes: &CpqDocumentAttributes) -> BulkCall<CpqDocument> {
    BulkCall::cpq_update(ids, attributes)
}

/// The products of a document as whole records (source: official page, #related_products).
pub fn related_products(id: i64) -> RelatedProducts {
    RelatedProducts { id }
}

/// See [`related_products`].
#[derive(Debug, Clone)]
pub struct RelatedProducts {
    id: i64,
}

impl Request for RelatedProducts {
    type Output = Vec<Product>;

    fn to_parts(&self, _generation: Generation) -> RequestParts {
        collection::<CpqDocument>(Method::GET, &format!("{}/related_products", self.id))
    }

    fn kind(&self) -> Idempotency {
        Idempotency::Read
    }

    fn decode(&self, _status: StatusCode, body: &[u8]) -> Result<Self::Output, DecodeError> {
        decode::rows("products", body)
    }
}
