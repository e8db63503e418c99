//! Records what an agent learned, and finds it again by meaning, by time and by kind.
//!
//! ```text
//! cargo run -p pulsedb --example quickstart
//! ```

use pulsedb::{
    Config, ExperienceType, NewExperience, PulseDB, Result, SearchFilter, SearchOptions, Severity,
};

fn main() -> Result<()> {
    // Your own program names a directory that stays; it is created if it is missing.
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let db = PulseDB::open(directory.path().join("memory"), Config::default())?;

    // A collective is a space of its own: a search stays within one. Asking twice returns the same one.
    let project = db.get_or_create_collective("web-shop")?;

    // Only the content is required. The rest is for filters, and for ranking what agents find.
    db.record_experience(NewExperience {
        collective_id: project,
        content: "Run the integration tests with one thread, they share a database".into(),
        domain: vec!["testing".into()],
        importance: 0.8,
        ..Default::default()
    })?;
    let flaky = db.record_experience(NewExperience {
        collective_id: project,
        content: "The checkout test fails when the payment sandbox is slow".into(),
        experience_type: ExperienceType::Difficulty {
            description: "flaky checkout test".into(),
            severity: Severity::Medium,
        },
        domain: vec!["testing".into(), "payments".into()],
        ..Default::default()
    })?;
    // Many records in one call are one commit: faster, and all of them or none.
    let notes = ["Customers like the dark theme", "Invoices are sent at midnight UTC"];
    db.record_experiences(
        notes
            .map(|note| NewExperience { collective_id: project, content: note.into(), ..Default::default() })
            .into(),
    )?;

    println!("By meaning:");
    let question = "why does the payment test break?";
    for hit in db.search(project, question.into(), SearchOptions { k: 2, ..Default::default() })? {
        println!("  {:.2}  {}", hit.similarity, hit.experience.content);
    }

    println!("The newest in one domain:");
    let testing = SearchFilter { domains: Some(vec!["testing".into()]), ..Default::default() };
    for one in db.get_recent_experiences_filtered(project, 10, testing)? {
        println!("  {}", one.content);
    }

    // What proved useful lasts longer; what is settled goes out of sight, but is not lost.
    db.reinforce_experience(flaky)?;
    println!("The flaky test has energy {:.2}", db.energy(flaky)?);
    db.archive_experience(flaky)?;
    let stats = db.get_collective_stats(project)?;
    let visible = db.get_recent_experiences(project, 10)?.len();
    println!("{} records, {visible} of them not archived", stats.experience_count);

    // Dropping the last handle does the same.
    db.close()
}
