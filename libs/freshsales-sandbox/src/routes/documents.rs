//! Files and links: uploading a file, adding a link, what is attached to a record, and fetching a file by its signed link.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{main_kind, of_record, path_id, records};
use crate::model::files::{StoredFile, signature};
use crate::model::{Kind, Record, State};
use crate::wire::{Answer, Call, Form, Manner, NOT_FOUND_PAGE, Refusal, Render, Reply, ReplyBody};
use crate::write;

pub(super) fn route(state: &mut State, call: &Call, path: &[&str]) -> Option<Answer> {
    match (&call.method, path) {
        (&Method::POST, ["documents"]) => Some(upload(state, call).or_else(|refusal| refused(state, refusal))),
        (&Method::POST, ["document_links"]) => Some(add_link(state, call).or_else(|refusal| refused(state, refusal))),
        (&Method::GET, [plural, id, "document_associations"]) => {
            let kind = main_kind(plural)?;
            Some(path_id(id).and_then(|id| attached(state, call, kind, id)))
        }
        _ => None,
    }
}

/// Trouble is told in a `msg` key too. Source: seen in the wild.
fn refused(state: &State, refusal: Refusal) -> Answer {
    if !matches!(refusal, Refusal::Invalid(_)) {
        return Err(refusal);
    }
    let manner = Manner::of(state);
    let msg = manner.sentences(&refusal).join(", ");
    let mut reply = manner.refuse(refusal);
    if let ReplyBody::Json(Value::Object(body)) = &mut reply.body {
        body.insert("msg".to_owned(), Value::String(msg));
    }
    Ok(reply)
}

/// The fields of the form that are attributes of the document.
fn attributes(form: &Form) -> Map<String, Value> {
    let mut attributes = Map::new();
    for name in ["is_shared", "targetable_id", "targetable_type"] {
        attributes.extend(form.text(name).map(|text| (name.to_owned(), json!(text))));
    }
    let given = form.text("file_name").filter(|name| !name.trim().is_empty());
    let name = given.or_else(|| form.part("file").and_then(|file| file.file_name.clone()));
    attributes.extend(name.map(|name| ("name".to_owned(), json!(name))));
    attributes
}

fn upload(state: &mut State, call: &Call) -> Answer {
    let Some((form, file)) = call.form.as_ref().and_then(|form| Some((form, form.part("file")?))) else {
        return Err(Refusal::invalid("File can't be empty"));
    };
    let document = write::create(state, Kind::Document, call.generation, &attributes(form))?;
    let content_type = file.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
    state.derive(Kind::Document, document.id, |record| {
        record.set("content_file_size", json!(file.content.len()));
        record.set("content_content_type", json!(content_type));
    });
    // A copy, because the original keeps the whole request alive.
    let content = bytes::Bytes::copy_from_slice(&file.content);
    state.store_file(document.id, StoredFile { content_type, content });
    let document = records::live(state, Kind::Document, document.id)?;
    let mut shown = Render::new(state, call.generation, &[]).record(&document);
    shown.insert("url".to_owned(), json!(address(state, call, &document)));
    Ok(Reply::json(json!({"document": shown})))
}

fn add_link(state: &mut State, call: &Call) -> Answer {
    let mut body = call.attributes(Kind::DocumentLink)?;
    let url = body.get("url").cloned().unwrap_or_default();
    if body.get("name").is_none_or(Value::is_null) {
        body.insert("name".to_owned(), url);
    }
    let link = write::create(state, Kind::DocumentLink, call.generation, &body)?;
    Ok(Reply::json(json!({"document_link": Render::new(state, call.generation, &[]).record(&link)})))
}

/// Where the file can be fetched without a key.
fn address(state: &State, call: &Call, document: &Record) -> String {
    let prefix = call.generation.api_prefix().trim_end_matches("/api");
    let name: String = document.text("name").unwrap_or_default().bytes().map(escaped).collect();
    format!("http://{}{prefix}/files/{}/{}/{name}", call.host, signature(document.id, &state.config.key), document.id)
}

fn escaped(byte: u8) -> String {
    let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

/// A file, if the signature of its link is right.
pub(crate) fn file(state: &State, signed: &str, id: &str) -> Reply {
    let id = id.parse().ok().filter(|&id| signature(id, &state.config.key) == signed);
    match id.and_then(|id| state.files.get(id)) {
        Some(file) => Reply::new(StatusCode::OK, ReplyBody::File(file.content_type.clone(), file.content.clone())),
        None => Reply::html(StatusCode::NOT_FOUND, NOT_FOUND_PAGE),
    }
}

fn attached(state: &State, call: &Call, kind: Kind, id: i64) -> Answer {
    records::live(state, kind, id)?;
    let render = Render::new(state, call.generation, &[]);
    let files: Vec<&Record> = of_record::linked(state, Kind::Document, (kind, id)).collect();
    let links: Vec<&Record> = of_record::linked(state, Kind::DocumentLink, (kind, id)).collect();
    let documents = files.iter().map(|file| {
        json!({"id": file.id, "name": file.get("name"), "url": address(state, call, file), "is_shared": shared(file)})
    });
    let document_links = links.iter().map(
        |link| json!({"id": link.id, "url": link.get("url"), "name": link.get("name"), "is_shared": shared(link)}),
    );
    let associations = files.iter().chain(&links).map(|attached| {
        json!({
            "id": attached.get("association_id"),
            "created_at": render.moment(attached.created_at),
            "creater_id": attached.get("creater_id"),
            "attachable": {"type": attached.kind.singular(), "id": attached.id},
        })
    });
    Ok(Reply::json(json!({
        "documents": Value::from_iter(documents),
        "document_links": Value::from_iter(document_links),
        "document_associations": Value::from_iter(associations),
    })))
}

fn shared(record: &Record) -> bool {
    record.get("is_shared").as_bool().unwrap_or(false)
}
