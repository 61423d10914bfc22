//! Operations on selectors: the choices that an account offers.

use freshsales::selectors;

use super::{Operation, operation};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("select_owners", selectors::owners, |scene| ()),
    operation!("select_territories", selectors::territories, |scene| ()),
    operation!("select_deal_stages", selectors::deal_stages, |scene| ()),
    operation!("select_deal_pipelines", selectors::deal_pipelines, |scene| ()),
    operation!("select_currencies", selectors::currencies, |scene| ()),
    operation!("select_deal_reasons", selectors::deal_reasons, |scene| ()),
    operation!("select_deal_types", selectors::deal_types, |scene| ()),
    operation!("select_lead_sources", selectors::lead_sources, |scene| ()),
    operation!("select_industry_types", selectors::industry_types, |scene| ()),
    operation!("select_business_types", selectors::business_types, |scene| ()),
    operation!("select_campaigns", selectors::campaigns, |scene| ()),
    operation!("select_deal_payment_statuses", selectors::deal_payment_statuses, |scene| ()),
    operation!("select_deal_products", selectors::deal_products, |scene| ()),
    operation!("select_contact_statuses", selectors::contact_statuses, |scene| ()),
    operation!("select_sales_activity_types", selectors::sales_activity_types, |scene| ()),
    operation!("select_sales_activity_outcomes", selectors::sales_activity_outcomes, |scene| ()),
    operation!("select_sales_activity_entity_types", selectors::sales_activity_entity_types, |scene| ()),
    operation!("select_designations", selectors::designations, |scene| ()),
    operation!("select_lifecycle_stages", selectors::lifecycle_stages, |scene| ()),
    operation!("select_lead_stages", selectors::lead_stages, |scene| ()),
    operation!("select_lead_reasons", selectors::lead_reasons, |scene| ()),
    operation!("select_stages_of_pipeline", selectors::deal_stages_of, |scene| (scene
        .choice("deal_pipelines", "Default Pipeline"))),
    operation!("select_outcomes_of_sales_activity_type", selectors::sales_activity_outcomes_of, |scene| (scene
        .choice("sales_activity_types", "Meeting"))),
];
