//! The model of activities: sets of names.

use std::collections::BTreeSet;

use pulsedb::{CollectiveId, NewActivity, PulseDB};

use super::AgentVerb;
use super::command::answer;
use super::reference::{Reference, ok};

/// The line of a call.
pub(super) fn command(verb: AgentVerb, cid: CollectiveId, agent: u8) -> String {
    let verb = match verb {
        AgentVerb::Register => "register",
        AgentVerb::Heartbeat => "heartbeat",
        AgentVerb::End => "end",
    };
    format!("{verb} {cid} agent-{agent}")
}

/// Does what a line says about an agent.
pub(super) fn perform(db: &PulseDB, verb: &str, cid: CollectiveId, agent: &str) -> String {
    match verb {
        "register" => {
            let current_task = Some(format!("the task of {agent}"));
            let new = NewActivity {
                agent_id: agent.into(),
                collective_id: cid,
                current_task,
                ..Default::default()
            };
            answer(db.register_activity(new))
        }
        "heartbeat" => answer(db.update_heartbeat(agent, cid)),
        _ => answer(db.end_activity(agent, cid)),
    }
}

/// Who is at work, by name.
pub(super) fn list(db: &PulseDB, cid: CollectiveId) -> String {
    answer(db.get_active_agents(cid).map(|activities| {
        assert!(
            activities.is_sorted_by_key(|one| (std::cmp::Reverse(one.last_heartbeat), one.agent_id.clone()))
        );
        let name = |one: &pulsedb::Activity| {
            assert_eq!(one.current_task, Some(format!("the task of {}", one.agent_id)));
            one.agent_id.as_str().to_owned()
        };
        activities.iter().map(name).collect::<BTreeSet<String>>()
    }))
}

impl Reference {
    pub(super) fn agent(&mut self, verb: AgentVerb, cid: CollectiveId, agent: u8, given: &str) {
        let agent = (cid, format!("agent-{agent}"));
        let possible = self.rooms.contains_key(&cid)
            && (matches!(verb, AgentVerb::Register) || self.at_work.contains(&agent));
        if !possible {
            return assert_eq!(given, "not found");
        }
        assert_eq!(given, ok(()));
        match verb {
            AgentVerb::Register => drop(self.at_work.insert(agent)),
            AgentVerb::Heartbeat => {}
            AgentVerb::End => drop(self.at_work.remove(&agent)),
        }
    }

    pub(super) fn agents(&self, cid: CollectiveId) -> String {
        if !self.rooms.contains_key(&cid) {
            return "not found".to_owned();
        }
        let here = self.at_work.iter().filter(|(place, _)| *place == cid);
        ok(here.map(|(_, agent)| agent.clone()).collect::<BTreeSet<String>>())
    }
}
