//! Taking snapshots off the list, by number or by what is to be kept.

use std::collections::HashSet;
use std::path::Path;

use embeddenator_io::Profile;

use crate::error::{Error, Result};
use crate::ingest::run::table_compression;
use crate::medium::Medium;
use crate::snapshot::{Snapshot, SnapshotList};
use crate::update::opened::Opened;

/// Which snapshots are kept; a snapshot is kept if any of these wants it.
///
/// Hours, days, weeks (from Monday), months and years are those of UTC, by the time of the snapshots; of each the newest
/// snapshot is kept, for so many of them as have one, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keep {
    /// So many of the newest.
    pub last: u32,
    /// One of each of so many hours.
    pub hourly: u32,
    /// One of each of so many days.
    pub daily: u32,
    /// One of each of so many weeks.
    pub weekly: u32,
    /// One of each of so many months.
    pub monthly: u32,
    /// One of each of so many years.
    pub yearly: u32,
    /// All with one of these labels.
    pub labels: Vec<String>,
}

/// What is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForgetOptions {
    /// Numbers of snapshots to be forgotten, whatever is kept otherwise.
    pub snapshots: Vec<u32>,
    /// If there is one, everything that it does not keep is forgotten too.
    pub keep: Option<Keep>,
    /// Changes nothing, and reports what would be.
    pub dry_run: bool,
}

/// What was forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForgetReport {
    /// The snapshots that stay, the oldest first.
    pub kept: Vec<Snapshot>,
    /// Those that are forgotten.
    pub forgotten: Vec<Snapshot>,
}

/// Takes snapshots off the list, as a commit of its own.
pub(crate) fn forget(path: &Path, options: &ForgetOptions) -> Result<ForgetReport> {
    let opened = Opened::open(path)?;
    forget_on(&opened, opened.medium(), options)
}

/// The same, where what is written goes to `medium`.
pub(crate) fn forget_on<M: Medium>(
    opened: &Opened,
    medium: M,
    options: &ForgetOptions,
) -> Result<ForgetReport> {
    let store = &opened.store;
    let list = &store.snapshots;
    let is_there = |number: &u32| list.snapshots.iter().any(|snapshot| snapshot.number == *number);
    if let Some(number) = options.snapshots.iter().find(|number| !is_there(number)) {
        let (engram, name) = (store.path.clone(), number.to_string());
        return Err(Error::NotFound { engram, what: "snapshot", name });
    }
    let kept = options.keep.as_ref().map(|keep| keep.select(&list.snapshots));
    let stays = |snapshot: &Snapshot| {
        !options.snapshots.contains(&snapshot.number)
            && kept.as_ref().is_none_or(|kept| kept.contains(&snapshot.number))
    };
    let (kept, forgotten): (Vec<Snapshot>, Vec<Snapshot>) = list.snapshots.iter().cloned().partition(stays);
    if !options.dry_run && !forgotten.is_empty() {
        let transaction = opened.begin(medium, table_compression(Profile::default()))?;
        let list = SnapshotList { next: list.next, snapshots: kept.clone() };
        transaction.commit(&list, store.footer.uuid)?;
    }
    Ok(ForgetReport { kept, forgotten })
}

impl Keep {
    /// The numbers of the snapshots that are kept.
    fn select(&self, snapshots: &[Snapshot]) -> HashSet<u32> {
        let newest_first = || snapshots.iter().rev();
        let mut kept: HashSet<u32> =
            newest_first().take(self.last as usize).map(|snapshot| snapshot.number).collect();
        let labelled = newest_first().filter(|snapshot| self.labels.contains(&snapshot.label));
        kept.extend(labelled.map(|snapshot| snapshot.number));
        let spans = [
            (self.hourly, hour as fn(i64) -> i64),
            (self.daily, day),
            (self.weekly, week),
            (self.monthly, month),
            (self.yearly, |seconds| month(seconds).div_euclid(12)),
        ];
        for (count, span_of) in spans {
            let mut seen = HashSet::new();
            for snapshot in newest_first() {
                let span = span_of(snapshot.time.seconds);
                if seen.len() < count as usize && seen.insert(span) {
                    kept.insert(snapshot.number);
                }
            }
        }
        kept
    }
}

/// Hours since the first of January 1970.
fn hour(seconds: i64) -> i64 {
    seconds.div_euclid(3600)
}

/// Weeks since the one that has the first of January 1970, a Thursday.
fn week(seconds: i64) -> i64 {
    (day(seconds) + 3).div_euclid(7)
}

/// Days since the first of January 1970.
fn day(seconds: i64) -> i64 {
    seconds.div_euclid(86_400)
}

/// Months since January of the year 0, in the Gregorian calendar.
///
/// Years begin with March here, so that the day that may be missing is the last one (Howard Hinnant, "chrono-compatible
/// low-level date algorithms").
fn month(seconds: i64) -> i64 {
    let days = day(seconds) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    (era * 400 + year) * 12 + month + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::blob::Reference;
    use crate::entry::Timestamp;
    use embeddenator_io::ContentHash;

    const DAY: i64 = 86_400;

    fn snapshots(times: impl IntoIterator<Item = i64>) -> Vec<Snapshot> {
        let snapshot = |(number, seconds)| Snapshot {
            number,
            parent: None,
            time: Timestamp { seconds, nanoseconds: 0 },
            label: format!("label {number}"),
            entries: 1,
            bytes: 0,
            tree_hash: [0; 32],
            manifest: Reference { offset: 0, length: 0, behind: false, hash: ContentHash([0; 16]) },
        };
        (1..).zip(times).map(snapshot).collect()
    }

    fn select(keep: &Keep, snapshots: &[Snapshot]) -> Vec<u32> {
        let mut kept: Vec<u32> = keep.select(snapshots).into_iter().collect();
        kept.sort_unstable();
        kept
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let cases = [(0, 1970, 1), (-1, 1969, 12), (951_782_400, 2000, 2), (951_868_800, 2000, 3)];
        for (seconds, year, number) in
            cases.into_iter().chain([(4_107_542_399, 2100, 2), (4_107_542_400, 2100, 3)])
        {
            assert_eq!(month(seconds), year * 12 + number - 1, "{seconds}");
        }
    }

    #[test]
    fn newest_of_each_span_is_kept() {
        // Two a day for 100 days from Monday, the fifth of January 1970.
        let snapshots = snapshots((0..200).map(|half| 4 * DAY + half * DAY / 2));
        let keep = |keep: Keep| select(&keep, &snapshots);
        assert_eq!(keep(Keep { last: 3, ..Keep::default() }), [198, 199, 200]);
        assert_eq!(keep(Keep { daily: 3, ..Keep::default() }), [196, 198, 200]);
        assert_eq!(keep(Keep { hourly: 2, ..Keep::default() }), [199, 200]);
        assert_eq!(keep(Keep { weekly: 2, ..Keep::default() }), [196, 200]);
        // The last days of January, February and March, and the fourteenth of April.
        assert_eq!(keep(Keep { monthly: 9, ..Keep::default() }), [54, 110, 172, 200]);
        assert_eq!(keep(Keep { yearly: 9, ..Keep::default() }), [200]);
        let labels = vec!["label 7".to_owned()];
        assert_eq!(keep(Keep { last: 1, labels, ..Keep::default() }), [7, 200]);
        assert_eq!(keep(Keep::default()), []);
    }
}
