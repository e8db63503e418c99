"""Times published indexes over the vectors, texts and queries that the benchmark `search` has exported.

Each is asked on one thread for the ten nearest of each query, and its own parameter is raised until the share of the exact
answer is 0.995 or there is no greater one; p50 and p99 are printed beside that share. A peer that is not installed or
fails is named and left out.
"""

import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

K = 10
ENOUGH = 0.995
ROUNDS = 5


def load(home):
    """The exported data: vectors, queries, exact answers by share, shares of each row, texts and word queries."""
    about = json.loads((home / "about.json").read_text())
    shape = (-1, about["dimension"])
    vectors = np.fromfile(home / "vectors.f32", dtype="<f4").reshape(shape)
    queries = np.fromfile(home / "queries.f32", dtype="<f4").reshape(shape)
    texts = (home / "texts.txt").read_text().split("\n")[: len(vectors)]
    return about, vectors, queries, texts


def measure(name, size, ask, exact):
    """Prints the times of all queries, in rounds, and the share of the exact answers; returns that share."""
    found = wanted = 0
    times = []
    for number, right in enumerate(exact):
        answer = ask(number)
        found += len(set(map(int, answer)) & set(right))
        wanted += len(right)
    for _ in range(ROUNDS):
        for number in range(len(exact)):
            start = time.perf_counter()
            ask(number)
            times.append(time.perf_counter() - start)
    p50, p99 = np.percentile(times, [50, 99]) * 1e3
    share = found / wanted if wanted else 1.0
    print(f"| {name} | {size} | {p50:.3f} / {p99:.3f} ms | {share:.4f} |", flush=True)
    return share


def hnswlib_peer(about, vectors, queries, _texts):
    import hnswlib

    index = hnswlib.Index(space="cosine", dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), ef_construction=200, M=16)
    index.set_num_threads(2)
    index.add_items(vectors)
    index.set_num_threads(1)
    for ef in [20, 40, 80, 160, 320, 640, 1280]:
        index.set_ef(ef)
        ask = lambda number: index.knn_query(queries[number], k=K)[0][0]
        if measure(f"hnswlib, ef {ef}", len(vectors), ask, about["nearest"]) >= ENOUGH:
            return


def usearch_peer(about, vectors, queries, _texts):
    from usearch.index import Index

    index = Index(ndim=vectors.shape[1], metric="cos", dtype="f32", connectivity=16, expansion_add=200)
    index.add(np.arange(len(vectors)), vectors, threads=2)
    for expansion in [20, 40, 80, 160, 320, 640, 1280]:
        index.expansion_search = expansion
        ask = lambda number: index.search(queries[number], K, threads=1).keys
        if measure(f"usearch, expansion {expansion}", len(vectors), ask, about["nearest"]) >= ENOUGH:
            return


def sqlite_vec_peer(about, vectors, queries, _texts):
    import apsw
    import sqlite_vec

    # The sqlite3 of some Pythons loads no extensions.
    db = apsw.Connection(":memory:")
    db.enable_load_extension(True)
    sqlite_vec.load(db)
    db.execute(f"create virtual table v using vec0(e float[{vectors.shape[1]}] distance_metric=cosine)")
    rows = ((number, vector.tobytes()) for number, vector in enumerate(vectors))
    db.executemany("insert into v(rowid, e) values (?, ?)", rows)
    statement = "select rowid from v where e match ? and k = ? order by distance"
    ask = lambda number: [row[0] for row in db.execute(statement, (queries[number].tobytes(), K))]
    measure("sqlite-vec, exact", len(vectors), ask, about["nearest"])


def qdrant_peer(about, vectors, queries, _texts):
    import qdrant_edge as qdrant

    with tempfile.TemporaryDirectory() as home:
        config = qdrant.EdgeConfig(
            vectors={"": qdrant.EdgeVectorParams(size=vectors.shape[1], distance=qdrant.Distance.Cosine)}
        )
        shard = qdrant.EdgeShard.create(home, config)
        for first in range(0, len(vectors), 1000):
            points = [
                qdrant.Point(number, vectors[number].tolist(), {})
                for number in range(first, min(first + 1000, len(vectors)))
            ]
            shard.update(qdrant.UpdateOperation.upsert_points(points))
        shard.optimize()
        lists = [query.tolist() for query in queries]
        for ef in [64, 128, 256, 512, 1024]:

            def ask(number):
                request = qdrant.QueryRequest(
                    query=qdrant.Query.Nearest(lists[number]),
                    limit=K,
                    params=qdrant.SearchParams(hnsw_ef=ef),
                )
                return [point.id for point in shard.query(request)]

            if measure(f"qdrant-edge, ef {ef}", len(vectors), ask, about["nearest"]) >= ENOUGH:
                return


def tantivy_peer(about, _vectors, _queries, texts):
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", stored=True, fast=True)
    builder.add_text_field("text", stored=True, tokenizer_name="en_stem")
    index = tantivy.Index(builder.build())
    writer = index.writer(num_threads=1)
    for number, text in enumerate(texts):
        document = tantivy.Document()
        document.add_unsigned("id", number)
        document.add_text("text", text)
        writer.add_document(document)
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def ask(number):
        query = index.parse_query(about["words"][number], ["text"])
        return [searcher.doc(address)["id"][0] for _, address in searcher.search(query, K).hits]

    measure("tantivy, six terms", len(texts), ask, [[]] * len(about["words"]))


def fts5_peer(about, _vectors, _queries, texts):
    db = sqlite3.connect(":memory:")
    db.execute("create virtual table t using fts5(text, tokenize='porter unicode61')")
    db.executemany("insert into t(rowid, text) values (?, ?)", enumerate(texts))
    db.execute("insert into t(t) values ('optimize')")
    statement = "select rowid, text from t where t match ? order by bm25(t) limit ?"
    words = [" OR ".join(query.split()) for query in about["words"]]
    ask = lambda number: [row[0] for row in db.execute(statement, (words[number], K))]
    measure("SQLite FTS5, six terms", len(texts), ask, [[]] * len(words))


def main():
    data = load(Path(sys.argv[1]))
    print("| peer | records | p50 / p99 | recall@10 |")
    print("|---|---|---|---|")
    peers = [hnswlib_peer, usearch_peer, qdrant_peer, sqlite_vec_peer, tantivy_peer, fts5_peer]
    for peer in peers:
        try:
            peer(*data)
        except Exception as error:  # A peer that cannot be measured must not hide the others.
            print(f"{peer.__name__}: left out: {type(error).__name__}: {error}", flush=True)


if __name__ == "__main__":
    main()
