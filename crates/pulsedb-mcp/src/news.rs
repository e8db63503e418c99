//! What is new, as it is committed by any process: for subscribers, for calls that wait, and for a channel.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::{SelectAll, select_all};
use pulsedb::{CollectiveId, Experience, ExperienceId, Seq, WatchEvent, WatchEventType};
use rmcp::model::{CustomNotification, ServerNotification};
use serde_json::json;

use crate::error::ToolError;
use crate::form::{fenced_memories, shortened};
use crate::limits::{NEWS_BYTES_MAX, NEWS_ITEMS_MAX};
use crate::resources::Place;
use crate::store::{Changes, Store};
use crate::tools::Waiting;

/// The method of the notification by which Claude Code hands news to a model while it works.
const CHANNEL_METHOD: &str = "notifications/claude/channel";
/// The capability that says so.
pub(crate) const CHANNEL_CAPABILITY: &str = "claude/channel";
/// The tag of what an import has brought: that is no news to an agent at work.
const IMPORT_TAG: &str = "import";

/// The changes of some resources.
pub(crate) struct Followed {
    streams: SelectAll<Changes>,
    collectives: HashSet<CollectiveId>,
    experiences: HashSet<ExperienceId>,
}

impl Followed {
    /// Follows these after a sequence number. What does not exist has no changes.
    pub(crate) fn new(db: &dyn Store, places: &[Place], since: Seq) -> Result<Self, ToolError> {
        let mut collectives = HashSet::new();
        let mut experiences = HashSet::new();
        let mut watched = HashSet::new();
        for place in places {
            match *place {
                Place::Collective(id) => {
                    collectives.insert(id);
                    watched.insert(id);
                }
                Place::Experience(id) => {
                    experiences.insert(id);
                    watched.extend(db.get_experience(id)?.map(|it| it.collective_id));
                }
            }
        }
        let streams = watched.into_iter().map(|id| db.watch(id, Some(since)));
        let streams = streams.collect::<pulsedb::Result<Vec<_>>>()?;
        Ok(Self { streams: select_all(streams), collectives, experiences })
    }

    /// The URIs of what the next change has changed; `None` when there will be no more.
    pub(crate) async fn next(&mut self) -> Option<Vec<String>> {
        loop {
            let WatchEvent { experience_id, collective_id, .. } = self.streams.next().await?;
            let collective =
                self.collectives.contains(&collective_id).then_some(Place::Collective(collective_id));
            let experience =
                self.experiences.contains(&experience_id).then_some(Place::Experience(experience_id));
            let changed: Vec<String> = collective.into_iter().chain(experience).map(Place::uri).collect();
            if !changed.is_empty() {
                return Some(changed);
            }
        }
    }
}

/// Waits until something has changed since a number, or the time is over.
pub(crate) async fn wait(db: &dyn Store, waiting: Waiting) -> Result<(), ToolError> {
    let mut stream = db.watch(waiting.collective, Some(waiting.since))?;
    // Over is as good as changed: the call then says that there is nothing.
    let _ = tokio::time::timeout(waiting.timeout, stream.next()).await;
    Ok(())
}

/// News for the model of one session, several at a time if they come faster than it is told.
pub(crate) struct Channel {
    db: Arc<dyn Store>,
    stream: futures_util::stream::ReadyChunks<Changes>,
    session: String,
}

impl Channel {
    /// What others than this session store from now on.
    pub(crate) fn new(
        db: Arc<dyn Store>,
        collective: CollectiveId,
        session: String,
    ) -> Result<Self, ToolError> {
        let stream = db.watch(collective, None)?.ready_chunks(NEWS_ITEMS_MAX);
        Ok(Self { db, stream, session })
    }

    /// The next message; `None` when there will be no more.
    pub(crate) async fn next(&mut self) -> Option<ServerNotification> {
        loop {
            let events = self.stream.next().await?;
            let (db, session) = (Arc::clone(&self.db), self.session.clone());
            // It reads the database, which may have to wait for a disk.
            let news = tokio::task::spawn_blocking(move || news(&*db, &events, &session)).await.ok()?;
            if !news.is_empty() {
                return Some(message(news));
            }
        }
    }
}

/// What of these changes is new and of others; what has changed or gone again meanwhile is no news.
fn news(db: &dyn Store, events: &[WatchEvent], session: &str) -> Vec<Experience> {
    let created = events.iter().filter(|event| event.event_type == WatchEventType::Created);
    let of_others = |it: &Experience| {
        it.source_task.as_ref().is_none_or(|task| task.as_str() != session)
            && !it.tags.contains_key(IMPORT_TAG)
    };
    created
        .filter_map(|event| db.get_experience(event.experience_id).ok().flatten())
        .filter(of_others)
        .map(|it| Experience { content: shortened(&it.content, NEWS_BYTES_MAX), embedding: Vec::new(), ..it })
        .collect()
}

fn message(news: Vec<Experience>) -> ServerNotification {
    let ids: Vec<String> = news.iter().map(|it| it.id.to_string()).collect();
    // Names of its fields become attributes, and values are texts.
    let params = json!({ "content": fenced_memories(news), "meta": { "ids": ids.join(" ") } });
    ServerNotification::CustomNotification(CustomNotification::new(CHANNEL_METHOD, Some(params)))
}
