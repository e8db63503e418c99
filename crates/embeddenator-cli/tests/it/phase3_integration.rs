//! One tree from codes to indexes, engrams, the C interface and the command, with errors that cross each border.

use std::fs;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use embeddenator_fs::{
    Category, Engram, EngramPath, Index as By, IngestOptions, QueryOptions, SimilarOptions, Source,
};
use embeddenator_interop::EmbeddenatorStatus;
use embeddenator_retrieval::{Flat, Hierarchy, HierarchyOptions, Hit, Id, Index, Signatures};
use embeddenator_vsa::{BlockCode, Shape, ShingleEncoder};

use crate::shell::{Shell, failure, lines};
use crate::through_c::Handle;

/// How many documents there are; every second one is an edited copy of the one before.
const DOCUMENTS: u32 = 40;

fn document(number: u32) -> String {
    let edited = if number % 2 == 1 { "one line more\n" } else { "" };
    format!("{edited}document {}\n{}", number / 2, lines(300).replace("of ", &format!("of {} ", number / 2)))
}

/// The tree, in a working directory with the engram of it.
fn made() -> Shell {
    let shell = Shell::new();
    for number in 0..DOCUMENTS {
        shell.write(format!("tree/{number:02}.txt"), document(number));
    }
    let options = IngestOptions { index: Some(By::Fragment), label: "first", ..Default::default() };
    let sources = [Source::contents_of(shell.path("tree"))];
    Engram::create(shell.path("tree.egm"), &sources, &options, &()).unwrap();
    shell
}

fn codes() -> Vec<BlockCode> {
    let encoder = ShingleEncoder::default();
    (0..DOCUMENTS).map(|number| encoder.encode(document(number).as_bytes())).collect()
}

/// The ids of two hits, which may be equally good.
fn pair(hits: &[Hit]) -> [Id; 2] {
    let mut ids = [hits[0].id, hits[1].id];
    ids.sort();
    ids
}

#[test]
fn every_layer_finds_the_same_copy_and_reads_the_same_bytes() {
    let codes = codes();
    let shape = codes[0].shape();
    let (mut flat, mut hierarchy) = (Flat::new(shape), Hierarchy::new(shape));
    let mut signatures = Signatures::new(shape);
    for (number, code) in (0..).zip(&codes) {
        flat.insert(Id(number), code).unwrap();
        hierarchy.insert(Id(number), code).unwrap();
        signatures.insert(Id(number), code).unwrap();
    }
    let shell = made();
    let engram = Engram::open(shell.path("tree.egm")).unwrap();
    let tree = engram.latest().unwrap();
    let handle = Handle::open(&shell.path("tree.egm")).unwrap();
    for (number, code) in (0_u64..).zip(&codes) {
        let copy = number ^ 1;
        let nearest = flat.search(code, 2).unwrap();
        assert_eq!(pair(&nearest), [Id(number & !1), Id(number | 1)]);
        assert_eq!(hierarchy.search(code, 2).unwrap(), nearest);
        let near = signatures.near_duplicates(code, 0.5).unwrap();
        assert!(near.iter().any(|hit| hit.id == Id(copy)));

        let (name, other) = (format!("{number:02}.txt"), format!("{copy:02}.txt"));
        let path = EngramPath::new(&name).unwrap();
        let similar = engram.similar(&tree, &path, SimilarOptions::default()).unwrap();
        assert_eq!(similar[0].path.to_string(), other);
        let text = document(number as u32);
        let mut bytes = Vec::new();
        tree.read(&tree.entry(&path).unwrap(), &mut bytes).unwrap();
        assert!(bytes == text.as_bytes());
        assert!(handle.read(&name, 1 << 20).unwrap() == text.as_bytes());
    }
    // A fragment finds both, through the library and the command.
    let fragment = &document(7)[2000..3500];
    let report = engram.query(&tree, fragment.as_bytes(), QueryOptions::default()).unwrap();
    let mut found: Vec<String> = report.hits.iter().map(|hit| hit.path.to_string()).collect();
    found.sort();
    assert_eq!(found, ["06.txt", "07.txt"]);
    shell.write("fragment", fragment);
    let text = shell.ok(["query", "tree.egm", "--file", "fragment", "--json"]);
    assert!(text.contains("06.txt") && text.contains("07.txt") && !text.contains("08.txt"), "{text}");
    assert_eq!(shell.ok(["cat", "tree.egm", "07.txt"]), document(7));
}

#[test]
fn damage_is_told_by_every_layer_in_its_own_words() {
    // A damaged index: what follows from the codes is made again, damaged codes are an error.
    let codes = codes();
    let mut hierarchy = Hierarchy::new(codes[0].shape());
    for (number, code) in (0..).zip(&codes) {
        hierarchy.insert(Id(number), code).unwrap();
    }
    let whole = hierarchy.to_bytes().unwrap();
    let (mut rebuilt, mut refused) = (0, 0);
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        match Hierarchy::open(&bytes, HierarchyOptions::default()) {
            Ok(opened) => {
                rebuilt += u32::from(opened.damage.is_some());
                assert_eq!(pair(&opened.index.search(&codes[3], 2).unwrap()), [Id(2), Id(3)]);
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0, "{rebuilt} rebuilt, {refused} refused");
    assert!(Flat::new(Shape::D10K).search(&codes[0], 1).is_err());

    // A damaged engram: a category, a status of C with a message, and an exit code are one and the same.
    let shell = made();
    let handle = Handle::open(&shell.path("tree.egm")).unwrap();
    let missing = handle.read("not there", 10).unwrap_err();
    assert_eq!(missing.0, EmbeddenatorStatus::NotFound);
    let said = failure(&shell.run(["cat", "tree.egm", "not there"]), 3);
    assert!(said.contains("not there") && missing.1.contains("not there"), "{said} {}", missing.1);
    assert_eq!(handle.free_twice().0, EmbeddenatorStatus::Usage);

    let mut bytes = fs::read(shell.path("tree.egm")).unwrap();
    // Behind the two superblocks lies the first segment.
    bytes[8400..8600].fill(0xa5);
    shell.write("tree.egm", bytes);
    let engram = Engram::open(shell.path("tree.egm")).unwrap();
    let tree = engram.latest().unwrap();
    let mut files = tree.entries().map(Result::unwrap).filter(|entry| entry.size() > 0);
    let damaged = files.find_map(|entry| {
        tree.read(&entry, &mut io::sink()).err().map(|error| (entry.path.to_string(), error))
    });
    let (name, error) = damaged.unwrap();
    assert_eq!(error.category(), Category::Damaged);
    let handle = Handle::open(&shell.path("tree.egm")).unwrap();
    let (status, said) = handle.read(&name, 1 << 20).unwrap_err();
    assert_eq!((status, said.contains("tree.egm")), (EmbeddenatorStatus::Damaged, true), "{said}");
    assert_eq!(handle.verify().unwrap_err().0, EmbeddenatorStatus::Damaged);
    assert!(failure(&shell.run(["cat", "tree.egm", &name]), 5).contains("tree.egm"));
    failure(&shell.run(["verify", "tree.egm"]), 5);
}

/// Takes no bytes, and panics instead, while the engram is in the middle of a read.
struct Panics;

impl Write for Panics {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        panic!("this reader ends here");
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn reader_that_panics_leaves_the_engram_usable_for_all_others() {
    let shell = made();
    let engram = Engram::open(shell.path("tree.egm")).unwrap();
    let view = engram.view(engram.snapshot("first").unwrap()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let tree = engram.latest().unwrap();
                let entry = tree.entry(&EngramPath::new("07.txt").unwrap()).unwrap();
                for _ in 0..5 {
                    let read = catch_unwind(AssertUnwindSafe(|| tree.read(&entry, &mut Panics)));
                    assert!(read.is_err());
                    let mut bytes = Vec::new();
                    tree.read(&entry, &mut bytes).unwrap();
                    assert!(bytes == document(7).as_bytes());
                    assert!(view.lookup(&entry.path).unwrap().is_some());
                }
            });
        }
    });
}

#[test]
fn scalar_kernels_give_what_the_fast_ones_give() {
    let shell = made();
    let with_kernels = |kernels: &str, arguments: &[&str]| {
        let output = shell.command(arguments).env("EMBEDDENATOR_ISA", kernels).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let similar = ["similar", "tree.egm", "--json"];
    let scalar = with_kernels("scalar", &similar);
    assert!(String::from_utf8_lossy(&scalar).contains("07.txt"));
    for kernels in ["avx2", "avx512"] {
        // A machine without them takes the next best.
        assert!(with_kernels(kernels, &similar) == scalar, "{kernels}");
    }
    for (kernels, name) in [("scalar", "scalar.egm"), ("avx2", "avx2.egm")] {
        with_kernels(kernels, &["ingest", "tree", "-o", name]);
    }
    assert!(fs::read(shell.path("scalar.egm")).unwrap() == fs::read(shell.path("avx2.egm")).unwrap());
}
