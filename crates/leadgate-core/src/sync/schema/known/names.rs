//! Users, stages, pipelines, fields, products and lists.

use super::{KnownColumn, boolean, decimal, integer, json, text, time};

pub(super) const NAMED: &[KnownColumn] =
    &[text("name", "name"), integer("position", "place in the list"), boolean("is_active", "whether it is in use")];

pub(super) const USER: &[KnownColumn] = &[
    text("display_name", "the name as it is shown"),
    text("email", "e-mail address"),
    boolean("is_active", "whether the user may sign in"),
    text("work_number", "phone at work, as typed"),
    text("mobile_number", "mobile phone, as typed"),
];

pub(super) const STAGE: &[KnownColumn] = &[
    text("name", "name"),
    integer("position", "place in its pipeline"),
    text("forecast_type", "what it means: Open, Closed Won or Closed Lost"),
    decimal("probability", "probability in percent"),
    integer("deal_pipeline_id", "its pipeline"),
    text("deal_pipeline_name", "its pipeline's name"),
    integer("choice_type", "5 the first stage, 2 an ordinary one, 4 a closing one (by observation)"),
    boolean("is_deleted", "whether it was deleted"),
    time("updated_at", "when it was changed last"),
];

pub(super) const PIPELINE: &[KnownColumn] = &[
    text("name", "name"),
    integer("position", "place in the list"),
    boolean("is_default", "whether new deals go there"),
    integer("rotting_days", "days after which a deal that does not move counts as neglected"),
    text("aggregated_field", "what its deals are summed up by"),
];

pub(super) const FIELD: &[KnownColumn] = &[
    text("record", "the stream whose rows have it"),
    integer("field_id", "the CRM's id for it, among the fields of its stream"),
    text("name", "its name in rows; own fields begin with cf_"),
    text("label", "what people call it"),
    text("type", "what it holds: text, number, dropdown, date, …"),
    text("base_model", "the record it belongs to, e.g. LeadCompany for a field of a lead's company"),
    boolean("is_custom", "whether it is one of the account's own"),
    boolean("required", "whether a record needs it"),
    boolean("visible", "whether it is shown"),
    integer("position", "place in the form"),
    json("choices", "what it can be set to"),
];
