//! Streams of changes: the log, read from a number on.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use pulsedb::backend::limits;
use pulsedb::{CollectiveId, NotFoundError, PulseDBError, Seq, Timestamp, WatchEvent, WatchEventType};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::calls::Server;
use crate::collectives;
use crate::failure::Answer;
use crate::keys::Id;
use crate::session::{Access, Session};

/// Events that are held for a reader; one that is slower is read for later.
const HELD: usize = 1000;
/// How long a server that cannot be reached is left alone at most.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The events of a task that reads the log.
pub(crate) struct Events(mpsc::Receiver<WatchEvent>);

impl Stream for Events {
    type Item = WatchEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        self.0.poll_recv(context)
    }
}

/// The changes of a collective after a number, for ever.
pub(crate) fn stream(
    runtime: &tokio::runtime::Handle,
    server: Server,
    latest: watch::Receiver<Seq>,
    (collective, cursor): (CollectiveId, Seq),
) -> Events {
    let (give, take) = mpsc::channel(HELD);
    runtime.spawn(async move {
        let reading = read(&server, latest, collective, cursor, &give);
        tokio::select! {
            () = reading => {}
            () = give.closed() => {}
        }
    });
    Events(take)
}

async fn read(
    server: &Server,
    mut latest: watch::Receiver<Seq>,
    collective: CollectiveId,
    mut cursor: Seq,
    give: &mpsc::Sender<WatchEvent>,
) {
    let mut pause = Duration::from_millis(10);
    let mut is_known = false;
    loop {
        let to = *latest.borrow_and_update();
        if is_known && to <= cursor {
            // The sender goes with the store.
            if latest.changed().await.is_err() {
                return;
            }
            continue;
        }
        match page(server, collective, cursor, to).await {
            Ok(events) => {
                (is_known, pause) = (true, Duration::from_millis(10));
                cursor = match events.last() {
                    Some(last) if events.len() >= limits::EVENTS_MAX => last.sequence,
                    _ => to.max(cursor),
                };
                for event in events {
                    if give.send(event).await.is_err() {
                        return;
                    }
                }
            }
            Err(PulseDBError::NotFound(_)) => return,
            Err(error) => {
                tracing::debug!(%error, cursor, "a stream waits for the server");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

/// The next events of a collective up to a number, oldest first.
async fn page(
    server: &Server,
    collective: CollectiveId,
    from: Seq,
    to: Seq,
) -> pulsedb::Result<Vec<WatchEvent>> {
    let arguments = Arc::new((collective, from, to));
    let page = server.call(Access::Read, &arguments, |session, asked| {
        Box::pin(async move {
            let (collective, from, to) = *asked;
            collectives::expect(session, collective).await?;
            let rows = session
                .rows(
                    "SELECT sequence, stamp, collective_id, kind, subject FROM log WHERE sequence > $1 AND sequence <= $2 \
                     AND collective_id = $3 AND kind < 10 ORDER BY sequence LIMIT $4",
                    &[&number(from), &number(to), &collective.uuid(), &(limits::EVENTS_MAX as i64)],
                )
                .await?;
            Ok(rows.iter().filter_map(event).collect())
        })
    });
    Ok(page.await?.0)
}

/// The changes of a collective among the next ones after a number, and the number to ask from next.
pub(crate) async fn poll(
    session: &Session<'_>,
    collective: CollectiveId,
    since: Seq,
) -> Answer<(Vec<WatchEvent>, Seq)> {
    let rows = session
        .rows(
            "SELECT sequence, stamp, collective_id, kind, subject FROM log WHERE sequence > $1 ORDER BY sequence LIMIT $2",
            &[&number(since), &(limits::EVENTS_MAX as i64)],
        )
        .await?;
    let next = rows.last().map_or(since, |row| row.get::<_, i64>(0).unsigned_abs());
    let mut is_known = false;
    let mut events = Vec::new();
    for row in rows.iter().filter(|row| row.get::<_, Uuid>(2) == collective.uuid()) {
        is_known = true;
        events.extend(event(row));
    }
    if rows.len() < limits::EVENTS_MAX && !is_known {
        let exists = session.row("SELECT FROM collective WHERE id = $1", &[&collective.uuid()]).await?;
        exists.ok_or(NotFoundError::Collective(collective))?;
    }
    Ok((events, next))
}

/// No number of the log is above what a `bigint` holds.
fn number(sequence: Seq) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn event(row: &tokio_postgres::Row) -> Option<WatchEvent> {
    let event_type = match row.get::<_, i16>(3) {
        0 => WatchEventType::Created,
        1 | 2 | 4 => WatchEventType::Updated,
        3 => WatchEventType::Archived,
        5 => WatchEventType::Deleted,
        _ => return None,
    };
    Some(WatchEvent {
        experience_id: Id::of(row.get::<_, Uuid>(4)),
        collective_id: Id::of(row.get::<_, Uuid>(2)),
        event_type,
        timestamp: Timestamp(row.get(1)),
        sequence: row.get::<_, i64>(0).unsigned_abs(),
    })
}
