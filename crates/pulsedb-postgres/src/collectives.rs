//! Collectives: found by name, made, listed and locked.

use pulsedb::{Collective, CollectiveId, NotFoundError, Timestamp};
use uuid::Uuid;

use crate::failure::Answer;
use crate::keys::Id;
use crate::session::{Kind, Session};
use crate::text::{escaped, unescaped};

/// The name of the collective that records without one go to.
const DEFAULT: &str = "default";

/// How a collective is locked until the end of the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// It stays; others may change what is in it.
    Shared,
    /// Nobody else changes what several records agree on: keys, contents, what supersedes what.
    Whole,
}

/// The collective of this name, which is made if there is none.
pub(crate) async fn get_or_create(session: &mut Session<'_>, name: &str) -> Answer<CollectiveId> {
    let name = escaped(name);
    if let Some(row) = session.row("SELECT id FROM collective WHERE name = $1", &[&name]).await? {
        return Ok(Id::of(row.get::<_, Uuid>(0)));
    }
    let id = CollectiveId::new();
    let made = session
        .run(
            "INSERT INTO collective (tenant_id, id, name, created_at, updated_at) \
             VALUES (current_setting('pulsedb.tenant'), $1, $2, now_ms(), now_ms()) ON CONFLICT (tenant_id, name) DO NOTHING",
            &[&id.uuid(), &name],
        )
        .await?;
    if made == 0 {
        // Another one was faster, and has committed: a new statement sees it.
        let row = session.row("SELECT id FROM collective WHERE name = $1", &[&name]).await?;
        let row = row.ok_or_else(|| crate::failure::Failure::Again("a collective came and went".into()))?;
        return Ok(Id::of(row.get::<_, Uuid>(0)));
    }
    session.log(id, Kind::CollectiveCreated, *id.as_bytes());
    Ok(id)
}

/// The collective that a record names, or else the one for records that name none.
pub(crate) async fn resolve(
    session: &mut Session<'_>,
    given: CollectiveId,
    default: Option<CollectiveId>,
) -> Answer<CollectiveId> {
    match default {
        _ if !given.is_nil() => Ok(given),
        Some(id) => Ok(id),
        None => get_or_create(session, DEFAULT).await,
    }
}

/// Locks a collective, which there must be.
pub(crate) async fn lock(session: &Session<'_>, id: CollectiveId, lock: Lock) -> Answer<()> {
    let sql = match lock {
        Lock::Shared => "SELECT FROM collective WHERE id = $1 FOR SHARE",
        Lock::Whole => "SELECT FROM collective WHERE id = $1 FOR UPDATE",
    };
    match session.row(sql, &[&id.uuid()]).await? {
        Some(_) => Ok(()),
        None => Err(NotFoundError::Collective(id).into()),
    }
}

/// Fails unless there is such a collective.
pub(crate) async fn expect(session: &Session<'_>, id: CollectiveId) -> Answer<()> {
    match session.row("SELECT FROM collective WHERE id = $1", &[&id.uuid()]).await? {
        Some(_) => Ok(()),
        None => Err(NotFoundError::Collective(id).into()),
    }
}

/// All of them, oldest first.
pub(crate) async fn list(session: &Session<'_>, dimension: usize) -> Answer<Vec<Collective>> {
    let rows = session
        .rows("SELECT id, name, owner_id, created_at, updated_at FROM collective ORDER BY id", &[])
        .await?;
    let collective = |row: &tokio_postgres::Row| Collective {
        id: Id::of(row.get::<_, Uuid>(0)),
        name: unescaped(row.get(1)),
        owner_id: row.get::<_, Option<String>>(2).map(unescaped),
        // Dimensions are 4096 at most.
        embedding_dimension: dimension as u16,
        created_at: Timestamp(row.get(3)),
        updated_at: Timestamp(row.get(4)),
    };
    Ok(rows.iter().map(collective).collect())
}
