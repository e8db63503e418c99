//! The filter flags as a filter of the database.

use pulsedb::{SearchFilter, Timestamp};

use crate::args::FilterArgs;
use crate::cmd::fields::tag_map;
use crate::exit::CliError;
use crate::time::reading::{Bound, bound};

/// The filter that the flags describe.
pub(crate) fn filter(args: FilterArgs, now: Timestamp) -> anyhow::Result<SearchFilter> {
    let moment = |text: Option<String>, end| {
        text.map(|text| bound(&text, end, now))
            .transpose()
            .map_err(|error| anyhow::Error::new(CliError::Usage(error)))
    };
    let tags = tag_map(args.tags)?;
    Ok(SearchFilter {
        domains: some(args.domain),
        tags_all: (!tags.is_empty()).then_some(tags),
        experience_types: some(args.kinds.into_iter().map(|kind| kind.0.into()).collect()),
        source_agents: some(args.agent.into_iter().map(Into::into).collect()),
        source_tasks: some(args.task.into_iter().map(Into::into).collect()),
        key_prefix: args.key_prefix,
        min_importance: args.min_importance,
        min_confidence: args.min_confidence,
        since: moment(args.since, Bound::Since)?,
        until: moment(args.until, Bound::Until)?,
        exclude_archived: !args.archived,
        include_superseded: args.superseded,
    })
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
