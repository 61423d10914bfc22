//! The rules file: who owns a lead, what events and changes lead to, which forms may post, where deliveries go, how notifications are read.
//!
//! One TOML file beside the settings. [`Rules::parse`] reads and compiles it whole, so that a mistake is told when the gateway starts and never
//! when a lead arrives. Each section belongs to the module that acts on it: that module has the section as it is written (`…File`) and as it is
//! applied, and the way from one to the other (`compile`).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::destinations::{DestinationFile, Destinations};
use crate::forms::{FormFile, Forms};
use crate::hooks::{HookFile, HookRules};
use crate::playbook::{Playbook, PlaybookFile};
use crate::routing::{Routing, RoutingFile};

/// Everything the rules file says, ready to be applied.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Who owns a lead.
    pub routing: Routing,
    /// What events and changes lead to.
    pub playbook: Playbook,
    /// Which forms may post.
    pub forms: Forms,
    /// Where deliveries go.
    pub destinations: Destinations,
    /// How notifications are read.
    pub hooks: HookRules,
}

/// What is wrong with a rules file: every problem found, each with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct RulesError(pub Vec<String>);

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    #[serde(default)]
    routing: RoutingFile,
    #[serde(default)]
    playbook: PlaybookFile,
    #[serde(default)]
    forms: BTreeMap<String, FormFile>,
    #[serde(default)]
    destinations: BTreeMap<String, DestinationFile>,
    #[serde(default)]
    notifications: HookFile,
}

/// A rules file on its way from what is written to what is applied.
pub(crate) struct Compiling<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl Compiling<'_> {
    /// Notes a problem at a place such as `routing.rules[2].when`.
    pub(crate) fn problem(&mut self, place: &str, message: impl std::fmt::Display) {
        self.problems.push(format!("{place}: {message}"));
    }

    /// How many problems there are so far.
    pub(crate) fn count(&self) -> usize {
        self.problems.len()
    }

    /// The text, or what the environment variable holds that it names: `$SLACK_URL`. `$$` at the start stands for one `$`.
    pub(crate) fn text(&mut self, place: &str, written: String) -> String {
        let Some(name) = written.strip_prefix('$') else { return written };
        if name.starts_with('$') {
            return name.to_owned();
        }
        (self.variable)(name).unwrap_or_else(|| {
            self.problem(
                place,
                format_args!("the environment has no variable {name}; set it, or write the text itself"),
            );
            String::new()
        })
    }
}

impl Rules {
    /// Reads and compiles the text of a rules file. `variable` looks up what a text such as `"$SLACK_URL"` stands for, so that secrets need not
    /// be in the file.
    ///
    /// # Errors
    /// [`RulesError`] with every problem found.
    pub fn parse(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Rules, RulesError> {
        let file: RulesFile = toml::from_str(text).map_err(|error| RulesError(vec![error.to_string()]))?;
        let mut compiling = Compiling { variable, problems: Vec::new() };
        let destinations = Destinations::compile(file.destinations, &mut compiling);
        let playbook = Playbook::compile(file.playbook, &destinations, &mut compiling);
        let rules = Rules {
            routing: Routing::compile(file.routing, &mut compiling),
            forms: Forms::compile(file.forms, &mut compiling),
            hooks: HookRules::compile(file.notifications, playbook.kinds(), &mut compiling),
            playbook,
            destinations,
        };
        if compiling.problems.is_empty() { Ok(rules) } else { Err(RulesError(compiling.problems)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::RecordKind;

    #[test]
    fn an_unknown_section_is_a_mistake_with_its_place() {
        let error = Rules::parse("[rooting]\n", &|_| None).unwrap_err();
        assert!(error.to_string().contains("line 1") && error.to_string().contains("rooting"), "{error}");
    }

    #[test]
    fn a_text_can_stand_in_the_environment() {
        let variable = |name: &str| (name == "SLACK_URL").then(|| "https://hooks.example.com/x".to_owned());
        let mut compiling = Compiling { variable: &variable, problems: Vec::new() };
        assert_eq!(compiling.text("a", "$SLACK_URL".to_owned()), "https://hooks.example.com/x");
        assert_eq!(compiling.text("a", "$$5 off".to_owned()), "$5 off");
        compiling.text("destinations.sales.url", "$NOPE".to_owned());
        assert!(compiling.problems[0].starts_with("destinations.sales.url: the environment has no variable NOPE"));
    }

    #[test]
    fn what_rules_answer_to_is_looked_at_where_notifications_are_taken() {
        let rule =
            "[[playbook.rules]]\nname = \"won\"\nchange = \"deal.stage\"\nsteps = [{ do = \"note\", text = \"x\" }]\n";
        let watched = |head: &str| Rules::parse(&format!("{head}\n{rule}"), &|_| None).unwrap().hooks.watch;
        assert_eq!(watched("[notifications]\nsecrets = [\"0123456789abcdef\"]"), [RecordKind::Deal].into());
        assert_eq!(watched("[notifications]\nsecrets = [\"0123456789abcdef\"]\nwatch = []"), [].into());
        assert_eq!(watched(""), [].into());
    }
}
