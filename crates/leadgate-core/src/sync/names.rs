//! The names of a row's members. The rows of a list have the same ones, and keep them together, once.

use std::sync::Arc;

/// Names in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Names {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name at that place.
    pub fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)?;
        self.text.get(self.start(at)..end as usize)
    }

    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// The last place of that name.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let (text, mut end) = (self.text.as_bytes(), self.text.len());
        (0..self.len()).rev().find(|at| {
            let start = self.start(*at);
            // Most names differ in length, which is looked at first.
            let is_it = end - start == name.len() && text.get(start..end) == Some(name.as_bytes());
            end = start;
            is_it
        })
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize)
    }

    fn add(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    fn first(&self, count: usize) -> Names {
        let mut names = Names::default();
        self.iter().take(count).for_each(|name| names.add(name));
        names
    }
}

/// The names of the row that is being read: those of the row before, as long as they are the same.
#[derive(Debug)]
pub(super) struct NamesRead {
    before: Arc<Names>,
    same: usize,
    own: Option<Names>,
}

impl NamesRead {
    /// Of the row behind one with these names.
    pub(super) fn begin(before: Arc<Names>) -> NamesRead {
        NamesRead { before, same: 0, own: None }
    }

    /// The name that comes next if the row goes on as the one before.
    pub(super) fn expected(&self) -> Option<&str> {
        if self.own.is_some() { None } else { self.before.get(self.same) }
    }

    /// The expected one came.
    pub(super) fn came(&mut self) {
        self.same += 1;
    }

    /// This name came.
    pub(super) fn take(&mut self, name: &str) {
        if self.expected() == Some(name) {
            return self.came();
        }
        self.own.get_or_insert_with(|| self.before.first(self.same)).add(name);
    }

    /// The names of the row.
    pub(super) fn finish(self) -> Arc<Names> {
        match self.own {
            Some(own) => Arc::new(own),
            None if self.same == self.before.len() => self.before,
            None => Arc::new(self.before.first(self.same)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(before: &Arc<Names>, names: &[&str]) -> Arc<Names> {
        let mut read = NamesRead::begin(Arc::clone(before));
        names.iter().for_each(|name| read.take(name));
        read.finish()
    }

    #[test]
    fn rows_share_the_names_that_are_the_same() {
        let first = read(&Arc::default(), &["id", "name", "id"]);
        assert!(Arc::ptr_eq(&first, &read(&first, &["id", "name", "id"])));
        for other in [&["id", "name"][..], &["id", "name", "id", "more"], &["id", "nome", "id"], &[]] {
            let names = read(&first, other);
            assert_eq!(names.iter().collect::<Vec<_>>(), other);
        }
        assert_eq!((first.position("id"), first.position("name"), first.position("no")), (Some(2), Some(1), None));
    }
}
