//! Activities: who is at work, as others see it.

use std::time::Duration;

use pulsedb::{
    Activity, ActivityConfig, CollectiveId, Config, NewActivity, NotFoundError, PulseDB, PulseDBError,
    ValidationError,
};

use crate::samples::{DIMENSION, directory, external, open, until, until_reclaimed};

fn new(agent: &str, collective_id: CollectiveId) -> NewActivity {
    NewActivity { agent_id: agent.into(), collective_id, ..Default::default() }
}

fn config(stale_threshold: Duration) -> Config {
    Config { activity: ActivityConfig { stale_threshold }, ..external(DIMENSION) }
}

fn names(activities: &[Activity]) -> Vec<&str> {
    activities.iter().map(|activity| activity.agent_id.as_str()).collect()
}

fn no_activity(error: &PulseDBError) -> bool {
    matches!(error, PulseDBError::NotFound(NotFoundError::Activity { .. }))
}

#[test]
fn agent_is_at_work_from_its_registration_to_its_end() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("work").unwrap();
    let other = db.create_collective("other").unwrap();
    let sequence = db.get_current_sequence();
    let texts = (Some("task".to_owned()), Some("x".repeat(1024)));
    let full =
        NewActivity { current_task: texts.0.clone(), context_summary: texts.1.clone(), ..new("a", cid) };
    db.register_activity(full).unwrap();
    let [activity] = &db.get_active_agents(cid).unwrap()[..] else { panic!("one agent is at work") };
    assert_eq!((activity.agent_id.as_str(), activity.collective_id), ("a", cid));
    assert_eq!((&activity.current_task, &activity.context_summary), (&texts.0, &texts.1));
    assert_eq!(activity.started_at, activity.last_heartbeat);
    assert_eq!(db.get_active_agents(other).unwrap(), []);
    db.register_activity(new("a", other)).unwrap();

    db.end_activity("a", cid).unwrap();
    assert_eq!(db.get_active_agents(cid).unwrap(), []);
    assert!(no_activity(&db.end_activity("a", cid).unwrap_err()));
    assert!(no_activity(&db.update_heartbeat("a", cid).unwrap_err()));
    assert_eq!(names(&db.get_active_agents(other).unwrap()), ["a"]);
    assert_eq!(db.get_current_sequence(), sequence, "activities take no numbers");
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn registering_again_replaces_what_was_said() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("work").unwrap();
    for task in ["one", "two"] {
        db.register_activity(NewActivity { current_task: Some(task.into()), ..new("a", cid) }).unwrap();
    }
    let [activity] = &db.get_active_agents(cid).unwrap()[..] else { panic!("one agent is at work") };
    assert_eq!(activity.current_task.as_deref(), Some("two"));
    // Two spellings of one name are one agent.
    db.register_activity(new("caf\u{e9}", cid)).unwrap();
    db.register_activity(new("cafe\u{301}", cid)).unwrap();
    db.update_heartbeat("cafe\u{301}", cid).unwrap();
    assert_eq!(db.get_active_agents(cid).unwrap().len(), 2);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn newest_heartbeat_comes_first_and_equal_ones_by_name() {
    let home = directory();
    let db = PulseDB::open(home.path(), config(Duration::from_secs(1000))).unwrap();
    let cid = db.create_collective("work").unwrap();
    for agent in ["c", "a", "b"] {
        db.register_activity(new(agent, cid)).unwrap();
    }
    let found = db.get_active_agents(cid).unwrap();
    let order = |one: &Activity| (std::cmp::Reverse(one.last_heartbeat), one.agent_id.clone());
    assert!(found.len() == 3 && found.is_sorted_by_key(order), "{found:?}");
}

#[test]
fn heartbeat_soon_after_another_writes_nothing() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("work").unwrap();
    db.register_activity(new("a", cid)).unwrap();
    let data = || std::fs::read(home.path().join("data.mdb")).unwrap();
    let before = (data(), db.get_active_agents(cid).unwrap());
    // All of them within a second, if the machine is not very slow; one that is written then shows in the time.
    for _ in 0..20 {
        db.update_heartbeat("a", cid).unwrap();
    }
    let after = (data(), db.get_active_agents(cid).unwrap());
    assert!(before == after || after.1[0].last_heartbeat.0 - before.1[0].last_heartbeat.0 >= 1000);
}

#[test]
fn heartbeat_after_a_quarter_of_the_threshold_is_stored() {
    let home = directory();
    let db = PulseDB::open(home.path(), config(Duration::from_millis(8))).unwrap();
    let watcher = open(home.path());
    let cid = db.create_collective("work").unwrap();
    db.register_activity(new("a", cid)).unwrap();
    let begin = watcher.get_active_agents(cid).unwrap();
    until("a heartbeat is stored", || {
        db.update_heartbeat("a", cid).unwrap();
        let now = watcher.get_active_agents(cid).unwrap();
        let later = now[0].last_heartbeat.0 - begin[0].last_heartbeat.0;
        assert!(later == 0 || later >= 2, "a heartbeat was stored after {later} ms");
        assert_eq!(now[0].started_at, begin[0].started_at);
        later > 0
    });
}

#[test]
fn silent_agent_is_hidden_and_back_with_its_next_heartbeat() {
    let home = directory();
    let (short, long) = (config(Duration::from_millis(1)), config(Duration::from_secs(1000)));
    let short = PulseDB::open(home.path(), short).unwrap();
    let long = PulseDB::open(home.path(), long).unwrap();
    let cid = short.create_collective("work").unwrap();
    short.register_activity(new("a", cid)).unwrap();
    until("the agent is hidden", || short.get_active_agents(cid).unwrap().is_empty());
    let before = long.get_active_agents(cid).unwrap();
    assert_eq!(names(&before), ["a"]);
    short.update_heartbeat("a", cid).unwrap();
    assert!(long.get_active_agents(cid).unwrap()[0].last_heartbeat > before[0].last_heartbeat);
}

#[test]
fn activities_survive_reopening_a_backup_and_a_repair() {
    let home = directory();
    let db = open(&home.path().join("db"));
    let cid = db.create_collective("work").unwrap();
    (0..100).for_each(|agent| db.register_activity(new(&format!("agent {agent}"), cid)).unwrap());
    let before = db.get_active_agents(cid).unwrap();
    db.backup(home.path().join("copy")).unwrap();
    db.close().unwrap();
    PulseDB::repair(home.path().join("db"), external(DIMENSION)).unwrap();
    for place in ["db", "copy"] {
        let db = PulseDB::open(home.path().join(place), Config::read_only()).unwrap();
        assert_eq!(db.get_active_agents(cid).unwrap(), before);
        assert_eq!(db.check().unwrap().activities, 100);
    }
}

#[test]
fn activities_go_with_their_collective() {
    let home = directory();
    let db = open(home.path());
    let (cid, other) = (db.create_collective("work").unwrap(), db.create_collective("other").unwrap());
    db.register_activity(new("a", cid)).unwrap();
    db.register_activity(new("a", other)).unwrap();
    db.delete_collective(cid).unwrap();
    assert!(db.get_active_agents(cid).unwrap_err().is_not_found());
    assert!(db.update_heartbeat("a", cid).unwrap_err().is_not_found());
    assert!(db.check().unwrap().is_clean());
    until_reclaimed(&db);
    let tables = db.stats().unwrap().tables;
    assert_eq!(tables.iter().find(|table| table.name == "activity").unwrap().rows, 1);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn bad_activity_is_refused_by_name() {
    let home = directory();
    let db = open(home.path());
    let cid = db.create_collective("work").unwrap();
    let long = Some("x".repeat(1025));
    let bad = [
        ("agent_id", new("", cid)),
        ("agent_id", new(" a", cid)),
        ("agent_id", new(&"x".repeat(256), cid)),
        ("current_task", NewActivity { current_task: long.clone(), ..new("a", cid) }),
        ("context_summary", NewActivity { context_summary: long, ..new("a", cid) }),
    ];
    for (name, activity) in bad {
        let error = db.register_activity(activity).unwrap_err();
        let PulseDBError::Validation(
            ValidationError::InvalidField { field, .. } | ValidationError::RequiredField { field },
        ) = &error
        else {
            panic!("{error}")
        };
        assert_eq!(field, name);
    }
    assert!(db.update_heartbeat("", cid).unwrap_err().is_validation());
    assert!(db.register_activity(new("a", CollectiveId::nil())).unwrap_err().is_not_found());
    db.register_activity(new(&"x".repeat(255), cid)).unwrap();
    assert!(config(Duration::ZERO).validate().is_err());
}
