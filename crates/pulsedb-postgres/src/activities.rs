//! Activities: who is at work, which is not logged.

use std::time::Duration;

use pulsedb::{Activity, AgentId, CollectiveId, NewActivity, NotFoundError, Timestamp};
use tokio_postgres::Row;

use crate::collectives;
use crate::failure::Answer;
use crate::keys::Id;
use crate::session::Session;
use crate::text::{escaped, unescaped};

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// Registers an agent in place of what it said before. Activities of which nothing was heard for `kept` are removed.
pub(crate) async fn register(session: &Session<'_>, new: &NewActivity, kept: Duration) -> Answer<()> {
    collectives::expect(session, new.collective_id).await?;
    let id = new.collective_id.uuid();
    session
        .run(
            "DELETE FROM activity WHERE collective_id = $1 AND last_heartbeat < now_ms() - $2",
            &[&id, &millis(kept).min(i64::MAX / 2)],
        )
        .await?;
    let agent = escaped(new.agent_id.as_str());
    let task = new.current_task.as_deref().map(escaped);
    let summary = new.context_summary.as_deref().map(escaped);
    session
        .run(
            "INSERT INTO activity (tenant_id, collective_id, agent_id, current_task, context_summary, started_at, last_heartbeat) \
             VALUES (current_setting('pulsedb.tenant'), $1, $2, $3, $4, now_ms(), now_ms()) \
             ON CONFLICT (tenant_id, collective_id, agent_id) DO UPDATE SET current_task = excluded.current_task, \
             context_summary = excluded.context_summary, started_at = excluded.started_at, last_heartbeat = excluded.last_heartbeat",
            &[&id, &agent, &task, &summary],
        )
        .await?;
    Ok(())
}

/// Notes a sign of life, unless one was noted less than `interval` ago.
pub(crate) async fn heartbeat(
    session: &Session<'_>,
    agent: &str,
    collective: CollectiveId,
    interval: Duration,
) -> Answer<()> {
    collectives::expect(session, collective).await?;
    let changed = session
        .run(
            "UPDATE activity SET last_heartbeat = CASE WHEN now_ms() - last_heartbeat BETWEEN 0 AND $3::bigint - 1 \
             THEN last_heartbeat ELSE now_ms() END WHERE collective_id = $1 AND agent_id = $2",
            &[&collective.uuid(), &escaped(agent), &millis(interval)],
        )
        .await?;
    expect_one(changed, agent, collective)
}

/// Ends an activity, which there must be.
pub(crate) async fn end(session: &Session<'_>, agent: &str, collective: CollectiveId) -> Answer<()> {
    collectives::expect(session, collective).await?;
    let sql = "DELETE FROM activity WHERE collective_id = $1 AND agent_id = $2";
    let changed = session.run(sql, &[&collective.uuid(), &escaped(agent)]).await?;
    expect_one(changed, agent, collective)
}

fn expect_one(changed: u64, agent: &str, collective_id: CollectiveId) -> Answer<()> {
    if changed > 0 {
        return Ok(());
    }
    Err(NotFoundError::Activity { agent_id: AgentId::new(agent), collective_id }.into())
}

/// Those of whom something was heard within `threshold`, newest sign of life first.
pub(crate) async fn active(
    session: &Session<'_>,
    collective: CollectiveId,
    threshold: Duration,
) -> Answer<Vec<Activity>> {
    collectives::expect(session, collective).await?;
    let rows = session
        .rows(
            "SELECT agent_id, current_task, context_summary, started_at, last_heartbeat FROM activity \
             WHERE collective_id = $1 AND now_ms() - last_heartbeat <= $2 ORDER BY last_heartbeat DESC, agent_id",
            &[&collective.uuid(), &millis(threshold)],
        )
        .await?;
    let activity = |row: &Row| Activity {
        agent_id: AgentId::new(unescaped(row.get(0))),
        collective_id: collective,
        current_task: row.get::<_, Option<String>>(1).map(unescaped),
        context_summary: row.get::<_, Option<String>>(2).map(unescaped),
        started_at: Timestamp(row.get(3)),
        last_heartbeat: Timestamp(row.get(4)),
    };
    Ok(rows.iter().map(activity).collect())
}
