//! What searches read of a record: its terms, its pieces and its vector.

use pulsedb::backend::Indexed;
use pulsedb::{CollectiveId, Embedding};
use uuid::Uuid;

use crate::failure::Answer;
use crate::keys::Id;
use crate::session::Session;

/// Of `totals`, `entry` and `posting`: rows of experiences.
pub(crate) const EXPERIENCES: i16 = 0;
/// Rows of insights.
pub(crate) const INSIGHTS: i16 = 1;

/// Inserts what searches read of a record: its terms, its pieces and its vector.
pub(crate) async fn insert(
    session: &mut Session<'_>,
    collective: CollectiveId,
    kind: i16,
    id: Uuid,
    indexed: &Indexed,
    vector: &Embedding,
) -> Answer<()> {
    write(session, collective, kind, id, indexed, vector).await?;
    session.count(collective, kind, 1, i64::from(indexed.words));
    Ok(())
}

/// As [`insert`], but for the count of rows and words.
pub(crate) async fn write(
    session: &Session<'_>,
    collective: CollectiveId,
    kind: i16,
    id: Uuid,
    indexed: &Indexed,
    vector: &Embedding,
) -> Answer<()> {
    let terms: Vec<&str> = indexed.terms.iter().map(|(term, _)| term.as_str()).collect();
    // A content of 100 KB has fewer words than that.
    let counts: Vec<i32> = indexed.terms.iter().map(|(_, count)| *count as i32).collect();
    let pieces: Vec<u8> = indexed.pieces.iter().flat_map(|piece| piece.to_le_bytes()).collect();
    let vector = (!vector.is_empty()).then_some(vector);
    let words = indexed.words as i32;
    session
        .run(
            "WITH listed AS (INSERT INTO posting (tenant_id, collective_id, kind, term, id, count, words) \
                 SELECT current_setting('pulsedb.tenant'), $1, $2, term, $3, count, $4 FROM unnest($5::text[], $6::int[]) AS u(term, count)) \
             INSERT INTO entry (tenant_id, collective_id, kind, id, words, terms, pieces, asks, embedding) \
             VALUES (current_setting('pulsedb.tenant'), $1, $2, $3, $4, $5, $7, $8, $9::real[]::vector)",
            &[&collective.uuid(), &kind, &id, &words, &terms, &counts, &pieces, &indexed.asks, &vector],
        )
        .await?;
    Ok(())
}

/// Removes what searches read of a record.
pub(crate) async fn remove(
    session: &mut Session<'_>,
    collective: CollectiveId,
    kind: i16,
    id: Uuid,
) -> Answer<()> {
    let row = session
        .row(
            "WITH gone AS (DELETE FROM entry WHERE collective_id = $1 AND kind = $2 AND id = $3 RETURNING terms, words), \
             unlisted AS (DELETE FROM posting p USING gone WHERE p.collective_id = $1 AND p.kind = $2 AND p.id = $3 \
                 AND p.term = ANY (gone.terms)) \
             SELECT words FROM gone",
            &[&collective.uuid(), &kind, &id],
        )
        .await?;
    if let Some(row) = row {
        session.count(collective, kind, -1, -i64::from(row.get::<_, i32>(0)));
    }
    Ok(())
}

/// Replaces the vector of an experience.
pub(crate) async fn set_vector(
    session: &Session<'_>,
    collective: CollectiveId,
    id: Uuid,
    vector: &Embedding,
) -> Answer<()> {
    let vector = (!vector.is_empty()).then_some(vector);
    let sql =
        "UPDATE entry SET embedding = $4::real[]::vector WHERE collective_id = $1 AND kind = $2 AND id = $3";
    session.run(sql, &[&collective.uuid(), &EXPERIENCES, &id, &vector]).await?;
    Ok(())
}
