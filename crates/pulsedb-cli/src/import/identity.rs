//! What makes a record the same one in the next import: a digest of what it is, kept as its tag `import`.

use std::collections::HashMap;

use xxhash_rust::xxh3::Xxh3;

/// A digest of the parts that tell one record from another; equal ones are told apart by their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(u128);

impl Key {
    /// The key of these parts. Each is hashed with its length, so that no two lists run into each other.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Xxh3::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.digest128())
    }

    /// The value of the tag: 32 hexadecimal digits.
    pub(crate) fn tag(self) -> String {
        format!("{:032x}", self.0)
    }
}

/// Counts equal keys within one source: the second of two equal lines is another record, and the same one again
/// in the next import.
#[derive(Debug, Default)]
pub(crate) struct Occurrences {
    seen: HashMap<Key, u64>,
}

impl Occurrences {
    /// The key with the number of equal ones that came before it.
    pub(crate) fn number(&mut self, key: Key) -> Key {
        let count = self.seen.entry(key).or_default();
        *count += 1;
        if *count == 1 { key } else { Key::of(&[&key.0.to_le_bytes(), &count.to_le_bytes()]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(Key::of(&[b"ab", b"c"]), Key::of(&[b"a", b"bc"]));
        assert_ne!(Key::of(&[b"ab"]), Key::of(&[b"ab", b""]));
        assert_eq!(Key::of(&[b"ab"]).tag().len(), 32);
    }

    #[test]
    fn keys_of_today_are_those_of_the_next_version() {
        // The tag is stored: another digest would import everything a second time.
        assert_eq!(Key::of(&[b"pulsedb"]).tag(), "aca21487e3bd309077bb9152f25ecd89");
    }

    #[test]
    fn equal_keys_are_numbered_the_same_way_again() {
        let key = Key::of(&[b"line"]);
        let numbered = || {
            let mut occurrences = Occurrences::default();
            [occurrences.number(key), occurrences.number(key), occurrences.number(key)]
        };
        let [first, second, third] = numbered();
        assert!(first != second && second != third && first != third);
        assert_eq!([first, second, third], numbered());
    }
}
