//! Promises of the context of a prompt.

use std::collections::BTreeSet;

use super::promise::promises;
use super::world::{Said, Verdict, World, ensure, refused};
use crate::error::PulseDBError;
use crate::id::{AgentId, CollectiveId};
use crate::model::{
    ContextRequest, NewActivity, NewDerivedInsight, NewExperienceRelation, RelationDirection, RelationType,
};

promises! {
    parts_are_what_calls_give: "each part of a context is what its own call gives",
    left_out_if_not_asked_for: "parts that are not asked for are empty",
    needs_a_query: "a context without a query is refused",
}

/// A collective in which every part has something.
async fn filled(world: &World) -> Result<CollectiveId, String> {
    let collective = world.collective().await?;
    let ids = world.store(collective, 0..8).await?;
    for (source, target) in [(0, 1), (2, 0), (5, 6)] {
        let new = NewExperienceRelation {
            source_id: ids[source],
            target_id: ids[target],
            relation_type: RelationType::RelatedTo,
            ..Default::default()
        };
        world.provider.store_relation(new).await.said("relating")?;
    }
    let insight = NewDerivedInsight {
        collective_id: collective,
        content: "insight".into(),
        embedding: Some(world.vector(50)),
        source_experience_ids: vec![ids[0]],
        ..Default::default()
    };
    world.provider.store_insight(insight).await.said("storing an insight")?;
    let activity =
        NewActivity { agent_id: AgentId::new("ada"), collective_id: collective, ..Default::default() };
    world.provider.register_activity(activity).await.said("registering")?;
    Ok(collective)
}

fn request(world: &World, collective_id: CollectiveId) -> ContextRequest {
    ContextRequest {
        collective_id,
        query_embedding: Some(world.vector(3)),
        max_similar: 4,
        max_recent: 3,
        ..Default::default()
    }
}

async fn parts_are_what_calls_give(world: &World) -> Verdict {
    let collective = filled(world).await?;
    let provider = &world.provider;
    let context =
        provider.get_context_candidates(request(world, collective)).await.said("asking for context")?;
    let similar = provider.search_similar(collective, &world.vector(3), 4).await.said("searching")?;
    let ids = |hits: &[crate::model::SearchResult]| -> Vec<_> {
        hits.iter().map(|hit| hit.experience.id).collect()
    };
    ensure!(ids(&context.similar_experiences) == ids(&similar), "the similar ones differ");
    let recent = provider.get_recent(collective, 3).await.said("asking for recent ones")?;
    ensure!(context.recent_experiences == recent, "the recent ones differ");
    let insights =
        provider.get_insights(collective, &world.vector(3), 4).await.said("asking for insights")?;
    ensure!(context.insights.iter().map(|(one, _)| one).eq(&insights), "the insights differ");
    let agents = provider.get_active_agents(collective).await.said("asking for agents")?;
    ensure!(context.active_agents == agents, "the agents differ");
    let mut expected = BTreeSet::new();
    for id in ids(&similar).into_iter().chain(recent.iter().map(|one| one.id)) {
        let related = provider.get_related(id, RelationDirection::Both).await.said("asking for related")?;
        expected.extend(related.into_iter().map(|(_, relation)| relation.id));
    }
    let relations = context.relations.iter().map(|relation| relation.id);
    ensure!(relations.eq(expected), "the relations differ: {:?}", context.relations);
    Ok(())
}

async fn left_out_if_not_asked_for(world: &World) -> Verdict {
    let collective = filled(world).await?;
    let request = ContextRequest {
        include_insights: false,
        include_relations: false,
        include_active_agents: false,
        ..request(world, collective)
    };
    let context = world.provider.get_context_candidates(request).await.said("asking for context")?;
    let empty =
        context.insights.is_empty() && context.relations.is_empty() && context.active_agents.is_empty();
    ensure!(empty && context.similar_experiences.len() == 4, "it is {context:?}");
    Ok(())
}

async fn needs_a_query(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let without = ContextRequest { query_embedding: None, ..request(world, collective) };
    let outcome = world.provider.get_context_candidates(without).await;
    refused(outcome, "no query", PulseDBError::is_validation)
}
