//! The tables: their names, their order and the numbers that key their checksums.

/// A table of the database. The number is part of every checksum, so it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Table {
    /// Facts about the database as a whole, by name.
    Meta = 0,
    /// Collectives, by id.
    Collective = 1,
    /// Collective name to id.
    CollectiveName = 2,
    /// Exact counts of a collective, by its number.
    Counter = 3,
    /// Experiences without their vectors, by id.
    Experience = 4,
    /// Vectors, by collective number and slot.
    Vector = 5,
    /// What filters and scans need of an experience, by collective number and slot.
    Slot = 6,
    /// Experiences of a collective in order of creation: collective number and id to slot.
    Member = 7,
    /// Collective number, timestamp, id to slot.
    ByTime = 8,
    /// Collective number, type, timestamp, id to slot.
    ByType = 9,
    /// Collective number, agent, timestamp, id to slot.
    ByAgent = 10,
    /// Collective number, domain, timestamp, id to slot.
    ByDomain = 11,
    /// Collective number, tag, timestamp, id to slot.
    ByTag = 12,
    /// The change log, by sequence number.
    Log = 13,
    /// Deleted collectives whose rows are still to be removed, by number.
    Reclaim = 14,
}

impl Table {
    /// Every table, in the order of their numbers.
    pub(crate) const ALL: [Self; 15] = [
        Self::Meta,
        Self::Collective,
        Self::CollectiveName,
        Self::Counter,
        Self::Experience,
        Self::Vector,
        Self::Slot,
        Self::Member,
        Self::ByTime,
        Self::ByType,
        Self::ByAgent,
        Self::ByDomain,
        Self::ByTag,
        Self::Log,
        Self::Reclaim,
    ];

    /// Its name in the file.
    pub(crate) const fn name(self) -> &'static str {
        NAMES[self as usize]
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// Names in the order of [`Table::ALL`].
pub(crate) const NAMES: &[&str] = &[
    "meta",
    "collective",
    "collective_name",
    "counter",
    "experience",
    "vector",
    "slot",
    "member",
    "by_time",
    "by_type",
    "by_agent",
    "by_domain",
    "by_tag",
    "log",
    "reclaim",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_number_and_a_name() {
        assert_eq!(Table::ALL.len(), NAMES.len());
        for (index, table) in Table::ALL.into_iter().enumerate() {
            assert_eq!(table.index(), index);
        }
    }
}
