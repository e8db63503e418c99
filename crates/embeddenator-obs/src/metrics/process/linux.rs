//! Memory of the process, as Linux reports it.

use std::fs;

/// Bytes of physical memory that the process holds; `None` where `/proc` is not mounted.
pub(super) fn resident_bytes() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?)
}

/// The line `VmRSS:   123 kB`, whose unit the kernel fixes.
fn parse(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_line_is_read() {
        assert_eq!(parse("Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t1\n"), Some(2_097_152));
        for damaged in ["", "VmRSS:", "VmRSS:\t12", "VmRSS:\t-3 kB", "VmRSS:\t99999999999999999999 kB"] {
            assert_eq!(parse(damaged), None, "{damaged}");
        }
        assert_eq!(parse("VmRSS:\t18446744073709551615 kB"), None);
    }
}
