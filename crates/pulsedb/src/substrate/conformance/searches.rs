//! Promises of searches: complete, filtered, and in one order.

use std::cmp::Ordering;

use super::promise::promises;
use super::world::{Said, Verdict, World, cosine, ensure, refused};
use crate::clock::Timestamp;
use crate::error::PulseDBError;
use crate::id::CollectiveId;
use crate::model::{Experience, ExperienceKind, NewExperience, OwnedQuery, SearchFilter, SearchOptions};

promises! {
    nearest_first: "a search by vector gives the nearest first, as many as asked for or as there are",
    equal_scores: "equal scores are ordered by the newer time, then by the smaller id",
    filters_choose: "a filter gives all that match and nothing else",
    bounds_of_k: "a count outside of 1 to 1000 is refused",
    recent_first: "recent experiences are the newest by their own time",
    both_searches_agree: "a search by vector is the same through either call",
}

/// So many experiences that indexes have to do with them.
const MANY: usize = 120;

async fn exact(
    world: &World,
    collective: CollectiveId,
    number: usize,
    k: usize,
    filter: SearchFilter,
) -> Result<Vec<(Experience, f32)>, String> {
    let query = OwnedQuery::Vector(world.vector(number));
    let options = SearchOptions { k, filter, exact: true, ..Default::default() };
    let hits = world.provider.search(collective, query, options).await.said("searching")?;
    Ok(hits.into_iter().map(|hit| (hit.experience, hit.similarity)).collect())
}

async fn nearest_first(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let ids = world.store(collective, 0..MANY).await?;
    for (query, k) in [(3, 1), (MANY + 7, 10), (MANY + 9, MANY), (5, 1000)] {
        let hits = exact(world, collective, query, k, SearchFilter::default()).await?;
        ensure!(hits.len() == k.min(MANY), "{} hits of {k} in {MANY}", hits.len());
        let target = world.vector(query);
        let mut expected: Vec<f64> = (0..MANY).map(|one| cosine(&world.vector(one), &target)).collect();
        expected.sort_by(|one, other| other.partial_cmp(one).unwrap_or(Ordering::Equal));
        for (place, ((hit, score), expected)) in hits.iter().zip(expected).enumerate() {
            let number = ids.iter().position(|id| *id == hit.id).ok_or("a hit that was not stored")?;
            let own = cosine(&world.vector(number), &target);
            let right = (own - expected).abs() < 1e-5 && (f64::from(*score) - own).abs() < 1e-5;
            ensure!(right, "place {place} has {own} with the score {score}, and {expected} belongs there");
        }
    }
    Ok(())
}

async fn equal_scores(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let mut stored = Vec::new();
    for time in [3, 1, 3, 2] {
        let timestamp = Some(Timestamp::from_millis(time));
        let new = NewExperience { timestamp, ..world.experience(collective, 1) };
        stored.push((time, world.provider.store_experience(new).await.said("storing")?));
    }
    stored.sort_by_key(|(time, id)| (std::cmp::Reverse(*time), *id));
    let hits = exact(world, collective, 1, 10, SearchFilter::default()).await?;
    let order = hits.iter().map(|(hit, _)| hit.id);
    ensure!(order.eq(stored.iter().map(|(_, id)| *id)), "the order is {hits:?}");
    Ok(())
}

type Matches<'m> = &'m (dyn Fn(&Experience) -> bool + Sync);

async fn filters_choose(world: &World) -> Verdict {
    let collective = world.collective().await?;
    world.store(collective, 0..MANY).await?;
    let is_fact = |one: &Experience| one.experience_type.kind() == ExperienceKind::Fact;
    let filters: [(SearchFilter, Matches<'_>); 4] = [
        (SearchFilter { domains: Some(vec!["domain 1".into()]), ..Default::default() }, &|one| {
            one.domain == ["domain 1"]
        }),
        (SearchFilter { min_importance: Some(0.85), ..Default::default() }, &|one| one.importance >= 0.85),
        (
            SearchFilter { experience_types: Some(vec![ExperienceKind::Fact.into()]), ..Default::default() },
            &is_fact,
        ),
        (
            SearchFilter {
                domains: Some(vec!["domain 2".into()]),
                experience_types: Some(vec![ExperienceKind::Fact.into()]),
                min_importance: Some(0.5),
                ..Default::default()
            },
            &|one| one.domain == ["domain 2"] && is_fact(one) && one.importance >= 0.5,
        ),
    ];
    let all = exact(world, collective, 1, 1000, SearchFilter::default()).await?;
    for (filter, matches) in filters {
        let found = exact(world, collective, 1, 1000, filter.clone()).await?;
        let expected: Vec<_> = all.iter().filter(|(one, _)| matches(one)).cloned().collect();
        ensure!(found == expected, "{filter:?} finds {} of {}", found.len(), expected.len());
    }
    Ok(())
}

async fn bounds_of_k(world: &World) -> Verdict {
    let collective = world.collective().await?;
    world.store(collective, 0..1).await?;
    let provider = &world.provider;
    for count in [0, 1001] {
        let is_right = PulseDBError::is_validation;
        let found = provider.search_similar(collective, &world.vector(0), count).await;
        refused(found, &format!("k = {count}"), is_right)?;
        refused(provider.get_recent(collective, count).await, &format!("limit = {count}"), is_right)?;
    }
    if world.options.dimension > 1 {
        let short = provider.search_similar(collective, &[1.0], 1).await;
        refused(short, "a short vector", PulseDBError::is_validation)?;
    }
    Ok(())
}

async fn recent_first(world: &World) -> Verdict {
    let collective = world.collective().await?;
    for time in [50, 10, 40, 20, 30] {
        let timestamp = Some(Timestamp::from_millis(time));
        let new = NewExperience { timestamp, ..world.experience(collective, 1) };
        world.provider.store_experience(new).await.said("storing")?;
    }
    let recent = world.provider.get_recent(collective, 3).await.said("asking for recent ones")?;
    let times: Vec<i64> = recent.iter().map(|one| one.timestamp.as_millis()).collect();
    ensure!(times == [50, 40, 30], "the times are {times:?}");
    Ok(())
}

async fn both_searches_agree(world: &World) -> Verdict {
    let collective = world.collective().await?;
    world.store(collective, 0..20).await?;
    let plain = world.provider.search_similar(collective, &world.vector(99), 7).await.said("searching")?;
    let exact = exact(world, collective, 99, 7, SearchFilter::default()).await?;
    let plain: Vec<_> = plain.into_iter().map(|hit| (hit.experience, hit.similarity)).collect();
    ensure!(plain == exact, "they differ: {plain:?} and {exact:?}");
    Ok(())
}
