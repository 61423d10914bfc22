//! Templates: texts with `{{ … }}` in them. Nothing is escaped, for the CRM's texts are plain, but in texts for Slack: there everything that is
//! filled in is, and what the rule itself says stands as it is written.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value as JinjaValue, context};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::destinations::slack_text;

/// What one template may do at most, so that a loop in it ends.
const FUEL: u64 = 20_000;
/// The longest text a template may make.
const LONGEST: usize = 60_000;

/// What templates are made with.
#[derive(Clone, Debug)]
pub(super) struct Templates {
    environment: Arc<Environment<'static>>,
    for_slack: Arc<Environment<'static>>,
}

/// Who reads a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Whoever takes it as it is.
    Plain,
    /// Slack, where some signs are marks.
    Slack,
}

impl Default for Templates {
    fn default() -> Self {
        Templates::new(TimeZone::UTC)
    }
}

/// A text that could be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Template {
    /// A value without anything to fill in.
    Fixed(Value),
    /// A single `{{ … }}`, whose value keeps its kind: a number stays one.
    Expression(String),
    /// Words and `{{ … }}`.
    Text(String),
    /// A list of such.
    List(Vec<Template>),
    /// An object of such.
    Object(Vec<(String, Template)>),
}

impl Templates {
    pub(super) fn new(zone: TimeZone) -> Templates {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        add_builtin_filters(&mut environment);
        let of_date = zone.clone();
        environment.add_filter("date", move |moment: &JinjaValue, format: Option<String>| {
            written(moment, format.as_deref().unwrap_or("%-d %B %Y"), &of_date)
        });
        environment.add_filter("datetime", move |moment: &JinjaValue, format: Option<String>| {
            written(moment, format.as_deref().unwrap_or("%-d %B %Y, %H:%M %Z"), &zone)
        });
        environment.add_filter("money", |amount: &JinjaValue| money(amount));
        environment.add_filter("slack", |text: &JinjaValue| JinjaValue::from_safe_string(slack_text(text)));
        environment.add_function("slack_link", |url: &JinjaValue, text: &JinjaValue| {
            JinjaValue::from_safe_string(slack_text::link(&plain_text(url), &plain_text(text)))
        });
        let mut for_slack = environment.clone();
        for_slack.set_formatter(|out, _, value| out.write_str(&slack_text(value)).map_err(minijinja::Error::from));
        Templates { environment: Arc::new(environment), for_slack: Arc::new(for_slack) }
    }

    fn environment(&self, reader: Reader) -> &Environment<'static> {
        match reader {
            Reader::Plain => &self.environment,
            Reader::Slack => &self.for_slack,
        }
    }

    /// Reads a text. `known` are the names that it may speak of.
    pub(super) fn parse(&self, written: &str, known: &[&str]) -> Result<Template, String> {
        let has_parts = written.contains("{{") || written.contains("{%") || written.contains("{#");
        if !has_parts {
            return Ok(Template::Fixed(written.into()));
        }
        let template = self.environment.template_from_str(written).map_err(|error| in_words(&error))?;
        let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        names.retain(|name| self.environment.globals().all(|(global, _)| global != name));
        names.sort();
        if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(format!("knows no \"{name}\"; a text may speak of: {}", known.join(", ")));
        }
        // Filters are only looked up when they are used; with nothing filled in they are.
        match template.render(context! {}) {
            Err(error) if is_mistake(&error) => return Err(in_words(&error)),
            Ok(_) | Err(_) => {}
        }
        Ok(single_expression(written).map_or_else(|| Template::Text(written.to_owned()), Template::Expression))
    }

    /// Reads a value whose texts are templates.
    pub(super) fn parse_value(&self, written: &Value, known: &[&str]) -> Result<Template, String> {
        match written {
            Value::String(text) => self.parse(text, known),
            Value::Array(items) => {
                items.iter().map(|item| self.parse_value(item, known)).collect::<Result<_, _>>().map(Template::List)
            }
            Value::Object(entries) => {
                let entry = |(name, value): (&String, &Value)| Ok((name.clone(), self.parse_value(value, known)?));
                entries.iter().map(entry).collect::<Result<_, String>>().map(Template::Object)
            }
            other => Ok(Template::Fixed(other.clone())),
        }
    }

    /// The value that a template makes of what is seen; null if it has nothing to say.
    pub(super) fn value(&self, template: &Template, view: &Map<String, Value>) -> Result<Value, String> {
        match template {
            Template::Fixed(value) => Ok(value.clone()),
            Template::Expression(_) | Template::Text(_) => self.filled_in(template, view, Reader::Plain),
            Template::List(items) => {
                items.iter().map(|item| self.value(item, view)).collect::<Result<_, _>>().map(Value::Array)
            }
            Template::Object(entries) => {
                let entry = |(name, item): &(String, Template)| Ok((name.clone(), self.value(item, view)?));
                entries.iter().map(entry).collect::<Result<_, String>>().map(Value::Object)
            }
        }
    }

    /// The same for a structure that Slack reads: in it what stands under `text` is a text, and everything else, such as the address behind a
    /// button, is not. That holds as well of a structure that is filled in as a whole, for whoever sends it is not the rule.
    pub(super) fn slack_blocks(&self, template: &Template, view: &Map<String, Value>) -> Result<Value, String> {
        self.slack_part(template, view, false)
    }

    fn slack_part(&self, template: &Template, view: &Map<String, Value>, is_text: bool) -> Result<Value, String> {
        match template {
            Template::List(items) => {
                let item = |item: &Template| self.slack_part(item, view, is_text);
                items.iter().map(item).collect::<Result<_, _>>().map(Value::Array)
            }
            Template::Object(entries) => {
                let entry = |(name, item): &(String, Template)| {
                    Ok((name.clone(), self.slack_part(item, view, name == "text")?))
                };
                entries.iter().map(entry).collect::<Result<_, String>>().map(Value::Object)
            }
            Template::Expression(source) => slack_value(&self.evaluated(source, view, Reader::Slack)?, is_text),
            Template::Text(_) if is_text => self.filled_in(template, view, Reader::Slack),
            other => self.value(other, view),
        }
    }

    fn evaluated(&self, source: &str, view: &Map<String, Value>, reader: Reader) -> Result<JinjaValue, String> {
        let expression = self.environment(reader).compile_expression(source).map_err(|error| in_words(&error))?;
        expression.eval(JinjaValue::from(Serde(view))).map_err(|error| in_words(&error))
    }

    fn filled_in(&self, template: &Template, view: &Map<String, Value>, reader: Reader) -> Result<Value, String> {
        let environment = self.environment(reader);
        match template {
            Template::Expression(source) => {
                let value = self.evaluated(source, view, reader)?;
                if value.is_undefined() || value.is_none() {
                    return Ok(Value::Null);
                }
                match reader {
                    Reader::Plain => as_json(&value),
                    Reader::Slack => Ok(slack_text(&value).into()),
                }
            }
            Template::Text(source) => environment
                .render_str(source, JinjaValue::from(Serde(view)))
                .map_err(|error| in_words(&error))
                .map(Value::String),
            whole => self.value(whole, view),
        }
    }

    /// The text that a template makes; none if it is blank.
    pub(super) fn text(
        &self,
        template: &Template,
        view: &Map<String, Value>,
        reader: Reader,
    ) -> Result<Option<String>, String> {
        let text = match self.filled_in(template, view, reader)? {
            Value::Null => return Ok(None),
            Value::String(text) => text,
            other => other.to_string(),
        };
        if text.len() > LONGEST {
            return Err(format!("it is longer than {LONGEST} bytes"));
        }
        let text = text.trim();
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }
}

fn plain_text(value: &JinjaValue) -> String {
    if value.is_undefined() || value.is_none() { String::new() } else { value.to_string() }
}

/// As Slack shows it literally, unless a link was made of it, or it was escaped before.
fn slack_text(value: &JinjaValue) -> String {
    let text = plain_text(value);
    if value.is_safe() { text } else { slack_text::escape(&text) }
}

/// A value with its texts as Slack shows them literally, at any depth. What is no text stays as it is.
fn slack_value(value: &JinjaValue, is_text: bool) -> Result<Value, String> {
    let items = || value.try_iter().map_err(|error| in_words(&error));
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(Value::Null),
        ValueKind::String if is_text => Ok(slack_text(value).into()),
        ValueKind::Seq | ValueKind::Iterable => {
            items()?.map(|item| slack_value(&item, is_text)).collect::<Result<_, _>>().map(Value::Array)
        }
        ValueKind::Map => {
            let entry = |name: JinjaValue| {
                let field = value.get_item(&name).map_err(|error| in_words(&error))?;
                let name = name.to_string();
                let is_text = name == "text";
                Ok((name, slack_value(&field, is_text)?))
            };
            items()?.map(entry).collect::<Result<_, String>>().map(Value::Object)
        }
        _ => as_json(value),
    }
}

fn as_json(value: &JinjaValue) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|_| "it is no value".to_owned())
}

fn add_builtin_filters(environment: &mut Environment<'static>) {
    use minijinja::{filters, tests};
    environment.add_filter("default", filters::default);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("title", filters::title);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("replace", filters::replace);
    environment.add_filter("round", filters::round);
    environment.add_filter("int", filters::int);
    environment.add_filter("float", filters::float);
    environment.add_filter("join", filters::join);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("none", tests::is_none);
}

/// The inside of a text that is one `{{ … }}` and nothing else.
fn single_expression(written: &str) -> Option<String> {
    let inside = written.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let single = !["{{", "}}", "{%", "{#"].iter().any(|mark| inside.contains(mark));
    single.then(|| inside.trim().trim_matches('-').trim().to_owned())
}

fn is_mistake(error: &minijinja::Error) -> bool {
    use ErrorKind::{MissingArgument, SyntaxError, TooManyArguments, UnknownFilter, UnknownFunction, UnknownTest};
    matches!(
        error.kind(),
        UnknownFilter | UnknownFunction | UnknownTest | SyntaxError | TooManyArguments | MissingArgument
    )
}

fn in_words(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

fn invalid(message: &'static str) -> minijinja::Error {
    minijinja::Error::new(ErrorKind::InvalidOperation, message)
}

/// A moment in words. A day without a time is that day wherever one is.
fn written(moment: &JinjaValue, format: &str, zone: &TimeZone) -> Result<String, minijinja::Error> {
    if moment.is_undefined() || moment.is_none() {
        return Ok(String::new());
    }
    let text = moment.to_string();
    let text = text.trim();
    let by_seconds = || text.parse::<i64>().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let made = match text.parse::<Timestamp>().ok().or_else(by_seconds) {
        Some(moment) => strtime::format(format, &moment.to_zoned_datetime(zone.clone())),
        None => match text.parse::<jiff::civil::Date>() {
            Ok(day) => strtime::format(format, day),
            Err(_) => return Err(invalid("it is neither a moment in RFC 3339 nor a day such as 2026-03-31")),
        },
    };
    made.map_err(|_| invalid("the format of the date is not understood"))
}

/// An amount with two decimals and its thousands apart: `1,250.00`.
fn money(amount: &JinjaValue) -> Result<String, minijinja::Error> {
    if amount.is_undefined() || amount.is_none() {
        return Ok(String::new());
    }
    let amount: Decimal = amount.to_string().trim().parse().map_err(|_| invalid("it is no amount such as 1250.00"))?;
    let text = format!("{:.2}", amount.round_dp(2).abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if amount.is_sign_negative() && !amount.is_zero() { "-" } else { "" };
    Ok(format!("{sign}{grouped}.{cents}"))
}
