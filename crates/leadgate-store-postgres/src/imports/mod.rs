//! Imports.
//!
//! Cast: `rows` keeps imports, their rows and their removals, [`waiting`] sets the rows of a paused import aside and takes them up again,
//! `views` reads what came of them. A row that is set aside is out of the way of every claim and of every other job of its identities: unplanned
//! it has `planning = 3`, planned `progress = 3`.

mod store;
pub(crate) mod waiting;
