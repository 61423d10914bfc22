//! The attributes of products, documents and records of custom modules. Sources: recorded records, the official list of operations.

use super::{Blank, Column, Shape, choice, computed, flag, integer, null, text, users};
use crate::model::List;

/// An id that a reply always shows.
const fn shown(column: Column) -> Column {
    Column { include: None, ..column }
}

pub(super) static PRODUCT: &[Column] = &[
    computed("id"),
    text("name"),
    text("category"),
    computed("custom_field"),
    text("product_code"),
    text("sku_number"),
    integer("parent_product"),
    shown(choice("territory_id", List::Territories, "territory")),
    Column::new("valid_till", Shape::Date),
    flag("is_active").blank(Blank::True),
    shown(users("owner_id", "owner")),
    computed("is_deleted"),
    computed("created_at"),
    computed("updated_at"),
    integer("pricing_type").blank(Blank::Integer(0)),
    null("avatar"),
    computed("base_currency_amount"),
    shown(users("creater_id", "creater")),
    shown(users("updater_id", "updater")),
    Column::new("description", Shape::LongText),
    computed("product_pricings").include("product_pricings"),
];

/// The include that no caller asks for: what only the reply to a creation has.
pub(crate) const CREATED: &str = "html_content";

pub(super) static CPQ_DOCUMENT: &[Column] = &[
    computed("id"),
    integer("deal_id"),
    integer("contact_id"),
    integer("sales_account_id"),
    text("document_type"),
    text("stage"),
    Column::new("valid_till", Shape::Date),
    text("shipping_address"),
    text("shipping_city"),
    text("shipping_state"),
    text("shipping_zipcode"),
    text("shipping_country"),
    text("billing_address"),
    text("billing_city"),
    text("billing_state"),
    text("billing_zipcode"),
    text("billing_country"),
    shown(users("owner_id", "owner")),
    Column::new("amount", Shape::Decimal),
    text("currency_code"),
    computed("base_currency_amount"),
    shown(users("creater_id", "creater")),
    shown(users("updater_id", "updater")),
    computed("custom_field"),
    computed("created_at"),
    computed("updated_at"),
    computed("is_deleted"),
    computed("document_number"),
    shown(choice("territory_id", List::Territories, "territory")),
    flag("is_deal_primary"),
    computed("products").include("products"),
    text("display_name"),
    null("html_content").include(CREATED),
    null("html_content_css").include(CREATED),
    computed("html_content_settings").include(CREATED),
    null("html_header").include(CREATED),
    null("html_footer").include(CREATED),
    null("email_template_id"),
    computed("cpq_document_template_name"),
    computed("has_products"),
    computed("pricing_table_settings"),
    computed("signatures"),
    null("signed_url"),
    computed("has_signatures"),
    null("signing_order_modified"),
];

pub(super) static MODULE_RECORD: &[Column] = &[
    computed("id"),
    text("name"),
    computed("custom_field"),
    computed("created_at"),
    computed("updated_at"),
    // Which module it is of; no reply shows it.
    integer("module_id").include("module_id"),
];
