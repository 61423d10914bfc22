//! Which column is what, as it was guessed and as it was said.

use serde_json::{Map, Value};

use super::guess::{Guess, Sample, guess, normalised};
use super::target::Target;

/// A column and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its header.
    pub header: String,
    /// What it is; `None`: it is left out.
    pub target: Option<Target>,
    /// How sure that is, up to 100; 100 where it was said.
    pub score: u32,
}

/// What every column of a file is, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The columns.
    pub columns: Vec<Column>,
}

/// Why a mapping cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// Not written as it should be.
    #[error("--map \"{0}\" is not of the form \"Column=field\", such as \"Mail Adresse=email\"")]
    Form(String),
    /// No such field.
    #[error("--map \"{said}\": {why}")]
    Field {
        /// What was said.
        said: String,
        /// What is wrong.
        why: String,
    },
    /// No such column.
    #[error("--map \"{said}\": the file has no column \"{column}\"; it has: {}", known.join(", "))]
    Column {
        /// What was said.
        said: String,
        /// The column.
        column: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Said twice.
    #[error("two columns cannot both be {0}; map one of them to something else, or leave it out with \"Column=\"")]
    Twice(String),
    /// Nothing to recognise people by.
    #[error(
        "no column is an e-mail address or a phone number, so nobody can be recognised; say which is, such as --map \"Column=email\""
    )]
    Nobody,
}

impl Mapping {
    /// The mapping of a file's columns: what was said, `Column=field` each (or `Column=` to leave it out), and the rest guessed.
    ///
    /// # Errors
    /// [`MappingError`] with what was said wrongly and what to say instead.
    pub fn of(samples: &[Sample], said: &[String]) -> Result<Mapping, MappingError> {
        let mut columns: Vec<Column> = samples.iter().map(Column::blank).collect();
        let mut settled = vec![false; columns.len()];
        for said in said {
            let (at, target) = read(said, samples)?;
            columns[at].target = target;
            columns[at].score = 100;
            settled[at] = true;
        }
        let held: Vec<Target> = columns.iter().filter_map(|column| column.target.clone()).collect();
        if let Some((_, twice)) = held.iter().enumerate().find(|(at, target)| held[..*at].contains(target)) {
            return Err(MappingError::Twice(twice.to_string()));
        }
        let blank = |(at, sample): (usize, &Sample)| if settled[at] { Sample::default() } else { sample.clone() };
        let open: Vec<Sample> = samples.iter().enumerate().map(blank).collect();
        for Guess { column, target, score } in guess(&open) {
            if !held.contains(&target) {
                columns[column].target = Some(target);
                columns[column].score = score;
            }
        }
        let mapping = Mapping { columns };
        if mapping.has("email") || mapping.has("phone") { Ok(mapping) } else { Err(MappingError::Nobody) }
    }

    /// Whether a column is that field.
    pub fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.target.as_ref().is_some_and(|target| target.name() == name))
    }

    /// The headers and what they are, as an object; what is left out is null.
    pub fn to_json(&self) -> Value {
        let entry = |column: &Column| (column.header.clone(), column.target.as_ref().map(Target::name).into());
        Value::Object(self.columns.iter().map(entry).collect::<Map<String, Value>>())
    }
}

impl Column {
    fn blank(sample: &Sample) -> Column {
        Column { header: sample.header.clone(), target: None, score: 0 }
    }
}

fn read(said: &str, samples: &[Sample]) -> Result<(usize, Option<Target>), MappingError> {
    let (column, field) = said.rsplit_once('=').ok_or_else(|| MappingError::Form(said.to_owned()))?;
    let column = column.trim();
    let exact = samples.iter().position(|sample| sample.header.trim() == column);
    let alike = || samples.iter().position(|sample| normalised(&sample.header) == normalised(column));
    let at = exact.or_else(alike).ok_or_else(|| MappingError::Column {
        said: said.to_owned(),
        column: column.to_owned(),
        known: samples.iter().map(|sample| sample.header.clone()).collect(),
    })?;
    if field.trim().is_empty() {
        return Ok((at, None));
    }
    let target = Target::parse(field).map_err(|why| MappingError::Field { said: said.to_owned(), why })?;
    Ok((at, Some(target)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn mapped(headers: &str, said: &[&str]) -> Result<String, MappingError> {
        let samples: Vec<Sample> =
            headers.split('|').map(|header| Sample { header: header.to_owned(), values: Vec::new() }).collect();
        let said: Vec<String> = said.iter().map(|said| (*said).to_owned()).collect();
        let mapping = Mapping::of(&samples, &said)?;
        let name = |column: &Column| column.target.as_ref().map_or("-".to_owned(), ToString::to_string);
        Ok(mapping.columns.iter().map(name).collect::<Vec<_>>().join(" "))
    }

    #[rstest]
    #[case::guessed("Email|Firma", &[], "email company.name")]
    #[case::said("A|Email", &["A=email"], "email -")]
    #[case::said_in_other_letters("Mail Adresse|Note", &["mail adresse=email", "Note="], "email -")]
    #[case::custom("Email|Sitze", &["Sitze=cf_seats"], "email cf_seats")]
    fn what_is_said_counts_before_what_is_guessed(
        #[case] headers: &str,
        #[case] said: &[&str],
        #[case] expected: &str,
    ) {
        assert_eq!(mapped(headers, said).unwrap(), expected);
    }

    #[rstest]
    #[case::form("Email", &["Email"], "not of the form")]
    #[case::field("Email", &["Email=shoe"], "no field of a lead")]
    #[case::column("Email", &["Mail=email"], "has no column \"Mail\"; it has: Email")]
    #[case::twice("A|B", &["A=email", "B=email"], "cannot both be email")]
    #[case::nobody("Firma", &[], "nobody can be recognised")]
    fn what_is_said_wrongly_is_explained(#[case] headers: &str, #[case] said: &[&str], #[case] expected: &str) {
        let error = mapped(headers, said).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
