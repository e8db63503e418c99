//! Locks on single bytes of a file that die with their process.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::ByteLocks;

#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::ByteLocks;

/// How a byte is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Any number of holders, none exclusive.
    Shared,
    /// One holder.
    Exclusive,
}

#[cfg(test)]
mod tests {
    use super::Mode::{Exclusive, Shared};

    /// What both kinds of lock promise, each tested with two open files as two processes would have them.
    macro_rules! promises {
        ($name:ident, $locks:ty) => {
            #[test]
            fn $name() {
                let home = tempfile::tempdir().unwrap();
                let path = home.path().join("lock");
                let first = <$locks>::open(&path, true).unwrap();
                let second = <$locks>::open(&path, true).unwrap();
                assert!(first.is_writable());
                assert!(first.try_lock(1, Shared).unwrap());
                assert!(second.try_lock(1, Shared).unwrap());
                assert!(!first.try_lock(1, Exclusive).unwrap());
                // A refused change leaves the lock that was there.
                second.unlock(1).unwrap();
                assert!(!second.try_lock(1, Exclusive).unwrap());
                assert!(first.try_lock(1, Exclusive).unwrap());
                assert!(first.try_lock(2, Exclusive).unwrap(), "another byte is another lock");
                assert!(!second.try_lock(1, Shared).unwrap());
                assert!(second.is_locked(1).unwrap());
                assert!(!second.is_locked(3).unwrap());
                assert!(!first.is_locked(1).unwrap(), "its own lock is not another one's");
                assert!(first.try_lock(1, Shared).unwrap());
                second.lock(1, Shared).unwrap();
                drop(first);
                assert!(second.try_lock(1, Exclusive).unwrap());
                let reader = <$locks>::open(&path, false).unwrap();
                assert!(!reader.is_writable());
                assert!(reader.is_locked(1).unwrap());
                drop(second);
                assert!(reader.try_lock(1, Shared).unwrap());
                assert!(<$locks>::open(&home.path().join("missing"), false).is_err());
            }
        };
    }

    promises!(locks_of_this_system_keep_their_promises, super::ByteLocks);
    promises!(portable_locks_keep_their_promises, super::portable::ByteLocks);
}
