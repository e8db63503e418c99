//! Moves to another embedder, killed at random points: vectors of one embedder, and a move that goes on.

use std::path::Path;
use std::sync::Arc;

use pulsedb::{Config, PulseDB, PulseDBError};

use crate::kills::rounds;
use crate::random::Random;
use crate::reembed::{Hashed, assert_clean, assert_vectors_of, fill, note, until_old_vectors_are_gone};
use crate::samples::directory;
use crate::worker::{WRITES_MAX, Worker, say};

/// The embedders that the killed processes move between.
fn of_round(seed: u64) -> Hashed {
    Hashed::new(6 + seed as usize % 3, seed)
}

/// The embedder that the database has.
fn stamped(path: &Path) -> Hashed {
    let db = PulseDB::open(path, Config::read_only()).unwrap();
    of_round(db.stats().unwrap().embedder.model_digest.parse().unwrap())
}

/// The role of the processes that are killed: path, and whether to move or to write.
pub(crate) fn move_or_write(arguments: &[String]) {
    let [path, mode] = arguments else { panic!("it has two arguments") };
    let path = Path::new(path);
    say("start");
    for round in 0..WRITES_MAX {
        let embedder = stamped(path);
        // Between the look and the opening, it may have moved on.
        let Ok(db) = embedder.open(path) else { continue };
        let cid = db.get_or_create_collective("c").unwrap();
        if mode == "move" {
            match db.reembed(Arc::new(of_round(embedder.seed + 1)), |_| ()) {
                Ok(()) => say("moved"),
                Err(PulseDBError::Config { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            continue;
        }
        for at in 0..WRITES_MAX {
            let ids =
                db.record_experiences((0..20).map(|row| note(cid, format!("{round} {at} {row}"))).collect());
            let ids = match ids {
                Ok(ids) => ids,
                Err(PulseDBError::EmbeddingProviderMismatch { .. }) => break,
                Err(error) => panic!("{error}"),
            };
            say("wrote");
            db.delete_experiences(&ids[..16]).unwrap();
        }
    }
}

#[test]
fn kill_at_any_point_leaves_vectors_of_one_embedder_and_a_move_that_goes_on() {
    let mut random = Random::from_environment(11);
    let home = directory();
    let path = home.path().join("db");
    let db = of_round(1).open(&path).unwrap();
    let cid = fill(&db, "c", 900);
    db.close().unwrap();
    let mut ended = 0;
    for round in 0..rounds(4) {
        let name = path.to_str().unwrap();
        let mut mover = Worker::start("reembed", &[name, "move"]);
        let mut writer = Worker::start("reembed", &[name, "write"]);
        assert_eq!(mover.expect_line(), "start");
        // Now and then they are killed while they begin; mostly some time later, which the writer's lines measure.
        for _ in 0..random.below(12) {
            writer.expect_line();
        }
        let workers = if random.one_in(2) { [mover, writer] } else { [writer, mover] };
        let said = workers.map(Worker::kill);
        ended += said.iter().flatten().filter(|line| *line == "moved").count();
        let embedder = stamped(&path);
        let db = embedder.open(&path).unwrap();
        assert_vectors_of(&db, cid, &embedder);
        assert_clean(&db);
        if round % 3 == 2 {
            let next = of_round(embedder.seed + 1);
            db.reembed(Arc::new(next.clone()), |_| ()).unwrap();
            assert_vectors_of(&db, cid, &next);
            until_old_vectors_are_gone(&db);
            assert_clean(&db);
        }
    }
    println!("{ended} moves ended before a kill");
}
