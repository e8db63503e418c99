//! What the rules hold: crates and their edges, layers, bans, licences, refused names.
//!
//! A new crate is a row of [`CRATES`]; a crate with layers is also a row of [`LAYERS`]; an exception is a row with
//! its reason beside it.

/// Names of modules that say nothing about what lives there.
pub const MODULES_REFUSED: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "manager", "managers", "core", "misc"];

/// Test binaries beside `tests/it/main.rs`, as (crate, path below `tests/`), each for a reason that only a process
/// of its own can meet, such as replaced system calls.
pub const TEST_BINARIES: &[(&str, &str)] = &[
    // Puts itself in the place of the system's calls that write and sync.
    ("pulsedb", "power/main.rs"),
];

/// A crate of the workspace.
#[derive(Debug)]
pub struct CrateRow {
    /// Its name, which is also that of its directory.
    pub name: &'static str,
    /// The workspace crates that it may import.
    pub may_import: &'static [&'static str],
    /// The workspace crates that its tests may import besides.
    pub tests_may_import: &'static [&'static str],
    /// Its licence.
    pub licence: &'static str,
    /// Whether it is an application; only these may use `anyhow` and the like.
    pub application: bool,
}

const MIT: &str = "MIT";
const EITHER: &str = "MIT OR Apache-2.0";

/// The crates and the only allowed edges between them.
pub const CRATES: &[CrateRow] = &[
    library("embeddenator-vsa", EITHER, &[]),
    library("embeddenator-obs", EITHER, &[]),
    library("embeddenator-io", EITHER, &[]),
    library("embeddenator-retrieval", EITHER, &["embeddenator-vsa", "embeddenator-io"]),
    library("embeddenator-fs", EITHER, &["embeddenator-vsa", "embeddenator-io", "embeddenator-retrieval"]),
    library(
        "embeddenator-interop",
        EITHER,
        &["embeddenator-vsa", "embeddenator-io", "embeddenator-retrieval", "embeddenator-fs"],
    ),
    // Python is asked for by no program of ours: it loads the module.
    library("embeddenator-python", EITHER, &["embeddenator-vsa", "embeddenator-fs"]),
    application(
        "embeddenator-cli",
        EITHER,
        &[
            "embeddenator-vsa",
            "embeddenator-obs",
            "embeddenator-io",
            "embeddenator-retrieval",
            "embeddenator-fs",
            "embeddenator-interop",
        ],
    ),
    // The bundled table carries its author's Apache-2.0 beside our MIT.
    library("pulsedb-model", "MIT AND Apache-2.0", &[]),
    library("pulsedb", MIT, &["pulsedb-model"]),
    library("pulsedb-engram", MIT, &["pulsedb", "embeddenator-io", "embeddenator-fs"]),
    library("pulsedb-postgres", MIT, &["pulsedb"]),
    library("pulsedb-mcp", MIT, &["pulsedb", "pulsedb-postgres"]),
    library("pulsedb-python", MIT, &["pulsedb"]),
    application(
        "pulsedb-cli",
        MIT,
        &[
            "pulsedb",
            "pulsedb-mcp",
            "pulsedb-postgres",
            "pulsedb-engram",
            "embeddenator-fs",
            "embeddenator-obs",
        ],
    ),
    library(
        "embeddenator",
        EITHER,
        &[
            "embeddenator-vsa",
            "embeddenator-obs",
            "embeddenator-io",
            "embeddenator-retrieval",
            "embeddenator-fs",
            "embeddenator-interop",
        ],
    ),
    library("tidy", MIT, &[]),
    application("xtask", MIT, &[]),
];

/// The licence of a crate outside the workspace, below `compat/`.
pub const LICENCE_OF_COMPAT: &str = MIT;

/// Error types without variants, which only applications may use.
pub const APPLICATION_DEPENDENCIES: &[&str] = &["anyhow", "eyre", "color-eyre"];

const fn library(name: &'static str, licence: &'static str, may_import: &'static [&'static str]) -> CrateRow {
    CrateRow { name, may_import, tests_may_import: &[], licence, application: false }
}

const fn application(
    name: &'static str,
    licence: &'static str,
    may_import: &'static [&'static str],
) -> CrateRow {
    CrateRow { name, may_import, tests_may_import: &[], licence, application: true }
}

/// The layers of a crate.
#[derive(Debug)]
pub struct LayerTable {
    /// The crate.
    pub crate_name: &'static str,
    /// The layers, bottom first; a module imports only from layers before its own.
    pub layers: &'static [Layer],
    /// Words that only some modules may say.
    pub bans: &'static [Ban],
}

/// A layer: modules of a crate.
#[derive(Debug)]
pub struct Layer {
    /// Its name.
    pub name: &'static str,
    /// Its modules: top-level ones, or parts of one as `storage/format`; the deepest name that fits decides.
    pub modules: &'static [&'static str],
    /// Whether its modules may import one another.
    pub mutual: bool,
}

/// A word, or a path of words, that modules may not say.
#[derive(Debug)]
pub struct Ban {
    /// The words, joined by `::` in code.
    pub words: &'static [&'static str],
    /// The modules that it holds for.
    pub holds_for: Scope,
    /// The invariant, and so the remedy.
    pub reason: &'static str,
}

/// For which modules a ban holds.
#[derive(Debug)]
pub enum Scope {
    /// For these.
    In(&'static [&'static str]),
    /// For all but these.
    OutsideOf(&'static [&'static str]),
}

/// The exceptions from the rule that no two files of a crate import each other in a circle.
#[derive(Debug)]
pub struct CircleTable {
    /// Files of words that may be in circles, each with its reason.
    pub words: &'static [(&'static str, &'static str)],
    /// Circles that are known and still to be cut, each as all of its files.
    pub to_cut: &'static [&'static [&'static str]],
}

/// The exceptions of this repository.
pub const CIRCLES: CircleTable = CircleTable {
    words: &[
        ("crates/embeddenator-io/src/error.rs", ERRORS),
        ("crates/embeddenator-vsa/src/error.rs", ERRORS),
        ("crates/pulsedb/src/error.rs", ERRORS),
    ],
    to_cut: &[],
};

const ERRORS: &str = "the one error of the crate holds the words that are refused, and those return it";

const CLOCK: &str =
    "nothing but `clock` reads the time: take a `Timestamp` or an id as a parameter, or ask `clock`";
const NO_SERDE: &str =
    "no serde form reaches the disk: the codec writes each byte; what `model` derives is for callers";
const ASYNC: &str = "no tokio outside `substrate`: everything else is synchronous";
const TABLES: &str = "tables, keys and transactions live in `storage`: ask it through its own calls";
const NO_FILES: &str = "this crate does no I/O on files: callers read and write, it takes and returns bytes";
const PASSIVE: &str = "`storage` starts no search, no embedder and no watcher: callers do";

const SLICES: &str = "`cursor` alone takes foreign bytes apart: read through it";
const CODECS: &str = "the codec's binding is named in `compress` only: go through its encoder and decoder";
const FILES: &str = "files are named in `replace` only: everything else works on slices, readers and writers";

const CURSOR: &str = "foreign bytes are read through the cursor of `embeddenator-io`";
const SYSTEM: &str = "the operating system is named in `platform` only: add a call to each of its twins";
const TIMELESS: &str = "the same tree gives the same bytes: times and settings are parameters";

const SETTINGS: &str = "what the environment says is the command's to read: take it as a setting";
const SERVER_TIME: &str = "the server says what time it is: take the moment of the session";
const KERNEL: &str =
    "the kernel's questions are answered in `mount` only: the rest works on files and records";
const TRANSPORT: &str = "HTTP is named in `http` only: the server knows no transport";

const ARGUMENTS: &str =
    "the time and the environment are read in `plan` only: a command is told what they mean";
const TIME: &str = "nothing but `timer` reads the time: take a duration or a moment as a parameter";
const SURROUNDINGS: &str = "the environment is read in `init` only: take what it says as a parameter";
const QUIET: &str = "this crate opens no connection and starts no thread: binaries do, with what it renders";
const LOG_EVENTS: &str = "the receiver of log events is a feature: it is named in `init` only";

/// The layers of the crates that have them.
pub const LAYERS: &[LayerTable] = &[
    PULSEDB,
    PULSEDB_MCP,
    PULSEDB_POSTGRES,
    PULSEDB_ENGRAM,
    VSA,
    IO,
    OBS,
    RETRIEVAL,
    FS,
    INTEROP,
    EMBEDDENATOR_CLI,
];

const IO: LayerTable = LayerTable {
    crate_name: "embeddenator-io",
    layers: &[
        Layer { name: "words", modules: &["error", "limits", "kind", "codec", "hash"], mutual: true },
        Layer { name: "bytes", modules: &["cursor", "byte_writer"], mutual: false },
        Layer { name: "parts", modules: &["header", "compress"], mutual: false },
        Layer { name: "formats", modules: &["envelope", "section", "frame"], mutual: false },
        Layer { name: "streams", modules: &["writer", "reader"], mutual: false },
        Layer { name: "files", modules: &["replace"], mutual: false },
    ],
    bans: &[
        Ban { words: &["from_le_bytes"], holds_for: Scope::OutsideOf(&["cursor"]), reason: SLICES },
        Ban { words: &["zstd"], holds_for: Scope::OutsideOf(&["compress"]), reason: CODECS },
        Ban { words: &["fs"], holds_for: Scope::OutsideOf(&["replace"]), reason: FILES },
    ],
};

const FS: LayerTable = LayerTable {
    crate_name: "embeddenator-fs",
    layers: &[
        Layer { name: "words", modules: &["error", "limits", "path", "entry", "progress"], mutual: true },
        Layer {
            name: "machine",
            modules: &["platform", "workers", "chunk", "bands", "fingerprint"],
            mutual: false,
        },
        Layer { name: "archives", modules: &["members"], mutual: false },
        Layer { name: "sources", modules: &["walk", "medium"], mutual: false },
        Layer { name: "container", modules: &["container"], mutual: false },
        Layer { name: "formats", modules: &["snapshot", "tables", "manifest"], mutual: false },
        Layer { name: "stored", modules: &["store", "transaction", "create"], mutual: false },
        Layer { name: "tree", modules: &["tree", "signatures"], mutual: false },
        Layer { name: "in place", modules: &["view"], mutual: false },
        Layer {
            name: "operations",
            modules: &["ingest", "extract", "archive", "verify", "diff", "similar", "query"],
            mutual: false,
        },
        Layer { name: "on them", modules: &["update", "history", "bundles", "fuzzing"], mutual: false },
        Layer { name: "facade", modules: &["engram"], mutual: false },
        Layer { name: "mounts", modules: &["mount"], mutual: false },
    ],
    bans: &[
        Ban { words: &["from_le_bytes"], holds_for: Scope::OutsideOf(&[]), reason: CURSOR },
        Ban { words: &["rustix"], holds_for: Scope::OutsideOf(&["platform"]), reason: SYSTEM },
        Ban { words: &["SystemTime", "now"], holds_for: Scope::OutsideOf(&[]), reason: TIMELESS },
        Ban { words: &["std", "env"], holds_for: Scope::OutsideOf(&[]), reason: TIMELESS },
    ],
};

const INTEROP: LayerTable = LayerTable {
    crate_name: "embeddenator-interop",
    layers: &[
        Layer { name: "ends", modules: &["failure"], mutual: false },
        Layer { name: "borders", modules: &["memory", "names"], mutual: false },
        Layer { name: "objects", modules: &["objects"], mutual: false },
        Layer { name: "handles", modules: &["handles"], mutual: false },
        Layer { name: "functions", modules: &["messages", "codes", "engrams", "searches"], mutual: false },
    ],
    bans: &[
        Ban { words: &["std", "env"], holds_for: Scope::OutsideOf(&[]), reason: TIMELESS },
        Ban { words: &["SystemTime", "now"], holds_for: Scope::OutsideOf(&[]), reason: TIMELESS },
    ],
};

const EMBEDDENATOR_CLI: LayerTable = LayerTable {
    crate_name: "embeddenator-cli",
    layers: &[
        Layer { name: "words", modules: &["args", "render"], mutual: false },
        Layer { name: "ends", modules: &["exit"], mutual: false },
        Layer { name: "meanings", modules: &["plan"], mutual: false },
        Layer { name: "commands", modules: &["cmd"], mutual: false },
    ],
    bans: &[
        Ban { words: &["SystemTime", "now"], holds_for: Scope::OutsideOf(&["plan"]), reason: ARGUMENTS },
        Ban { words: &["std", "env"], holds_for: Scope::OutsideOf(&["plan"]), reason: ARGUMENTS },
    ],
};

const OBS: LayerTable = LayerTable {
    crate_name: "embeddenator-obs",
    layers: &[
        Layer { name: "words", modules: &["error", "limits"], mutual: true },
        Layer { name: "locks", modules: &["lock"], mutual: false },
        Layer { name: "measures", modules: &["metrics", "timer"], mutual: false },
        Layer { name: "for binaries", modules: &["prometheus", "json", "otel", "init"], mutual: false },
    ],
    bans: &[
        Ban { words: &["Instant", "now"], holds_for: Scope::OutsideOf(&["timer"]), reason: TIME },
        Ban { words: &["SystemTime", "now"], holds_for: Scope::OutsideOf(&[]), reason: TIME },
        Ban { words: &["quanta"], holds_for: Scope::OutsideOf(&["timer"]), reason: TIME },
        Ban { words: &["std", "env"], holds_for: Scope::OutsideOf(&["init"]), reason: SURROUNDINGS },
        Ban { words: &["std", "net"], holds_for: Scope::OutsideOf(&[]), reason: QUIET },
        Ban { words: &["std", "thread"], holds_for: Scope::OutsideOf(&[]), reason: QUIET },
        Ban { words: &["tracing"], holds_for: Scope::OutsideOf(&["init"]), reason: LOG_EVENTS },
        Ban { words: &["tracing_subscriber"], holds_for: Scope::OutsideOf(&["init"]), reason: LOG_EVENTS },
    ],
};

const PULSEDB: LayerTable = LayerTable {
    crate_name: "pulsedb",
    layers: &[
        Layer {
            name: "words",
            modules: &["error", "id", "limits", "clock", "config", "model"],
            mutual: true,
        },
        Layer { name: "rules", modules: &["validate"], mutual: false },
        // The rooms of the first engine, which itself is the door to them.
        Layer { name: "system", modules: &["storage/env/system", "storage/env/failure"], mutual: false },
        Layer { name: "page bytes", modules: &["storage/env/lmdb"], mutual: false },
        Layer { name: "environment", modules: &["storage/env"], mutual: false },
        Layer { name: "row bytes", modules: &["storage/format"], mutual: false },
        Layer { name: "snapshots", modules: &["storage/read"], mutual: false },
        Layer { name: "transactions", modules: &["storage/write"], mutual: false },
        Layer { name: "commits", modules: &["storage/commit"], mutual: false },
        Layer { name: "upkeep", modules: &["storage/upkeep"], mutual: false },
        Layer { name: "engines", modules: &["storage", "vector", "lexical", "embed"], mutual: false },
        Layer { name: "index", modules: &["index"], mutual: false },
        Layer { name: "queries", modules: &["search"], mutual: false },
        Layer { name: "streams", modules: &["watch"], mutual: false },
        Layer { name: "other stores", modules: &["backend"], mutual: false },
        Layer { name: "facade", modules: &["db"], mutual: false },
        Layer { name: "async", modules: &["substrate"], mutual: false },
    ],
    bans: &[
        Ban { words: &["SystemTime", "now"], holds_for: Scope::OutsideOf(&["clock"]), reason: CLOCK },
        Ban { words: &["Instant", "now"], holds_for: Scope::OutsideOf(&["clock"]), reason: CLOCK },
        // The facade asks for the time once a call and hands it down; what lies below it is a function of its input.
        Ban { words: &["Timestamp", "now"], holds_for: Scope::OutsideOf(&["clock", "db"]), reason: CLOCK },
        Ban { words: &["Uuid", "now_v7"], holds_for: Scope::OutsideOf(&["clock"]), reason: CLOCK },
        Ban { words: &["tokio"], holds_for: Scope::OutsideOf(&["substrate"]), reason: ASYNC },
        Ban { words: &["heed"], holds_for: Scope::OutsideOf(&["storage"]), reason: TABLES },
        Ban { words: &["serde"], holds_for: Scope::In(&["storage"]), reason: NO_SERDE },
        Ban { words: &["serde_json"], holds_for: Scope::In(&["storage"]), reason: NO_SERDE },
        Ban { words: &["EmbeddingService"], holds_for: Scope::In(&["storage"]), reason: PASSIVE },
    ],
};

const PULSEDB_MCP: LayerTable = LayerTable {
    crate_name: "pulsedb-mcp",
    layers: &[
        Layer { name: "words", modules: &["error", "limits"], mutual: true },
        Layer { name: "forms", modules: &["form", "place"], mutual: false },
        Layer { name: "arguments", modules: &["arguments"], mutual: false },
        Layer { name: "stores", modules: &["store"], mutual: false },
        Layer { name: "database", modules: &["memory"], mutual: false },
        Layer { name: "what is served", modules: &["tools", "resources"], mutual: false },
        Layer { name: "changes", modules: &["news", "subscriptions"], mutual: false },
        Layer { name: "server", modules: &["server"], mutual: false },
        Layer { name: "transports", modules: &["stdio", "http"], mutual: false },
    ],
    bans: &[
        Ban { words: &["std", "env"], holds_for: Scope::OutsideOf(&[]), reason: SETTINGS },
        Ban { words: &["hyper"], holds_for: Scope::OutsideOf(&["http"]), reason: TRANSPORT },
    ],
};

const PULSEDB_POSTGRES: LayerTable = LayerTable {
    crate_name: "pulsedb-postgres",
    layers: &[
        Layer { name: "words", modules: &["config", "failure", "keys", "text"], mutual: false },
        Layer { name: "transactions", modules: &["session"], mutual: false },
        Layer { name: "attempts", modules: &["calls", "migrate"], mutual: false },
        Layer { name: "rows", modules: &["rows", "entries", "collectives"], mutual: false },
        Layer {
            name: "operations",
            modules: &["activities", "records", "relations", "insights", "update"],
            mutual: true,
        },
        Layer { name: "whole collectives", modules: &["listed", "restored"], mutual: false },
        Layer { name: "filters", modules: &["filter"], mutual: false },
        Layer { name: "queries", modules: &["search"], mutual: false },
        Layer { name: "contexts", modules: &["context", "checked"], mutual: false },
        Layer { name: "streams", modules: &["listener", "watch"], mutual: false },
        Layer { name: "store", modules: &["store"], mutual: false },
        Layer { name: "facade", modules: &["substrate", "beyond", "moving"], mutual: false },
    ],
    bans: &[
        Ban { words: &["SystemTime", "now"], holds_for: Scope::OutsideOf(&[]), reason: SERVER_TIME },
        Ban { words: &["Timestamp", "now"], holds_for: Scope::OutsideOf(&[]), reason: SERVER_TIME },
        Ban { words: &["std", "env"], holds_for: Scope::OutsideOf(&[]), reason: SETTINGS },
    ],
};

const PULSEDB_ENGRAM: LayerTable = LayerTable {
    crate_name: "pulsedb-engram",
    layers: &[
        Layer { name: "words", modules: &["error", "limits"], mutual: false },
        Layer { name: "forms", modules: &["form"], mutual: false },
        Layer { name: "bytes", modules: &["names", "vectors", "members"], mutual: false },
        Layer { name: "stored", modules: &["stored", "fuzzing"], mutual: false },
        Layer { name: "operations", modules: &["snapshot", "restore"], mutual: false },
        Layer { name: "mounts", modules: &["mount"], mutual: false },
    ],
    bans: &[
        Ban { words: &["from_le_bytes"], holds_for: Scope::OutsideOf(&[]), reason: CURSOR },
        Ban { words: &["std", "env"], holds_for: Scope::OutsideOf(&[]), reason: SETTINGS },
        Ban { words: &["fuser"], holds_for: Scope::OutsideOf(&["mount"]), reason: KERNEL },
    ],
};

const VSA: LayerTable = LayerTable {
    crate_name: "embeddenator-vsa",
    layers: &[
        Layer { name: "words", modules: &["error", "kind", "limits", "shape", "random"], mutual: true },
        Layer { name: "kernels", modules: &["arch"], mutual: false },
        Layer { name: "codes", modules: &["code"], mutual: false },
        Layer { name: "scans", modules: &["top_k", "threshold"], mutual: false },
        Layer {
            name: "algebra",
            modules: &["sequence", "record", "item_memory", "classifier", "resonator", "encode", "config"],
            mutual: true,
        },
        Layer { name: "bytes", modules: &["wire"], mutual: false },
    ],
    bans: &[
        Ban { words: &["std", "fs"], holds_for: Scope::OutsideOf(&[]), reason: NO_FILES },
        Ban { words: &["std", "io"], holds_for: Scope::OutsideOf(&[]), reason: NO_FILES },
    ],
};

const RETRIEVAL: LayerTable = LayerTable {
    crate_name: "embeddenator-retrieval",
    layers: &[
        Layer { name: "words", modules: &["error", "limits", "search"], mutual: true },
        Layer { name: "what indexes share", modules: &["index", "top_k", "batch"], mutual: true },
        Layer { name: "indexes", modules: &["flat", "inverted", "hierarchy"], mutual: false },
        Layer { name: "built on them", modules: &["signature", "cleanup", "shard"], mutual: false },
        Layer { name: "bytes", modules: &["persist"], mutual: false },
    ],
    bans: &[Ban { words: &["std", "fs"], holds_for: Scope::OutsideOf(&[]), reason: NO_FILES }],
};
