//! The rows nearest to a vector: an exact scan of the matches, or the index of vectors where they are too many.

use pulsedb::Timestamp;
use pulsedb::backend::{self, Ranked};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::failure::Answer;
use crate::filter::Scope;
use crate::keys::Id;
use crate::session::Session;

/// Rows that are compared again beside those that are asked for: the server adds up in another order.
const MORE: usize = 16;
/// Vectors with more dimensions have no index.
pub(crate) const INDEXED_DIMENSIONS_MAX: usize = 2000;

/// The best `k`, best first: `min(k, matches that have a vector)` of them.
pub(super) async fn nearest(
    session: &Session<'_>,
    scope: Scope<'_>,
    query: &[f32],
    k: usize,
    exact_rows: usize,
) -> Answer<Vec<Ranked>> {
    let wanted = k.saturating_add(MORE);
    // The planner alone falls into a trap: for few matches it walks the index, and finds fewer than there are.
    if scope.filter.is_some()
        && has_index(session, query.len()).await?
        && count(session, scope, exact_rows.saturating_add(1)).await? > exact_rows
    {
        let found = by_index(session, scope, query, wanted).await?;
        if found.len() >= k {
            return Ok(compared(query, &found, k));
        }
    }
    let found = by_scan(session, scope, query, wanted).await?;
    Ok(compared(query, &found, k))
}

/// How many rows match, counted up to `most`.
pub(super) async fn count(session: &Session<'_>, scope: Scope<'_>, most: usize) -> Answer<usize> {
    let (mut sql, condition) = scope.condition();
    let most = sql.bind(i64::try_from(most).unwrap_or(i64::MAX));
    let text =
        format!("SELECT count(*) FROM (SELECT FROM {} x WHERE {condition} LIMIT {most}) m", scope.table());
    let row = session.row(&text, &sql.values()).await?;
    Ok(row.map_or(0, |row| row.get::<_, i64>(0).unsigned_abs() as usize))
}

/// The name of the index of vectors of a dimension.
pub(crate) fn index_name(dimension: usize) -> String {
    format!("entry_by_vector_{dimension}")
}

async fn has_index(session: &Session<'_>, dimension: usize) -> Answer<bool> {
    if dimension > INDEXED_DIMENSIONS_MAX {
        return Ok(false);
    }
    let sql = "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indexrelid = c.oid \
               WHERE n.nspname = 'pulsedb' AND c.relname = $1 AND i.indisvalid";
    Ok(session.row(sql, &[&index_name(dimension)]).await?.is_some())
}

async fn by_scan(session: &Session<'_>, scope: Scope<'_>, query: &[f32], wanted: usize) -> Answer<Vec<Row>> {
    let (mut sql, condition) = scope.condition();
    let (query, wanted) = (sql.bind(query.to_vec()), sql.bind(wanted as i64));
    // Without MATERIALIZED the planner may choose an index, and find fewer rows than there are.
    let text = format!(
        "WITH m AS MATERIALIZED (SELECT x.id, {stamp} AS stamp FROM {table} x WHERE {condition}) \
         SELECT m.id, m.stamp, e.embedding::real[] FROM m JOIN entry e \
         ON e.collective_id = $1 AND e.kind = {kind} AND e.id = m.id WHERE e.embedding IS NOT NULL \
         ORDER BY e.embedding <=> {query}::real[]::vector, m.stamp DESC, m.id LIMIT {wanted}",
        stamp = scope.stamp(),
        table = scope.table(),
        kind = scope.kind()
    );
    session.rows(&text, &sql.values()).await
}

async fn by_index(session: &Session<'_>, scope: Scope<'_>, query: &[f32], wanted: usize) -> Answer<Vec<Row>> {
    let dimension = query.len();
    let effort = wanted.clamp(100, 1000);
    session
        .rows(
            "SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', $1, true), \
             set_config('hnsw.max_scan_tuples', '200000', true)",
            &[&effort.to_string()],
        )
        .await?;
    let (mut sql, condition) = scope.condition();
    let query = sql.bind(query.to_vec());
    // Twice as many as are wanted, since the index finds most of the nearest, not all.
    let wanted = sql.bind((wanted * 2) as i64);
    let text = format!(
        "SELECT x.id, {stamp} AS stamp, e.embedding::real[] FROM entry e JOIN {table} x ON x.id = e.id \
         WHERE e.collective_id = $1 AND e.kind = {kind} AND vector_dims(e.embedding) = {dimension} AND {condition} \
         ORDER BY e.embedding::vector({dimension}) <=> {query}::real[]::vector({dimension}) LIMIT {wanted}",
        stamp = scope.stamp(),
        table = scope.table(),
        kind = scope.kind()
    );
    session.rows(&text, &sql.values()).await
}

/// The best `k` of some rows, by the kernels of the database.
fn compared(query: &[f32], rows: &[Row], k: usize) -> Vec<Ranked> {
    let vectors: Vec<Vec<f32>> = rows.iter().map(|row| row.get(2)).collect();
    let cosines = backend::cosines(query, &vectors);
    let ranked = rows.iter().zip(cosines).filter_map(|(row, cosine)| {
        Some(Ranked::by_vector(Id::of(row.get::<_, Uuid>(0)), Timestamp(row.get(1)), cosine?))
    });
    let mut ranked: Vec<Ranked> = ranked.collect();
    ranked.sort_unstable_by(backend::order);
    ranked.truncate(k);
    ranked
}

/// The statement that makes the index of vectors of a dimension, for whoever owns the tables.
pub(crate) fn index_statement(dimension: usize) -> String {
    format!(
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS {} ON pulsedb.entry USING hnsw \
         ((embedding::public.vector({dimension})) public.vector_cosine_ops) \
         WHERE public.vector_dims(embedding) = {dimension}",
        index_name(dimension)
    )
}
