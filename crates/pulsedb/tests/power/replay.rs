//! States that a power cut could have left: what was synced, and any part of what was not.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use pulsedb::{
    Change, CollectiveId, Config, DuplicatePolicy, Experience, ExperienceUpdate, NewActivity,
    NewDerivedInsight, NewExperience, NewExperienceRelation, PulseDB, RelationType, SyncMode, Timestamp,
};

use crate::calls::{self, Event, Target};
use crate::random::Random;
use crate::samples::{DIMENSION, all, directory, events, external, labelled};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;
/// What the system writes out at a time.
const PAGE: u64 = 4096;

pub(crate) static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Which part of what was not synced has reached the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Lost,
    Written,
    /// Each write or none of it.
    Some,
    /// Each sector of each write or not.
    Torn,
}

/// Torn and partial ones twice as often as the simple ones.
pub(crate) const FATES: [Fate; 6] =
    [Fate::Lost, Fate::Written, Fate::Some, Fate::Some, Fate::Torn, Fate::Torn];

/// What the database says of itself, by sequence number: equal numbers must say the same.
pub(crate) type Digests = BTreeMap<u64, u64>;

fn digest(db: &PulseDB) -> u64 {
    let mut hasher = DefaultHasher::new();
    for collective in db.list_collectives().unwrap() {
        format!("{collective:?}").hash(&mut hasher);
        format!("{:?}", db.get_collective_stats(collective.id).unwrap()).hash(&mut hasher);
        for experience in all(db, collective.id) {
            put(&experience, &mut hasher);
        }
        for event in events(db, collective.id, 0) {
            (event.experience_id, event.event_type, event.timestamp, event.sequence).hash(&mut hasher);
        }
        format!("{:?}", db.list_relations(collective.id, 1000, 0).unwrap()).hash(&mut hasher);
        format!("{:?}", db.list_insights(collective.id, 1000, 0).unwrap()).hash(&mut hasher);
        for experience in db.get_recent_experiences(collective.id, 7).unwrap() {
            put(&experience, &mut hasher);
        }
    }
    hasher.finish()
}

fn put(experience: &Experience, hasher: &mut DefaultHasher) {
    let Experience { id, timestamp, updated_at, last_reinforced, applications, .. } = experience;
    (id, timestamp, updated_at, last_reinforced, applications, experience.sequence).hash(hasher);
    (&experience.content, &experience.domain, &experience.tags, &experience.source_agent).hash(hasher);
    (&experience.related_files, &experience.source_task, experience.archived).hash(hasher);
    (&experience.key, experience.expires_at, experience.superseded).hash(hasher);
    (experience.importance.to_bits(), experience.confidence.to_bits()).hash(hasher);
    experience.embedding.iter().for_each(|component| component.to_bits().hash(hasher));
    std::mem::discriminant(&experience.experience_type).hash(hasher);
}

/// A run with everything in it that writes, and what was seen after each step.
pub(crate) struct Run {
    pub(crate) db: PulseDB,
    pub(crate) digests: Digests,
}

impl Run {
    pub(crate) fn open(path: &Path, config: Config) -> Self {
        let mut run = Self { db: PulseDB::open(path, config).unwrap(), digests: Digests::new() };
        run.acknowledged();
        run
    }

    /// What was asked for is done; so it must be there from now on.
    pub(crate) fn acknowledged(&mut self) {
        let sequence = self.db.get_current_sequence();
        calls::acknowledge(sequence);
        let digest = digest(&self.db);
        assert_eq!(*self.digests.entry(sequence).or_insert(digest), digest);
    }

    fn record(&mut self, cid: CollectiveId, label: &str, rows: usize) -> Vec<pulsedb::ExperienceId> {
        let rows = (0..rows).map(|row| labelled(&format!("{label}:{row}"), cid)).collect();
        let ids = self.db.record_experiences(rows).unwrap();
        self.acknowledged();
        ids
    }

    fn work(&mut self, name: &str) {
        let cid = self.db.create_collective(name).unwrap();
        self.acknowledged();
        // It takes no number: a cut may lose it, but must not tear it.
        let agent = NewActivity { agent_id: "agent".into(), collective_id: cid, ..Default::default() };
        self.db.register_activity(agent).unwrap();
        let large = self.db.create_collective(&format!("{name} large")).unwrap();
        self.acknowledged();
        let ids: Vec<_> =
            (0..6).flat_map(|number| self.record(cid, &format!("single {number}"), 1)).collect();
        self.record(large, "many", 520);
        self.record(cid, "batch", 30);
        for (at, id) in ids.iter().enumerate() {
            match at % 3 {
                0 => {
                    let update = ExperienceUpdate { importance: Some(0.25), ..Default::default() };
                    self.db.update_experience(*id, update).unwrap();
                }
                1 => self.db.archive_experience(*id).unwrap(),
                _ => assert_eq!(self.db.reinforce_experience(*id).unwrap(), 1),
            }
            self.acknowledged();
        }
        self.db.delete_collective(large).unwrap();
        self.acknowledged();
        self.name_and_end(cid);
        self.join(cid, &ids);
        for number in 6..10 {
            self.record(cid, &format!("single {number}"), 1);
        }
        self.db.delete_experience(ids[1]).unwrap();
        self.acknowledged();
    }
}

impl Run {
    /// Keys, ends, equal contents and mixed commits.
    fn name_and_end(&mut self, cid: CollectiveId) {
        for (label, key) in [("keyed", "k"), ("other", "l"), ("replacing", "k")] {
            let new = NewExperience { key: Some(key.into()), ..labelled(label, cid) };
            self.db.record_experience(new).unwrap();
            self.acknowledged();
        }
        for end in [1, i64::MAX] {
            let expires_at = Some(Timestamp::from_millis(end));
            let rows = (0..20).map(|at| NewExperience { expires_at, ..labelled(&format!("end {at}"), cid) });
            self.db.record_experiences(rows.collect()).unwrap();
            self.acknowledged();
        }
        let same = NewExperience { duplicate: DuplicatePolicy::Reinforce, ..labelled("same", cid) };
        let first = self.db.record_experience(same.clone()).unwrap();
        self.acknowledged();
        let changes =
            vec![Change::Record(same), Change::Record(labelled("mixed", cid)), Change::Archive(first)];
        self.db.apply(cid, changes).unwrap();
        self.acknowledged();
    }
}

impl Run {
    /// Relations, superseding and insights: enough of these for a block.
    fn join(&mut self, cid: CollectiveId, ids: &[pulsedb::ExperienceId]) {
        let relate = |source_id, target_id| NewExperienceRelation {
            source_id,
            target_id,
            relation_type: RelationType::Supports,
            ..Default::default()
        };
        let relation = self.db.store_relation(relate(ids[0], ids[1])).unwrap();
        self.acknowledged();
        self.db.store_relation(relate(ids[2], ids[0])).unwrap();
        self.acknowledged();
        self.db.delete_relation(relation).unwrap();
        self.acknowledged();
        let middle = self.db.supersede_experience(ids[3], labelled("middle", cid)).unwrap();
        self.acknowledged();
        self.db.supersede_experience(middle, labelled("newest", cid)).unwrap();
        self.acknowledged();
        self.db.delete_experience(middle).unwrap();
        self.acknowledged();
        for number in 0..18 {
            let embedding = labelled(&format!("insight {number}"), cid).embedding;
            let new = NewDerivedInsight {
                collective_id: cid,
                content: format!("insight {number}"),
                embedding,
                source_experience_ids: ids[..3].to_vec(),
                ..Default::default()
            };
            let id = self.db.store_insight(new).unwrap();
            self.acknowledged();
            if number == 5 {
                self.db.delete_insight(id).unwrap();
                self.acknowledged();
            }
        }
    }
}

pub(crate) fn config(mode: SyncMode) -> Config {
    Config { sync_mode: mode, ..external(DIMENSION) }
}

/// Records a run in a fresh directory: creation, work, close, a larger map, work, compaction, work.
fn recorded(directory: &Path, mode: SyncMode) -> (Vec<Event>, Digests) {
    // There is one record: one test after the other. What a failed one left is started over.
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    calls::begin(directory);
    let mut run = Run::open(directory, config(mode));
    run.work("first");
    let Run { db, digests } = run;
    db.close().unwrap();
    let larger = Config { map_size_gb: 65, ..config(mode) };
    let mut run = Run { db: PulseDB::open(directory, larger).unwrap(), digests };
    run.acknowledged();
    run.work("second");
    for _ in 0..1_000_000 {
        // Its rows take the room that is given back.
        if run.db.stats().unwrap().collectives_reclaiming == 0 {
            break;
        }
        std::thread::yield_now();
    }
    let report = run.db.compact().unwrap();
    assert!(report.bytes_after < report.bytes_before, "{report:?}");
    run.acknowledged();
    run.work("third");
    run.db.close().unwrap();
    (calls::end(), run.digests)
}

/// A file as the disk has it.
#[derive(Default, Clone)]
pub(crate) struct Image(pub(crate) Vec<u8>);

impl Image {
    fn put(&mut self, offset: u64, bytes: &[u8]) {
        let (start, end) = (offset as usize, offset as usize + bytes.len());
        self.0.resize(self.0.len().max(end), 0);
        self.0[start..end].copy_from_slice(bytes);
    }

    /// Applies a write as it has fared. What is written out of a sector is what memory held at that moment: once a
    /// write to it is lost, `stopped`, so are the later ones.
    fn suffer(&mut self, event: &Event, fate: Fate, stopped: &mut BTreeSet<u64>, random: &mut Random) {
        let Event::Write { offset, bytes, synced, .. } = event else {
            if let Event::Length { length, .. } = event
                && (fate == Fate::Written || (fate != Fate::Lost && random.one_in(2)))
            {
                // Only room is ever added; a write that came through may have made it longer than this.
                self.0.resize(self.0.len().max(*length as usize), 0);
            }
            return;
        };
        let whole = random.one_in(2);
        let mut at = 0;
        while at < bytes.len() {
            let begin = offset + at as u64;
            let end = (at + SECTOR - (begin % SECTOR as u64) as usize).min(bytes.len());
            let reaches = match fate {
                Fate::Lost => false,
                Fate::Written => true,
                Fate::Some => whole,
                Fate::Torn => random.one_in(2),
            };
            let sector = begin / SECTOR as u64;
            if *synced || (reaches && !stopped.contains(&sector)) {
                self.put(begin, &bytes[at..end]);
            } else {
                stopped.insert(sector);
            }
            at = end;
        }
    }
}

/// The disk at a moment of the record.
#[derive(Default)]
pub(crate) struct Disk {
    durable: Image,
    /// Since the last sync.
    pending: Vec<Event>,
    /// The data file that a compaction makes, and what of it is not durable yet.
    copy: Image,
    copy_pending: Vec<Event>,
    /// The data file before it was exchanged, while the exchange of the names is not durable.
    exchanged: Option<(Image, Vec<Event>)>,
    pub(crate) lock: Image,
    acknowledged: Option<u64>,
    acknowledged_before: u64,
}

impl Disk {
    pub(crate) fn take(&mut self, event: &Event) {
        match event {
            Event::Acknowledged(sequence) => {
                self.acknowledged_before = self.acknowledged.unwrap_or(0);
                self.acknowledged = Some(*sequence);
            }
            Event::Write { target: Target::Lock, offset, bytes, .. } => self.lock.put(*offset, bytes),
            Event::Sync(Target::Copy) => {
                for event in std::mem::take(&mut self.copy_pending) {
                    match event {
                        Event::Write { offset, bytes, .. } => self.copy.put(offset, &bytes),
                        Event::Length { length, .. } => self.copy.0.resize(length as usize, 0),
                        event => panic!("{event:?} of the copy"),
                    }
                }
            }
            Event::Write { target: Target::Copy, .. } | Event::Length { target: Target::Copy, .. } => {
                self.copy_pending.push(event.clone());
            }
            Event::Renamed => {
                assert!(self.copy_pending.is_empty(), "the copy is durable before it has its name");
                let copy = std::mem::take(&mut self.copy);
                let before = std::mem::replace(&mut self.durable, copy);
                self.exchanged = Some((before, std::mem::take(&mut self.pending)));
            }
            Event::Sync(Target::Names) => self.exchanged = None,
            Event::Sync(_) => {
                for event in std::mem::take(&mut self.pending) {
                    self.durable.suffer(&event, Fate::Written, &mut BTreeSet::new(), &mut Random::new(0));
                }
            }
            Event::Step(_) => {}
            event => {
                self.pending.push(event.clone());
                self.settle_before_last();
            }
        }
    }

    /// A write that is durable on return took the pages that it touched with it, earlier writes to them included.
    fn settle_before_last(&mut self) {
        let Some((last, before)) = self.pending.split_last_mut() else { return };
        let Event::Write { offset, bytes, synced: true, .. } = last else { return };
        let pages = |offset: u64, bytes: &[u8]| offset / PAGE..=(offset + bytes.len() as u64 - 1) / PAGE;
        let settled = pages(*offset, bytes);
        for event in before {
            if let Event::Write { offset, bytes, synced, .. } = event {
                let its = pages(*offset, bytes);
                *synced |= its.start() <= settled.end() && settled.start() <= its.end();
            }
        }
    }

    /// Whether a cut now leaves a file that has been given its name.
    pub(crate) fn is_made(&self) -> bool {
        !self.durable.0.is_empty()
    }

    pub(crate) fn state(&self, fate: Fate, random: &mut Random) -> Image {
        let (durable, pending) = match &self.exchanged {
            Some((durable, pending)) if random.one_in(2) => (durable, pending),
            _ => (&self.durable, &self.pending),
        };
        let (mut image, mut stopped) = (durable.clone(), BTreeSet::new());
        for event in pending {
            image.suffer(event, fate, &mut stopped, random);
        }
        image
    }
}

/// Opens a state and compares it with what was seen when the run had its number.
pub(crate) fn examine(directory: &Path, disk: &Disk, mode: SyncMode, digests: &Digests, what: &str) {
    let db = match PulseDB::open(directory, config(mode)) {
        Ok(db) => db,
        Err(error) => panic!("{what}: a state that a power cut can leave is refused: {error}"),
    };
    let report = db.check().unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(report.is_clean(), "{what}: {report:?}");
    let sequence = db.get_current_sequence();
    let least = match mode {
        SyncMode::Normal => disk.acknowledged.unwrap_or(0),
        SyncMode::Fast => disk.acknowledged_before,
    };
    assert!(sequence >= least, "{what}: {least} was acknowledged, {sequence} is there");
    let expected = digests.get(&sequence).unwrap_or_else(|| panic!("{what}: {sequence} is half a commit"));
    assert_eq!(digest(&db), *expected, "{what}: sequence {sequence}");
    let cid = db.get_or_create_collective("after").unwrap();
    db.record_experience(labelled("after", cid)).unwrap();
    db.close().unwrap();
}

/// States that a run of this test looks at: a sample that fits a usual run, or `PULSEDB_POWER_STATES`.
pub(crate) fn states_wanted() -> usize {
    std::env::var("PULSEDB_POWER_STATES").ok().and_then(|states| states.parse().ok()).unwrap_or(250)
}

fn every_cut_leaves_what_was_acknowledged(mode: SyncMode, seed: u64) {
    let mut random = Random::from_environment(seed);
    let directory = directory();
    let home = directory.path().canonicalize().unwrap();
    let (record, digests) = recorded(&home.join("run"), mode);
    let syncs = record.iter().filter(|event| matches!(event, Event::Sync(_))).count();
    assert!(syncs > 40, "the calls of the engine were not seen: {syncs} syncs");
    assert!(record.iter().any(|event| matches!(event, Event::Renamed)), "the compaction was not seen");
    let (mut disk, mut states, wanted) = (Disk::default(), 0, states_wanted());
    // The files keep their identity, which the note of the length in the lock file is about.
    let state = home.join("run");
    for (at, event) in record.iter().enumerate() {
        disk.take(event);
        if !disk.is_made() {
            continue;
        }
        // About as many as are wanted over all cuts.
        for _ in 0..wanted / record.len() + usize::from(random.below(record.len()) < wanted % record.len()) {
            let fate = *random.pick(&FATES);
            fs::write(state.join("data.mdb"), disk.state(fate, &mut random).0).unwrap();
            // Nothing waits for this file to be durable: it may be missing, or there as it was.
            fs::write(state.join("lock"), if random.one_in(2) { &[][..] } else { &disk.lock.0 }).unwrap();
            let what = format!("cut after event {at} of {}, {fate:?}", record.len());
            examine(&state, &disk, mode, &digests, &what);
            states += 1;
        }
    }
    println!("{mode:?}: {states} states of {} events, {syncs} syncs", record.len());
    assert!(states > 20);
}

#[test]
fn power_cut_leaves_every_acknowledged_commit_whole_where_calls_wait_for_the_disk() {
    every_cut_leaves_what_was_acknowledged(SyncMode::Normal, 11);
}

#[test]
fn power_cut_undoes_at_most_the_last_commit_where_calls_do_not_wait_for_the_last_flush() {
    every_cut_leaves_what_was_acknowledged(SyncMode::Fast, 12);
}
