//! What the gateway adds to a record: deals, tasks, sales activities.

use jiff::Timestamp;

use crate::record::RecordRef;

/// A task to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// Where to.
    pub record: RecordRef,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: Option<String>,
    /// When it is due.
    pub due: Timestamp,
    /// Whose it is.
    pub owner: Option<i64>,
}

/// A sales activity to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewActivity {
    /// Where to.
    pub record: RecordRef,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: Option<String>,
    /// Its type's id.
    pub kind: i64,
    /// When it took place.
    pub at: Timestamp,
    /// Whose it is.
    pub owner: Option<i64>,
}

/// A deal to create.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDeal {
    /// Its name.
    pub name: String,
    /// Its amount, a decimal number in the account's currency.
    pub amount: Option<String>,
    /// Whom it is with.
    pub person: RecordRef,
    /// The company it belongs to.
    pub company: Option<i64>,
    /// Its stage's id.
    pub stage: Option<i64>,
    /// Its pipeline's id.
    pub pipeline: Option<i64>,
}
