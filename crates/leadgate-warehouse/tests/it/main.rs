//! The warehouse at its boundary: the copy, and what is published from it.

mod copy;
mod model;
mod support;
