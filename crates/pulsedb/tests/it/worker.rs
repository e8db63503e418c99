//! Processes of a test: this binary run again in a role, spoken to by lines.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// The variable that makes a process a worker, and the one with its arguments, one a line.
const ROLE: &str = "PULSEDB_TEST_ROLE";
const ARGUMENTS: &str = "PULSEDB_TEST_ARGUMENTS";
/// What the test harness prints begins otherwise.
const MARK: char = '@';

/// Lines of the harness that may stand between two lines of a worker.
const LINES_MAX: u32 = 10_000;
/// Writes of a worker that goes on until its parent kills it, after which it ends by itself.
pub(crate) const WRITES_MAX: u64 = 100_000_000;

/// What a worker does: its arguments, and its way to speak.
type Role = fn(&[String]);

/// The roles that workers play, by name.
const ROLES: &[(&str, Role)] = &[
    ("kills", crate::kills::write_until_killed),
    ("kills keys", crate::kills_keys::write_until_killed),
    ("kills memory", crate::kills_memory::write_until_killed),
    #[cfg(target_os = "linux")]
    ("steps", crate::index_kills::write_until_step),
    ("see", crate::index_processes::change_and_search),
    #[cfg(target_os = "linux")]
    ("search all", crate::index_processes::search_all),
    ("model", crate::model::obey),
    ("share", crate::processes::record_and_read),
    ("collective", crate::processes::ask_for_collective),
    ("hive", crate::e2e::hive_mind_simulation::live),
    ("duplicates", crate::duplicates::reinforce),
    ("watch", crate::watching_processes::watch),
    ("obey", crate::watching_processes::record_when_told),
    ("swarm", crate::watching_swarm::record_share),
    #[cfg(target_os = "linux")]
    ("subscribe", crate::watching_swarm::subscribe_and_drop),
    ("for ever", crate::processes::record_for_ever),
    ("answer", crate::ranking::answer),
    #[cfg(target_os = "linux")]
    ("damage", crate::damage::look),
    ("permission", crate::files::open_both_ways),
    ("reembed", crate::reembed_kills::move_or_write),
    #[cfg(target_os = "linux")]
    ("reader", crate::readers::check_for_ever),
    #[cfg(target_os = "linux")]
    ("fork", crate::forks::fork),
];

#[test]
fn worker_plays_the_role_that_its_parent_gives() {
    let Ok(name) = std::env::var(ROLE) else { return };
    let arguments: Vec<String> =
        std::env::var(ARGUMENTS).unwrap_or_default().lines().map(str::to_owned).collect();
    let (_, role) = ROLES.iter().find(|(known, _)| *known == name).expect("the role is in the table");
    // The harness may have left a line without an end.
    println!();
    role(&arguments);
    // Without the words of the harness behind it.
    std::process::exit(0);
}

/// Says a line to the parent.
pub(crate) fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    // One write, so that a kill leaves a whole line or one without an end.
    output.write_all(format!("{MARK}{line}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

/// The next line from the parent; `None` when it has no more to say.
pub(crate) fn hear() -> Option<String> {
    let mut line = String::new();
    let bytes = std::io::stdin().lock().read_line(&mut line).unwrap();
    (bytes > 0).then(|| line.trim_end_matches('\n').to_owned())
}

/// A running worker; killed when dropped.
pub(crate) struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts this binary in a role.
    pub(crate) fn start(role: &str, arguments: &[&str]) -> Self {
        Self::start_with(role, arguments, Stdio::inherit())
    }

    /// Starts this binary in a role, with what it complains about going somewhere.
    pub(crate) fn start_with(role: &str, arguments: &[&str], complaints: Stdio) -> Self {
        Self::spawn(Self::command(role, arguments).stderr(complaints)).unwrap()
    }

    /// Starts this binary in a role as another user, if that can be done.
    #[cfg(unix)]
    pub(crate) fn start_as(user: u32, role: &str, arguments: &[&str]) -> Option<Self> {
        use std::os::unix::process::CommandExt;
        Self::spawn(Self::command(role, arguments).uid(user)).ok()
    }

    /// Starts this binary in a role and in a PID namespace of its own, if that can be done here.
    #[cfg(target_os = "linux")]
    pub(crate) fn start_in_namespace(role: &str, arguments: &[&str]) -> Option<Self> {
        let unshare = |program: &std::ffi::OsStr| {
            let mut command = Command::new("unshare");
            command.args(["--pid", "--fork", "--kill-child"]).arg(program);
            command
        };
        let tried = unshare("true".as_ref()).output();
        if !tried.is_ok_and(|output| output.status.success()) {
            println!("skipped: no PID namespace can be made here");
            return None;
        }
        let inner = Self::command(role, arguments);
        let mut command = unshare(inner.get_program());
        command.args(inner.get_args()).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Some(Self::spawn(&mut command).unwrap())
    }

    fn command(role: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["worker::worker_plays_the_role_that_its_parent_gives"])
            .args(["--exact", "--nocapture", "--quiet", "--test-threads=1"])
            .env(ROLE, role)
            .env(ARGUMENTS, arguments.join("\n"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    fn spawn(command: &mut Command) -> std::io::Result<Self> {
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Ok(Self { child, input, output })
    }

    /// The next whole line that it says; `None` when it has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        for _ in 0..LINES_MAX {
            let mut bytes = Vec::new();
            self.output.read_until(b'\n', &mut bytes).unwrap();
            // A line without an end was cut short by a kill.
            let line = String::from_utf8(bytes.strip_suffix(b"\n")?.to_vec()).unwrap();
            if let Some(line) = line.strip_prefix(MARK) {
                return Some(line.to_owned());
            }
        }
        panic!("the worker has printed {LINES_MAX} lines that are not for its parent");
    }

    /// The next line, which must come.
    pub(crate) fn expect_line(&mut self) -> String {
        self.line().expect("the worker has more to say")
    }

    /// Says a line to it.
    pub(crate) fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// Says a line and waits for the answer.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.tell(line);
        self.expect_line()
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it at once (`SIGKILL`); returns the lines that it had said and that were not read yet.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.line()).collect()
    }

    /// Says nothing more to it and waits for its end.
    pub(crate) fn finish(mut self) -> ExitStatus {
        drop(self.input.take());
        self.child.wait().unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
