//! A filter of changes, made ready to be asked often.

use crate::model::WatchFilter;
use crate::model::change::ExperienceChange;
use crate::storage::type_tag;
use crate::validate::Valid;

/// A valid filter.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    domains: Option<Vec<String>>,
    /// One bit a variant; all of them if the filter names none.
    types: u32,
    min_importance: f32,
}

impl Prepared {
    pub(crate) fn new(filter: &Valid<WatchFilter>) -> Self {
        let filter = filter.get();
        let bit = |types: u32, one| types | 1 << type_tag(one);
        Self {
            domains: filter.domains.clone(),
            types: filter.experience_types.as_ref().map_or(u32::MAX, |types| types.iter().fold(0, bit)),
            min_importance: filter.min_importance.unwrap_or(f32::NEG_INFINITY),
        }
    }

    /// Whether a change passes, by what its experience was after it, or before it if it was deleted.
    pub(super) fn passes(&self, change: &ExperienceChange) -> bool {
        self.types & 1_u32.checked_shl(u32::from(change.type_tag)).unwrap_or(0) != 0
            && change.importance >= self.min_importance
            && self
                .domains
                .as_ref()
                .is_none_or(|domains| change.domain.iter().any(|one| domains.contains(one)))
    }
}
