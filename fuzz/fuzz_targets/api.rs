//! Makes arbitrary public calls on a small database: none panics, and what the database says of itself agrees.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use pulsedb::{
    AgentId, CollectiveId, Config, EmbeddingDimension, ExperienceId, NewActivity, Outcome, PulseDB,
    PulseDBError, Result, SearchFilter, SearchOptions, SearchResult, SyncMode, Timestamp,
};
use pulsedb_fuzz::call::{Call, Filter};
use tempfile::TempDir;

/// Calls of one run: more find nothing that several runs do not.
const CALLS_MAX: usize = 64;

#[derive(Debug, Arbitrary)]
struct Session {
    /// Whether callers bring the vectors, of three dimensions.
    external: bool,
    calls: Vec<Call>,
}

fuzz_target!(|session: Session| {
    let mut run = Run::new(session.external);
    for call in session.calls.into_iter().take(CALLS_MAX) {
        run.step(call);
    }
    run.reopen(false);
    run.compare();
});

/// A database under test and what must be in it.
struct Run {
    directory: TempDir,
    config: Config,
    db: PulseDB,
    collectives: Vec<CollectiveId>,
    /// Every experience that was recorded, deleted or not.
    experiences: Vec<ExperienceId>,
    /// Those that exist: where, and whether it is archived.
    living: BTreeMap<ExperienceId, (CollectiveId, bool)>,
    /// Those that have expired: each may still be got by its id, or have been removed.
    expired: BTreeSet<ExperienceId>,
    backups: usize,
}

impl Run {
    fn new(external: bool) -> Self {
        let directory = pulsedb_fuzz::directory();
        let mut config = match external {
            true => Config::with_external_embeddings(EmbeddingDimension::Custom(3)),
            false => Config::default(),
        };
        config.map_size_gb = 1;
        config.sync_mode = SyncMode::Fast;
        let db = PulseDB::open(directory.path().join("db"), config.clone()).expect("a new database opens");
        let (collectives, experiences, living, expired) = Default::default();
        Self { directory, config, db, collectives, experiences, living, expired, backups: 0 }
    }

    fn reopen(&mut self, read_only: bool) {
        self.db.clone().close().expect("close does not fail");
        let config = Config { read_only, ..self.config.clone() };
        self.db = PulseDB::open(self.directory.path().join("db"), config).expect("it opens again");
    }

    /// Makes a call. One that is refused must not have taken a sequence number.
    fn step(&mut self, call: Call) {
        let before = self.db.get_current_sequence();
        let outcome = self.make(call);
        let after = self.db.get_current_sequence();
        assert!(after >= before, "the sequence fell from {before} to {after}");
        if let Err(error) = outcome {
            assert_eq!(after, before, "refused, but it took a number: {error}");
            // Whatever the input is, it is never the files' fault.
            assert!(!error.is_storage() && !matches!(error, PulseDBError::Io { .. }), "{error}");
            assert!(!error.to_string().is_empty());
        }
    }

    fn make(&mut self, call: Call) -> Result<()> {
        match call {
            Call::CreateCollective { name, owner: None } => {
                self.collectives.push(self.db.create_collective(&name.0)?);
            }
            Call::CreateCollective { name, owner: Some(owner) } => {
                self.collectives.push(self.db.create_collective_with_owner(&name.0, &owner.0)?);
            }
            Call::GetOrCreateCollective { name } => {
                let id = self.db.get_or_create_collective(&name.0)?;
                assert_eq!(self.db.get_or_create_collective(&name.0)?, id);
                self.know(id);
            }
            Call::DeleteCollective(pick) => {
                let id = pick.collective(&self.collectives);
                self.db.delete_collective(id)?;
                self.living.retain(|_, (collective, _)| *collective != id);
                assert_eq!(self.db.get_collective(id)?, None);
            }
            Call::CollectivesOf { owner } => {
                let owned = self.db.list_collectives_by_owner(&owner.0)?;
                // Owners are kept in NFC, and the form that is kept finds the same.
                for one in &owned {
                    let kept = one.owner_id.as_deref().unwrap_or_default();
                    assert_eq!(self.db.list_collectives_by_owner(kept)?, owned);
                }
            }
            Call::Stats => {
                let stats = self.db.stats()?;
                assert_eq!(stats.sequence, self.db.get_current_sequence());
            }
            Call::Check => self.check()?,
            Call::Reopen { read_only } => self.reopen(read_only),
            Call::Backup => {
                self.backups += 1;
                let path = self.directory.path().join(format!("copy-{}", self.backups));
                let report = self.db.backup(&path)?;
                assert_eq!(report.sequence, self.db.get_current_sequence());
            }
            other @ (Call::Register { .. } | Call::Heartbeat { .. } | Call::EndActivity { .. }) => {
                return self.activity(other);
            }
            other => return self.change(other),
        }
        Ok(())
    }

    /// Activities take no numbers.
    fn activity(&mut self, call: Call) -> Result<()> {
        let before = self.db.get_current_sequence();
        match call {
            Call::Register { collective, agent, task } => {
                let collective_id = collective.collective(&self.collectives);
                let agent_id = AgentId::new(agent.0);
                let current_task = task.map(|task| task.0);
                let new = NewActivity { agent_id, collective_id, current_task, ..Default::default() };
                self.db.register_activity(new)?;
                assert!(!self.db.get_active_agents(collective_id)?.is_empty());
            }
            Call::Heartbeat { collective, agent } => {
                self.db.update_heartbeat(&agent.0, collective.collective(&self.collectives))?;
            }
            Call::EndActivity { collective, agent } => {
                let collective = collective.collective(&self.collectives);
                self.db.end_activity(&agent.0, collective)?;
                let error = self.db.end_activity(&agent.0, collective).expect_err("it has ended");
                assert!(error.is_not_found(), "{error}");
            }
            other => unreachable!("{other:?} is made elsewhere"),
        }
        assert_eq!(self.db.get_current_sequence(), before);
        Ok(())
    }

    fn change(&mut self, call: Call) -> Result<()> {
        let (collectives, experiences) = (&self.collectives, &self.experiences);
        match call {
            Call::Record(new) => {
                let new = new.experience(collectives, experiences);
                let id = self.db.record_experience(new)?;
                self.recorded(&[id])?;
            }
            Call::RecordMany(news) => {
                let news = news.into_iter().map(|new| new.experience(collectives, experiences)).collect();
                let ids = self.db.record_experiences(news)?;
                self.recorded(&ids)?;
            }
            Call::Apply { collective, changes } => {
                let collective = collective.collective(collectives);
                let changes = changes.into_iter().map(|step| step.change(collectives, experiences));
                for outcome in self.db.apply(collective, changes.collect())? {
                    match outcome {
                        Outcome::Recorded(id) => self.recorded(&[id])?,
                        Outcome::Archived(id) => {
                            self.living.entry(id).and_modify(|(_, archived)| *archived = true);
                        }
                        Outcome::Deleted(id) => drop(self.living.remove(&id)),
                        Outcome::Updated(_) | Outcome::Related(_) => {}
                    }
                }
            }
            Call::Update(pick, update) => {
                self.db.update_experience(pick.experience(experiences), update.update(experiences))?;
            }
            Call::Archive(pick) => self.set_archived(pick.experience(experiences), true)?,
            Call::Unarchive(pick) => self.set_archived(pick.experience(experiences), false)?,
            Call::Delete(pick) => {
                let id = pick.experience(experiences);
                self.db.delete_experience(id)?;
                assert!(self.living.remove(&id).is_some(), "what was not there was deleted");
                assert_eq!(self.db.get_experience(id)?, None);
            }
            Call::Reinforce(pick) => {
                let id = pick.experience(experiences);
                let applications = self.db.reinforce_experience(id)?;
                let found = self.db.get_experience(id)?.map(|found| found.applications());
                assert_eq!(found, Some(applications));
            }
            other => return self.ask(other),
        }
        Ok(())
    }

    fn ask(&self, call: Call) -> Result<()> {
        match call {
            Call::Look(pick) => {
                let id = pick.experience(&self.experiences);
                let found = self.db.get_experience(id)?;
                assert!(self.expired.contains(&id) || found.is_some() == self.living.contains_key(&id));
                let energy = self.db.energy(id)?;
                assert!((0.0..=1.0).contains(&energy), "energy {energy}");
            }
            Call::List { collective, limit, offset } => {
                let collective = collective.collective(&self.collectives);
                let found = self.db.list_experiences(collective, limit.0, offset.0)?;
                let left = self.count(collective, false).saturating_sub(offset.0);
                assert_eq!(found.len(), limit.0.min(left));
            }
            Call::ListCold { collective, below, limit } => {
                let collective = collective.collective(&self.collectives);
                let found = self.db.list_cold_experiences(collective, below.0, limit.0)?;
                assert!(found.len() <= limit.0 && found.iter().all(|(_, energy)| *energy < below.0));
            }
            Call::ByKey { collective, key } => {
                let collective = collective.collective(&self.collectives);
                if let Some(found) = self.db.get_by_key(collective, &key.0)? {
                    let place = self.living.get(&found.id).map(|(place, _)| *place);
                    assert_eq!(place, Some(collective));
                }
            }
            Call::Keys { collective, prefix, after, limit } => {
                let collective = collective.collective(&self.collectives);
                let after = after.as_ref().map(|after| after.0.as_str());
                let keys = self.db.list_keys(collective, &prefix.0, after, limit.0)?;
                assert!(keys.len() <= limit.0 && keys.is_sorted_by(|one, other| one < other));
                for key in keys {
                    assert!(self.db.get_by_key(collective, &key)?.is_some(), "a key without an experience");
                }
            }
            Call::Embed(text) => {
                let embedding = self.db.embed(&text.0)?;
                assert!(embedding.is_empty() || embedding.len() == self.db.embedding_dimension());
            }
            Call::Poll { collective, since } => {
                let collective = collective.collective(&self.collectives);
                let (events, next) = self.db.poll_changes(collective, since.number())?;
                assert!(next >= since.number());
                assert!(events.iter().all(|event| (since.number() + 1..=next).contains(&event.sequence)));
                assert!(events.is_sorted_by_key(|event| event.sequence));
            }
            Call::Recent { collective, limit, filter } => {
                let collective = collective.collective(&self.collectives);
                let filter = filter.map(|filter| filter.filter());
                let plain = filter.is_none();
                let filter = filter.unwrap_or_default();
                let found = self.db.get_recent_experiences_filtered(collective, limit.0, filter)?;
                assert!(found.len() <= limit.0);
                assert!(found.is_sorted_by_key(|one| (std::cmp::Reverse(one.timestamp), one.id)));
                assert!(!plain || found.len() == limit.0.min(self.count(collective, true)));
            }
            other => self.search(other)?,
        }
        Ok(())
    }

    fn search(&self, call: Call) -> Result<()> {
        let options = |k: usize, filter: Option<Box<Filter>>| SearchOptions {
            k,
            filter: filter.map_or_else(SearchFilter::default, |filter| filter.filter()),
            ..Default::default()
        };
        match call {
            Call::SearchVector { collective, vector, k, filter } => {
                let collective = collective.collective(&self.collectives);
                let plain = filter.is_none();
                let hits = self.db.search(collective, vector.0.as_slice().into(), options(k.0, filter))?;
                judge(&hits, k.0);
                // With external vectors every experience has one.
                let all = plain && self.config.embedding_dimension == EmbeddingDimension::Custom(3);
                assert!(!all || hits.len() == k.0.min(self.count(collective, true)));
            }
            Call::SearchText { collective, text, k, filter } => {
                let collective = collective.collective(&self.collectives);
                let hits = self.db.search(collective, text.0.as_str().into(), options(k.0, filter))?;
                judge(&hits, k.0);
            }
            other => unreachable!("{other:?} is made elsewhere"),
        }
        Ok(())
    }

    fn set_archived(&mut self, id: ExperienceId, archived: bool) -> Result<()> {
        match archived {
            true => self.db.archive_experience(id)?,
            false => self.db.unarchive_experience(id)?,
        }
        self.living.get_mut(&id).expect("it exists").1 = archived;
        Ok(())
    }

    fn recorded(&mut self, ids: &[ExperienceId]) -> Result<()> {
        for id in ids {
            // One that has expired makes room for a later one of the batch with its key.
            let Some(found) = self.db.get_experience(*id)? else {
                self.expired.insert(*id);
                continue;
            };
            if found.expires_at.is_some_and(|end| end <= Timestamp::now()) {
                self.living.remove(id);
                self.expired.insert(*id);
            } else {
                self.living.insert(*id, (found.collective_id, false));
            }
            self.know(found.collective_id);
        }
        self.experiences.extend_from_slice(ids);
        Ok(())
    }

    fn know(&mut self, id: CollectiveId) {
        if !self.collectives.contains(&id) {
            self.collectives.push(id);
        }
    }

    fn count(&self, collective: CollectiveId, unarchived: bool) -> usize {
        let counted =
            |(place, archived): &&(CollectiveId, bool)| *place == collective && !(unarchived && *archived);
        self.living.values().filter(counted).count()
    }

    fn check(&self) -> Result<()> {
        let report = self.db.check()?;
        assert!(report.is_clean(), "{report:?}");
        let most = self.living.len() + self.expired.len();
        assert!((self.living.len()..=most).contains(&(report.experiences as usize)));
        Ok(())
    }

    /// At the end: counts, lists and the log agree with what was done.
    fn compare(&self) {
        self.check().expect("a check runs");
        for collective in self.db.list_collectives().expect("a list") {
            let stats = self.db.get_collective_stats(collective.id).expect("stats");
            let expected = self.count(collective.id, false);
            assert_eq!(stats.experience_count as usize, expected);
            let mut listed = 0;
            while listed < expected {
                let page = self.db.list_experiences(collective.id, 1000, listed).expect("a page");
                assert!(!page.is_empty(), "the list ends after {listed} of {expected}");
                listed += page.len();
            }
            self.follow(collective.id);
        }
    }

    /// Polls from the beginning to the end: what the events leave is what is there.
    fn follow(&self, collective: CollectiveId) {
        let (mut since, mut left) = (0, BTreeMap::new());
        loop {
            let (events, next) = self.db.poll_changes(collective, since).expect("the log reaches back");
            for event in events {
                left.insert(event.experience_id, event.event_type != pulsedb::WatchEventType::Deleted);
            }
            if next == since {
                break;
            }
            since = next;
        }
        assert_eq!(since, self.db.get_current_sequence());
        let there = left.iter().filter(|(id, there)| **there && !self.expired.contains(id)).count();
        assert_eq!(there, self.count(collective, false), "the log tells another story");
    }
}

/// What holds for the hits of every search.
fn judge(hits: &[SearchResult], k: usize) {
    assert!(hits.len() <= k);
    assert!(hits.iter().all(|hit| hit.similarity.is_finite()), "a score that is no number");
    let order = |one: &SearchResult, other: &SearchResult| one.similarity >= other.similarity;
    assert!(hits.is_sorted_by(order), "the best is not first");
}
