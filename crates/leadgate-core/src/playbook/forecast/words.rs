//! Steps in words, with their texts as they would be written.

use crate::record::Fields;
use crate::steps::{EntryKind, Step, StepTarget};

pub(super) fn of_step(step: &Step) -> String {
    match step {
        Step::EnsurePerson(step) => {
            let verb = if step.wish.create { "find or create the person" } else { "find the person" };
            let named = [("source", &step.wish.source), ("campaign", &step.wish.campaign), ("owner", &step.wish.owner)];
            let named = named.iter().filter_map(|(name, value)| Some(format!("; {name} {}", value.as_ref()?)));
            format!("{verb}{}{}", fields(&step.wish.fields), named.collect::<String>())
        }
        Step::EnsureCompany(step) => format!("find or create the company \"{}\"{}", step.name, fields(&step.fields)),
        Step::EnsureDeal(step) => format!("find or create the deal \"{}\"", step.name),
        Step::FindDeal(step) => {
            let which = if step.wish.oldest { "oldest" } else { "newest" };
            let open = if step.wish.closed_too { "" } else { " open" };
            let place = step.wish.pipeline.as_ref().map(|name| format!(" in \"{name}\"")).unwrap_or_default();
            let make =
                step.wish.create.as_ref().map(|make| format!(", or create \"{}\"", make.name)).unwrap_or_default();
            format!("find the {which}{open} deal of the person{place}{make}")
        }
        Step::MoveDeal(step) => format!("move deal {} to \"{}\"", step.deal, step.stage),
        Step::MoveFound(step) => format!("move {} to \"{}\"", target(step.target), step.stage),
        Step::SetFields(step) => format!("set on {}{}", target(step.target), fields(&step.fields)),
        Step::AddNote(step) => format!("add a note to {}: {}", target(step.target), step.text),
        Step::AddEntry(step) => {
            let kind = match &step.kind {
                EntryKind::Task { due } => format!("task, due {due:.0},"),
                EntryKind::Activity { kind, .. } => format!("sales activity \"{kind}\""),
            };
            format!("add a {kind} to {}: {}", target(step.target), step.title)
        }
        Step::Convert(_) => "convert the person".to_owned(),
        Step::ForgetPerson(_) => "have the CRM forget the person".to_owned(),
        Step::RemovePerson(step) => format!("put {} into the recycle bin", step.whom()),
        Step::AddToList(step) => format!("put the person on the list \"{}\"", step.list),
        Step::Send(step) => format!("send to {}: {}", step.delivery.destination, step.delivery.content),
    }
}

fn target(target: StepTarget) -> String {
    match target {
        StepTarget::Record(record) => record.to_string(),
        StepTarget::Person => "the person".to_owned(),
        StepTarget::Deal => "the deal".to_owned(),
        StepTarget::Company => "the company".to_owned(),
    }
}

fn fields(fields: &Fields) -> String {
    let told: Vec<String> = fields.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) }
}
