//! What a page's field can be in a lead. There is nothing here that decides who owns the lead or which tags it has: that is never a page's to say.

use crate::record::field;

/// What a page's field is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// E-mail address.
    Email,
    /// Phone number.
    Phone,
    /// First and last name in one field.
    FullName,
    /// A plain field, by its name in [`crate::record::field`].
    Plain(&'static str),
    /// The company's name.
    Company,
    /// The company's web site.
    Website,
    /// The company's number of employees.
    Employees,
    /// Lead source, by name.
    Source,
    /// Campaign, by name.
    Campaign,
    /// Text of the note.
    Note,
    /// A custom field, by its name in the CRM.
    Custom(String),
}

/// Every name a field can be given, but for `custom.cf_…`.
const NAMED: &[(&str, Target)] = &[
    ("email", Target::Email),
    ("phone", Target::Phone),
    ("full_name", Target::FullName),
    ("first_name", Target::Plain(field::FIRST_NAME)),
    ("last_name", Target::Plain(field::LAST_NAME)),
    ("job_title", Target::Plain(field::JOB_TITLE)),
    ("company", Target::Company),
    ("website", Target::Website),
    ("employees", Target::Employees),
    ("address", Target::Plain(field::ADDRESS)),
    ("city", Target::Plain(field::CITY)),
    ("state", Target::Plain(field::STATE)),
    ("zipcode", Target::Plain(field::ZIPCODE)),
    ("country", Target::Plain(field::COUNTRY)),
    ("source", Target::Source),
    ("campaign", Target::Campaign),
    ("medium", Target::Plain(field::MEDIUM)),
    ("note", Target::Note),
];

impl Target {
    /// The target of that name.
    ///
    /// # Errors
    /// What is wrong with the name, in words.
    pub(super) fn parse(name: &str) -> Result<Target, String> {
        if let Some(custom) = name.strip_prefix("custom.") {
            return custom_name(custom).map(|name| Target::Custom(name.to_owned()));
        }
        let found = NAMED.iter().find(|(known, _)| *known == name).map(|(_, target)| target.clone());
        found.ok_or_else(|| {
            let known: Vec<&str> = NAMED.iter().map(|(known, _)| *known).collect();
            format!("\"{name}\" is no field that a page may fill in; choose one of {}, custom.cf_…", known.join(", "))
        })
    }
}

/// The name of a custom field, if it is one.
pub(super) fn custom_name(name: &str) -> Result<&str, String> {
    let sane = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if sane && name.len() > 3 && name.len() <= 255 && name.starts_with("cf_") {
        return Ok(name);
    }
    Err(format!("\"{name}\" is not a custom field's name; the CRM's own start with cf_"))
}
