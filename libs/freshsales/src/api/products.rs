//! Products of the CPQ part of Suite accounts, with their prices.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::bulk::BulkCall;
use super::product_lines::number;
use super::recycle_bin::{Restorable, Restore};
use super::verbs::{Create, Delete, Update, View};
use crate::record::{Record, attributes, custom_field_attributes, document, record};
use crate::value::RecordTime;

record! {
    /// A product (source: official page, #create_product).
    pub struct Product {
        /// Name.
        name: String,
        /// What it is, in words.
        description: String,
        /// Category, in the account's words.
        category: String,
        /// Code.
        product_code: String,
        /// Stock keeping unit.
        sku_number: String,
        /// Product that it is a variant of.
        parent_product: i64,
        /// Whether it can be put on deals and documents.
        is_active: bool,
        /// Last day of its validity.
        valid_till: Date,
        /// 0 without a price, 1 with one price per currency (by observation).
        pricing_type: i64,
        /// Price in the account's base currency; null without a price in it.
        base_currency_amount: Decimal,
        /// Prices; only with `include=product_pricings`.
        product_pricings: Vec<ProductPricing>,
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
        /// Picture.
        avatar: String,
        /// Whether it is in the recycle bin.
        is_deleted: bool,
        /// When it was created.
        created_at: RecordTime,
        /// When it was changed last.
        updated_at: RecordTime,
    }
}

document! {
    /// The price of a product in one currency (seen on recorded replies).
    pub struct ProductPricing {
        /// Identifies the price.
        id: i64,
        /// ISO 4217 code.
        currency_code: String,
        /// Price of one.
        unit_price: Decimal,
        /// Price that is asked once.
        setup_fee: Decimal,
        /// How often it is billed.
        billing_cycle: i64,
        /// How it is billed.
        billing_type: i64,
        /// Whether it can no longer be changed.
        is_locked: bool,
        /// Never true in replies; see [`ProductAttributes::remove_price`].
        _destroy: bool,
    }
}

attributes! {
    /// What a write of a product sets. Only `name` is required on creation.
    pub struct ProductAttributes {
        /// Sets the name.
        name: String,
        /// Sets the description.
        description: String,
        /// Sets the category.
        category: String,
        /// Sets the code.
        product_code: String,
        /// Sets the stock keeping unit.
        sku_number: String,
        /// Sets the product that it is a variant of.
        parent_product: i64,
        /// Sets whether it can be put on deals and documents.
        is_active: bool,
        /// Sets the last day of its validity.
        valid_till: Date,
        /// Sets how it is priced: 1 for one price per currency.
        pricing_type: i64,
        /// Sets the owner.
        owner_id: i64,
        /// Sets the territory.
        territory_id: i64,
    }
}

custom_field_attributes!(ProductAttributes);

impl ProductAttributes {
    /// Sets the price in one currency; prices in other currencies stay. Set [`pricing_type`](Self::pricing_type) 1 with the first one.
    #[must_use]
    pub fn price(self, currency_code: impl Into<String>, unit_price: Decimal) -> Self {
        self.pricing(json!({ "currency_code": currency_code.into(), "unit_price": number(unit_price) }))
    }

    /// Removes a price by its id.
    #[must_use]
    pub fn remove_price(self, pricing_id: i64) -> Self {
        self.pricing(json!({ "id": pricing_id, "_destroy": true }))
    }

    /// Adds a row as the CRM understands it, e.g. one with `setup_fee`.
    #[must_use]
    pub fn pricing(mut self, row: Value) -> Self {
        if let Value::Array(rows) = self.0.entry("product_pricings").or_insert_with(|| json!([])) {
            rows.push(row);
        }
        self
    }
}

impl Record for Product {
    type Attributes = ProductAttributes;
    const SINGULAR: &'static str = "product";
    const PLURAL: &'static str = "products";
    const PATH: &'static str = "cpq/products";
    const IN_EVERY_ACCOUNT: bool = false;

    fn from_id(id: i64) -> Self {
        Self::from_id(id)
    }

    fn id(&self) -> i64 {
        self.id
    }
}

impl Restorable for Product {}

/// Reads a product. Includes: `product_pricings`.
pub fn view(id: i64) -> View<Product> {
    View::new(id)
}

/// Creates a product. A repetition creates a second one.
pub fn create(attributes: ProductAttributes) -> Create<Product> {
    Create::new(attributes)
}

/// Changes a product or its prices.
pub fn update(id: i64, attributes: ProductAttributes) -> Update<Product> {
    Update::new(id, attributes)
}

/// Deletes a product (to the recycle bin). Deals and documents that have it keep their lines.
pub fn delete(id: i64) -> Delete<Product> {
    Delete::new(id)
}

/// Takes a product out of the recycle bin.
pub fn restore(id: i64) -> Restore<Product> {
    super::recycle_bin::restore(id)
}

/// Gives products to an owner.
pub fn bulk_assign_owner(ids: impl IntoIterator<Item = i64>, owner_id: i64) -> BulkCall<Product> {
    BulkCall::cpq_assign_owner(ids, owner_id)
}

/// Deletes products (to the recycle bin).
pub fn bulk_destroy(ids: impl IntoIterator<Item = i64>) -> BulkCall<Product> {
    BulkCall::cpq_destroy(ids)
}

/// Takes products out of the recycle bin.
pub fn bulk_restore(ids: impl IntoIterator<Item = i64>) -> BulkCall<Product> {
    BulkCall::cpq_restore(ids)
}

/// Sets the same attributes on several products.
pub fn bulk_update(ids: impl IntoIterator<Item = i64>, attributes: &ProductAttributes) -> BulkCall<Product> {
    BulkCall::cpq_update(ids, attributes)
}
