//! Calls on activities: who is at work in a collective.

use pulsedb::{AgentId, CollectiveId, NewActivity};
use pyo3::prelude::*;

use super::Database;
use crate::arguments::{Id, Text};
use crate::{fields, results};

#[pymethods]
impl Database {
    /// Says that an agent is at work in a collective; registering again replaces what it said before.
    #[pyo3(signature = (collective, agent, *, task = None, summary = None))]
    fn register_activity(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        agent: Text<fields::Agent>,
        task: Option<Text<fields::Task>>,
        summary: Option<Text<fields::Summary>>,
    ) -> PyResult<()> {
        let new = NewActivity {
            agent_id: AgentId::new(agent.0),
            collective_id: collective.0,
            current_task: task.map(|text| text.0),
            context_summary: summary.map(|text| text.0),
        };
        self.change(python, move |db| db.register_activity(new))
    }

    /// Says that an agent is still at work. It may be called with each step of the work.
    fn heartbeat(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        agent: Text<fields::Agent>,
    ) -> PyResult<()> {
        self.change(python, move |db| db.update_heartbeat(&agent.0, collective.0))
    }

    /// Says that an agent's work is done.
    fn end_activity(
        &self,
        python: Python<'_>,
        collective: Id<CollectiveId, fields::Collective>,
        agent: Text<fields::Agent>,
    ) -> PyResult<()> {
        self.change(python, move |db| db.end_activity(&agent.0, collective.0))
    }

    /// The agents at work in a collective, newest sign of life first.
    fn active_agents<'py>(
        &self,
        python: Python<'py>,
        collective: Id<CollectiveId, fields::Collective>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let rows = self.apart(python, |db| db.get_active_agents(collective.0))?;
        results::each(python, &rows, results::activity)
    }
}
