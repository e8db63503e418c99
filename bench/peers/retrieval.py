"""Quality and time of embedded search engines on the same conversations; see README.md."""

import json
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

K = 10


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def content(turn):
    shares = f" [shares {turn['caption']}]" if turn.get("caption") else ""
    return f"({turn['date']}) {turn['speaker']}: {turn['text']}{shares}"


def words(text):
    """The words of a question without the signs that query languages take for operators."""
    return re.findall(r"\w+", text)


def vectors(pulsedb, texts, home):
    """The vectors of the bundled table, through an import and an export."""
    path = home / "vectors"
    lines = "".join(
        json.dumps({"content": text, "tags": {"at": str(at)}}) + "\n" for at, text in enumerate(texts)
    )
    base = [pulsedb, "--db", str(path)]
    subprocess.run([*base, "import", "-"], input=lines, text=True, check=True, capture_output=True)
    out = subprocess.run([*base, "export", "--embeddings"], text=True, check=True, capture_output=True)
    found = {}
    for line in out.stdout.splitlines():
        row = json.loads(line)
        found[row["content"]] = row["embedding"]
    return [found[text] for text in texts]


class Tantivy:
    name = "tantivy, BM25"

    def __init__(self, rows, home):
        import tantivy

        schema = tantivy.SchemaBuilder()
        schema.add_text_field("text", stored=False, tokenizer_name="en_stem")
        schema.add_unsigned_field("at", stored=True)
        self.index = tantivy.Index(schema.build())
        writer = self.index.writer(num_threads=1)
        for at, (text, _) in enumerate(rows):
            writer.add_document(tantivy.Document(text=text, at=at))
        writer.commit()
        self.index.reload()
        self.searcher = self.index.searcher()

    def search(self, text, _vector):
        query = self.index.parse_query(" ".join(words(text)), ["text"])
        hits = self.searcher.search(query, K).hits
        return [self.searcher.doc(address)["at"][0] for _, address in hits]


class Fts5:
    name = "SQLite FTS5, BM25"

    def __init__(self, rows, home):
        self.db = sqlite3.connect(":memory:")
        self.db.execute("create virtual table t using fts5(text, tokenize='porter unicode61')")
        self.db.executemany(
            "insert into t(rowid, text) values (?, ?)", [(at, text) for at, (text, _) in enumerate(rows)]
        )

    def search(self, text, _vector):
        query = " OR ".join(f'"{word}"' for word in words(text))
        sql = "select rowid from t where t match ? order by rank limit ?"
        return [row[0] for row in self.db.execute(sql, (query, K))]


class Lance:
    name = "LanceDB, hybrid (RRF)"

    def __init__(self, rows, home):
        import lancedb
        from lancedb.index import FTS

        self.db = lancedb.connect(tempfile.mkdtemp(dir=home))
        data = [{"at": at, "text": text, "vector": vector} for at, (text, vector) in enumerate(rows)]
        self.table = self.db.create_table("t", data)
        self.table.create_index("text", config=FTS())

    def search(self, text, vector):
        from lancedb.rerankers import RRFReranker

        query = self.table.search(query_type="hybrid").vector(vector).text(" ".join(words(text)))
        return [row["at"] for row in query.rerank(RRFReranker()).limit(K).to_list()]


class Chroma:
    name = "chroma, given vectors"

    def __init__(self, rows, home):
        import chromadb

        settings = chromadb.Settings(anonymized_telemetry=False)
        client = chromadb.PersistentClient(tempfile.mkdtemp(dir=home), settings=settings)
        self.collection = client.create_collection(
            "turns", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        self.collection.add(
            ids=[str(at) for at in range(len(rows))],
            embeddings=[vector for _, vector in rows],
            documents=[text for text, _ in rows],
        )

    def search(self, _text, vector):
        found = self.collection.query(query_embeddings=[vector], n_results=K)
        return [int(at) for at in found["ids"][0]]


def measure(engine, conversations, questions, home):
    built = {name: engine([(text, vector) for _, text, vector in rows], home) for name, rows in conversations.items()}
    r1, r10, times = [], [], []
    for question, vector in questions:
        rows = conversations[question["conversation"]]
        start = time.perf_counter()
        hits = built[question["conversation"]].search(question["question"], vector)
        times.append(time.perf_counter() - start)
        evidence = set(question["evidence"])
        found = [rows[at][0] for at in hits]
        r1.append(len(evidence & set(found[:1])) / len(evidence))
        r10.append(len(evidence & set(found[:K])) / len(evidence))
    return 100 * statistics.mean(r1), 100 * statistics.mean(r10), 1000 * statistics.median(times)


def ours(pulsedb, data, *flags):
    files = ["--conversations", str(data / "conversations.jsonl"), "--questions", str(data / "questions.jsonl")]
    out = subprocess.run([pulsedb, "eval", *files, "--json", "-k", str(K), *flags], text=True, check=True, capture_output=True)
    document = json.loads(out.stdout)
    last = document["categories"][-1]
    return 100 * last["r1"], 100 * last["r10"], document["median_ms"]


def main():
    pulsedb = str(pathlib.Path(sys.argv[1]).resolve())
    data = pathlib.Path(os.environ["PULSEDB_EVAL"])
    turns = read(data / "conversations.jsonl")
    asked = [q for q in read(data / "questions.jsonl") if q["category"] <= 4 and q["evidence"]]
    rows = [
        ("PulseDB, words alone", *ours(pulsedb, data, "--lexical")),
        ("PulseDB, text", *ours(pulsedb, data)),
        ("PulseDB, text, twice the context", *ours(pulsedb, data, "--context", "2")),
    ]
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        texts = [content(turn) for turn in turns]
        every = list(dict.fromkeys(texts + [q["question"] for q in asked]))
        known = dict(zip(every, vectors(pulsedb, every, home)))
        conversations = {}
        for turn, text in zip(turns, texts):
            conversations.setdefault(turn["conversation"], []).append((turn["id"], text, known[text]))
        questions = [(q, known[q["question"]]) for q in asked]
        for engine in [Tantivy, Fts5, Lance, Chroma]:
            rows.append((engine.name, *measure(engine, conversations, questions, home)))
    print(f"| engine | R@1 | R@{K} | ms a query |\n|---|---|---|---|")
    for name, r1, r10, milliseconds in rows:
        print(f"| {name} | {r1:.1f} | {r10:.1f} | {milliseconds:.2f} |")


main()
