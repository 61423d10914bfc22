//! What the words of a refusal tell, for the cases that no code tells apart. Pure.
//!
//! Sentences come in the language of the key's owner. Words are therefore only a second source after codes and field names, and a
//! sentence that is not understood leaves the plain validation error.

/// "Not unique" and "already exists" as the CRM's interface languages say it (seen: English, Spanish; the others by analogy). What no list knows is
/// a plain validation error: the caller loses a hint, never the fact that nothing was written.
const NOT_UNIQUE_PHRASES: [&str; 17] = [
    "not unique",
    "not be unique",
    "already exist",
    "already been taken",
    "already taken",
    "already in use",
    "must be unique",
    "ya existe",
    "no es únic",
    "existe déjà",
    "n'est pas unique",
    "existiert bereits",
    "nicht eindeutig",
    "bestaat al",
    "niet uniek",
    "já existe",
    "esiste già",
];

/// Words of a sentence about an id, with the field that carries it: English, then Dutch, Spanish, German. The more exact phrase stands first.
const ID_FIELDS: [(&str, &str); 54] = [
    ("contact status", "contact_status_id"),
    ("contactstatus", "contact_status_id"),
    ("estado de contacto", "contact_status_id"),
    ("estado del contacto", "contact_status_id"),
    ("kontaktstatus", "contact_status_id"),
    ("lifecycle stage", "lifecycle_stage_id"),
    ("levenscyclus", "lifecycle_stage_id"),
    ("ciclo de vida", "lifecycle_stage_id"),
    ("lebenszyklus", "lifecycle_stage_id"),
    ("lead stage", "lead_stage_id"),
    ("lead reason", "lead_reason_id"),
    ("deal stage", "deal_stage_id"),
    ("dealfase", "deal_stage_id"),
    ("etapa del negocio", "deal_stage_id"),
    ("etapa de negocio", "deal_stage_id"),
    ("deal-phase", "deal_stage_id"),
    ("dealphase", "deal_stage_id"),
    ("deal pipeline", "deal_pipeline_id"),
    ("pipeline", "deal_pipeline_id"),
    ("pijplijn", "deal_pipeline_id"),
    ("embudo", "deal_pipeline_id"),
    ("deal reason", "deal_reason_id"),
    ("deal type", "deal_type_id"),
    ("payment status", "deal_payment_status_id"),
    ("lost reason", "lost_reason_id"),
    ("verliesreden", "lost_reason_id"),
    ("motivo de pérdida", "lost_reason_id"),
    ("verlustgrund", "lost_reason_id"),
    ("industry type", "industry_type_id"),
    ("business type", "business_type_id"),
    ("task type", "task_type_id"),
    ("sales owner", "owner_id"),
    ("owner", "owner_id"),
    ("eigenaar", "owner_id"),
    ("propietario", "owner_id"),
    ("betreuer", "owner_id"),
    ("eigentümer", "owner_id"),
    ("besitzer", "owner_id"),
    ("territory", "territory_id"),
    ("territorio", "territory_id"),
    ("gebiet", "territory_id"),
    ("campaign", "campaign_id"),
    ("campagne", "campaign_id"),
    ("campaña", "campaign_id"),
    ("kampagne", "campaign_id"),
    ("currency", "currency_id"),
    ("valuta", "currency_id"),
    ("divisa", "currency_id"),
    ("währung", "currency_id"),
    ("sales account", "sales_account_id"),
    ("source", "lead_source_id"),
    ("bron", "lead_source_id"),
    ("fuente", "lead_source_id"),
    ("quelle", "lead_source_id"),
];

/// Words of a sentence about a unique value, with its field.
const UNIQUE_FIELDS: [(&str, &str); 13] = [
    ("mobile", "mobile_number"),
    ("mobil", "mobile_number"),
    ("mobiel", "mobile_number"),
    ("móvil", "mobile_number"),
    ("work number", "work_number"),
    ("work phone", "work_number"),
    ("e-mail", "email"),
    ("email", "email"),
    ("correo", "email"),
    ("external id", "external_id"),
    ("website", "website"),
    ("sitio web", "website"),
    ("account name", "name"),
];

const INVALID_PHRASES: [&str; 22] = [
    "invalid",
    "can't be found",
    "cannot be found",
    "can not be found",
    "not found",
    "couldn't find",
    "doesn't exist",
    "does not exist",
    "not valid",
    "ongeldig",
    "niet geldig",
    "niet gevonden",
    "bestaat niet",
    "no válid",
    "no es válid",
    "inválid",
    "no existe",
    "no encontrad",
    "ungültig",
    "nicht gefunden",
    "existiert nicht",
    "introuvable",
];

/// "Is missing" in the same languages: such a sentence is about a value that was not sent, even if it names the field of an id.
const EMPTY_PHRASES: [&str; 10] = [
    "empty",
    "blank",
    "required",
    "need to fill",
    "leeg",
    "verplicht",
    "vacío",
    "obligatori",
    "leer sein",
    "erforderlich",
];

/// Whether a sentence says that a value is taken.
pub(super) fn says_not_unique(sentence: &str) -> bool {
    let sentence = sentence.to_lowercase();
    NOT_UNIQUE_PHRASES.iter().any(|phrase| sentence.contains(phrase))
}

/// The field that a sentence about a taken value is about.
pub(super) fn unique_field(sentence: &str) -> Option<String> {
    custom_field(sentence).or_else(|| find(&UNIQUE_FIELDS, sentence))
}

/// The field that a sentence about an unknown id is about; `None` if the sentence is about something else.
pub(super) fn stale_id_field(sentence: &str) -> Option<String> {
    let says_invalid = INVALID_PHRASES.iter().any(|phrase| sentence.to_lowercase().contains(phrase));
    let named = || words(sentence).find(|word| is_id_field(word)).map(str::to_owned);
    (says_invalid && !says_empty(sentence)).then(|| named().or_else(|| find(&ID_FIELDS, sentence)))?
}

/// Whether a sentence says that a value is missing.
pub(super) fn says_empty(sentence: &str) -> bool {
    let sentence = sentence.to_lowercase();
    EMPTY_PHRASES.iter().any(|phrase| sentence.contains(phrase))
}

/// Whether the name of a field says that it holds an id.
pub(super) fn is_id_field(name: &str) -> bool {
    name.len() > 3 && name.ends_with("_id") && name != "external_id"
}

/// Whether a text holds a 429 that was wrapped into another status, as `response_code :: 429` (seen in the wild).
pub(super) fn wraps_429(text: &str) -> bool {
    let rest = text.split("response_code").skip(1);
    rest.into_iter().any(|rest| rest.trim_start_matches(|sign: char| !sign.is_alphanumeric()).starts_with("429"))
}

fn find(table: &[(&str, &str)], sentence: &str) -> Option<String> {
    let sentence = sentence.to_lowercase().replace('_', " ");
    table.iter().find(|(phrase, _)| sentence.contains(phrase)).map(|(_, field)| (*field).to_owned())
}

fn custom_field(sentence: &str) -> Option<String> {
    words(sentence).find(|word| word.starts_with("cf_")).map(str::to_owned)
}

fn words(sentence: &str) -> impl Iterator<Item = &str> {
    sentence.split(|sign: char| !sign.is_alphanumeric() && sign != '_' && sign != '-').filter(|word| !word.is_empty())
}
