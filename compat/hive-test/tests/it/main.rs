//! The framework's agents work on this database, and find there after a restart what they left.

use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{Stream, StreamExt, stream};
use pulsedb::{AgentId, Config, ExperienceType, NewExperience, PulseDB};
use pulsehive_core::agent::{AgentDefinition, AgentKind, LlmAgentConfig};
use pulsehive_core::error::Result;
use pulsehive_core::event::HiveEvent;
use pulsehive_core::ids::CollectiveId;
use pulsehive_core::lens::Lens;
use pulsehive_core::llm::{LlmChunk, LlmConfig, LlmProvider, LlmResponse, Message, ToolDefinition};
use pulsehive_runtime::hivemind::{HiveMind, Task};
use tokio::sync::Semaphore;

/// Only a test that fails waits for so long.
const PATIENCE: Duration = Duration::from_secs(120);
const AGENTS: [&str; 3] = ["reader", "builder", "reviewer"];
const LESSON: &str = "The release build needs the vendored certificates";

/// A model that answers what it was told to, once it may; it keeps what it was asked.
#[derive(Clone)]
struct Script {
    may_answer: Arc<Semaphore>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Script {
    fn new() -> Self {
        Self { may_answer: Arc::new(Semaphore::new(0)), asked: Arc::default() }
    }

    fn was_told(&self, text: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|asked| asked.contains(text))
    }
}

#[async_trait]
impl LlmProvider for Script {
    async fn chat(
        &self,
        messages: Vec<Message>,
        _tools: Vec<ToolDefinition>,
        _config: &LlmConfig,
    ) -> Result<LlmResponse> {
        for message in messages {
            if let Message::System { content } | Message::User { content } = message {
                self.asked.lock().unwrap().push(content);
            }
        }
        self.may_answer.acquire().await.expect("the gate is never closed").forget();
        Ok(LlmResponse::text("The certificates are renewed by the nightly job"))
    }

    async fn chat_stream(
        &self,
        messages: Vec<Message>,
        tools: Vec<ToolDefinition>,
        config: &LlmConfig,
    ) -> Result<Pin<Box<dyn Stream<Item = Result<LlmChunk>> + Send>>> {
        let answer = self.chat(messages, tools, config).await?.content.unwrap_or_default();
        Ok(Box::pin(stream::iter([Ok(LlmChunk::Text(answer)), Ok(LlmChunk::Done)])))
    }
}

fn hive(path: &Path, script: &Script) -> HiveMind {
    HiveMind::builder().substrate_path(path).llm_provider("script", script.clone()).build().unwrap()
}

fn agent(name: &str) -> AgentDefinition {
    let kind = AgentKind::Llm(Box::new(LlmAgentConfig {
        system_prompt: format!("You are the {name}."),
        tools: Vec::new(),
        lens: Lens::new(["build"]),
        llm_config: LlmConfig::new("script", "model"),
        experience_extractor: None,
        refresh_every_n_tool_calls: None,
    }));
    AgentDefinition { name: name.to_owned(), kind }
}

fn lesson(collective_id: pulsedb::CollectiveId, agent: &str) -> NewExperience {
    NewExperience {
        collective_id,
        content: LESSON.to_owned(),
        embedding: None,
        experience_type: ExperienceType::Generic { category: None },
        importance: 0.9,
        confidence: 0.8,
        domain: vec!["build".to_owned()],
        tags: Default::default(),
        related_files: Vec::new(),
        source_agent: AgentId(agent.to_owned()),
        source_task: None,
    }
}

async fn next(events: &mut (impl Stream<Item = HiveEvent> + Unpin)) -> HiveEvent {
    tokio::time::timeout(PATIENCE, events.next()).await.expect("an event comes").expect("the stream goes on")
}

/// Deploys the agents; returns how many changes the framework was told of while they worked.
async fn work(hive: &HiveMind, script: &Script, collective: pulsedb::CollectiveId) -> usize {
    let task = Task::with_collective(
        "find out why the release build fails",
        CollectiveId::from_bytes(*collective.as_bytes()),
    );
    let mut events = hive.deploy(AGENTS.map(agent).to_vec(), vec![task]).await.unwrap();
    let (mut started, mut completed, mut told) = (0, 0, 0);
    while completed < AGENTS.len() {
        match next(&mut events).await {
            HiveEvent::LlmCallStarted { .. } => {
                started += 1;
                if started == AGENTS.len() {
                    // All of them wait for the model; what is recorded now is told to the framework.
                    hive.record_experience(lesson(collective, "operator")).await.unwrap();
                }
            }
            HiveEvent::WatchNotification { .. } => {
                told += 1;
                script.may_answer.add_permits(AGENTS.len());
            }
            HiveEvent::AgentCompleted { .. } => completed += 1,
            _ => {}
        }
    }
    told
}

#[test]
fn agents_of_the_framework_work_on_this_database_and_on_what_they_left() {
    let home = tempfile::tempdir().unwrap();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let collective = runtime.block_on(async {
        let script = Script::new();
        let hive = hive(home.path(), &script);
        let collective = hive.substrate().get_or_create_collective("team").await.unwrap();
        let first = hive.record_experience(lesson(collective, "operator")).await.unwrap();
        let mut changes = hive.substrate().watch(collective).await.unwrap();
        assert!(work(&hive, &script, collective).await > 0, "the framework was told of no change");
        assert!(script.was_told(LESSON), "no agent was told what was known");

        // Each agent has left an experience, and our own stream has told of each.
        let recent = hive.substrate().get_recent(collective, 100).await.unwrap();
        assert_eq!(recent.len(), 2 + AGENTS.len());
        for _ in 0..=AGENTS.len() {
            let change = tokio::time::timeout(PATIENCE, changes.next()).await.unwrap().unwrap();
            assert!(recent.iter().any(|one| one.id == change.experience_id));
        }
        // The same lesson twice: the framework has found that they belong together.
        let first = pulsedb::ExperienceId::from_bytes(*first.as_bytes());
        let related = hive.substrate().get_related(first).await.unwrap();
        assert!(!related.is_empty(), "no relation was inferred");
        hive.shutdown();
        collective
    });

    // After a restart, the database and the framework have all of it.
    let db = PulseDB::open(home.path(), Config::default()).unwrap();
    assert_eq!(db.list_experiences(collective, 100, 0).unwrap().len(), 2 + AGENTS.len());
    assert!(!db.list_relations(collective, 100, 0).unwrap().is_empty());
    assert!(db.check().unwrap().is_clean());
    drop(db);
    runtime.block_on(async {
        let script = Script::new();
        let hive = hive(home.path(), &script);
        work(&hive, &script, collective).await;
        assert!(script.was_told("renewed by the nightly job"), "no agent was told what was left");
        let recent = hive.substrate().get_recent(collective, 100).await.unwrap();
        assert_eq!(recent.len(), 3 + 2 * AGENTS.len());
        hive.shutdown();
    });
}
