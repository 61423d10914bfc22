//! Products on a deal or on a document: which product, how many, at what price.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::record::{attributes, document};

document! {
    /// A product on a deal or a document, as replies with `include=products` show it (seen on recorded replies).
    pub struct ProductLine {
        /// The product.
        id: i64,
        /// The product, once more.
        product_id: i64,
        /// The deal that it is on.
        deal_id: i64,
        /// The document that it is on.
        cpq_document_id: i64,
        /// Name of the product.
        name: String,
        /// How many.
        quantity: Decimal,
        /// Price of one.
        unit_price: Decimal,
        /// Price that is asked once.
        setup_fee: Decimal,
        /// Discount; see `discount_type`.
        discount: Decimal,
        /// 1: the discount is in percent (by observation).
        discount_type: i64,
        /// ISO 4217 code of the prices.
        currency_code: String,
        /// How the product is priced; see [`Product::pricing_type`](crate::products::Product::pricing_type).
        pricing_type: i64,
        /// How often it is billed.
        billing_cycle: i64,
        /// How it is billed.
        billing_type: i64,
        /// Identifies the line; arrives as text.
        item_id: i64,
        /// Identifies the line, as a number.
        association_id: i64,
        /// Owner of the product.
        owner_id: i64,
        /// Columns that the account added to its pricing tables.
        custom_columns: Map<String, Value>,
    }
}

attributes! {
    /// A product to put on a deal or a document.
    pub struct LineAttributes {
        /// Sets how many.
        quantity: i64,
        /// Sets how often it is billed.
        billing_cycle: i64,
    }
}

impl LineAttributes {
    /// A product by its id.
    pub fn of(product_id: i64) -> Self {
        Self::new().field("id", product_id)
    }

    /// Sets the price of one; the product's own price in the deal's currency without it.
    #[must_use]
    pub fn unit_price(self, price: Decimal) -> Self {
        self.field("unit_price", number(price))
    }

    /// Sets the discount in percent.
    #[must_use]
    pub fn discount(self, percent: Decimal) -> Self {
        self.field("discount", number(percent))
    }

    /// Sets a price that is asked once.
    #[must_use]
    pub fn setup_fee(self, price: Decimal) -> Self {
        self.field("setup_fee", number(price))
    }
}

/// A price as a JSON number, which is all that was seen to be sent here; as text where a JSON number would change it.
pub(super) fn number(price: Decimal) -> Value {
    let plain = price.normalize();
    let whole = plain.try_into().ok().filter(|_| plain.is_integer()).map(|whole: i64| Value::from(whole));
    let binary = || plain.to_string().parse::<f64>().ok().filter(|binary| binary.to_string() == plain.to_string());
    whole.or_else(|| binary().map(Value::from)).unwrap_or_else(|| Value::String(price.to_string()))
}

/// The lines as a request carries them.
pub(super) fn to_json(lines: impl IntoIterator<Item = LineAttributes>) -> Value {
    use crate::record::Attributes as _;
    lines.into_iter().map(|line| Value::Object(line.as_map().clone())).collect()
}
