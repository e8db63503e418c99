//! Promises of calls that are made at the same time, and of futures that are dropped.

use std::collections::BTreeSet;
use std::task::{Context, Poll, Waker};

use futures_util::future::join_all;

use super::promise::promises;
use super::world::{Said, Verdict, World, ensure};
use crate::id::{CollectiveId, ExperienceId};
use crate::model::SearchResult;

promises! {
    one_collective_for_all: "concurrent callers that ask for one name get one collective",
    read_your_writes: "a caller finds what its call has stored, whatever others do",
    nothing_lost: "of concurrent changes none is lost, and every watcher sees all of them in one order",
    dropped_calls: "a call whose future is dropped is done as a whole or not at all",
}

/// Callers at the same time.
const CALLERS: usize = 8;

async fn one_collective_for_all(world: &World) -> Verdict {
    let name = format!("conformance {}", CollectiveId::new());
    let ask = |_| world.provider.get_or_create_collective(&name);
    let mut ids = BTreeSet::new();
    for id in join_all((0..CALLERS).map(ask)).await {
        ids.insert(id.said("asking for a collective")?);
    }
    ensure!(ids.len() == 1, "they got {ids:?}");
    Ok(())
}

async fn read_your_writes(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let caller = |caller: usize| async move {
        for round in 0..5 {
            let number = caller * 100 + round;
            let id = world.store(collective, number..number + 1).await?[0];
            let found = world.provider.get_experience(id).await.said("getting")?;
            ensure!(found.is_some(), "caller {caller} does not find what it stored");
            let nearest = world.provider.search_similar(collective, &world.vector(number), 1).await;
            let nearest: Vec<SearchResult> = nearest.said("searching")?;
            ensure!(nearest[0].experience.id == id, "caller {caller} finds {nearest:?}");
            let logged = world.poll_all(collective, 0).await?;
            ensure!(logged.iter().any(|event| event.experience_id == id), "caller {caller} polls without it");
        }
        Ok(())
    };
    join_all((0..CALLERS).map(caller)).await.into_iter().collect()
}

async fn nothing_lost(world: &World) -> Verdict {
    let collective = world.collective().await?;
    let each = world.options.changes / CALLERS;
    let mut streams: Vec<_> = (0..3).map(|_| world.provider.watch(collective)).collect();
    let caller = |caller: usize| world.store(collective, caller * each..(caller + 1) * each);
    let writers = join_all((0..CALLERS).map(caller));
    let readers = join_all(streams.iter_mut().map(|stream| world.take(stream, each * CALLERS)));
    let (stored, seen) = futures_util::future::join(writers, readers).await;
    let mut ids: BTreeSet<ExperienceId> = BTreeSet::new();
    for stored in stored {
        ids.extend(stored?);
    }
    ensure!(ids.len() == each * CALLERS, "{} ids for {} experiences", ids.len(), each * CALLERS);
    let polled = world.poll_all(collective, 0).await?;
    ensure!(polled.is_sorted_by(|one, next| one.sequence < next.sequence), "the numbers do not rise");
    ensure!(
        polled.iter().map(|event| event.experience_id).collect::<BTreeSet<_>>() == ids,
        "some are not logged"
    );
    for seen in seen {
        ensure!(seen? == polled, "a watcher saw something else than the log has");
    }
    Ok(())
}

async fn dropped_calls(world: &World) -> Verdict {
    let collective = world.collective().await?;
    for number in 0..40 {
        let mut call = world.provider.store_experience(world.experience(collective, number));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..number % 3 {
            if let Poll::Ready(stored) = call.as_mut().poll(&mut context) {
                stored.said("storing")?;
                break;
            }
        }
        drop(call);
    }
    // One that is not dropped comes after those that were begun, or beside them; then all has come to rest.
    let last = world.store(collective, 1000..1001).await?[0];
    let logged = world.poll_all(collective, 0).await?;
    ensure!(logged.iter().any(|event| event.experience_id == last), "the last one is not logged");
    for event in logged {
        let found = world.provider.get_experience(event.experience_id).await.said("getting")?;
        let found = found.ok_or("a change is logged whose experience is not there")?;
        let whole =
            found.content.starts_with("experience ") && found.embedding.len() == world.options.dimension;
        ensure!(whole, "{found:?} is not whole");
    }
    Ok(())
}
