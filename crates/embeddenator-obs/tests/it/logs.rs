//! Logging: what is shown, in which format, and what is refused.

use std::error::Error as _;
use std::io::{Read as _, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use embeddenator_obs::Error;
use embeddenator_obs::init::{self, LogFormat, Logs, Surroundings};
use tracing::{debug, error, info, warn};

/// A writer that keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test panics inside").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is written when one event of each level is logged.
fn written(logs: Logs<'_>, surroundings: &Surroundings) -> Result<String, Error> {
    let kept = Kept::default();
    let writer = kept.clone();
    let receiver = init::receiver(logs, surroundings, move || writer.clone())?;
    tracing::dispatcher::with_default(&receiver, || {
        let _span = tracing::info_span!("opening").entered();
        debug!("a detail");
        info!(path = "a\"b", "opened");
        warn!("the index is \u{1b}[31mdamaged\nand rebuilt");
        error!(code = 5, level = "its own", "gone");
    });
    let bytes = kept.0.lock().expect("no test panics inside").clone();
    Ok(String::from_utf8(bytes).expect("logs are text"))
}

fn with(embeddenator_log: Option<&str>, rust_log: Option<&str>) -> Surroundings {
    Surroundings {
        embeddenator_log: embeddenator_log.map(str::to_owned),
        rust_log: rust_log.map(str::to_owned),
        ..Surroundings::default()
    }
}

fn shown(text: &str) -> [bool; 4] {
    ["a detail", "opened", "damaged", "gone"].map(|word| text.contains(word))
}

#[test]
fn level_is_ours_then_rusts_then_the_binarys() {
    let all = [true, true, true, true];
    let cases = [
        (with(None, None), [false, false, true, true]),
        (with(None, Some("error")), [false, false, false, true]),
        (with(Some("debug"), Some("error")), all),
        (with(Some(" "), Some("info")), [false, true, true, true]),
        (with(Some(""), None), [false, false, true, true]),
        (with(Some("off"), Some("trace")), [false; 4]),
        (with(Some("off,it=debug"), None), all),
        (with(Some("off,elsewhere=debug"), None), [false; 4]),
    ];
    for (surroundings, expected) in cases {
        let text = written(Logs::default(), &surroundings).expect("the filter can be read");
        assert_eq!(shown(&text), expected, "{surroundings:?}: {text}");
    }
}

#[test]
fn invalid_filter_is_an_error_that_names_its_origin() {
    let long = "=".repeat(10_000);
    let cases = [
        (with(Some("it=loud"), None), "warn", init::LOG_VARIABLE),
        (with(None, Some("it=loud")), "warn", init::RUST_LOG_VARIABLE),
        (with(None, None), "it=loud", "the option `filter`"),
        (with(Some(&long), None), "warn", init::LOG_VARIABLE),
        (with(Some("\u{1b}[31m=loud\n"), None), "warn", init::LOG_VARIABLE),
    ];
    for (surroundings, filter, expected) in cases {
        let error =
            written(Logs { filter, ..Logs::default() }, &surroundings).expect_err("it cannot be read");
        assert!(error.source().is_some());
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(error.to_string().len() < 400, "a long value is cut");
        assert!(!error.to_string().contains(char::is_control), "{error:?}");
        assert!(matches!(error, Error::LogFilter { .. }), "{error}");
    }
}

#[test]
fn colours_are_only_for_terminals_that_want_them() {
    let surroundings = |terminal, no_color: Option<&str>| Surroundings {
        terminal,
        no_color: no_color.map(str::to_owned),
        ..Surroundings::default()
    };
    let cases = [
        (surroundings(true, None), true),
        (surroundings(true, Some("")), true),
        (surroundings(true, Some("1")), false),
        (surroundings(false, None), false),
    ];
    for (surroundings, coloured) in cases {
        let text = written(Logs::default(), &surroundings).expect("the filter can be read");
        assert_eq!(text.contains('\u{1b}'), coloured, "{surroundings:?}: {text:?}");
        let json = Logs { format: LogFormat::JsonLines, ..Logs::default() };
        assert!(!written(json, &surroundings).expect("the filter can be read").contains('\u{1b}'));
    }
}

#[test]
fn json_lines_are_valid_whatever_is_logged() {
    let logs = Logs { format: LogFormat::JsonLines, filter: "info", spans: false };
    let text = written(logs, &Surroundings::default()).expect("the filter can be read");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[0]["level"], &lines[0]["fields"]["path"]), (&"INFO".into(), &"a\"b".into()));
    assert_eq!(lines[1]["fields"]["message"], "the index is \u{1b}[31mdamaged\nand rebuilt");
    assert_eq!((&lines[2]["fields"]["code"], &lines[2]["target"]), (&5.into(), &"it::logs".into()));
    assert_eq!((&lines[2]["level"], &lines[2]["fields"]["level"]), (&"ERROR".into(), &"its own".into()));
    assert!(lines.iter().all(|line| line["timestamp"].is_string()));
}

#[test]
fn spans_are_events_when_they_are_asked_for() {
    let logs = Logs { filter: "info", spans: true, ..Logs::default() };
    let text = written(logs, &Surroundings::default()).expect("the filter can be read");
    assert!(text.contains("time.busy"), "{text}");
    let without = written(Logs { spans: false, ..logs }, &Surroundings::default()).expect("as before");
    assert!(!without.contains("time.busy"), "{without}");
}

#[test]
fn second_subscriber_of_a_process_is_refused() {
    init::logs(Logs { filter: "off", ..Logs::default() }).expect("no other test installs one");
    let error = init::logs(Logs::default()).expect_err("there is one");
    assert!(matches!(error, Error::LogsInstalled));
}

/// Set for the child process whose standard error is closed.
const BROKEN: &str = "EMBEDDENATOR_OBS_TEST_BROKEN_STANDARD_ERROR";

#[test]
fn broken_standard_error_costs_lines_and_not_the_process() {
    if std::env::var_os(BROKEN).is_some() {
        std::io::stdin().read_to_end(&mut Vec::new()).expect("the parent closes it");
        let format = LogFormat::JsonLines;
        init::logs(Logs { format, ..Logs::default() }).expect("the only test of this process");
        warn!("nobody reads this");
        return;
    }
    let mut child = Command::new(std::env::current_exe().expect("a running test has a path"))
        .args(["--exact", "logs::broken_standard_error_costs_lines_and_not_the_process", "--nocapture"])
        .env(BROKEN, "1")
        .env(init::LOG_VARIABLE, "warn")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the test binary starts");
    // The child writes only after its standard input has ended, when the other end of the pipe is
    // closed.
    drop(child.stderr.take());
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("the child ends");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
}
