//! The account's picklists: users, sources, stages, pipelines and the rest, with the ids other records point at.
//!
//! Simple lists are entries of id, name and position; every list keeps the extra keys a selector shows in `extra`.
//! Stages and pipelines can be changed while the sandbox runs, so that ids a program remembers go stale.

mod defaults;
mod selector;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::wire::Money;

/// A picklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum List {
    Users,
    Territories,
    DealStages,
    DealPipelines,
    Currencies,
    DealReasons,
    DealTypes,
    LeadSources,
    IndustryTypes,
    BusinessTypes,
    Campaigns,
    DealPaymentStatuses,
    DealProducts,
    ContactStatuses,
    LifecycleStages,
    SalesActivityTypes,
    SalesActivityOutcomes,
    SalesActivityEntityTypes,
    LeadStages,
    LeadReasons,
    LostReasons,
    Designations,
}

impl List {
    pub(crate) const ALL: [Self; 22] = [
        Self::Users,
        Self::Territories,
        Self::DealStages,
        Self::DealPipelines,
        Self::Currencies,
        Self::DealReasons,
        Self::DealTypes,
        Self::LeadSources,
        Self::IndustryTypes,
        Self::BusinessTypes,
        Self::Campaigns,
        Self::DealPaymentStatuses,
        Self::DealProducts,
        Self::ContactStatuses,
        Self::LifecycleStages,
        Self::SalesActivityTypes,
        Self::SalesActivityOutcomes,
        Self::SalesActivityEntityTypes,
        Self::LeadStages,
        Self::LeadReasons,
        Self::LostReasons,
        Self::Designations,
    ];

    /// The key of a selector's reply.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Territories => "territories",
            Self::DealStages => "deal_stages",
            Self::DealPipelines => "deal_pipelines",
            Self::Currencies => "currencies",
            Self::DealReasons => "deal_reasons",
            Self::DealTypes => "deal_types",
            Self::LeadSources => "lead_sources",
            Self::IndustryTypes => "industry_types",
            Self::BusinessTypes => "business_types",
            Self::Campaigns => "campaigns",
            Self::DealPaymentStatuses => "deal_payment_statuses",
            Self::DealProducts => "deal_products",
            Self::ContactStatuses => "contact_statuses",
            Self::LifecycleStages => "lifecycle_stages",
            Self::SalesActivityTypes => "sales_activity_types",
            Self::SalesActivityOutcomes => "sales_activity_outcomes",
            Self::SalesActivityEntityTypes => "sales_activity_entity_types",
            Self::LeadStages => "lead_stages",
            Self::LeadReasons => "lead_reasons",
            Self::LostReasons => "lost_reasons",
            Self::Designations => "designations",
        }
    }

    /// The last segment of the selector's path.
    pub(crate) const fn selector(self) -> &'static str {
        match self {
            Self::Users => "owners",
            other => other.key(),
        }
    }

    /// How a validation sentence calls one entry: "Invalid contact status provided."
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Users => "owner",
            Self::Territories => "territory",
            Self::DealStages => "deal stage",
            Self::DealPipelines => "deal pipeline",
            Self::Currencies => "currency",
            Self::DealReasons => "deal reason",
            Self::DealTypes => "deal type",
            Self::LeadSources => "source",
            Self::IndustryTypes => "industry type",
            Self::BusinessTypes => "business type",
            Self::Campaigns => "campaign",
            Self::DealPaymentStatuses => "deal payment status",
            Self::DealProducts => "deal product",
            Self::ContactStatuses => "contact status",
            Self::LifecycleStages => "lifecycle stage",
            Self::SalesActivityTypes => "sales activity type",
            Self::SalesActivityOutcomes => "sales activity outcome",
            Self::SalesActivityEntityTypes => "task type",
            Self::LeadStages => "lead stage",
            Self::LeadReasons => "lead reason",
            Self::LostReasons => "lost reason",
            Self::Designations => "designation",
        }
    }

    /// The first id of the list; one thousand ids are set aside for each.
    fn first_id(self) -> i64 {
        79_000_000_001 + self as i64 * 1000
    }
}

/// One entry of a picklist.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) position: i64,
    extra: Map<String, Value>,
}

impl Entry {
    pub(crate) fn extra(&self, key: &str) -> &Value {
        self.extra.get(key).unwrap_or(&Value::Null)
    }

    pub(crate) fn extra_id(&self, key: &str) -> Option<i64> {
        self.extra(key).as_i64()
    }

    /// Whether a deal in this stage is open, won or lost, by the forecast type.
    pub(crate) fn forecast(&self) -> &str {
        self.extra("forecast_type").as_str().unwrap_or("Open")
    }
}

/// A stage to add with [`crate::Account::add_stage`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StageOutcome {
    /// The deal is open in it.
    #[default]
    Open,
    /// The deal is won in it.
    Won,
    /// The deal is lost in it.
    Lost,
}

impl StageOutcome {
    const fn forecast(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Won => "Closed Won",
            Self::Lost => "Closed Lost",
        }
    }
}

/// Days after which a deal rots in a pipeline where nobody has said otherwise, as recorded from a trial account.
const DEFAULT_ROTTING_DAYS: i64 = 30;

/// Every picklist of the account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Catalog {
    lists: BTreeMap<List, Vec<Entry>>,
    next: BTreeMap<List, i64>,
}

/// When the account's picklists were last changed; they never change their recorded date.
const CATALOG_UPDATED_AT: &str = "2026-01-05T06:44:37Z";

impl Catalog {
    /// The lists of a fresh account.
    pub(crate) fn fresh() -> Self {
        let mut catalog = Self { lists: BTreeMap::new(), next: BTreeMap::new() };
        catalog.add_people();
        catalog.add_simple_lists();
        catalog.add_pipeline("Default Pipeline", true);
        for &(name, forecast, choice_type, probability) in defaults::DEAL_STAGES {
            catalog.push_stage(name, catalog.default_pipeline(), (forecast, choice_type, probability));
        }
        catalog.add_lifecycle();
        catalog.add_activities();
        catalog
    }

    fn add_people(&mut self) {
        for (name, email, work, mobile) in [
            ("Mara Lindqvist", "mara.lindqvist@example.com", Some("+46850000101"), None),
            ("Tomas Ferreira", "tomas.ferreira@example.com", None, Some("+351210000102")),
            ("Nadia Rahman", "nadia.rahman@example.com", None, None),
        ] {
            let extra = json!({"email": email, "is_active": true, "work_number": work, "mobile_number": mobile});
            self.push(List::Users, name, extra);
        }
        self.push(
            List::Currencies,
            "USD",
            json!({"is_active": true, "currency_code": "USD", "exchange_rate": "1.0", "currency_type": 1, "schedule_info": null}),
        );
    }

    fn add_simple_lists(&mut self) {
        for (list, names) in [
            (List::Territories, defaults::TERRITORIES),
            (List::LeadSources, defaults::LEAD_SOURCES),
            (List::DealReasons, defaults::DEAL_REASONS),
            (List::DealTypes, defaults::DEAL_TYPES),
            (List::DealPaymentStatuses, defaults::DEAL_PAYMENT_STATUSES),
            (List::DealProducts, defaults::DEAL_PRODUCTS),
            (List::IndustryTypes, defaults::INDUSTRY_TYPES),
            (List::BusinessTypes, defaults::BUSINESS_TYPES),
            (List::Campaigns, defaults::CAMPAIGNS),
            (List::LeadReasons, defaults::LEAD_REASONS),
            (List::LostReasons, defaults::LOST_REASONS),
            (List::Designations, defaults::DESIGNATIONS),
        ] {
            for name in names {
                self.push(list, name, json!({}));
            }
        }
        for &(name, choice_type) in defaults::LEAD_STAGES {
            self.push(List::LeadStages, name, json!({"choice_type": choice_type}));
        }
    }

    fn add_lifecycle(&mut self) {
        for &(stage, statuses) in defaults::LIFECYCLE {
            let stage_id = self.push(List::LifecycleStages, stage, json!({"type": stage}));
            for &(status, forecast) in statuses {
                let extra = json!({"forecast_type": forecast, "lifecycle_stage_id": stage_id});
                self.push(List::ContactStatuses, status, extra);
            }
        }
    }

    fn add_activities(&mut self) {
        for &(name, internal, shown, checked_in) in defaults::ACTIVITY_TYPES {
            let extra = json!({"internal_name": internal, "show_in_conversation": shown, "is_checkedin": checked_in});
            let type_id = self.push(List::SalesActivityTypes, name, extra);
            if internal != "chat" {
                for outcome in defaults::ACTIVITY_OUTCOMES {
                    self.push(List::SalesActivityOutcomes, outcome, json!({"sales_activity_type_id": type_id}));
                }
            }
        }
        for &(name, activity_type) in defaults::TASK_TYPES {
            let type_id = self.by_name(List::SalesActivityTypes, activity_type).map(|entry| entry.id);
            let extra = json!({"sales_activity_type_id": type_id, "sales_activity_type_name": activity_type});
            self.push(List::SalesActivityEntityTypes, name, extra);
        }
    }

    fn push(&mut self, list: List, name: &str, extra: Value) -> i64 {
        let next = self.next.entry(list).or_insert_with(|| list.first_id());
        let id = *next;
        *next += 1;
        let entries = self.lists.entry(list).or_default();
        let position = entries.last().map_or(1, |last| last.position + 1);
        let extra = if let Value::Object(extra) = extra { extra } else { Map::new() };
        entries.push(Entry { id, name: name.to_owned(), position, extra });
        id
    }

    /// Adds an entry unless there is one of this name.
    pub(crate) fn add_missing(&mut self, list: List, name: &str, extra: Value) {
        if self.by_name(list, name).is_none() {
            self.push(list, name, extra);
        }
    }

    pub(crate) fn list(&self, list: List) -> &[Entry] {
        self.lists.get(&list).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn entry(&self, list: List, id: i64) -> Option<&Entry> {
        self.list(list).iter().find(|entry| entry.id == id)
    }

    pub(crate) fn by_name(&self, list: List, name: &str) -> Option<&Entry> {
        self.list(list).iter().find(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// The user whose key the API calls carry.
    pub(crate) fn api_user(&self) -> i64 {
        self.list(List::Users).first().map_or(0, |user| user.id)
    }

    pub(crate) fn default_pipeline(&self) -> i64 {
        self.list(List::DealPipelines).first().map_or(0, |pipeline| pipeline.id)
    }

    /// The stages of one pipeline, in order.
    pub(crate) fn stages_of(&self, pipeline: i64) -> impl Iterator<Item = &Entry> {
        self.list(List::DealStages).iter().filter(move |stage| stage.extra_id("deal_pipeline_id") == Some(pipeline))
    }

    /// The statuses of one lifecycle stage, in order.
    pub(crate) fn statuses_of(&self, stage: i64) -> impl Iterator<Item = &Entry> {
        self.list(List::ContactStatuses)
            .iter()
            .filter(move |status| status.extra_id("lifecycle_stage_id") == Some(stage))
    }

    pub(crate) fn add_pipeline(&mut self, name: &str, is_default: bool) -> i64 {
        self.push(List::DealPipelines, name, json!({"is_default": is_default}))
    }

    pub(crate) fn add_stage(&mut self, name: &str, pipeline: i64, outcome: StageOutcome) -> i64 {
        let (choice_type, probability) = match outcome {
            StageOutcome::Open => (2, 100),
            StageOutcome::Won => (4, 100),
            StageOutcome::Lost => (4, 0),
        };
        self.push_stage(name, pipeline, (outcome.forecast(), choice_type, probability))
    }

    /// `(forecast, choice_type, probability)` as the selectors show them.
    fn push_stage(&mut self, name: &str, pipeline: i64, (forecast, choice_type, probability): (&str, i64, i64)) -> i64 {
        let extra = json!({
            "forecast_type": forecast,
            "updated_at": CATALOG_UPDATED_AT,
            "deal_pipeline_id": pipeline,
            "choice_type": choice_type,
            "probability": probability,
        });
        self.push(List::DealStages, name, extra)
    }

    pub(crate) fn add_lifecycle_stage(&mut self, name: &str) -> i64 {
        self.push(List::LifecycleStages, name, json!({"type": "Custom"}))
    }

    pub(crate) fn add_contact_status(&mut self, name: &str, lifecycle_stage: i64, outcome: StageOutcome) -> i64 {
        let extra = json!({"forecast_type": outcome.forecast(), "lifecycle_stage_id": lifecycle_stage});
        self.push(List::ContactStatuses, name, extra)
    }

    /// After how many days in one stage an open deal of the pipeline rots.
    pub(crate) fn rotting_days(&self, pipeline: i64) -> i64 {
        let pipeline = self.entry(List::DealPipelines, pipeline);
        pipeline.and_then(|pipeline| pipeline.extra_id("rotting_days")).unwrap_or(DEFAULT_ROTTING_DAYS)
    }

    pub(crate) fn set_rotting_days(&mut self, pipeline: i64, days: u32) -> bool {
        let mut pipelines = self.lists.get_mut(&List::DealPipelines).into_iter().flatten();
        let found = pipelines.find(|entry| entry.id == pipeline);
        found.map(|entry| entry.extra.insert("rotting_days".to_owned(), json!(days))).is_some()
    }

    /// Adds a currency; nothing where the rate is not a positive decimal.
    pub(crate) fn add_currency(&mut self, code: &str, exchange_rate: &str) -> Option<i64> {
        let rate = Money::parse(&json!(exchange_rate)).filter(|rate| *rate > Money::default())?;
        let extra = json!({"is_active": true, "currency_code": code, "exchange_rate": rate.to_string(),
            "currency_type": 2, "schedule_info": null});
        Some(self.push(List::Currencies, code, extra))
    }

    /// Gives a deal stage another name; its id stays.
    pub(crate) fn rename_stage(&mut self, id: i64, name: &str) -> bool {
        let stage = self.lists.get_mut(&List::DealStages).and_then(|stages| stages.iter_mut().find(|s| s.id == id));
        stage.map(|stage| name.clone_into(&mut stage.name)).is_some()
    }

    /// Removes a deal stage; deals that are in it keep its id.
    pub(crate) fn remove_stage(&mut self, id: i64) -> bool {
        let Some(stages) = self.lists.get_mut(&List::DealStages) else { return false };
        let before = stages.len();
        stages.retain(|stage| stage.id != id);
        stages.len() < before
    }
}
