//! Insights that match: found and ranked as experiences are, over blocks of their own.

use crate::error::Result;
use crate::id::InsightId;
use crate::model::{DerivedInsight, InsightFilter};
use crate::search::filter::Allowed;
use crate::search::{Ranking, answered, ranked};
use crate::storage::CollectiveView;

/// The `k` insights that match the filter and rank best, best first: by score, then newer, then smaller id.
pub(crate) fn insights(
    collective: CollectiveView<'_>,
    ranking: &Ranking<'_>,
    k: usize,
    filter: &InsightFilter,
) -> Result<Vec<(DerivedInsight, f32)>> {
    answered(collective.insights(), |snapshot| {
        let allowed = Allowed::of_insights(snapshot, filter)?;
        let hits = ranked(snapshot, &allowed, ranking, k)?;
        let insights = hits.iter().map(|hit| {
            let id = InsightId::of_record(hit.rank.id());
            Ok((snapshot.collective.view.indexed_insight(id)?, hit.score))
        });
        insights.collect()
    })
}
