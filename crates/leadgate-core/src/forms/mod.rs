//! Forms: which forms of web pages may post leads, and what their fields mean.
//!
//! Cast: [`Form`] is one form as the rules file has it (`file` reads it); [`OriginRule`] says which pages may post; [`Rate`] how often; [`FormPost`] is what
//! is stored of a post; [`robot`] says whether people sent it; `reading` makes a lead of it, `source` what campaign links left in it.
//!
//! Nothing of a page decides more than the rules file lets it: a field that is not listed is kept with the post, so that a forgotten one can be added and
//! the post planned anew, but it never reaches the CRM.

mod file;
mod origin;
mod post;
mod rate;
mod reading;
pub mod robot;
mod source;
mod target;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::Url;

pub(crate) use self::file::FormFile;
pub use self::origin::OriginRule;
pub use self::post::FormPost;
pub use self::rate::Rate;
pub(crate) use self::reading::read;
use self::target::Target;
use crate::rules::Compiling;

/// The forms by name.
#[derive(Clone, Debug, Default)]
pub struct Forms {
    forms: BTreeMap<String, Form>,
}

/// One form.
#[derive(Clone, Debug)]
pub struct Form {
    /// The key that the page names. It is there for all to read, and says only which form was meant.
    pub key: String,
    /// The pages that may post.
    pub origins: Vec<OriginRule>,
    /// Where a browser goes afterwards; without it the answer is JSON.
    pub redirect: Option<Url>,
    /// Where a browser goes when something is wrong.
    pub error_redirect: Option<Url>,
    /// How many posts one address may send.
    pub per_address: Option<Rate>,
    /// How many posts may name e-mail addresses of one domain.
    pub per_email_domain: Option<Rate>,
    /// Whether a proxy in front says who sends.
    pub trust_forwarded_for: bool,
    /// What tells robots from people.
    pub trap: robot::Trap,
    /// The page's names and what they mean, in the order of the file.
    fields: Vec<(String, Target)>,
    /// The page's names of what must be filled in.
    require: Vec<String>,
    hidden: Hidden,
    /// Whether the note says where the post came from.
    trail: bool,
}

/// What the operator sets, whatever a page says.
#[derive(Clone, Debug, Default)]
struct Hidden {
    source: Option<String>,
    campaign: Option<String>,
    medium: Option<String>,
    owner: Option<String>,
    tags: Vec<String>,
    custom: Map<String, Value>,
}

impl Forms {
    pub(crate) fn compile(file: BTreeMap<String, FormFile>, compiling: &mut Compiling<'_>) -> Forms {
        let forms = file.into_iter().map(|(name, form)| {
            let compiled = form.compile(&name, compiling);
            (name, compiled)
        });
        Forms { forms: forms.collect() }
    }

    /// The form of that name.
    pub fn get(&self, name: &str) -> Option<&Form> {
        self.forms.get(name)
    }

    /// Every form with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Form)> {
        self.forms.iter().map(|(name, form)| (name.as_str(), form))
    }
}

impl Form {
    /// Whether a page of this origin, as browsers write it, may post.
    pub fn admits(&self, origin: &str) -> bool {
        self.origins.iter().any(|rule| rule.admits(origin))
    }

    /// Whether a post may come from nobody knows where.
    pub fn admits_any_origin(&self) -> bool {
        self.origins.contains(&OriginRule::Any)
    }
}
