//! The schema: one row for each table, with its number, its name and whose rows it holds.

/// A table of the database. The number is part of every checksum, so it never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Collective number, task, id to slot.
    ByTask = 15,
    /// What the index keeps of rows that no block holds yet, by series and slot.
    Tail = 16,
    /// The blocks in force of each series, and what all of them share.
    Series = 17,
    /// Parts of blocks, by block number and part.
    Block = 18,
    /// Which rows of a block are dead, archived or superseded, by block number.
    BlockState = 19,
    /// Packed postings, by block number and first term.
    Posting = 20,
    /// Pieces of the bundled table's vocabulary in a content, with its agent and its task, by collective number and slot.
    Piece = 21,
    /// Relations, by id.
    Relation = 22,
    /// Relations of a collective in order of creation: collective number and id.
    RelationMember = 23,
    /// Collective number, source, type, target to relation: no two relations have the same.
    RelationBySource = 24,
    /// Collective number, target, type, source to relation.
    RelationByTarget = 25,
    /// Insights without their vectors, by id.
    Insight = 26,
    /// Collective number with the bit of insights, source, insight to slot.
    InsightSource = 27,
    /// Agents at work, by collective number and name.
    Activity = 28,
    /// Collective number and key of an experience to slot.
    ByKey = 29,
    /// When an experience expires, collective number, id to slot.
    Expiry = 30,
    /// Collective number, digest of the content, id to slot.
    ByContent = 31,
}

/// Whose rows a table holds. Checking, reclaiming and repair go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnerKind {
    /// The database as a whole.
    Database,
    /// One collective each.
    Collective,
    /// One experience each: the records themselves, from which the rows of [`Version`](Self::Version) follow.
    Experience,
    /// The present version of one experience or insight each; the key begins with the number of the collective.
    Version,
    /// One relation each: the relations themselves, from which the rows of [`Link`](Self::Link) follow.
    Relation,
    /// One insight each: the insights themselves, from which rows of [`Version`](Self::Version) follow.
    Insight,
    /// What leads to one relation each; the key begins with the number of the collective.
    Link,
    /// A series of the index; the key begins with the number of the collective.
    Series,
    /// One block of a series each; the key begins with the number of the block.
    Block,
    /// The present version of one experience that expires; the key begins with the time.
    Expiry,
    /// One agent at work in a collective each; the key begins with the number of the collective.
    Agent,
    /// One change each.
    Change,
    /// One deleted collective each.
    Reclaim,
}

struct Row {
    table: Table,
    name: &'static str,
    owner: OwnerKind,
}

const fn row(table: Table, name: &'static str, owner: OwnerKind) -> Row {
    Row { table, name, owner }
}

/// In the order of their numbers.
const SCHEMA: &[Row] = &[
    row(Table::Meta, "meta", OwnerKind::Database),
    row(Table::Collective, "collective", OwnerKind::Collective),
    row(Table::CollectiveName, "collective_name", OwnerKind::Collective),
    row(Table::Counter, "counter", OwnerKind::Collective),
    row(Table::Experience, "experience", OwnerKind::Experience),
    row(Table::Vector, "vector", OwnerKind::Version),
    row(Table::Slot, "slot", OwnerKind::Version),
    row(Table::Member, "member", OwnerKind::Version),
    row(Table::ByTime, "by_time", OwnerKind::Version),
    row(Table::ByType, "by_type", OwnerKind::Version),
    row(Table::ByAgent, "by_agent", OwnerKind::Version),
    row(Table::ByDomain, "by_domain", OwnerKind::Version),
    row(Table::ByTag, "by_tag", OwnerKind::Version),
    row(Table::Log, "log", OwnerKind::Change),
    row(Table::Reclaim, "reclaim", OwnerKind::Reclaim),
    row(Table::ByTask, "by_task", OwnerKind::Version),
    row(Table::Tail, "tail", OwnerKind::Series),
    row(Table::Series, "series", OwnerKind::Series),
    row(Table::Block, "block", OwnerKind::Block),
    row(Table::BlockState, "block_state", OwnerKind::Block),
    row(Table::Posting, "posting", OwnerKind::Block),
    row(Table::Piece, "piece", OwnerKind::Version),
    row(Table::Relation, "relation", OwnerKind::Relation),
    row(Table::RelationMember, "relation_member", OwnerKind::Link),
    row(Table::RelationBySource, "relation_by_source", OwnerKind::Link),
    row(Table::RelationByTarget, "relation_by_target", OwnerKind::Link),
    row(Table::Insight, "insight", OwnerKind::Insight),
    row(Table::InsightSource, "insight_source", OwnerKind::Version),
    row(Table::Activity, "activity", OwnerKind::Agent),
    row(Table::ByKey, "by_key", OwnerKind::Version),
    row(Table::Expiry, "expiry", OwnerKind::Expiry),
    row(Table::ByContent, "by_content", OwnerKind::Version),
];

/// The names of all tables, in the order of their numbers.
pub(crate) const NAMES: &[&str] = &{
    let mut names = [""; SCHEMA.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = SCHEMA[at].name;
        at += 1;
    }
    names
};

impl Table {
    /// Every table, in the order of their numbers.
    pub(crate) const ALL: [Self; SCHEMA.len()] = {
        let mut tables = [Self::Meta; SCHEMA.len()];
        let mut at = 0;
        while at < tables.len() {
            tables[at] = SCHEMA[at].table;
            at += 1;
        }
        tables
    };

    /// The tables that hold rows of this kind of owner.
    pub(crate) fn owned_by(owner: OwnerKind) -> impl Iterator<Item = Self> {
        SCHEMA.iter().filter(move |row| row.owner == owner).map(|row| row.table)
    }

    /// The table of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        SCHEMA.iter().find(|row| row.name == name).map(|row| row.table)
    }

    /// Its name in the file.
    pub(crate) const fn name(self) -> &'static str {
        NAMES[self as usize]
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_stands_in_the_schema_at_its_number() {
        for (index, table) in Table::ALL.into_iter().enumerate() {
            assert_eq!(table.index(), index);
            assert_eq!(Table::named(table.name()), Some(table));
        }
    }
}
