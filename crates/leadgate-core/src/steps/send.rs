//! Send: hands something to a destination outside the CRM. The step itself needs no request; its effect is a delivery, kept with the turn.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Findings, StepEffect};
use crate::delivery::NewDelivery;
use crate::record::RecordRef;

/// A delivery to bring about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendStep {
    /// The delivery. What earlier steps found is added to its content as `found`.
    pub delivery: NewDelivery,
    #[serde(default)]
    pub(super) story: Vec<String>,
}

impl SendStep {
    /// The step for a delivery.
    pub fn new(delivery: NewDelivery) -> SendStep {
        SendStep { delivery, story: Vec::new() }
    }

    pub(super) fn settle(&mut self, findings: &Findings) {
        if let (Value::Object(content), Some(found)) = (&mut self.delivery.content, found(findings)) {
            content.insert("found".to_owned(), found);
        }
        self.story.push(format!("handed to {} as {}", self.delivery.destination, self.delivery.id));
    }

    pub(super) fn report(&self) -> StepEffect {
        StepEffect { delivery: Some(self.delivery.clone()), ..StepEffect::default() }
    }
}

/// What the steps before found, for those who want to link to it.
fn found(findings: &Findings) -> Option<Value> {
    let person = findings.person.map(|RecordRef { kind, id }| json!({ "kind": kind.name(), "id": id }));
    let deal = findings.deal.map(|deal| deal.id);
    let any = person.is_some() || findings.company.is_some() || deal.is_some();
    any.then(|| json!({ "person": person, "company": findings.company, "deal": deal }))
}
