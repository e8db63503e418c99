//! Many servers and commands on one database, some of them killed: nothing is lost, and each change is seen once.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::process::Stdio;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CustomNotification, ProtocolVersion, ServerNotification, SubscriptionFilter,
};
use rmcp::service::{NotificationContext, Peer, RunningService, Subscription};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::shell::Shell;

const SERVERS: usize = 8;
const COMMANDS: usize = 4;
/// Memories in one call.
const BATCH: usize = 20;
/// What is stored last.
const LAST: &str = "nothing comes behind this";
/// Changes that a watcher takes before it gives up waiting for the last one.
const CHANGES_MAX: usize = 1_000_000;
/// All collectives of these tests.
const COLLECTIVE: [&str; 2] = ["--collective", "default"];

/// A server in a process of its own, with the client of `rmcp` that began its session.
struct Session {
    child: Child,
    client: RunningService<RoleClient, Listener>,
    /// What a channel has told.
    told: UnboundedReceiver<Value>,
}

/// A client that hands on what a channel tells.
struct Listener {
    heard: UnboundedSender<Value>,
}

impl ClientHandler for Listener {
    async fn on_custom_notification(&self, told: CustomNotification, _: NotificationContext<RoleClient>) {
        let _ = self.heard.send(json!({ "method": told.method, "params": told.params }));
    }
}

impl Session {
    async fn start(shell: &Shell, era: ClientLifecycleMode, more: &[&str]) -> Self {
        let plain = shell.command(["mcp"].iter().chain(&COLLECTIVE).chain(more));
        let mut command = Command::from(plain);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let (heard, told) = unbounded_channel();
        let client = Listener { heard }.serve_with_lifecycle(pipes, era).await.unwrap();
        Self { child, client, told }
    }

    /// Ends as a client does, by closing the pipes.
    async fn end(self) {
        let Self { mut child, client, .. } = self;
        client.cancel().await.unwrap();
        assert!(child.wait().await.unwrap().success());
    }

    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// The ways in which a session of `rmcp` begins: the older era, and the newer one.
fn era(number: usize) -> ClientLifecycleMode {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    [ClientLifecycleMode::Initialize, ClientLifecycleMode::Discover { preferred_versions }][number % 2]
        .clone()
}

async fn call(peer: &Peer<RoleClient>, tool: &'static str, arguments: Value) -> Value {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let asked = CallToolRequestParams::new(tool).with_arguments(arguments);
    let result = peer.call_tool(asked).await.unwrap();
    assert_ne!(result.is_error, Some(true), "{result:?}");
    result.structured_content.unwrap()
}

fn memories(contents: &[String]) -> Value {
    json!({ "memories": contents.iter().map(|it| json!({ "content": it })).collect::<Vec<_>>() })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Ids with what was stored under them.
type Stored = BTreeMap<String, String>;

/// What one server stores, call by call, until it has stored all or is to stop. Of each call, all was acknowledged.
async fn store(peer: &Peer<RoleClient>, server: usize, rounds: usize) -> Stored {
    let mut stored = Stored::new();
    for round in 0..rounds {
        let contents: Vec<String> =
            (0..BATCH).map(|row| format!("server {server}, round {round}, row {row}")).collect();
        let answer = call(peer, "remember", memories(&contents)).await;
        let ids = answer["memories"].as_array().unwrap().iter().map(|it| text(&it["id"]));
        stored.extend(ids.zip(contents));
    }
    stored
}

/// What one command line stores, each memory by a process of its own.
async fn record(shell: &Shell, command: usize, count: usize) -> Stored {
    let mut stored = Stored::new();
    for row in 0..count {
        let content = format!("command {command}, row {row}");
        stored.insert(run(shell, ["record", &content]).await, content);
    }
    stored
}

/// What a command says.
async fn run(shell: &Shell, words: [&str; 2]) -> String {
    let plain = shell.command(words.iter().chain(&COLLECTIVE));
    let output = Command::from(plain).stdin(Stdio::null()).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Every id that the tool `changes` names, asked again and again, up to the last one.
async fn follow(peer: Peer<RoleClient>, since: Value, last: String) -> Vec<String> {
    let (mut seen, mut next) = (Vec::new(), since);
    for _ in 0..CHANGES_MAX {
        let page = call(&peer, "changes", json!({ "since": next, "timeout": 50 })).await;
        for change in page["changes"].as_array().unwrap() {
            seen.push(text(&change["id"]));
        }
        if seen.last() == Some(&last) {
            return seen;
        }
        next = page["next"].clone();
    }
    panic!("the last change does not come")
}

/// How often a subscription tells of a collective until it tells of one experience, after which it ends.
async fn listen(mut subscription: Subscription, collective: String, last: String) -> usize {
    for count in 0..CHANGES_MAX {
        let Some(ServerNotification::ResourceUpdatedNotification(told)) = subscription.next().await.unwrap()
        else {
            panic!("another notification, or none, after {count}")
        };
        if told.params.uri == last {
            return count;
        }
        assert_eq!(told.params.uri, collective);
    }
    panic!("the last change does not come")
}

/// Every id that a channel tells, up to that of the last memory.
async fn hear(mut told: UnboundedReceiver<Value>) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..CHANGES_MAX {
        let message = told.recv().await.unwrap();
        assert_eq!(message["method"], "notifications/claude/channel");
        seen.extend(message["params"]["meta"]["ids"].as_str().unwrap().split(' ').map(str::to_owned));
        if message["params"]["content"].as_str().unwrap().contains(LAST) {
            return seen;
        }
    }
    panic!("the last memory is not told")
}

/// Waits until a channel tells, and says which memories it may have told of: it begins beside the call that starts it.
async fn begun(shell: &Shell, session: &mut Session) -> Vec<String> {
    session.client.list_all_tools().await.unwrap();
    let mut early = Vec::new();
    for number in 0..1000 {
        // No two contents are equal, which would be one memory.
        let content = format!("early, {number} before the news begin for {:?}", session.child.id());
        early.push(run(shell, ["record", &content]).await);
        call(&session.client, "recall", json!({})).await;
        if session.told.try_recv().is_ok() {
            return early;
        }
    }
    panic!("the channel tells nothing")
}

/// A server that stores its share; two of them are killed half way, one of these while it works on a call.
async fn serve(session: Session, at: usize, rounds: usize) -> (Stored, Option<Session>) {
    let rounds = if at < 2 { rounds / 2 + 1 } else { rounds };
    let stored = store(&session.client, at, rounds).await;
    if at == 1 {
        let contents: Vec<String> = (0..BATCH).map(|row| format!("never answered {row}")).collect();
        let arguments = memories(&contents).as_object().cloned().unwrap();
        let asked = CallToolRequestParams::new("remember").with_arguments(arguments);
        let peer = session.client.peer().clone();
        // It fails when the server is gone.
        tokio::spawn(async move { peer.call_tool(asked).await.is_err() });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    if at < 2 {
        session.kill().await;
        return (stored, None);
    }
    (stored, Some(session))
}

/// Those who watch while they store: two by the tool `changes`, two by subscriptions, two by channels.
struct Watchers {
    follow: Vec<JoinHandle<Vec<String>>>,
    listen: Vec<JoinHandle<usize>>,
    hear: Vec<(usize, JoinHandle<Vec<String>>)>,
}

impl Watchers {
    /// Begins to watch with the servers 2 to 7. The last change will be one of this memory.
    async fn begin(sessions: &mut [Session], first: &str) -> Self {
        let since = call(&sessions[2].client, "changes", json!({})).await["next"].clone();
        let follow = [2, 3].map(|at: usize| {
            let peer = sessions[at].client.peer().clone();
            tokio::spawn(follow(peer, since.clone(), first.to_owned()))
        });
        let resources = sessions[5].client.list_all_resources().await.unwrap();
        let collective =
            resources.into_iter().map(|it| it.uri).find(|uri| uri.contains("collective")).unwrap();
        let own = format!("pulsedb://experience/{first}");
        let mut listening = Vec::new();
        for at in [5, 7] {
            let places = [collective.clone(), own.clone()];
            let filter = SubscriptionFilter::builder().resource_subscriptions(places).build();
            let room = NonZeroUsize::new(CHANGES_MAX).unwrap();
            let subscription = sessions[at].client.listen_with_capacity(filter, room).await.unwrap();
            listening.push(tokio::spawn(listen(subscription, collective.clone(), own.clone())));
        }
        let hear = [4, 6].map(|at: usize| {
            let (_, none) = unbounded_channel();
            let told = std::mem::replace(&mut sessions[at].told, none);
            (at, tokio::spawn(hear(told)))
        });
        Self { follow: follow.into(), listen: listening, hear: hear.into() }
    }
}

/// The ids in order, so that one that is there twice shows.
fn sorted<'a>(ids: impl IntoIterator<Item = &'a String>) -> Vec<&'a String> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable();
    ids
}

async fn swarm(shell: Arc<Shell>, records: usize) {
    let rounds = records.div_ceil(BATCH * (SERVERS - 1));
    // The database is made before twelve processes come to it.
    let first = run(&shell, ["record", "the first"]).await;
    let mut sessions = Vec::new();
    for at in 0..SERVERS {
        let more: &[&str] = if [4, 6].contains(&at) { &["--channel"] } else { &[] };
        sessions.push(Session::start(&shell, era(at), more).await);
    }
    let mut before = vec![first.clone()];
    for at in [4, 6] {
        before.extend(begun(&shell, &mut sessions[at]).await);
    }
    let watchers = Watchers::begin(&mut sessions, &first).await;
    let commands: Vec<_> = (0..COMMANDS)
        .map(|at| {
            let shell = Arc::clone(&shell);
            tokio::spawn(async move { record(&shell, at, records / 100).await })
        })
        .collect();
    let servers: Vec<_> =
        sessions.into_iter().zip(0..).map(|(it, at)| tokio::spawn(serve(it, at, rounds))).collect();
    let mut own = Vec::new();
    let mut left = Vec::new();
    for server in servers {
        let (stored, session) = server.await.unwrap();
        own.push(stored);
        left.extend(session);
    }
    for command in commands {
        own.push(command.await.unwrap());
    }
    own.push([(run(&shell, ["record", LAST]).await, LAST.to_owned())].into());
    run(&shell, ["reinforce", &first]).await;

    let mut stored: Stored =
        shell.export("default").iter().map(|it| (text(&it["id"]), text(&it["content"]))).collect();
    stored.retain(|id, _| !before.contains(id));
    for (id, content) in own.iter().flatten() {
        assert_eq!(stored.get(id), Some(content), "{id}");
    }
    let unanswered = stored.values().filter(|it| it.starts_with("never answered")).count();
    assert!(unanswered == 0 || unanswered == BATCH, "{unanswered} of a call that is all or nothing");
    assert_eq!(stored.len(), own.iter().map(Stored::len).sum::<usize>() + unanswered);
    assert!(stored.len() >= records, "{}", stored.len());

    for seen in watchers.follow {
        assert!(sorted(&seen.await.unwrap()) == sorted(stored.keys().chain([&first])));
    }
    for count in watchers.listen {
        assert_eq!(count.await.unwrap(), stored.len() + 1);
    }
    for (at, seen) in watchers.hear {
        let mut seen = seen.await.unwrap();
        seen.retain(|id| !before.contains(id));
        let of_others = stored.keys().filter(|id| !own[at].contains_key(*id));
        assert!(sorted(&seen) == sorted(of_others), "a channel");
    }
    println!("{} memories, {unanswered} of them of a call that was killed before its answer", stored.len());
    for session in left {
        session.end().await;
    }
    shell.ok(["check"]);
}

#[test]
fn nothing_is_lost_and_each_watcher_sees_each_change_once_while_two_of_eight_servers_are_killed() {
    let records = std::env::var("PULSEDB_MCP_RECORDS").ok().and_then(|it| it.parse().ok()).unwrap_or(1200);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(swarm(Arc::new(Shell::new()), records));
}
