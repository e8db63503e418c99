//! The border of watchers.

use super::{Result, Valid, at_most, fraction, normal};
use crate::limits;
use crate::model::WatchFilter;

/// A filter of changes, its domains in NFC.
pub(crate) fn watch_filter(filter: WatchFilter) -> Result<Valid<WatchFilter>> {
    let filter = WatchFilter { domains: filter.domains.map(normal::texts), ..filter };
    let lists = [
        ("filter.domains", filter.domains.as_ref().map(Vec::len)),
        ("filter.experience_types", filter.experience_types.as_ref().map(Vec::len)),
    ];
    for (field, count) in lists {
        at_most(field, count.unwrap_or(0), limits::FILTER_ITEMS_MAX)?;
    }
    filter.min_importance.map_or(Ok(()), |value| fraction("filter.min_importance", value))?;
    Ok(Valid(filter))
}
