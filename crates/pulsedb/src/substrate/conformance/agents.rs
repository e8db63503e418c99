//! Promises of activities.

use super::promise::promises;
use super::world::{Said, Verdict, World, ensure, refused};
use crate::error::PulseDBError;
use crate::id::{AgentId, CollectiveId};
use crate::model::NewActivity;

promises! {
    registered_until_ended: "an agent is at work from its registration to its end, in that collective alone",
    registering_again: "registering again replaces what an agent said before",
    absent_agents: "a heartbeat or an end of an agent that is not at work is refused",
}

fn activity(collective_id: CollectiveId, agent: &str, task: &str) -> NewActivity {
    NewActivity {
        agent_id: AgentId::new(agent),
        collective_id,
        current_task: Some(task.to_owned()),
        context_summary: None,
    }
}

async fn names(world: &World, collective: CollectiveId) -> Result<Vec<String>, String> {
    let agents = world.provider.get_active_agents(collective).await.said("asking for agents")?;
    let mut names: Vec<_> = agents.iter().map(|one| one.agent_id.as_str().to_owned()).collect();
    names.sort_unstable();
    Ok(names)
}

async fn registered_until_ended(world: &World) -> Verdict {
    let (collective, elsewhere) = (world.collective().await?, world.collective().await?);
    let provider = &world.provider;
    for agent in ["ada", "bob"] {
        provider.register_activity(activity(collective, agent, "build")).await.said("registering")?;
    }
    ensure!(names(world, collective).await? == ["ada", "bob"], "not both are at work");
    ensure!(names(world, elsewhere).await?.is_empty(), "they are at work elsewhere too");
    provider.update_heartbeat("ada", collective).await.said("a heartbeat")?;
    provider.end_activity("bob", collective).await.said("ending")?;
    ensure!(names(world, collective).await? == ["ada"], "one that has ended is at work");
    Ok(())
}

async fn registering_again(world: &World) -> Verdict {
    let collective = world.collective().await?;
    for task in ["first", "second"] {
        world.provider.register_activity(activity(collective, "ada", task)).await.said("registering")?;
    }
    let agents = world.provider.get_active_agents(collective).await.said("asking for agents")?;
    let tasks: Vec<_> = agents.iter().map(|one| one.current_task.as_deref()).collect();
    ensure!(tasks == [Some("second")], "at work are {agents:?}");
    Ok(())
}

async fn absent_agents(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let provider = &world.provider;
    let is_right = PulseDBError::is_not_found;
    refused(provider.update_heartbeat("nobody", collective).await, "a heartbeat", is_right)?;
    refused(provider.end_activity("nobody", collective).await, "an end", is_right)?;
    let bad = provider.register_activity(activity(collective, "", "task")).await;
    refused(bad, "an agent without a name", PulseDBError::is_validation)
}
