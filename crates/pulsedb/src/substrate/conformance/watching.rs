//! Promises of streams and of polling.

use futures_util::StreamExt;

use super::promise::promises;
use super::world::{Said, Verdict, World, ensure, refused};
use crate::error::PulseDBError;
use crate::id::CollectiveId;
use crate::model::{ExperienceUpdate, WatchEventType};

promises! {
    each_change_once: "a watcher sees each change made after it began, once, with rising numbers",
    polling_agrees: "polling gives what a watcher saw, and nothing twice",
    own_collective_only: "a watcher sees no change of another collective",
    watchers_agree: "two watchers see the same",
    slow_watcher: "a watcher that is read late loses nothing",
    missing_collective_ends: "a watcher of a collective that does not exist ends",
    past_the_end: "polling past the end gives nothing and the number that was asked for",
}

async fn each_change_once(world: &World) -> Verdict {
    use WatchEventType::{Archived, Created, Deleted, Updated};
    let collective = world.collective().await?;
    let provider = &world.provider;
    world.store(collective, 0..1).await?;
    let mut events = provider.watch(collective);
    let id = world.store(collective, 1..2).await?[0];
    let update = ExperienceUpdate { importance: Some(0.5), ..Default::default() };
    provider.update_experience(id, update).await.said("updating")?;
    provider.reinforce_experience(id).await.said("reinforcing")?;
    provider.archive_experience(id).await.said("archiving")?;
    provider.delete_experience(id).await.said("deleting")?;
    let last = world.store(collective, 2..3).await?[0];
    let seen = world.take(&mut events, 6).await?;
    let kinds: Vec<_> = seen.iter().map(|event| event.event_type).collect();
    ensure!(kinds == [Created, Updated, Updated, Archived, Deleted, Created], "they are {kinds:?}");
    let right = seen[..5].iter().all(|event| event.experience_id == id) && seen[5].experience_id == last;
    ensure!(
        right && seen.iter().all(|event| event.collective_id == collective),
        "they are of others: {seen:?}"
    );
    ensure!(
        seen.is_sorted_by(|one, next| one.sequence < next.sequence),
        "their numbers do not rise: {seen:?}"
    );
    let now = provider.get_experience(last).await.said("getting")?.ok_or("it is gone")?;
    ensure!(now.sequence == seen[5].sequence, "the number of the experience is {}", now.sequence);
    Ok(())
}

async fn polling_agrees(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let mut events = world.provider.watch(collective);
    let ids = world.store(collective, 0..30).await?;
    world.provider.delete_experience(ids[3]).await.said("deleting")?;
    let seen = world.take(&mut events, 31).await?;
    let polled = world.poll_all(collective, 0).await?;
    ensure!(seen == polled, "polled were {polled:?}, seen {seen:?}");
    let middle = seen[10].sequence;
    let rest = world.poll_all(collective, middle).await?;
    ensure!(rest[..] == seen[11..], "after {middle} come {rest:?}");
    Ok(())
}

async fn own_collective_only(world: &World) -> Verdict {
    let (collective, elsewhere) = (world.collective().await?, world.collective().await?);
    let mut events = world.provider.watch(collective);
    for number in 0..5 {
        world.store(elsewhere, number..number + 1).await?;
        let id = world.store(collective, number..number + 1).await?[0];
        let event = world.next(&mut events).await?;
        ensure!(event.experience_id == id, "the event is {event:?}");
    }
    Ok(())
}

async fn watchers_agree(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let mut streams: Vec<_> = (0..4).map(|_| world.provider.watch(collective)).collect();
    world.store(collective, 0..20).await?;
    let first = world.take(&mut streams[0], 20).await?;
    for stream in &mut streams[1..] {
        let other = world.take(stream, 20).await?;
        ensure!(first == other, "one saw {first:?}, another {other:?}");
    }
    Ok(())
}

async fn slow_watcher(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let mut events = world.provider.watch(collective);
    let changes = world.options.changes;
    let ids = world.store(collective, 0..changes).await?;
    for id in &ids {
        // More changes than a bounded buffer may hold.
        for _ in 0..4 {
            world.provider.reinforce_experience(*id).await.said("reinforcing")?;
        }
    }
    let seen = world.take(&mut events, changes * 5).await?;
    let polled = world.poll_all(collective, 0).await?;
    ensure!(seen == polled, "of {} changes, it saw others", polled.len());
    Ok(())
}

async fn missing_collective_ends(world: &World) -> Verdict {
    let mut events = world.provider.watch(CollectiveId::new());
    match world.in_time(events.next()).await {
        Some(None) => Ok(()),
        other => Err(format!("it gave {other:?}")),
    }
}

async fn past_the_end(world: &World) -> Verdict {
    let collective = world.collective().await?;
    world.store(collective, 0..1).await?;
    let far = u64::MAX / 2;
    let (events, next) = world.provider.poll_changes(collective, far).await.said("polling")?;
    ensure!(events.is_empty() && next == far, "{events:?}, and then {next}");
    let missing = world.provider.poll_changes(CollectiveId::new(), far).await;
    refused(missing, "polling of nothing", PulseDBError::is_not_found)
}
