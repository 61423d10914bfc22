//! XML as the same tree that JSON gives: an element with elements inside is an object, any other its text. Only what a webhook needs: no
//! document types, so no entities but the five of the language and numbers; no namespaces; attributes are passed over.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use serde_json::{Map, Value};

/// Elements inside each other, at most.
const DEEPEST: usize = 16;

struct Element {
    name: String,
    text: String,
    children: Map<String, Value>,
}

/// The tree of a document, as an object with the root's name; nothing where it is not well formed or asks for more than is done here.
pub(super) fn tree(text: &str) -> Option<Value> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) if open.len() < DEEPEST => open.push(element(tag.name().as_ref())?),
            Event::Start(_) | Event::DocType(_) => return None,
            Event::Empty(tag) => {
                let empty = element(tag.name().as_ref())?;
                open.last_mut()?.children.insert(empty.name, Value::Null);
            }
            Event::Text(part) => push(&mut open, &part.decode().ok()?)?,
            Event::CData(part) => push(&mut open, &part.decode().ok()?)?,
            Event::GeneralRef(name) => push(&mut open, &meaning(&name)?)?,
            Event::End(_) => {
                let done = open.pop()?;
                let (name, value) = value_of(done);
                match open.last_mut() {
                    Some(parent) => drop(parent.children.insert(name, value)),
                    None => return rest_is_empty(&mut reader).then(|| Value::Object(Map::from_iter([(name, value)]))),
                }
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return None,
        }
    }
}

fn element(name: &[u8]) -> Option<Element> {
    let name = std::str::from_utf8(name).ok()?.to_owned();
    Some(Element { name, text: String::new(), children: Map::new() })
}

/// Text outside the root is white space or wrong.
fn push(open: &mut [Element], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

fn meaning(name: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = name.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    let character = match &*name.decode().ok()? {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return None,
    };
    Some(character.to_owned())
}

fn value_of(element: Element) -> (String, Value) {
    let value = if element.children.is_empty() { Value::String(element.text) } else { Value::Object(element.children) };
    (element.name, value)
}

fn rest_is_empty(reader: &mut Reader<&[u8]>) -> bool {
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return true,
            Ok(Event::Comment(_) | Event::PI(_)) => {}
            Ok(Event::Text(text)) if text.trim_ascii().is_empty() => {}
            _ => return false,
        }
    }
}
