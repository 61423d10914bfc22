//! Custom modules (Suite): the kinds of records that the account defines itself, and their forms.

use http::Method;
use serde_json::{Map, Value, json};

use super::{path_id, settings};
use crate::Generation;
use crate::model::commerce::CustomModule;
use crate::model::{Kind, State};
use crate::wire::{Answer, Call, Manner, Refusal, Reply, shown_moment};

const KEY: &str = "module_customization";

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    if call.generation != Generation::Suite {
        return None;
    }
    match (&call.method, path) {
        (&Method::GET, ["settings", "module_customizations"]) => Some(Ok(all(state))),
        (&Method::POST, ["settings", "module_customizations"]) => Some(create(state, call)),
        (method, ["settings", "module_customizations", id]) => {
            let action = match *method {
                Method::GET => view,
                Method::PUT => update,
                Method::DELETE => delete,
                _ => return None,
            };
            Some(path_id(id).and_then(|id| action(state, call, id)))
        }
        (&Method::GET, ["settings", entity, "forms"]) => {
            let module = state.commerce().modules.named(entity)?;
            Some(Ok(Reply::json(json!({"forms": [form(state, module)]}))))
        }
        _ => None,
    }
}

/// The CRM's own modules that are in the list beside the account's; a client of the real API was seen to drop them by `custom`.
const OWN: [(Kind, &str); 3] = [(Kind::Contact, "Contact"), (Kind::SalesAccount, "Account"), (Kind::Deal, "Deal")];

fn own_module(state: &State, (kind, label): (Kind, &str), number: i64) -> Value {
    let made = jiff::Timestamp::from_second(1_767_595_477).unwrap_or_default();
    shown_with(
        state,
        &CustomModule {
            id: 70_005_000_000 + number,
            entity_name: kind.singular().to_owned(),
            singular_name: label.to_owned(),
            plural_name: format!("{label}s"),
            icon: kind.singular().to_owned(),
            description: None,
            show_in_navigation_menu: true,
            created_at: made,
            updated_at: made,
            fields: Vec::new(),
        },
        (false, number, format!("/crm/sales/{}", kind.plural())),
    )
}

fn shown(state: &State, module: &CustomModule) -> Value {
    let path = format!("/crm/sales/custom_module/{}", module.entity_name);
    shown_with(state, module, (true, module.position(), path))
}

/// `(custom, position, path)` differ between the account's modules and the CRM's own.
fn shown_with(state: &State, module: &CustomModule, (custom, position, path): (bool, i64, String)) -> Value {
    json!({
        "id": module.id,
        "entity_name": module.entity_name,
        "singular_name": module.singular_name,
        "plural_name": module.plural_name,
        "description": module.description,
        "icon": module.icon,
        "custom": custom,
        "status": 1,
        "position": position,
        "table_name": module.plural_key(),
        "coll_id": module.id.to_string(),
        "show_in_navigation_menu": module.show_in_navigation_menu,
        "resource_path_for_navigation": path,
        "configs": {"filters_v2_enabled": true},
        "layout_customizations": {"lookup_sections": [], "section_config": []},
        "renaming_customizations": {},
        "created_at": shown_moment(module.created_at, &state.config.zone),
        "updated_at": shown_moment(module.updated_at, &state.config.zone),
    })
}

fn all(state: &State) -> Reply {
    let own = OWN.into_iter().zip(1..).map(|(own, number)| own_module(state, own, number));
    let custom = state.commerce().modules.all().iter().map(|module| shown(state, module));
    Reply::json(json!({"module_customizations": own.chain(custom).collect::<Vec<_>>()}))
}

fn view(state: &mut State, _: &Call, id: i64) -> Answer {
    let module = state.commerce().modules.get(id).ok_or(Refusal::NotFound)?;
    Ok(Reply::json(json!({ KEY: shown(state, module) })))
}

fn attributes(call: &Call) -> Result<Map<String, Value>, Refusal> {
    let mut body = call.object()?;
    match body.remove(KEY) {
        Some(Value::Object(inner)) => Ok(inner),
        _ => Ok(body),
    }
}

/// Writes what the body has into a module; every sentence about what is wrong or still missing.
fn read(state: &State, module: &mut CustomModule, body: &Map<String, Value>) -> Vec<String> {
    for (name, field) in [
        ("entity_name", &mut module.entity_name),
        ("singular_name", &mut module.singular_name),
        ("plural_name", &mut module.plural_name),
        ("icon", &mut module.icon),
    ] {
        if let Some(text) = body.get(name).and_then(Value::as_str) {
            text.trim().clone_into(field);
        }
    }
    if let Some(description) = body.get("description") {
        module.description = description.as_str().map(str::to_owned);
    }
    if let Some(shown) = body.get("show_in_navigation_menu").and_then(Value::as_bool) {
        module.show_in_navigation_menu = shown;
    }
    wrong(state, module)
}

fn wrong(state: &State, module: &CustomModule) -> Vec<String> {
    let mut sentences = Vec::new();
    for (label, text) in [
        ("Entity name", &module.entity_name),
        ("Singular name", &module.singular_name),
        ("Plural name", &module.plural_name),
        ("Icon", &module.icon),
    ] {
        if text.is_empty() {
            sentences.push(format!("{label} can't be empty"));
        }
    }
    let plain = module.entity_name.bytes().all(|sign| matches!(sign, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    if !plain || Kind::parse(&module.entity_name).is_some() {
        sentences.push("Invalid value for entity_name.".to_owned());
    }
    if state.commerce().modules.named(&module.entity_name).is_some_and(|other| other.id != module.id) {
        sentences.push("Entity name is not unique".to_owned());
    }
    sentences
}

fn refuse(sentences: Vec<String>) -> Result<(), Refusal> {
    match sentences.into_iter().next() {
        Some(first) => Err(Refusal::invalid(first)),
        None => Ok(()),
    }
}

fn create(state: &mut State, call: &Call) -> Answer {
    let now = state.now();
    let mut module = CustomModule {
        id: 0,
        entity_name: String::new(),
        singular_name: String::new(),
        plural_name: String::new(),
        icon: String::new(),
        description: None,
        show_in_navigation_menu: true,
        created_at: now,
        updated_at: now,
        fields: Vec::new(),
    };
    refuse(read(state, &mut module, &attributes(call)?))?;
    let module = state.commerce_mut().modules.add(module);
    Ok(Reply::json(json!({ KEY: shown(state, &module) })))
}

fn update(state: &mut State, call: &Call, id: i64) -> Answer {
    let mut module = state.commerce().modules.get(id).cloned().ok_or(Refusal::NotFound)?;
    refuse(read(state, &mut module, &attributes(call)?))?;
    module.updated_at = state.now();
    let reply = Reply::json(json!({ KEY: shown(state, &module) }));
    if let Some(stored) = state.commerce_mut().modules.get_mut(id) {
        *stored = module;
    }
    Ok(reply)
}

/// Its records go with it, for good.
fn delete(state: &mut State, _: &Call, id: i64) -> Answer {
    let module = state.commerce_mut().modules.remove(id).ok_or(Refusal::NotFound)?;
    let records = state.table(Kind::ModuleRecord).after(0).filter(|record| record.id_in("module_id") == Some(id));
    let records: Vec<i64> = records.map(|record| record.id).collect();
    for record in records {
        state.forget(Kind::ModuleRecord, record);
    }
    Ok(Reply::json(Value::Object(Manner::of(state).confirmation(&format!("{} deleted.", module.singular_name)))))
}

/// The one form of a module: a section with the name and the module's fields.
fn form(state: &State, module: &CustomModule) -> Value {
    let class = module.class();
    let section = settings::form_field_id(&class, 0);
    let name = json!({"label": "Name", "name": "name", "type": "text", "default": true, "choices": [],
        "required": true, "quick_add_position": 1, "visible": true});
    let custom = module.fields.iter().enumerate().map(|(at, field)| settings::custom_field(&class, at, field));
    let fields: Vec<Value> = std::iter::once(name)
        .chain(custom)
        .zip(1_u32..)
        .map(|(field, at)| settings::form_field(state, &class, module.form_id(), &section, (&field, at)))
        .collect();
    settings::form((&class, module.form_id()), &section, fields)
}
