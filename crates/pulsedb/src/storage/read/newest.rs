//! Index rows from the newest to the oldest, equal times by the smaller id first.

use std::ops::Bound;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::ExperienceId;
use crate::model::change::Slot;
use crate::storage::format::keys::{self, Prefix};
use crate::storage::format::seal;
use crate::storage::format::slot::read_slot_value;
use crate::storage::format::tables::Table;
use crate::storage::read::view::View;

type Rows<'t> = Box<dyn Iterator<Item = Result<(&'t [u8], &'t [u8])>> + 't>;

/// What a row of an index says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexRow {
    pub(crate) timestamp: Timestamp,
    pub(crate) id: ExperienceId,
    pub(crate) slot: Slot,
}

/// A closed span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
}

impl Default for Span {
    fn default() -> Self {
        Self { since: Timestamp(i64::MIN), until: Timestamp(i64::MAX) }
    }
}

/// The iterator. Keys ascend by (time, id), so the order that is wanted, time descending and id ascending, is a walk
/// backwards in which each group of equal times is walked forwards:
///
/// ```text
/// loop: (t, id) = next key backwards; peek the one before it
///       its time is t too  -> walk all of (t, ..) forwards, then go on backwards below t
///       else               -> the group has one row: yield it
/// ```
pub(crate) struct NewestFirst<'t> {
    view: View<'t>,
    table: Table,
    prefix: Prefix,
    since: Timestamp,
    backwards: Rows<'t>,
    /// The row that was looked at and not yielded yet.
    peeked: Option<IndexRow>,
    /// The group that is being walked forwards, and its time.
    group: Option<(Timestamp, Rows<'t>)>,
}

impl<'t> NewestFirst<'t> {
    pub(in crate::storage) fn new(view: View<'t>, table: Table, prefix: Prefix, span: Span) -> Result<Self> {
        let backwards = backwards(view, table, &prefix, span)?;
        Ok(Self { view, table, prefix, since: span.since, backwards, peeked: None, group: None })
    }

    fn step(&mut self) -> Result<Option<IndexRow>> {
        loop {
            if let Some((time, rows)) = &mut self.group {
                if let Some(row) = rows.next() {
                    return self.read(row?).map(Some);
                }
                let time = *time;
                self.backwards = self.backwards_below(time)?;
                self.group = None;
            }
            let first = match self.peeked.take() {
                Some(row) => row,
                None => match self.backwards.next() {
                    Some(row) => self.read(row?)?,
                    None => return Ok(None),
                },
            };
            self.peeked = self.backwards.next().map(|row| self.read(row?)).transpose()?;
            if self.peeked.is_none_or(|second| second.timestamp != first.timestamp) {
                return Ok(Some(first));
            }
            self.peeked = None;
            self.group = Some((first.timestamp, self.forwards(first.timestamp)?));
        }
    }

    fn backwards_below(&self, time: Timestamp) -> Result<Rows<'t>> {
        if time <= self.since {
            return Ok(Box::new(std::iter::empty()));
        }
        let span = Span { since: self.since, until: Timestamp(time.0 - 1) };
        backwards(self.view, self.table, &self.prefix, span)
    }

    fn forwards(&self, time: Timestamp) -> Result<Rows<'t>> {
        let (from, to) = (self.prefix.first_at(time), self.prefix.last_at(time));
        Ok(Box::new(self.view.range(self.table, Bound::Included(&from), Bound::Included(&to))?))
    }

    fn read(&self, (key, value): (&[u8], &[u8])) -> Result<IndexRow> {
        match (keys::read_time_id(key), read_slot_value(value)) {
            (Some((timestamp, id)), Some(slot)) => Ok(IndexRow { timestamp, id, slot }),
            _ => Err(seal::corrupted(self.table, key)),
        }
    }
}

impl Iterator for NewestFirst<'_> {
    type Item = Result<IndexRow>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// The rows of a span of time, greatest key first.
fn backwards<'t>(view: View<'t>, table: Table, prefix: &Prefix, span: Span) -> Result<Rows<'t>> {
    if span.until < span.since {
        return Ok(Box::new(std::iter::empty()));
    }
    let (from, to) = (prefix.first_at(span.since), prefix.last_at(span.until));
    Ok(Box::new(view.reverse_range(table, Bound::Included(&from), Bound::Included(&to))?))
}
