//! Collectives as directories, while records come and go.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};

use pulsedb::{ExperienceUpdate, NewExperience};
use pulsedb_engram::{Mount, MountOptions, Result};

use crate::samples::{Home, filled, new, open};

/// Whether a collective can be mounted here; says so if not, unless it has to be possible.
fn can_mount() -> bool {
    let Err(error) = File::options().read(true).write(true).open("/dev/fuse") else { return true };
    let needed = std::env::var("PULSEDB_NO_SKIP").is_ok_and(|list| list.split(',').any(|it| it == "fuse"));
    assert!(!needed, "/dev/fuse cannot be opened: {error}");
    println!("skipped: /dev/fuse cannot be opened: {error}");
    false
}

/// A served directory, taken down at the end.
struct Served {
    at: PathBuf,
    serving: Option<JoinHandle<Result<()>>>,
}

impl Served {
    fn new(mount: Mount, at: PathBuf) -> Self {
        Self { at, serving: Some(thread::spawn(|| mount.run())) }
    }

    fn names(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.at.join(directory)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at.join(path)).unwrap()
    }

    /// Looks until something is so: what others record shows after a moment.
    fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        assert!((0..1_000_000).any(|_| is_so(self)), "{what}");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // A test that failed has said why.
        let _ = Mount::take_down(&self.at);
        if let Some(serving) = self.serving.take() {
            serving.join().unwrap().unwrap();
        }
    }
}

fn made(path: &Path) -> PathBuf {
    fs::create_dir(path).unwrap();
    path.to_owned()
}

#[test]
fn collective_is_read_by_type_domain_and_agent() {
    if !can_mount() {
        return;
    }
    let home = Home::new();
    let (db, id) = filled(&home.at("one"));
    let at = made(&home.at("at"));
    let served = Served::new(Mount::new(&db, id, &at, MountOptions::default()).unwrap(), at);
    assert_eq!(served.names(""), ["by-agent", "by-domain", "by-type", "recent"]);
    assert_eq!(served.names("by-domain"), ["%2E.", "all", "caf\u{e9}", "web%2Fshop"]);
    assert_eq!(served.names("by-agent"), ["alice", "b%2Fob"]);
    assert_eq!(served.names("by-type").len(), 9);
    let listed = db.list_experiences(id, 1000, 0).unwrap();
    let shown: Vec<_> = listed.iter().filter(|one| !one.archived && !one.superseded).collect();
    assert!(shown.len() < listed.len());
    let mut expected: Vec<String> = shown.iter().map(|one| format!("{}.md", one.id)).collect();
    expected.sort();
    assert_eq!(served.names("by-domain/all"), expected);
    assert_eq!(served.names("recent"), expected);
    for one in shown {
        let text = served.text(&format!("recent/{}.md", one.id));
        assert!(text.ends_with(&format!("\n---\n{}\n", one.content)), "{text}");
        assert!(text.starts_with(&format!("---\nid: \"{}\"\n", one.id)), "{text}");
        assert_eq!(served.text(&format!("by-domain/all/{}.md", one.id)), text);
    }
    // Nothing can be changed.
    let file = served.at.join("recent").join(&expected[0]);
    assert!(fs::write(&file, "x").is_err() && fs::remove_file(&file).is_err());
    assert!(fs::create_dir(served.at.join("more")).is_err());
    let found = Command::new("grep").args(["-rl", "experience 41"]).arg(&served.at).output().unwrap();
    assert_eq!(String::from_utf8(found.stdout).unwrap().lines().count(), 5);
}

#[test]
fn what_changes_shows_and_is_whole() {
    if !can_mount() {
        return;
    }
    let home = Home::new();
    let db = open(&home.at("one"));
    let id = db.create_collective("it").unwrap();
    let at = made(&home.at("at"));
    let served = Served::new(Mount::new(&db, id, &at, MountOptions::default()).unwrap(), at);
    assert_eq!(served.names("recent").len(), 0);
    let first = db.record_experience(new(id, 1)).unwrap();
    served.until("a record that is new shows", |it| it.names("recent").len() == 1);
    let name = format!("recent/{first}.md");
    assert!(served.text(&name).contains("experience 1\n"));
    let embedding = Some(vec![1.0; crate::samples::DIMENSION]);
    let content = Some("another text, and a longer one".repeat(10_000 / 30));
    db.update_experience(first, ExperienceUpdate { content, embedding, ..Default::default() }).unwrap();
    served.until("a text that is changed shows", |it| {
        // Between two states a file may be gone for a moment, but it is never a mixture.
        fs::read_to_string(it.at.join(&name)).is_ok_and(|text| {
            let is_new = text.ends_with("longer one\n");
            assert!(is_new || text.ends_with("key: \"no key\"\n\n"), "{text}");
            is_new
        })
    });
    db.supersede_experience(first, new(id, 2)).unwrap();
    served.until("a superseded one goes", |it| {
        let names = it.names("recent");
        names.len() == 1 && names[0] != format!("{first}.md")
    });
    db.delete_collective(id).unwrap();
    served.until("a collective that is gone is an error", |it| fs::read_dir(it.at.join("recent")).is_err());
}

#[test]
fn thousands_of_files_are_searched_while_others_write() {
    if !can_mount() {
        return;
    }
    let home = Home::new();
    let db = open(&home.at("one"));
    let id = db.create_collective("it").unwrap();
    let rows: Vec<NewExperience> = (0..3000).map(|number| new(id, number)).collect();
    db.record_experiences(rows).unwrap();
    let at = made(&home.at("at"));
    let served = Served::new(Mount::new(&db, id, &at, MountOptions::default()).unwrap(), at);
    thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for number in 3000..3050 {
                db.record_experience(new(id, number)).unwrap();
            }
        });
        for _ in 0..4 {
            let all = served.at.join("by-domain/all");
            let found = Command::new("grep").args(["-rlx", "experience 1234"]).arg(all).output().unwrap();
            assert_eq!(String::from_utf8(found.stdout).unwrap().lines().count(), 1);
            assert!(found.stderr.is_empty(), "{}", String::from_utf8_lossy(&found.stderr));
        }
        writing.join().unwrap();
    });
    served.until("all of them show", |it| it.names("by-domain/all").len() == 3050);
}
