//! Filters: which rows of each block, and which loose rows, may be found.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::index::{self, Address, AllOf, BlockPostings, LooseRow, Segment, Snapshot, Terms};
use crate::lexical::{Matches, TailRow};
use crate::limits;
use crate::model::change::Slot;
use crate::model::{Experience, ExperienceType, InsightFilter, SearchFilter};
use crate::storage::{CollectiveView, Columns, SlotRow, bitmap_words, insight_tag, malformed_tail, type_tag};

/// Rows that may be found.
#[derive(Clone)]
pub(super) struct Allowed {
    /// A bitmap for each block.
    pub(super) blocks: Vec<Vec<u64>>,
    /// One for each loose row.
    pub(super) loose: Vec<bool>,
}

impl Allowed {
    /// The rows of a snapshot that live and match.
    pub(super) fn of(snapshot: &Snapshot<'_>, filter: &SearchFilter) -> Result<Self> {
        let attributes = Attributes::of(filter);
        let mut allowed = Self::with(snapshot, &Fields::new(filter), &attributes)?;
        let collective = snapshot.collective;
        let expired = collective.expired()?;
        if !filter.include_superseded && !expired.is_empty() {
            allowed.add_back(snapshot, filter, &attributes)?;
        }
        if let Some(prefix) = &filter.key_prefix {
            let mut keyed = Self::none(snapshot);
            for slot in collective.keyed_slots(prefix)? {
                keyed.set(snapshot, slot?, true)?;
            }
            allowed.restrict(&keyed);
        }
        expired.slots().try_for_each(|slot| allowed.set(snapshot, slot, false))?;
        Ok(allowed)
    }

    /// Adds what matches and is back since what superseded it has expired.
    fn add_back(
        &mut self,
        snapshot: &Snapshot<'_>,
        filter: &SearchFilter,
        attributes: &Attributes,
    ) -> Result<()> {
        let back = snapshot.collective.back()?;
        if back.is_empty() {
            return Ok(());
        }
        let filter = SearchFilter { include_superseded: true, ..filter.clone() };
        let all = Self::with(snapshot, &Fields::new(&filter), attributes)?;
        for slot in back {
            if let Some(address) = snapshot.address_of(slot)?
                && all.has(snapshot, address)
            {
                self.set(snapshot, slot, true)?;
            }
        }
        Ok(())
    }

    /// The insights of a snapshot of these that live and match.
    pub(super) fn of_insights(snapshot: &Snapshot<'_>, filter: &InsightFilter) -> Result<Self> {
        let types = filter.insight_types.as_deref();
        let types = types.map(|types| types.iter().fold(0, |mask, one| mask | 1 << insight_tag(*one)));
        let filter = SearchFilter {
            domains: filter.domains.clone(),
            min_confidence: filter.min_confidence,
            ..SearchFilter::default()
        };
        let fields = Fields { filter: &filter, types: types.unwrap_or(u32::MAX) };
        Self::with(snapshot, &fields, &Attributes::of(&filter))
    }

    fn with(snapshot: &Snapshot<'_>, fields: &Fields<'_>, attributes: &Attributes) -> Result<Self> {
        let mut blocks = Vec::with_capacity(snapshot.segments.len());
        for segment in &snapshot.segments {
            let mut allowed = fields.allowed(segment)?;
            attributes.restrict(segment, &mut allowed)?;
            blocks.push(allowed);
        }
        let loose = snapshot.loose.iter();
        let loose = loose.map(|row| Ok(fields.slot_row_passes(&row.row) && attributes.pass(row)?));
        Ok(Self { blocks, loose: loose.collect::<Result<_>>()? })
    }

    fn none(snapshot: &Snapshot<'_>) -> Self {
        let blocks = snapshot.segments.iter().map(|segment| vec![0; bitmap_words(segment.block.entry.rows)]);
        Self { blocks: blocks.collect(), loose: vec![false; snapshot.loose.len()] }
    }

    /// Allows the row in a slot, or not.
    fn set(&mut self, snapshot: &Snapshot<'_>, slot: Slot, on: bool) -> Result<()> {
        let Some(address) = snapshot.address_of(slot)? else { return Ok(()) };
        if let Some(row) = address.checked_sub(snapshot.first_loose) {
            self.loose[row as usize] = on;
            return Ok(());
        }
        let (block, row) = snapshot.place(address);
        let (word, bit) = (&mut self.blocks[block][row / 64], 1 << (row % 64));
        *word = if on { *word | bit } else { *word & !bit };
        Ok(())
    }

    /// Takes away what the other one does not allow.
    fn restrict(&mut self, other: &Self) {
        let words = self.blocks.iter_mut().flatten().zip(other.blocks.iter().flatten());
        words.for_each(|(word, other)| *word &= other);
        self.loose.iter_mut().zip(&other.loose).for_each(|(row, other)| *row &= other);
    }

    /// Whether the row behind an address is among them.
    pub(super) fn has(&self, snapshot: &Snapshot<'_>, address: Address) -> bool {
        if let Some(row) = address.checked_sub(snapshot.first_loose) {
            return self.loose[row as usize];
        }
        let (block, row) = snapshot.place(address);
        self.blocks[block][row / 64] >> (row % 64) & 1 == 1
    }

    /// Their addresses, in rising order.
    pub(super) fn addresses(&self, snapshot: &Snapshot<'_>) -> impl DoubleEndedIterator<Item = Address> {
        let in_blocks = snapshot
            .segments
            .iter()
            .zip(&self.blocks)
            .flat_map(|(segment, allowed)| rows_of(allowed).map(|row| segment.first + row as Address));
        in_blocks.chain(self.loose_addresses(snapshot))
    }

    /// Those of loose rows.
    pub(super) fn loose_addresses(
        &self,
        snapshot: &Snapshot<'_>,
    ) -> impl DoubleEndedIterator<Item = Address> {
        let first = snapshot.first_loose;
        let rows = self.loose.iter().enumerate();
        rows.filter(|(_, allowed)| **allowed).map(move |(row, _)| first + row as Address)
    }

    /// How many they are.
    pub(super) fn count(&self) -> usize {
        let blocks = self.blocks.iter().flatten().map(|word| word.count_ones() as usize).sum::<usize>();
        blocks + self.loose.iter().filter(|allowed| **allowed).count()
    }
}

/// The rows of a bitmap, in rising order.
pub(super) fn rows_of(bitmap: &[u64]) -> impl DoubleEndedIterator<Item = usize> {
    bitmap.iter().enumerate().flat_map(|(at, word)| Ones(*word).map(move |bit| at * 64 + bit as usize))
}

/// The bits of a word that are set.
struct Ones(u64);

impl Iterator for Ones {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let bit = (self.0 != 0).then(|| self.0.trailing_zeros())?;
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

impl DoubleEndedIterator for Ones {
    fn next_back(&mut self) -> Option<u32> {
        let bit = self.0.checked_ilog2()?;
        self.0 ^= 1 << bit;
        Some(bit)
    }
}

/// What a filter asks of domains, tags, agents and tasks: of each group one at least, and of that one all terms.
struct Attributes {
    groups: Vec<Vec<AllOf>>,
}

/// Whether a filter looks at the terms of rows.
pub(super) fn terms_of(filter: &SearchFilter) -> Terms {
    if Attributes::of(filter).groups.is_empty() { Terms::Unread } else { Terms::Wanted }
}

impl Attributes {
    fn of(filter: &SearchFilter) -> Self {
        let mut groups: Vec<Vec<AllOf>> = Vec::new();
        // What is longer than any record may have matches nothing: its group stays empty.
        if let Some(domains) = &filter.domains {
            let possible = domains.iter().filter(|domain| domain.len() <= limits::DOMAIN_BYTES_MAX);
            groups.push(possible.map(|domain| index::domain(domain)).collect());
        }
        if let Some(agents) = &filter.source_agents {
            let possible = agents.iter().filter(|agent| agent.as_str().len() <= limits::AGENT_BYTES_MAX);
            groups.push(possible.map(|agent| index::agent(agent.as_str())).collect());
        }
        if let Some(tasks) = &filter.source_tasks {
            let possible = tasks.iter().filter(|task| task.as_str().len() <= limits::TASK_BYTES_MAX);
            groups.push(possible.map(|task| index::task(task.as_str())).collect());
        }
        for (key, value) in filter.tags_all.iter().flatten() {
            let possible =
                key.len() <= limits::TAG_KEY_BYTES_MAX && value.len() <= limits::TAG_VALUE_BYTES_MAX;
            groups.push(possible.then(|| index::tag(key, value)).into_iter().collect());
        }
        Self { groups }
    }

    /// Takes away the rows of a block that do not pass.
    fn restrict(&self, segment: &Segment<'_>, allowed: &mut [u64]) -> Result<()> {
        for group in &self.groups {
            let mut any = vec![0; allowed.len()];
            for all_of in group {
                let one = rows_with(segment, all_of)?;
                any.iter_mut().zip(one).for_each(|(any, one)| *any |= one);
            }
            allowed.iter_mut().zip(any).for_each(|(allowed, any)| *allowed &= any);
        }
        Ok(())
    }

    fn pass(&self, row: &LooseRow<'_>) -> Result<bool> {
        if self.groups.is_empty() {
            return Ok(true);
        }
        let terms = TailRow::read(&row.terms).map_err(|_| malformed_tail(row.slot))?;
        let has = |all_of: &AllOf| all_of.iter().all(|pattern| pattern.count(&terms) > 0);
        Ok(self.groups.iter().all(|group| group.iter().any(has)))
    }
}

/// The rows of a block that have all of these terms.
fn rows_with(segment: &Segment<'_>, all_of: &AllOf) -> Result<Vec<u64>> {
    let rows = segment.block.entry.rows;
    let values = BlockPostings(segment.block);
    let mut all: Option<Vec<u64>> = None;
    for pattern in all_of {
        let mut set = vec![0; bitmap_words(rows) * 8];
        let found = Matches::find(pattern, &values).map_err(|found| found.of(segment.block))?;
        found.mark(rows, &mut set).map_err(|_| segment.block.malformed_postings())?;
        let words = set.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        all = Some(match all {
            Some(all) => all.iter().zip(words).map(|(all, one)| all & one).collect(),
            None => words.collect(),
        });
    }
    Ok(all.unwrap_or_default())
}

/// The parts of a filter that columns answer, made ready once for many rows.
pub(super) struct Fields<'f> {
    filter: &'f SearchFilter,
    /// One bit a variant; all of them if the filter names none.
    types: u32,
}

/// What these parts ask of an experience, wherever it is read.
struct Facts {
    archived: bool,
    superseded: bool,
    type_tag: u8,
    importance: f32,
    confidence: f32,
    timestamp: Timestamp,
}

impl<'f> Fields<'f> {
    pub(super) fn new(filter: &'f SearchFilter) -> Self {
        Self { filter, types: type_mask(filter.experience_types.as_deref()) }
    }

    fn pass(&self, facts: &Facts) -> bool {
        let filter = self.filter;
        !(filter.exclude_archived && facts.archived)
            && (filter.include_superseded || !facts.superseded)
            && self.types >> facts.type_tag & 1 == 1
            && filter.min_importance.is_none_or(|least| facts.importance >= least)
            && filter.min_confidence.is_none_or(|least| facts.confidence >= least)
            && filter.since.is_none_or(|since| facts.timestamp >= since)
            && filter.until.is_none_or(|until| facts.timestamp <= until)
    }

    /// The rows of a block that live and pass.
    fn allowed(&self, segment: &Segment<'_>) -> Result<Vec<u64>> {
        let filter = self.filter;
        let mut allowed = live_rows(segment);
        if filter.exclude_archived {
            allowed.iter_mut().zip(&segment.state.archived).for_each(|(word, archived)| *word &= !archived);
        }
        if !filter.include_superseded {
            allowed.iter_mut().zip(&segment.state.superseded).for_each(|(word, gone)| *word &= !gone);
        }
        if let Some(types) = self.named_types() {
            let named: [bool; 256] = std::array::from_fn(|tag| tag < 32 && types >> tag & 1 == 1);
            keep(segment, &mut allowed, Columns::types, |[tag]| named[usize::from(tag)])?;
        }
        if let Some(least) = filter.min_importance {
            keep(segment, &mut allowed, Columns::importances, |bytes| f32::from_le_bytes(bytes) >= least)?;
        }
        if let Some(least) = filter.min_confidence {
            keep(segment, &mut allowed, Columns::confidences, |bytes| f32::from_le_bytes(bytes) >= least)?;
        }
        if let Some(Timestamp(since)) = filter.since {
            keep(segment, &mut allowed, Columns::times, |bytes| i64::from_le_bytes(bytes) >= since)?;
        }
        if let Some(Timestamp(until)) = filter.until {
            keep(segment, &mut allowed, Columns::times, |bytes| i64::from_le_bytes(bytes) <= until)?;
        }
        Ok(allowed)
    }

    /// The mask of types, if not all of them pass.
    fn named_types(&self) -> Option<u32> {
        (self.types != u32::MAX).then_some(self.types)
    }

    fn slot_row_passes(&self, row: &SlotRow) -> bool {
        let SlotRow { archived, superseded, type_tag, importance, confidence, timestamp, .. } = *row;
        self.pass(&Facts { archived, superseded, type_tag, importance, confidence, timestamp })
    }

    /// Whether the slot row of a record passes.
    pub(super) fn slot_passes(&self, collective: CollectiveView<'_>, slot: Slot) -> Result<bool> {
        // One that is missing is told by whoever reads the record.
        Ok(collective.slot_row(slot)?.is_none_or(|row| self.slot_row_passes(&row)))
    }

    /// Whether a whole record matches, those parts included that postings answer.
    pub(super) fn record_passes(&self, experience: &Experience) -> bool {
        let Experience { archived, superseded, importance, confidence, timestamp, .. } = *experience;
        let type_tag = type_tag(&experience.experience_type);
        let filter = self.filter;
        let has_tags = |tags: &BTreeMap<String, String>| {
            tags.iter().all(|(key, value)| experience.tags.get(key) == Some(value))
        };
        let task = experience.source_task.as_ref();
        self.pass(&Facts { archived, superseded, type_tag, importance, confidence, timestamp })
            && filter.domains.as_ref().is_none_or(|any| any.iter().any(|one| experience.domain.contains(one)))
            && filter.tags_all.as_ref().is_none_or(has_tags)
            && filter.source_agents.as_ref().is_none_or(|any| any.contains(&experience.source_agent))
            && filter.source_tasks.as_ref().is_none_or(|any| task.is_some_and(|task| any.contains(task)))
            && filter.key_prefix.as_ref().is_none_or(|prefix| has_prefix(experience, prefix))
    }
}

fn has_prefix(experience: &Experience, prefix: &str) -> bool {
    experience.key.as_ref().is_some_and(|key| key.starts_with(prefix))
}

/// The rows of a block that are not dead.
fn live_rows(segment: &Segment<'_>) -> Vec<u64> {
    let mut live = vec![u64::MAX; bitmap_words(segment.state.rows)];
    live.iter_mut().zip(&segment.state.dead).for_each(|(live, dead)| *live &= !dead);
    let behind = segment.state.rows % 64;
    if let Some(last) = live.last_mut().filter(|_| behind > 0) {
        *last &= (1 << behind) - 1;
    }
    live
}

/// Keeps the rows of a bitmap whose value in a column passes. Whole words of rows are compared side by side.
fn keep<'t, const BYTES: usize>(
    segment: &Segment<'t>,
    bitmap: &mut [u64],
    column: impl Fn(&Columns<'t>) -> &'t [[u8; BYTES]],
    passes: impl Fn([u8; BYTES]) -> bool,
) -> Result<()> {
    for (slice, bitmap) in bitmap.chunks_mut(limits::SLICE_ROWS / 64).enumerate() {
        if bitmap.iter().all(|word| *word == 0) {
            continue;
        }
        let column = column(segment.columns(slice)?);
        for (word, values) in bitmap.iter_mut().zip(column.chunks(64)).filter(|(word, _)| **word != 0) {
            let mut kept = [0; 64];
            for (kept, value) in kept.iter_mut().zip(values) {
                *kept = u8::from(passes(*value));
            }
            *word &= packed(&kept);
        }
    }
    Ok(())
}

/// The lowest bits of 64 bytes.
fn packed(bytes: &[u8; 64]) -> u64 {
    let (eights, _) = bytes.as_chunks::<8>();
    eights.iter().rev().fold(0, |word, eight| {
        // The product moves the bit of byte i to bit 56 + i.
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word << 8 | bits
    })
}

fn type_mask(types: Option<&[ExperienceType]>) -> u32 {
    types.map_or(u32::MAX, |types| types.iter().fold(0, |mask, one| mask | 1 << type_tag(one)))
}

#[cfg(test)]
mod tests {
    use super::rows_of;

    #[test]
    fn rows_of_a_bitmap_come_in_order_from_both_ends() {
        let bitmap = [0, 1 << 63 | 1, 0, u64::MAX, 1 << 5];
        let expected: Vec<usize> = (0..320).filter(|row| bitmap[row / 64] >> (row % 64) & 1 == 1).collect();
        assert_eq!(rows_of(&bitmap).collect::<Vec<_>>(), expected);
        assert!(rows_of(&bitmap).rev().eq(expected.iter().rev().copied()));
        let mut rows = rows_of(&bitmap);
        let mut from_both = Vec::new();
        while let Some(row) = rows.next() {
            from_both.push(row);
            from_both.extend(rows.next_back());
        }
        from_both.sort_unstable();
        assert_eq!(from_both, expected);
    }
}
