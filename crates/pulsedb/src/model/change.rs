//! Changes: what the log says happened, for followers inside and for callers.

use crate::clock::Timestamp;
use crate::id::{CollectiveId, ExperienceId, InsightId, RelationId, Seq};

/// What happened to an experience, as callers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchEvent {
    /// Which experience.
    pub experience_id: ExperienceId,
    /// In which collective.
    pub collective_id: CollectiveId,
    /// What happened to it.
    pub event_type: WatchEventType,
    /// When the change was made.
    pub timestamp: Timestamp,
    /// The number of the change.
    pub sequence: Seq,
}

/// The kinds of change. Unarchiving and reinforcing are updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WatchEventType {
    /// It was recorded.
    Created,
    /// It was updated, unarchived or reinforced.
    Updated,
    /// It was archived.
    Archived,
    /// It was deleted, alone or with its collective.
    Deleted,
}

/// The small number that the database gives a collective: the first part of most keys, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CollectiveNumber(pub(crate) u32);

impl CollectiveNumber {
    /// The bit of numbers under which the insights of a collective are kept, as its records are under its own.
    const INSIGHTS: u32 = 1 << 31;
    /// The first number that no collective has.
    pub(crate) const END: u32 = Self::INSIGHTS - 1;

    /// The number under which the insights of this collective are kept.
    pub(crate) const fn of_insights(self) -> Self {
        Self(self.0 | Self::INSIGHTS)
    }

    /// The number of the collective itself.
    pub(crate) const fn of_collective(self) -> Self {
        Self(self.0 & !Self::INSIGHTS)
    }

    /// Whether insights are kept under this number.
    pub(crate) const fn is_of_insights(self) -> bool {
        self.0 & Self::INSIGHTS != 0
    }
}

/// The number of a version of an experience within its collective. A change of anything that is indexed takes a new
/// slot; the old one is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) u32);

/// One row of the change log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) sequence: Seq,
    pub(crate) timestamp: Timestamp,
    pub(crate) number: CollectiveNumber,
    pub(crate) collective_id: CollectiveId,
    pub(crate) kind: ChangeKind,
}

/// What a row of the change log is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ChangeKind {
    CollectiveCreated,
    CollectiveDeleted,
    CollectiveRenamed,
    Experience(ExperienceChange),
    /// A relation was stored or deleted.
    Relation {
        id: RelationId,
        is_deleted: bool,
    },
    /// An insight was stored or deleted.
    Insight {
        id: InsightId,
        is_deleted: bool,
    },
}

/// A change of an experience, with what filters of events need.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExperienceChange {
    pub(crate) id: ExperienceId,
    pub(crate) action: Action,
    /// Its slot after the change; the last one it had if it was deleted.
    pub(crate) slot: Slot,
    /// Its slot before the change; the same as `slot` where the change moved nothing.
    pub(crate) previous: Slot,
    /// Its variant, as numbered in the format.
    pub(crate) type_tag: u8,
    pub(crate) importance: f32,
    pub(crate) domain: Vec<String>,
}

/// What was done to an experience; finer than what callers see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Created,
    Updated,
    Reinforced,
    Archived,
    Unarchived,
    Deleted,
}

impl Change {
    /// The event that callers see, if the change is one of an experience.
    pub(crate) fn event(&self) -> Option<WatchEvent> {
        let ChangeKind::Experience(change) = &self.kind else { return None };
        let event_type = match change.action {
            Action::Created => WatchEventType::Created,
            Action::Updated | Action::Reinforced | Action::Unarchived => WatchEventType::Updated,
            Action::Archived => WatchEventType::Archived,
            Action::Deleted => WatchEventType::Deleted,
        };
        Some(WatchEvent {
            experience_id: change.id,
            collective_id: self.collective_id,
            event_type,
            timestamp: self.timestamp,
            sequence: self.sequence,
        })
    }
}
