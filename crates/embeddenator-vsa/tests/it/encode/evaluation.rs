//! The text encoder on questions about real conversations, compared with BM25.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::env;
use std::path::{Path, PathBuf};

use embeddenator_vsa::{PlanesTable, TextEncoder, TextOptions};
use serde_json::Value;
use snowball_stemmers_rs::{Algorithm, Stemmer};

/// How far the encoder may fall below BM25, in points of recall@10.
const BELOW_BM25_MAX: f64 = 1.5;

/// The result of BM25 on the five conversations that were first measured, and their names: a
/// different figure means that this test measures something else.
const BM25: f64 = 59.07;
const MEASURED: [&str; 5] = ["conv-26", "conv-30", "conv-41", "conv-42", "conv-43"];

#[test]
fn text_codes_alone_find_evidence_about_as_well_as_bm25() {
    let Some(data) = env::var_os("PULSEDB_EVAL").map(PathBuf::from) else {
        println!("skipped: set PULSEDB_EVAL to a directory with conversations and questions");
        return;
    };
    let conversations = read(&data);
    let bm25 = report("BM25 of stems", &conversations, |turns, questions| {
        let index = Bm25::new(turns);
        questions.iter().map(|question| index.scores(question)).collect()
    });
    let default = TextOptions::default();
    let found = report("default", &conversations, codes_of(default));
    for (name, options) in variants(&default) {
        report(name, &conversations, codes_of(options));
    }
    report("default, by the dot product", &conversations, dots_of(default));
    let known = conversations.keys().eq(&MEASURED);
    assert!(!known || (bm25 - BM25).abs() < 0.5, "recall@10 of BM25 is {bm25:.2} instead of {BM25}");
    assert!(found >= bm25 - BELOW_BM25_MAX, "recall@10 is {found:.2}, that of BM25 {bm25:.2}");
}

/// The variants in `docs/text-encoder.md`; printed, not asserted.
fn variants(default: &TextOptions) -> Vec<(&'static str, TextOptions)> {
    let with = |change: fn(&mut TextOptions)| {
        let mut options = *default;
        change(&mut options);
        options
    };
    vec![
        ("seed 1", with(|options| options.seed = 1)),
        ("seed 2", with(|options| options.seed = 2)),
        ("no pivot", with(|options| options.pivot_positions = 0)),
        ("pivot of 128", with(|options| options.pivot_positions = 128)),
        ("pivot of 256", with(|options| options.pivot_positions = 256)),
        ("dimension 4096", with(|options| options.dimension = 4096)),
        ("dimension 8192", with(|options| options.dimension = 8192)),
        ("dimension 10 000", with(|options| options.dimension = 10_000)),
        ("dimension 32 768", with(|options| options.dimension = 32_768)),
        ("not taken for English", with(|options| options.english = false)),
        ("words alone", with(|options| options.gram_positions = 0)),
        ("n-grams of 3 and 4", with(|options| options.gram_characters_max = 4)),
        (
            "n-grams of 4 to 6",
            with(|options| (options.gram_characters_min, options.gram_characters_max) = (4, 6)),
        ),
        ("n-grams of 2 positions", with(|options| options.gram_positions = 2)),
        (
            "twice the positions",
            with(|options| {
                (options.word_positions, options.gram_positions, options.pivot_positions) = (32, 2, 128);
            }),
        ),
    ]
}

/// A conversation: its turns as stored, and the questions about it.
struct Conversation {
    ids: Vec<String>,
    turns: Vec<String>,
    questions: Vec<Question>,
}

struct Question {
    text: String,
    evidence: BTreeSet<String>,
}

/// The conversations, with the questions of categories 1 to 4.
fn read(data: &Path) -> BTreeMap<String, Conversation> {
    let mut conversations: BTreeMap<String, Conversation> = BTreeMap::new();
    for turn in lines(&data.join("conversations.jsonl")) {
        let conversation = conversations
            .entry(text(&turn["conversation"]).to_owned())
            .or_insert_with(|| Conversation { ids: Vec::new(), turns: Vec::new(), questions: Vec::new() });
        let shares = turn["caption"].as_str().map_or(String::new(), |caption| format!(" [shares {caption}]"));
        let [day, speaker, said] = ["date", "speaker", "text"].map(|field| text(&turn[field]));
        conversation.ids.push(text(&turn["id"]).to_owned());
        conversation.turns.push(format!("({day}) {speaker}: {said}{shares}"));
    }
    for question in lines(&data.join("questions.jsonl")) {
        let evidence: BTreeSet<String> =
            question["evidence"].as_array().unwrap().iter().map(|id| text(id).to_owned()).collect();
        if question["category"] != 5 && !evidence.is_empty() {
            let text = text(&question["question"]).to_owned();
            let conversation = conversations.get_mut(question["conversation"].as_str().unwrap()).unwrap();
            conversation.questions.push(Question { text, evidence });
        }
    }
    conversations
}

/// Prints and returns recall@10 over all questions, in percent; `score` returns a score of each
/// turn for each question.
fn report(
    name: &str,
    conversations: &BTreeMap<String, Conversation>,
    score: impl Fn(&[String], &[&str]) -> Vec<Vec<f32>>,
) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    let mut each = Vec::new();
    for conversation in conversations.values() {
        let questions: Vec<&str> =
            conversation.questions.iter().map(|question| question.text.as_str()).collect();
        let scores = score(&conversation.turns, &questions);
        let found: f64 = conversation
            .questions
            .iter()
            .zip(scores)
            .map(|(question, scores)| recall_at_10(conversation, question, &scores))
            .sum();
        each.push(format!("{:.1}", 100.0 * found / questions.len() as f64));
        sum += found;
        count += questions.len();
    }
    let recall = 100.0 * sum / count as f64;
    println!("{name}: {recall:.2} over {count} questions ({})", each.join(", "));
    recall
}

fn recall_at_10(conversation: &Conversation, question: &Question, scores: &[f32]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|left, right| scores[*right].total_cmp(&scores[*left]).then(left.cmp(right)));
    let found =
        order.iter().take(10).filter(|turn| question.evidence.contains(&conversation.ids[**turn])).count();
    found as f64 / question.evidence.len() as f64
}

/// The cosines of the codes of turns and questions.
fn codes_of(options: TextOptions) -> impl Fn(&[String], &[&str]) -> Vec<Vec<f32>> {
    let encoder = TextEncoder::new(options).unwrap();
    move |turns, questions| {
        let table = table_of(&encoder, turns);
        encoder.encode_all(questions).iter().map(|code| table.cosines(code).unwrap()).collect()
    }
}

/// The dot products of the codes of turns and questions.
fn dots_of(options: TextOptions) -> impl Fn(&[String], &[&str]) -> Vec<Vec<f32>> {
    let encoder = TextEncoder::new(options).unwrap();
    move |turns, questions| {
        let table = table_of(&encoder, turns);
        let dots = |code| table.dots(code).unwrap().into_iter().map(|dot| dot as f32).collect();
        encoder.encode_all(questions).iter().map(dots).collect()
    }
}

fn table_of(encoder: &TextEncoder, turns: &[String]) -> PlanesTable {
    let mut table = PlanesTable::new(encoder.options().dimension).unwrap();
    for code in encoder.encode_all(turns) {
        table.push(&code).unwrap();
    }
    table
}

/// Okapi BM25 with k1 = 1.2 and b = 0.75 (Robertson, Zaragoza, "The probabilistic relevance framework: BM25 and beyond",
/// 2009, section 3) over English stems.
struct Bm25 {
    stemmer: Stemmer,
    turns: Vec<HashMap<String, f32>>,
    turns_with: HashMap<String, f32>,
}

impl Bm25 {
    fn new(texts: &[String]) -> Self {
        let mut index = Bm25 {
            stemmer: Stemmer::create(Algorithm::English),
            turns: Vec::new(),
            turns_with: HashMap::new(),
        };
        for text in texts {
            let mut counts: HashMap<String, f32> = HashMap::new();
            for stem in index.stems(text) {
                *counts.entry(stem).or_default() += 1.0;
            }
            for stem in counts.keys() {
                *index.turns_with.entry(stem.clone()).or_default() += 1.0;
            }
            index.turns.push(counts);
        }
        index
    }

    fn stems(&self, text: &str) -> Vec<String> {
        let lower = text.to_lowercase();
        let words = lower.split(|character: char| !(character.is_alphanumeric() || character == '_'));
        words.filter(|word| !word.is_empty()).map(|word| self.stemmer.stem(word).into_owned()).collect()
    }

    fn scores(&self, question: &str) -> Vec<f32> {
        let (k1, b) = (1.2, 0.75);
        let count = self.turns.len() as f32;
        let lengths: Vec<f32> = self.turns.iter().map(|turn| turn.values().sum()).collect();
        let mean = lengths.iter().sum::<f32>() / count;
        let stems = self.stems(question);
        let score = |(turn, length): (&HashMap<String, f32>, &f32)| {
            let each = stems.iter().filter_map(|stem| {
                let times = turn.get(stem)?;
                let with = self.turns_with[stem];
                let rarity = (1.0 + (count - with + 0.5) / (with + 0.5)).ln();
                Some(rarity * times * (k1 + 1.0) / (times + k1 * (1.0 - b + b * length / mean)))
            });
            each.sum()
        };
        self.turns.iter().zip(&lengths).map(score).collect()
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let content = std::fs::read_to_string(path);
    let content = content.unwrap_or_else(|error| panic!("PULSEDB_EVAL: {}: {error}", path.display()));
    content.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
