//! What a column can be in a lead.

/// What a column is. The names are those of the fields of `POST /v1/leads`, with a dot where one is inside another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A field, by its name.
    Named(&'static str),
    /// A custom field, by its name in the CRM: `cf_…`.
    Custom(String),
}

/// Every name a column can be given, but for `cf_…`.
pub(super) const NAMED: [&str; 25] = [
    "email",
    "phone",
    "full_name",
    "first_name",
    "last_name",
    "job_title",
    "company.name",
    "company.website",
    "employees",
    "address.street",
    "address.city",
    "address.state",
    "address.zipcode",
    "country",
    "source",
    "campaign",
    "medium",
    "owner",
    "tags",
    "note",
    "language",
    "deal.name",
    "deal.amount",
    "deal.stage",
    "utm.source",
];

/// Shorter names that people write.
const SHORT: [(&str, &str); 10] = [
    ("company", "company.name"),
    ("website", "company.website"),
    ("street", "address.street"),
    ("address", "address.street"),
    ("city", "address.city"),
    ("state", "address.state"),
    ("zipcode", "address.zipcode"),
    ("name", "full_name"),
    ("deal", "deal.name"),
    ("amount", "deal.amount"),
];

impl Target {
    /// The target of that name.
    ///
    /// # Errors
    /// What is wrong with the name, with the names that there are.
    pub fn parse(name: &str) -> Result<Target, String> {
        let name = name.trim();
        if is_custom(name) {
            return Ok(Target::Custom(name.to_owned()));
        }
        let long = SHORT.iter().find(|(short, _)| *short == name).map_or(name, |(_, long)| *long);
        let found = NAMED.iter().find(|known| **known == long).map(|known| Target::Named(known));
        found.ok_or_else(|| format!("\"{name}\" is no field of a lead; it is one of {}, or cf_…", NAMED.join(", ")))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Target::Named(name) => name,
            Target::Custom(name) => name,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Whether it is the name of a custom field.
pub(super) fn is_custom(name: &str) -> bool {
    let sane = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    sane && name.len() > 3 && name.len() <= 255 && name.starts_with("cf_")
}
