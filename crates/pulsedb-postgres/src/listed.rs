//! Whole collectives, read in pages in order of their ids.

use pulsedb::{CollectiveId, DerivedInsight, Experience, ExperienceRelation};
use uuid::Uuid;

use crate::failure::Answer;
use crate::keys::Id;
use crate::rows;
use crate::session::Session;

/// Which page is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) collective: CollectiveId,
    /// Ids above this one; nil is below them all.
    pub(crate) after: Uuid,
    pub(crate) limit: i64,
}

/// Experiences that have not expired.
pub(crate) async fn experiences(session: &Session<'_>, page: Page) -> Answer<Vec<Experience>> {
    let sql = rows::select(
        "WHERE e.collective_id = $1 AND e.id > $2 AND (x.expires_at IS NULL OR x.expires_at > now_ms()) ORDER BY e.id LIMIT $3",
    );
    let rows = session.rows(&sql, &[&page.collective.uuid(), &page.after, &page.limit]).await?;
    rows.iter().map(rows::experience).collect()
}

/// Relations between such experiences.
pub(crate) async fn relations(session: &Session<'_>, page: Page) -> Answer<Vec<ExperienceRelation>> {
    let sql = format!(
        "SELECT {} FROM relation r WHERE r.collective_id = $1 AND r.id > $2 AND NOT EXISTS (SELECT FROM experience x \
         WHERE x.id IN (r.source_id, r.target_id) AND x.expires_at <= now_ms()) ORDER BY r.id LIMIT $3",
        rows::RELATION
    );
    let rows = session.rows(&sql, &[&page.collective.uuid(), &page.after, &page.limit]).await?;
    rows.iter().map(|row| rows::relation(row, 0)).collect()
}

/// Insights.
pub(crate) async fn insights(session: &Session<'_>, page: Page) -> Answer<Vec<DerivedInsight>> {
    let sql = format!("{} WHERE x.collective_id = $1 AND x.id > $2 ORDER BY x.id LIMIT $3", rows::INSIGHT);
    let rows = session.rows(&sql, &[&page.collective.uuid(), &page.after, &page.limit]).await?;
    rows.iter().map(rows::insight).collect()
}
