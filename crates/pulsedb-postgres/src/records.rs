//! Recording: what becomes of a new experience, and the rows that one consists of.

use pulsedb::backend::{self, Indexed};
use pulsedb::{
    CollectiveId, DuplicatePolicy, Embedding, Experience, ExperienceId, NewExperience, ValidationError,
};
use std::collections::BTreeMap;

use crate::collectives::{self, Lock};
use crate::entries::{self, EXPERIENCES};
use crate::failure::Answer;
use crate::keys::Id;
use crate::relations;
use crate::rows;
use crate::session::{Kind, Session};
use crate::text::{all_escaped, escaped};

/// Expired experiences that one transaction removes.
const REMOVED_AT_ONCE: i64 = 64;

/// A checked experience with all that is made of it on the client.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) new: NewExperience,
    pub(crate) vector: Embedding,
    pub(crate) indexed: Indexed,
}

/// Records an experience; its id, or that of the one that it replaced or reinforced.
pub(crate) async fn record(
    session: &mut Session<'_>,
    prepared: &Prepared,
    default: Option<CollectiveId>,
) -> Answer<ExperienceId> {
    let new = &prepared.new;
    let collective = collectives::resolve(session, new.collective_id, default).await?;
    let expired = has_expired(session, collective).await?;
    let is_plain = new.key.is_none() && new.duplicate == DuplicatePolicy::Keep && !expired;
    collectives::lock(session, collective, if is_plain { Lock::Shared } else { Lock::Whole }).await?;
    if expired {
        remove_expired(session, collective).await?;
    }
    let holder = match &new.key {
        Some(key) => holder(session, collective, key).await?,
        None => None,
    };
    if let Some(found) = duplicate(session, collective, new, holder.as_ref()).await? {
        return reinforce_with(session, found, new).await;
    }
    let mut experience = experience(prepared, collective, session);
    let kind = if let Some(before) = freed(session, holder).await? {
        experience.id = before.id;
        experience.applications = before.applications;
        write(session, &experience).await?;
        entries::remove(session, collective, EXPERIENCES, before.id.uuid()).await?;
        Kind::Updated
    } else {
        insert(session, &experience).await?;
        Kind::Created
    };
    let id = experience.id;
    entries::insert(session, collective, EXPERIENCES, id.uuid(), &prepared.indexed, &prepared.vector).await?;
    session.log(collective, kind, *id.as_bytes());
    Ok(id)
}

fn experience(prepared: &Prepared, collective_id: CollectiveId, session: &Session<'_>) -> Experience {
    let new = prepared.new.clone();
    Experience {
        id: ExperienceId::new(),
        collective_id,
        content: new.content,
        embedding: Vec::new(),
        experience_type: new.experience_type,
        importance: new.importance,
        confidence: new.confidence,
        applications: 0,
        domain: new.domain,
        tags: new.tags,
        related_files: new.related_files,
        source_agent: new.source_agent,
        source_task: new.source_task,
        timestamp: new.timestamp.unwrap_or(session.now),
        updated_at: session.now,
        last_reinforced: session.now,
        archived: false,
        superseded: false,
        key: new.key,
        expires_at: new.expires_at,
        sequence: 0,
    }
}

/// The experience that has a key, locked.
pub(crate) async fn holder(
    session: &Session<'_>,
    collective: CollectiveId,
    key: &str,
) -> Answer<Option<Experience>> {
    let sql = rows::select("WHERE x.collective_id = $1 AND x.key = $2 FOR UPDATE OF x");
    let row = session.row(&sql, &[&collective.uuid(), &escaped(key)]).await?;
    row.as_ref().map(rows::experience).transpose()
}

/// The holder of a key; none where it is superseded, which then gives the key up.
async fn freed(session: &mut Session<'_>, holder: Option<Experience>) -> Answer<Option<Experience>> {
    match holder {
        Some(one) if one.superseded => {
            relations::set_key(session, one.id, None).await?;
            Ok(None)
        }
        holder => Ok(holder),
    }
}

/// The experience whose content a new one has, if that matters.
async fn duplicate(
    session: &Session<'_>,
    collective: CollectiveId,
    new: &NewExperience,
    holder: Option<&Experience>,
) -> Answer<Option<Experience>> {
    if new.duplicate == DuplicatePolicy::Keep {
        return Ok(None);
    }
    let now = session.now;
    let is_found =
        |one: &&Experience| !one.archived && !one.superseded && !backend::has_passed(one.expires_at, now);
    if new.key.is_some() {
        return Ok(holder.filter(|one| one.content == new.content).filter(is_found).cloned());
    }
    let sql = rows::select(&format!(
        "WHERE x.collective_id = $1 AND hashtextextended(x.content, 0) = hashtextextended($2, 0) AND x.content = $2 \
         AND NOT x.archived AND NOT {} AND (x.expires_at IS NULL OR x.expires_at > now_ms()) ORDER BY x.id LIMIT 1 FOR UPDATE OF x",
        rows::SUPERSEDED
    ));
    let row = session.row(&sql, &[&collective.uuid(), &escaped(&new.content)]).await?;
    row.as_ref().map(rows::experience).transpose()
}

/// Counts one more application of an experience, which takes over what the new one has more; refused if that is wanted.
async fn reinforce_with(
    session: &mut Session<'_>,
    before: Experience,
    new: &NewExperience,
) -> Answer<ExperienceId> {
    if new.duplicate == DuplicatePolicy::Refuse {
        let reason = format!(
            "it is the content of experience {}; update or reinforce that one, or record it with another policy",
            before.id
        );
        return Err(ValidationError::InvalidField { field: "content".into(), reason }.into());
    }
    let mut after = before.clone();
    after.importance = after.importance.max(new.importance);
    after.confidence = after.confidence.max(new.confidence);
    for domain in &new.domain {
        if !after.domain.contains(domain) {
            after.domain.push(domain.clone());
        }
    }
    for (key, value) in &new.tags {
        after.tags.entry(key.clone()).or_insert_with(|| value.clone());
    }
    backend::merged(&after)?;
    let kind = if after == before { Kind::Reinforced } else { Kind::Updated };
    after.applications = after.applications.saturating_add(1);
    after.last_reinforced = session.now;
    after.updated_at = session.now;
    write(session, &after).await?;
    session.log(after.collective_id, kind, *after.id.as_bytes());
    Ok(after.id)
}

fn json(pairs: &BTreeMap<String, String>) -> String {
    let escaped: BTreeMap<_, _> = pairs.iter().map(|(key, value)| (escaped(key), escaped(value))).collect();
    serde_json::to_string(&escaped).expect("a map of texts is a JSON object")
}

/// Inserts the row of an experience.
pub(crate) async fn insert(session: &Session<'_>, one: &Experience) -> Answer<()> {
    put(
        session,
        one,
        "INSERT INTO experience (tenant_id, id, collective_id, content, type_tag, type_body, importance, confidence, \
         applications, domain, tags, related_files, source_agent, source_task, stamp, updated_at, last_reinforced, archived, \
         key, expires_at, superseded, sequence) VALUES (current_setting('pulsedb.tenant'), $1, $2, $3, $4, $5, $6, $7, $8, $9, \
         $10::text::jsonb, $11, $12, $13, $14, $15, $16, $17, $18, $19, false, 0)",
    )
    .await
}

/// Writes the row of an experience that is there. Whether it is superseded stays as it is.
pub(crate) async fn write(session: &Session<'_>, one: &Experience) -> Answer<()> {
    put(
        session,
        one,
        "UPDATE experience SET content = $3, type_tag = $4, type_body = $5, importance = $6, confidence = $7, \
         applications = $8, domain = $9, tags = $10::text::jsonb, related_files = $11, source_agent = $12, source_task = $13, \
         stamp = $14, updated_at = $15, last_reinforced = $16, archived = $17, key = $18, expires_at = $19 \
         WHERE id = $1 AND collective_id = $2",
    )
    .await
}

async fn put(session: &Session<'_>, one: &Experience, sql: &str) -> Answer<()> {
    let type_body = serde_json::to_string(&one.experience_type).expect("a type is a JSON object");
    let task = one.source_task.as_ref().map(|task| escaped(task.as_str()));
    let key = one.key.as_deref().map(escaped);
    session
        .run(
            sql,
            &[
                &one.id.uuid(),
                &one.collective_id.uuid(),
                &escaped(&one.content),
                &i16::from(backend::kind_of(&one.experience_type)),
                &type_body,
                &one.importance,
                &one.confidence,
                &i64::from(one.applications),
                &all_escaped(&one.domain),
                &json(&one.tags),
                &all_escaped(&one.related_files),
                &escaped(one.source_agent.as_str()),
                &task,
                &one.timestamp.as_millis(),
                &one.updated_at.as_millis(),
                &one.last_reinforced.as_millis(),
                &one.archived,
                &key,
                &one.expires_at.map(pulsedb::Timestamp::as_millis),
            ],
        )
        .await?;
    Ok(())
}

pub(crate) async fn has_expired(session: &Session<'_>, collective: CollectiveId) -> Answer<bool> {
    let sql = "SELECT FROM experience WHERE collective_id = $1 AND expires_at <= now_ms() LIMIT 1";
    Ok(session.row(sql, &[&collective.uuid()]).await?.is_some())
}

/// Removes some experiences that have expired. The collective is locked as a whole.
pub(crate) async fn remove_expired(session: &mut Session<'_>, collective: CollectiveId) -> Answer<()> {
    let sql = rows::select(
        "WHERE x.collective_id = $1 AND x.expires_at <= now_ms() ORDER BY x.id LIMIT $2 FOR UPDATE OF x",
    );
    let expired = session.rows(&sql, &[&collective.uuid(), &REMOVED_AT_ONCE]).await?;
    for row in &expired {
        relations::remove_record(session, &rows::experience(row)?).await?;
    }
    Ok(())
}
