//! Promises of experiences and collectives: what is stored is there, as it was given, and what is refused is not.

use std::collections::BTreeMap;

use super::promise::promises;
use super::world::{Said, Verdict, World, ensure, refused};
use crate::error::PulseDBError;
use crate::id::{AgentId, CollectiveId, ExperienceId, TaskId};
use crate::limits;
use crate::model::{ExperienceUpdate, NewExperience, WatchEventType};

promises! {
    stored_experience_is_found: "an experience is found as it was stored, at once",
    missing_experience: "an experience that does not exist is none, and changing it is not found",
    update_changes_what_it_names: "an update changes what it names and nothing else",
    archiving_keeps: "an archived experience is kept and left out of searches",
    deleting_removes: "a deleted experience is gone from every call",
    reinforcing_counts: "reinforcing counts one application each time",
    refused_changes_nothing: "what is refused changes nothing and takes no number",
    names_of_collectives: "a name leads to one collective, however it is spelt, and every collective is listed",
    missing_collective: "a collective that does not exist is not found",
}

async fn stored_experience_is_found(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let new = NewExperience {
        confidence: 0.25,
        tags: BTreeMap::from([("key".to_owned(), "caf\u{e9}".to_owned())]),
        related_files: vec!["src/lib.rs".into()],
        source_agent: AgentId::new("agent"),
        source_task: Some(TaskId::new("task")),
        ..world.experience(collective, 4)
    };
    let id = world.provider.store_experience(new.clone()).await.said("storing")?;
    let found = world.provider.get_experience(id).await.said("getting")?;
    let found = found.ok_or("it is not there")?;
    let same = found.collective_id == collective
        && found.content == new.content
        && Some(&found.embedding) == new.embedding.as_ref()
        && found.experience_type == new.experience_type
        && (found.importance, found.confidence) == (new.importance, new.confidence)
        && (&found.domain, &found.tags, &found.related_files) == (&new.domain, &new.tags, &new.related_files)
        && (&found.source_agent, &found.source_task) == (&new.source_agent, &new.source_task)
        && (found.applications, found.archived) == (0, false);
    ensure!(same && found.id == id, "{new:?} became {found:?}");
    Ok(())
}

async fn missing_experience(world: &World) -> Verdict {
    let (provider, missing) = (&world.provider, ExperienceId::new());
    let found = provider.get_experience(missing).await.said("getting")?;
    ensure!(found.is_none(), "found {found:?}");
    let update = ExperienceUpdate { importance: Some(0.1), ..Default::default() };
    let is_right = PulseDBError::is_not_found;
    refused(provider.update_experience(missing, update).await, "updating it", is_right)?;
    refused(provider.archive_experience(missing).await, "archiving it", is_right)?;
    refused(provider.delete_experience(missing).await, "deleting it", is_right)?;
    refused(provider.reinforce_experience(missing).await, "reinforcing it", is_right)
}

async fn update_changes_what_it_names(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let id = world.store(collective, 1..2).await?[0];
    let before = world.provider.get_experience(id).await.said("getting")?.ok_or("it is not there")?;
    let update = ExperienceUpdate {
        content: Some("another text".into()),
        embedding: Some(world.vector(9)),
        domain: Some(vec!["new".into()]),
        ..Default::default()
    };
    world.provider.update_experience(id, update).await.said("updating")?;
    let after = world.provider.get_experience(id).await.said("getting")?.ok_or("it is gone")?;
    let mut expected = before.clone();
    expected.content = "another text".into();
    expected.embedding = world.vector(9);
    expected.domain = vec!["new".into()];
    (expected.updated_at, expected.sequence) = (after.updated_at, after.sequence);
    ensure!(after == expected && after.sequence > before.sequence, "{before:?} became {after:?}");
    Ok(())
}

async fn archiving_keeps(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let ids = world.store(collective, 0..3).await?;
    world.provider.archive_experience(ids[1]).await.said("archiving")?;
    let kept = world.provider.get_experience(ids[1]).await.said("getting")?;
    ensure!(kept.is_some_and(|kept| kept.archived), "the archived experience is not there as such");
    let found = world.provider.search_similar(collective, &world.vector(1), 10).await.said("searching")?;
    ensure!(found.len() == 2, "a search finds {} of two", found.len());
    let recent = world.provider.get_recent(collective, 10).await.said("asking for recent ones")?;
    ensure!(recent.iter().all(|one| one.id != ids[1]), "it is among the recent ones");
    Ok(())
}

async fn deleting_removes(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let ids = world.store(collective, 0..3).await?;
    world.provider.delete_experience(ids[0]).await.said("deleting")?;
    let found = world.provider.get_experience(ids[0]).await.said("getting")?;
    ensure!(found.is_none(), "it is still there");
    let found = world.provider.search_similar(collective, &world.vector(0), 10).await.said("searching")?;
    ensure!(found.iter().all(|hit| hit.experience.id != ids[0]), "a search finds it");
    let recent = world.provider.get_recent(collective, 10).await.said("asking for recent ones")?;
    ensure!(recent.len() == 2, "{} of two are recent", recent.len());
    let events = world.poll_all(collective, 0).await?;
    let last = events.last().ok_or("no change is logged")?;
    ensure!(
        (last.experience_id, last.event_type) == (ids[0], WatchEventType::Deleted),
        "the last change is {last:?}"
    );
    Ok(())
}

async fn reinforcing_counts(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let id = world.store(collective, 0..1).await?[0];
    for expected in 1..=3 {
        let count = world.provider.reinforce_experience(id).await.said("reinforcing")?;
        ensure!(count == expected, "{count} instead of {expected}");
    }
    let found = world.provider.get_experience(id).await.said("getting")?;
    ensure!(found.is_some_and(|found| found.applications == 3), "the count is not kept");
    Ok(())
}

async fn refused_changes_nothing(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let id = world.store(collective, 0..1).await?[0];
    let before = world.poll_all(collective, 0).await?;
    let base = || world.experience(collective, 1);
    let mut not_finite = world.vector(1);
    not_finite[0] = f32::NAN;
    let bad = [
        ("no content", NewExperience { content: String::new(), ..base() }),
        ("a long content", NewExperience { content: "x".repeat(limits::CONTENT_BYTES_MAX + 1), ..base() }),
        ("an importance above 1", NewExperience { importance: 1.5, ..base() }),
        ("a confidence that is no number", NewExperience { confidence: f32::NAN, ..base() }),
        ("a long vector", NewExperience { embedding: Some([world.vector(1), vec![1.0]].concat()), ..base() }),
        ("a vector that is not finite", NewExperience { embedding: Some(not_finite), ..base() }),
        (
            "a vector of zeros",
            NewExperience { embedding: Some(vec![0.0; world.options.dimension]), ..base() },
        ),
        (
            "many domains",
            NewExperience {
                domain: (0..=limits::DOMAINS_MAX).map(|one| one.to_string()).collect(),
                ..base()
            },
        ),
        ("no agent", NewExperience { source_agent: AgentId::new(""), ..base() }),
    ];
    for (what, bad) in bad {
        refused(world.provider.store_experience(bad).await, what, PulseDBError::is_validation)?;
    }
    let update =
        ExperienceUpdate { importance: Some(-0.1), content: Some("new".into()), ..Default::default() };
    refused(world.provider.update_experience(id, update).await, "a bad update", PulseDBError::is_validation)?;
    let after = world.poll_all(collective, 0).await?;
    ensure!(before == after, "the log has grown from {} to {} changes", before.len(), after.len());
    let recent = world.provider.get_recent(collective, 10).await.said("asking for recent ones")?;
    ensure!(recent.len() == 1 && recent[0].content == "experience 0", "{recent:?} is there");
    Ok(())
}

async fn names_of_collectives(world: &World) -> Verdict {
    let unique = CollectiveId::new();
    let (composed, decomposed) = (format!("caf\u{e9} {unique}"), format!("cafe\u{301} {unique}"));
    let create = |name: String| async move { world.provider.get_or_create_collective(&name).await };
    let first = create(composed.clone()).await.said("creating a collective")?;
    for name in [composed.clone(), decomposed] {
        let again = create(name.clone()).await.said("finding a collective")?;
        ensure!(again == first, "`{name}` leads to {again} and {first}");
    }
    let listed = world.provider.list_collectives().await.said("listing")?;
    let found: Vec<_> = listed.iter().filter(|one| one.name == composed).collect();
    ensure!(found.len() == 1 && found[0].id == first, "listed are {found:?}");
    for bad in [" ", "", &"x".repeat(limits::COLLECTIVE_NAME_BYTES_MAX + 1)] {
        refused(create(bad.to_owned()).await, "a bad name", PulseDBError::is_validation)?;
    }
    Ok(())
}

async fn missing_collective(world: &World) -> Verdict {
    let (provider, missing) = (&world.provider, CollectiveId::new());
    let is_right = PulseDBError::is_not_found;
    refused(provider.store_experience(world.experience(missing, 0)).await, "storing", is_right)?;
    refused(provider.search_similar(missing, &world.vector(0), 1).await, "searching", is_right)?;
    refused(provider.get_recent(missing, 1).await, "asking for recent ones", is_right)?;
    refused(provider.get_insights(missing, &world.vector(0), 1).await, "asking for insights", is_right)?;
    refused(provider.get_active_agents(missing).await, "asking for agents", is_right)?;
    refused(provider.poll_changes(missing, u64::MAX).await, "polling", is_right)
}
