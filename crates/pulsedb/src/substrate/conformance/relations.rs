//! Promises of relations and insights.

use super::promise::promises;
use super::world::{Said, Verdict, World, cosine, ensure, refused};
use crate::error::PulseDBError;
use crate::id::ExperienceId;
use crate::model::{NewDerivedInsight, NewExperienceRelation, RelationDirection, RelationType};

promises! {
    found_from_both_ends: "a relation is found from both of its ends, and from none other",
    bad_relations: "a relation to itself, to nothing, to another collective, or given twice is refused",
    superseded_is_left_out: "what another experience supersedes is left out of searches until that one is deleted",
    nearest_insights: "insights are found nearest first, with the sources that were given",
    bad_insights: "an insight without sources, or with one that does not exist, is refused",
}

fn relation(
    source_id: ExperienceId,
    target_id: ExperienceId,
    relation_type: RelationType,
) -> NewExperienceRelation {
    NewExperienceRelation { source_id, target_id, relation_type, ..Default::default() }
}

async fn found_from_both_ends(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let ids = world.store(collective, 0..3).await?;
    let new = NewExperienceRelation {
        strength: 0.75,
        metadata: Some("why".into()),
        ..relation(ids[0], ids[1], RelationType::Supports)
    };
    let id = world.provider.store_relation(new).await.said("relating")?;
    let directions = [RelationDirection::Outgoing, RelationDirection::Incoming, RelationDirection::Both];
    for (experience, seen) in [(0, [true, false, true]), (1, [false, true, true]), (2, [false; 3])] {
        for (direction, seen) in directions.into_iter().zip(seen) {
            let found =
                world.provider.get_related(ids[experience], direction).await.said("asking for related")?;
            ensure!(found.len() == usize::from(seen), "{experience} {direction:?} has {found:?}");
            for (other, relation) in found {
                let right = other.id == ids[1 - experience]
                    && relation.id == id
                    && (relation.source_id, relation.target_id) == (ids[0], ids[1])
                    && relation.relation_type == RelationType::Supports
                    && relation.strength.to_bits() == 0.75_f32.to_bits()
                    && relation.metadata.as_deref() == Some("why");
                ensure!(right, "{experience} {direction:?} has {relation:?}");
            }
        }
    }
    world.provider.delete_experience(ids[1]).await.said("deleting")?;
    let left =
        world.provider.get_related(ids[0], RelationDirection::Both).await.said("asking for related")?;
    ensure!(left.is_empty(), "the deleted end is still related: {left:?}");
    Ok(())
}

async fn bad_relations(world: &World) -> Verdict {
    let (collective, elsewhere) = (world.collective().await?, world.collective().await?);
    let ids = world.store(collective, 0..2).await?;
    let other = world.store(elsewhere, 0..1).await?[0];
    let relate =
        |source, target| world.provider.store_relation(relation(source, target, RelationType::Implies));
    relate(ids[0], ids[1]).await.said("relating")?;
    let invalid = PulseDBError::is_validation;
    refused(relate(ids[0], ids[0]).await, "a relation to itself", invalid)?;
    refused(relate(ids[0], other).await, "a relation to another collective", invalid)?;
    refused(relate(ids[0], ids[1]).await, "the same relation again", invalid)?;
    refused(relate(ids[0], ExperienceId::new()).await, "a relation to nothing", PulseDBError::is_not_found)?;
    let strong = NewExperienceRelation { strength: 1.5, ..relation(ids[1], ids[0], RelationType::Implies) };
    refused(world.provider.store_relation(strong).await, "a strength of 1.5", invalid)?;
    let found =
        world.provider.get_related(ids[0], RelationDirection::Both).await.said("asking for related")?;
    ensure!(found.len() == 1, "{found:?} were stored");
    Ok(())
}

async fn superseded_is_left_out(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let ids = world.store(collective, 0..2).await?;
    let new = relation(ids[1], ids[0], RelationType::Supersedes);
    world.provider.store_relation(new).await.said("superseding")?;
    let found = world.provider.search_similar(collective, &world.vector(0), 10).await.said("searching")?;
    ensure!(found.iter().map(|hit| hit.experience.id).eq([ids[1]]), "a search finds {found:?}");
    let kept = world.provider.get_experience(ids[0]).await.said("getting")?;
    ensure!(kept.is_some(), "what is superseded is gone");
    let back = relation(ids[0], ids[1], RelationType::Supersedes);
    refused(world.provider.store_relation(back).await, "a circle", PulseDBError::is_validation)?;
    world.provider.delete_experience(ids[1]).await.said("deleting")?;
    let found = world.provider.search_similar(collective, &world.vector(0), 10).await.said("searching")?;
    ensure!(found.iter().map(|hit| hit.experience.id).eq([ids[0]]), "then a search finds {found:?}");
    Ok(())
}

async fn nearest_insights(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let ids = world.store(collective, 0..3).await?;
    for number in 0..12 {
        let new = NewDerivedInsight {
            collective_id: collective,
            content: format!("insight {number}"),
            embedding: Some(world.vector(100 + number)),
            source_experience_ids: vec![ids[number % 3], ids[(number + 1) % 3]],
            confidence: 0.5,
            ..Default::default()
        };
        world.provider.store_insight(new).await.said("storing an insight")?;
    }
    let target = world.vector(105);
    let found = world.provider.get_insights(collective, &target, 5).await.said("asking for insights")?;
    ensure!(found.len() == 5 && found[0].content == "insight 5", "found are {found:?}");
    let scores: Vec<f64> = found.iter().map(|one| cosine(&one.embedding, &target)).collect();
    ensure!(scores.is_sorted_by(|one, next| *one >= next - 1e-6), "their cosines are {scores:?}");
    let sources = &found[0].source_experience_ids;
    ensure!(sources.len() == 2 && sources.contains(&ids[2]) && sources.contains(&ids[0]), "from {sources:?}");
    Ok(())
}

async fn bad_insights(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let id = world.store(collective, 0..1).await?[0];
    let base = || NewDerivedInsight {
        collective_id: collective,
        content: "insight".into(),
        embedding: Some(world.vector(1)),
        source_experience_ids: vec![id],
        ..Default::default()
    };
    let missing = NewDerivedInsight { source_experience_ids: vec![id, ExperienceId::new()], ..base() };
    let provider = &world.provider;
    refused(provider.store_insight(missing).await, "a source that does not exist", |error| {
        error.is_not_found() || error.is_validation()
    })?;
    let bad = [
        ("no source", NewDerivedInsight { source_experience_ids: Vec::new(), ..base() }),
        ("no content", NewDerivedInsight { content: String::new(), ..base() }),
        ("a confidence of 2", NewDerivedInsight { confidence: 2.0, ..base() }),
    ];
    for (what, bad) in bad {
        refused(provider.store_insight(bad).await, what, PulseDBError::is_validation)?;
    }
    let found = provider.get_insights(collective, &world.vector(1), 5).await.said("asking for insights")?;
    ensure!(found.is_empty(), "{found:?} were stored");
    Ok(())
}
