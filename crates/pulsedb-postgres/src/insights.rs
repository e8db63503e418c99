//! Insights: stored with their sources.

use pulsedb::backend::Indexed;
use pulsedb::{DerivedInsight, Embedding, InsightId, NewDerivedInsight, ValidationError};

use crate::collectives::{self, Lock};
use crate::entries::{self, INSIGHTS};
use crate::failure::Answer;
use crate::keys::Id;
use crate::rows;
use crate::session::{Kind, Session};
use crate::text::{all_escaped, escaped};

/// A checked insight with what is made of it on the client.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) new: NewDerivedInsight,
    pub(crate) vector: Embedding,
    pub(crate) indexed: Indexed,
}

/// Stores an insight whose sources are all in its collective.
pub(crate) async fn store(
    session: &mut Session<'_>,
    prepared: &Prepared,
    default: Option<pulsedb::CollectiveId>,
) -> Answer<InsightId> {
    let new = &prepared.new;
    let collective = collectives::resolve(session, new.collective_id, default).await?;
    collectives::lock(session, collective, Lock::Shared).await?;
    for source in &new.source_experience_ids {
        let one = rows::existing(session, *source).await?;
        if one.collective_id != collective {
            let reason = format!("{source} is in collective {}, not in {collective}", one.collective_id);
            return Err(
                ValidationError::InvalidField { field: "source_experience_ids".into(), reason }.into()
            );
        }
    }
    let id = InsightId::new();
    let stored = DerivedInsight {
        id,
        collective_id: collective,
        content: new.content.clone(),
        embedding: Vec::new(),
        source_experience_ids: new.source_experience_ids.clone(),
        missing_sources: Vec::new(),
        insight_type: new.insight_type,
        confidence: new.confidence,
        domain: new.domain.clone(),
        created_at: session.now,
    };
    insert(session, &stored).await?;
    entries::insert(session, collective, INSIGHTS, id.uuid(), &prepared.indexed, &prepared.vector).await?;
    session.log(collective, Kind::InsightStored, *id.as_bytes());
    Ok(id)
}

/// Inserts the row of an insight.
pub(crate) async fn insert(session: &Session<'_>, one: &DerivedInsight) -> Answer<()> {
    let sources: Vec<uuid::Uuid> = one.source_experience_ids.iter().map(|id| id.uuid()).collect();
    session
        .run(
            "INSERT INTO insight (tenant_id, id, collective_id, content, sources, type_tag, confidence, domain, created_at) \
             VALUES (current_setting('pulsedb.tenant'), $1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                &one.id.uuid(),
                &one.collective_id.uuid(),
                &escaped(&one.content),
                &sources,
                &(one.insight_type as i16),
                &one.confidence,
                &all_escaped(&one.domain),
                &one.created_at.as_millis(),
            ],
        )
        .await?;
    Ok(())
}
