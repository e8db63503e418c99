//! What one side has and the other does not, found by reading both in the order of their ids.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::iter::Peekable;

use pulsedb::{CollectiveId, Result, Timestamp};

use super::digest::Tally;
use super::side::{PAGE, Place, Record, Side};

/// The records of a collective, in order of their ids.
pub(super) struct Pages<'s, T: Record> {
    side: &'s dyn Side,
    of: CollectiveId,
    place: Place<T::Id>,
    held: std::vec::IntoIter<T>,
    is_over: bool,
}

impl<'s, T: Record> Pages<'s, T> {
    pub(super) fn new(side: &'s dyn Side, of: CollectiveId) -> Self {
        let place = Place { after: None, read: 0 };
        Self { side, of, place, held: Vec::new().into_iter(), is_over: false }
    }
}

impl<T: Record> Iterator for Pages<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        if self.held.len() == 0 && !self.is_over {
            let page = match T::page(self.side, self.of, self.place) {
                Ok(page) => page,
                Err(error) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
            };
            self.is_over = page.len() < PAGE;
            self.place.after = page.last().map(T::id).or(self.place.after);
            self.place.read += page.len();
            self.held = page.into_iter();
        }
        self.held.next().map(Ok)
    }
}

/// What is to be done at the destination so that it has what the source has, of one kind of records.
pub(super) struct Difference<T: Record> {
    /// Ids that it lacks.
    pub(super) absent: HashSet<T::Id>,
    /// Ids of records that differ.
    pub(super) changed: HashSet<T::Id>,
    /// Ids that the source does not have.
    pub(super) surplus: Vec<T::Id>,
    /// Records that were changed later at the destination.
    pub(super) newer: usize,
    /// One that is newer or surplus.
    pub(super) example: Option<T::Id>,
    /// All that were read, at the source and at the destination.
    pub(super) tallies: [Tally; 2],
}

impl<T: Record> Difference<T> {
    fn new() -> Self {
        Self {
            absent: HashSet::new(),
            changed: HashSet::new(),
            surplus: Vec::new(),
            newer: 0,
            example: None,
            tallies: [Tally::default(), Tally::default()],
        }
    }

    /// Whether the destination has what the source has, by each record, by their number and by the digest of all.
    pub(super) fn is_none(&self) -> bool {
        let [from, to] = &self.tallies;
        let is_same = from.records == to.records && from.digest() == to.digest();
        self.absent.is_empty() && self.changed.is_empty() && self.surplus.is_empty() && is_same
    }

    /// How many records the source has to give.
    pub(super) fn wanted(&self) -> usize {
        self.absent.len() + self.changed.len()
    }

    /// Whether the source has to give this record.
    pub(super) fn wants(&self, id: T::Id) -> bool {
        self.absent.contains(&id) || self.changed.contains(&id)
    }

    /// Those of the destination that have to go.
    pub(super) fn removed(&self) -> impl Iterator<Item = T::Id> {
        self.changed.iter().chain(&self.surplus).copied()
    }

    /// Notes a record of the source.
    fn only_there(&mut self, one: &T) {
        self.tallies[0].add(one.digest());
        self.absent.insert(one.id());
    }

    /// Notes a record of the destination.
    fn only_here(&mut self, one: &T) {
        self.tallies[1].add(one.digest());
        self.example.get_or_insert(one.id());
        self.surplus.push(one.id());
    }

    fn both(&mut self, from: &T, to: &T) {
        let digests = [from.digest(), to.digest()];
        for (tally, digest) in self.tallies.iter_mut().zip(digests) {
            tally.add(digest);
        }
        if digests[0] == digests[1] {
            return;
        }
        self.changed.insert(from.id());
        if to.changed_at() > from.changed_at() {
            self.newer += 1;
            self.example.get_or_insert(from.id());
        }
    }
}

/// Reads a kind of records on both sides. What ends before `soon` and is on one side only does not count: the clocks of the
/// two need not be the same. `seen` is called with each record of the destination.
pub(super) fn compare<T: Record>(
    [from, to]: [&dyn Side; 2],
    of: CollectiveId,
    soon: Timestamp,
    mut seen: impl FnMut(&T),
) -> Result<Difference<T>> {
    let mut found = Difference::new();
    let (mut from, mut to) = (Pages::<T>::new(from, of).peekable(), Pages::<T>::new(to, of).peekable());
    let is_ending = |one: &T| one.ends_at().is_some_and(|end| end <= soon);
    loop {
        let order = match (peeked(&mut from)?, peeked(&mut to)?) {
            (None, None) => return Ok(found),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.cmp(&other),
        };
        let one = if order.is_le() { from.next().transpose()? } else { None };
        let other = if order.is_ge() { to.next().transpose()? } else { None };
        other.iter().for_each(&mut seen);
        match (one, other) {
            (Some(one), Some(other)) => found.both(&one, &other),
            (Some(one), None) if !is_ending(&one) => found.only_there(&one),
            (None, Some(other)) if !is_ending(&other) => found.only_here(&other),
            _ => {}
        }
    }
}

/// The id of the next record; an error in its place is the reader's.
fn peeked<T: Record>(pages: &mut Peekable<Pages<'_, T>>) -> Result<Option<T::Id>> {
    match pages.peek() {
        None => Ok(None),
        Some(Ok(one)) => Ok(Some(one.id())),
        Some(Err(error)) => Err(error.clone()),
    }
}
