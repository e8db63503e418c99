//! `eval`: how much of the evidence of questions about conversations a search finds.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::time::Instant;

use pulsedb::{Config, ContextWeights, PulseDB, Query, SearchOptions, SyncMode};
use serde::Serialize;

use crate::args::EvalArgs;
use crate::eval::{Question, Score, Scores, Turn, read};
use crate::exit::{CliError, Exit};
use crate::models;
use crate::output::Out;
use crate::output::table::{lines, table};
use crate::text::{count, printable_line};

/// Records of one commit.
const BATCH: usize = 5000;

pub(crate) fn run(args: &EvalArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let turns: Vec<Turn> = read(&args.conversations)?;
    let questions: Vec<Question> = read(&args.questions)?;
    let lost = Lost::of(&turns, &questions);
    let questions_asked = questions.len();
    let home = tempfile::tempdir()?;
    let config = Config { sync_mode: SyncMode::Fast, ..Config::default() };
    let path = home.path().join("eval");
    let db = match models::of_environment()? {
        Some(directory) => PulseDB::open_with_embedder(path, config, models::open(&directory)?)?,
        None => PulseDB::open(path, config)?,
    };
    let collectives = record(&db, turns)?;
    let context = ContextWeights::default();
    let context = ContextWeights {
        session: args.context * context.session,
        window: args.context * context.window,
        question: args.context * context.question,
        agent: context.agent,
    };
    let (mut scores, mut times) = (Scores::default(), Vec::with_capacity(questions.len()));
    for question in &questions {
        let collective = collectives.get(&question.conversation).ok_or_else(|| {
            let name = &question.conversation;
            CliError::Usage(format!("a question is about conversation `{name}`, which has no turns"))
        })?;
        let text = question.text.as_str();
        let query = if args.lexical { Query::Lexical(text) } else { Query::Text(text) };
        let options = SearchOptions { k: args.k, context: Some(context), ..SearchOptions::default() };
        let start = Instant::now();
        let hits = db.search(*collective, query, options)?;
        times.push(start.elapsed());
        scores.add(question, &hits);
    }
    let setting =
        if args.lexical { "words alone".to_owned() } else { format!("text, context {}", args.context) };
    times.sort_unstable();
    let median_ms = times.get(times.len() / 2).map_or(0.0, |time| 1000.0 * time.as_secs_f64());
    if let Some(first) = &lost.first {
        let questions = count(lost.questions, "question");
        eprintln!(
            "note: {questions} of {} name evidence that no turn has, such as `{}`; it counts as not found",
            questions_asked,
            printable_line(first)
        );
    }
    if args.output.json {
        out.json(&EvalJson::new(&setting, median_ms, &scores, lost.questions))?;
    } else {
        writeln!(out, "{setting}; median of a search for {} hits {median_ms:.2} ms\n", args.k)?;
        show(&scores, out)?;
    }
    Ok(Exit::Ok)
}

/// Evidence that no search can find.
struct Lost {
    /// Questions that name any.
    questions: u64,
    /// The first that is named.
    first: Option<String>,
}

impl Lost {
    fn of(turns: &[Turn], questions: &[Question]) -> Self {
        let known: HashSet<(String, String)> = turns.iter().map(Turn::name).collect();
        let mut lost = Self { questions: 0, first: None };
        for question in questions {
            let is_lost = |id: &&String| !known.contains(&(question.conversation.clone(), (*id).clone()));
            if let Some(first) = question.evidence.iter().find(is_lost) {
                lost.questions += 1;
                lost.first.get_or_insert_with(|| format!("{} in {}", first, question.conversation));
            }
        }
        lost
    }
}

/// One collective a conversation, one record a turn, in their order.
fn record(db: &PulseDB, turns: Vec<Turn>) -> anyhow::Result<HashMap<String, pulsedb::CollectiveId>> {
    let mut collectives = HashMap::new();
    let mut rows = Vec::with_capacity(turns.len().min(BATCH));
    for turn in turns {
        let collective = if let Some(known) = collectives.get(&turn.conversation) {
            *known
        } else {
            let made = db.create_collective(&turn.conversation)?;
            collectives.insert(turn.conversation.clone(), made);
            made
        };
        rows.push(turn.record(collective));
        if rows.len() == BATCH {
            db.record_experiences(std::mem::take(&mut rows))?;
        }
    }
    db.record_experiences(rows)?;
    Ok(collectives)
}

fn show(scores: &Scores, out: &mut Out) -> anyhow::Result<()> {
    let header =
        ["category", "questions", "R@1", "R@10", "all@10", "MRR", "R in 1000 tokens", "R in 2000 tokens"];
    let numbers: Vec<usize> = (1..header.len()).collect();
    let mut shown = table(out.table_width, &header, &numbers);
    let mut row = |name: String, score: Score| {
        let Score { questions, r1, r10, all10, mrr, tokens1000, tokens2000 } = score;
        let parts = [r1, r10, all10, mrr, tokens1000, tokens2000];
        let parts = parts.map(|part| format!("{:.1}", 100.0 * part));
        shown.add_row([name, questions.to_string()].into_iter().chain(parts));
    };
    for (category, score) in scores.each() {
        row(name(category), score);
    }
    row("1 to 4".to_owned(), scores.headline());
    write!(out, "{}", lines(&shown))?;
    Ok(())
}

fn name(category: u32) -> String {
    let kind = match category {
        1 => " multi-hop",
        2 => " temporal",
        3 => " open",
        4 => " single-hop",
        5 => " adversarial",
        _ => "",
    };
    format!("{category}{kind}")
}

#[derive(Serialize)]
struct EvalJson<'a> {
    setting: &'a str,
    /// Of one search.
    median_ms: f64,
    /// Questions that name evidence that no turn has.
    questions_with_lost_evidence: u64,
    categories: Vec<CategoryJson>,
}

#[derive(Serialize)]
struct CategoryJson {
    category: Category,
    #[serde(flatten)]
    score: Score,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Category {
    One(u32),
    Several(&'static str),
}

impl<'a> EvalJson<'a> {
    fn new(setting: &'a str, median_ms: f64, scores: &Scores, questions_with_lost_evidence: u64) -> Self {
        let each =
            scores.each().map(|(category, score)| CategoryJson { category: Category::One(category), score });
        let headline = CategoryJson { category: Category::Several("1-4"), score: scores.headline() };
        Self {
            setting,
            median_ms,
            questions_with_lost_evidence,
            categories: each.chain([headline]).collect(),
        }
    }
}
