//! What the store asks of the operating system beyond the standard library; one file for each family.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
pub(crate) use linux::will_need;
#[cfg(target_os = "linux")]
pub(super) use linux::{
    Directory, FileName, available_bytes, create_private_directory, file_identity, file_number, host,
    page_size, preallocate, private, read_at, refused_file_system,
};

#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::will_need;
#[cfg(not(target_os = "linux"))]
pub(super) use portable::{
    Directory, FileName, available_bytes, create_private_directory, file_identity, file_number, host,
    page_size, preallocate, private, read_at, refused_file_system,
};

/// What names a directory in this process, whatever path leads to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum DirectoryKey {
    /// Device and inode.
    #[cfg_attr(not(unix), allow(dead_code))]
    Inode(u64, u64),
    /// The canonical path, where the system has no inodes.
    #[cfg_attr(unix, allow(dead_code))]
    Path(std::path::PathBuf),
}

/// What tells a file from every other one that exists at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity {
    device: u64,
    file: u64,
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    /// What both families promise.
    macro_rules! promises {
        ($name:ident, $system:ident) => {
            #[test]
            fn $name() {
                use super::$system::*;
                let home = tempfile::tempdir().unwrap();
                let directory = Directory::open(home.path()).unwrap();
                let again = Directory::open(&home.path().join(".")).unwrap();
                assert_eq!(directory.key().unwrap(), again.key().unwrap());
                directory.sync().unwrap();
                assert_eq!(refused_file_system(&directory).unwrap(), None);

                let path = home.path().join("file");
                create_private_directory(&home.path().join("private")).unwrap();
                assert!(create_private_directory(&home.path().join("private")).is_err());
                let mut options = std::fs::File::options();
                let mut file = private(options.read(true).write(true).create_new(true)).open(&path).unwrap();
                file.write_all(b"0123456789").unwrap();
                assert!(Directory::open(&path).is_err());
                assert_eq!(read_at(&file, 7, 9).unwrap(), b"789");
                assert_eq!(read_at(&file, 10, 9).unwrap(), b"");
                preallocate(&file, 10, 5000).unwrap();
                assert_eq!(file.metadata().unwrap().len(), 5000);
                preallocate(&file, 0, 100).unwrap();
                assert_eq!(file.metadata().unwrap().len(), 5000, "a file is never shortened");
                assert_eq!(read_at(&file, 0, 4).unwrap(), b"0123");
                assert!(available_bytes(&file).unwrap() > 0);
                assert_eq!(file_number(&file), file_number(&file.try_clone().unwrap()));
                let of_name = |path: &std::path::Path| FileName::new(path).unwrap().identity().unwrap();
                let (identity, bytes) = of_name(&path);
                assert_eq!((identity, bytes), file_identity(&file).unwrap());
                assert_eq!(bytes, 5000);
                assert_ne!(identity, of_name(home.path()).0);
                assert!(FileName::new(&home.path().join("gone")).unwrap().identity().is_err());
                assert!(page_size().is_power_of_two());
                will_need(b"bytes that are in memory");
                assert!(host().len() < 1000);
            }
        };
    }

    #[cfg(target_os = "linux")]
    promises!(linux_keeps_its_promises, linux);
    promises!(portable_code_keeps_its_promises, portable);
}
