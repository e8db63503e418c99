//! Calls on activities: who is at work in a collective.

use std::cmp::Reverse;

use crate::clock;
use crate::db::PulseDB;
use crate::error::Result;
use crate::id::CollectiveId;
use crate::limits;
use crate::model::{Activity, NewActivity};
use crate::storage::CollectiveView;
use crate::validate;

impl PulseDB {
    /// Says that an agent is at work in a collective. There is one activity for each agent and collective: registering
    /// again replaces it. Activities are not logged, and go with their collective; one whose agent has been silent for a
    /// week, or for [`stale_threshold`](crate::ActivityConfig::stale_threshold) if that is longer, may be removed when
    /// others register.
    ///
    /// ```
    /// # use pulsedb::{Config, NewActivity, PulseDB};
    /// # fn main() -> pulsedb::Result<()> {
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let db = PulseDB::open(directory.path().join("memory"), Config::default())?;
    /// let project = db.get_or_create_collective("project")?;
    /// db.register_activity(NewActivity {
    ///     agent_id: "builder".into(),
    ///     collective_id: project,
    ///     current_task: Some("make the release build pass".into()),
    ///     ..Default::default()
    /// })?;
    /// db.update_heartbeat("builder", project)?;
    /// assert_eq!(db.get_active_agents(project)?[0].agent_id.as_str(), "builder");
    /// db.end_activity("builder", project)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Validation`](crate::PulseDBError::Validation) for a name of more than 255 bytes, with white space at either end
    /// or empty, and for a text of more than 1024 bytes; [`NotFound`](crate::PulseDBError::NotFound) if there is no such
    /// collective.
    pub fn register_activity(&self, new: NewActivity) -> Result<()> {
        let store = self.writable()?;
        let new = validate::new_activity(new)?;
        let kept = limits::SILENT_ACTIVITY_KEPT.max(self.inner.config.activity.stale_threshold);
        store.register_activity(new, kept)
    }

    /// Says that an agent is still at work; one that was counted as gone is back. A heartbeat that follows the stored one
    /// in less than a second, or a quarter of [`stale_threshold`](crate::ActivityConfig::stale_threshold) if that is
    /// shorter, writes nothing, so it may be called with each step of the work.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if the agent has not registered, or if there is no such collective;
    /// [`Validation`](crate::PulseDBError::Validation) for the name.
    pub fn update_heartbeat(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        let store = self.writable()?;
        let agent = validate::active_agent(agent)?;
        store.heartbeat(collective, agent, self.inner.config.activity.heartbeat_interval())
    }

    /// Says that an agent's work is done.
    ///
    /// # Errors
    /// As [`update_heartbeat`](Self::update_heartbeat).
    pub fn end_activity(&self, agent: &str, collective: CollectiveId) -> Result<()> {
        let store = self.writable()?;
        store.end_activity(collective, validate::active_agent(agent)?)
    }

    /// The agents at work in a collective, newest heartbeat first, then by name. Those that have given no sign of life
    /// for longer than [`stale_threshold`](crate::ActivityConfig::stale_threshold) are left out.
    ///
    /// # Errors
    /// [`NotFound`](crate::PulseDBError::NotFound) if there is no such collective.
    pub fn get_active_agents(&self, collective: CollectiveId) -> Result<Vec<Activity>> {
        let store = self.store()?;
        let snapshot = store.snapshot()?;
        self.active_agents(snapshot.view().in_collective(collective)?, collective)
    }

    /// As [`get_active_agents`](Self::get_active_agents), in one snapshot.
    pub(super) fn active_agents(&self, view: CollectiveView<'_>, id: CollectiveId) -> Result<Vec<Activity>> {
        let threshold = self.inner.config.activity.stale_threshold;
        let mut activities = view.activities(id)?;
        let now = clock::now();
        activities.retain(|activity| now.since(activity.last_heartbeat) <= threshold);
        // They come in order of their names.
        activities.sort_by_key(|activity| Reverse(activity.last_heartbeat));
        Ok(activities)
    }
}
