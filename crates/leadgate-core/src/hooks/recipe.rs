//! What to paste into a workflow of the CRM, so that it notifies the gateway.

use crate::record::RecordKind;

/// A recipe for one kind of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// What the CRM calls the kind.
    pub module: &'static str,
    /// The address to call.
    pub url: String,
    /// The header that carries the secret.
    pub header: &'static str,
    /// The fields to tick, as the CRM's screen names them.
    pub fields: &'static [&'static str],
    /// The same as advanced content, for those who would rather write it.
    pub advanced: String,
}

/// The header that a recipe puts the secret into.
pub const SECRET_HEADER: &str = "X-Leadgate-Secret";

const DEAL: [&str; 10] = [
    "id",
    "name",
    "amount",
    "deal_stage_name",
    "deal_pipeline_name",
    "owner_id",
    "expected_close",
    "lost_reason",
    "created_at",
    "updated_at",
];
const CONTACT: [&str; 9] =
    ["id", "first_name", "last_name", "email", "mobile_number", "job_title", "owner_id", "created_at", "updated_at"];
const COMPANY: [&str; 7] = ["id", "name", "website", "phone", "owner_id", "created_at", "updated_at"];

/// The recipe for a kind of record; `base` is the gateway's public address.
pub fn recipe(kind: RecordKind, base: &str) -> Recipe {
    let (module, singular, fields): (_, _, &'static [&'static str]) = match kind {
        RecordKind::Deal => ("Deals", "deal", &DEAL),
        RecordKind::Contact => ("Contacts", "contact", &CONTACT),
        RecordKind::Lead => ("Leads", "lead", &CONTACT),
        RecordKind::Company => ("Accounts", "sales_account", &COMPANY),
    };
    let lines: Vec<String> =
        fields.iter().map(|field| format!("    \"{field}\": \"{{{{{singular}.{field}}}}}\"")).collect();
    Recipe {
        module,
        url: format!("{}/freshsales/webhook", base.trim_end_matches('/')),
        header: SECRET_HEADER,
        fields,
        advanced: format!("{{\n  \"{singular}\": {{\n{}\n  }}\n}}", lines.join(",\n")),
    }
}
