#!/bin/sh
# Measures published vector and word indexes beside this one: the same vectors and texts, in one run, one thread.
#
#   sh bench/peers/search.sh 10000 100000
#
# Makes a virtual environment of its own under target/peers-search and takes the peers from PyPI. The part `export` of the
# benchmark `search` writes the vectors, texts and exact answers that all of them are given; the figures of this database
# come from that benchmark over the same records.
set -eu
cd "$(dirname "$0")/../.."
home=target/peers-search
mkdir -p "$home"
if [ ! -x "$home/venv/bin/python" ]; then
    python3 -m venv "$home/venv"
    "$home/venv/bin/pip" install --quiet -r bench/peers/search.txt
fi
echo "load of the machine at the start: $(cat /proc/loadavg 2>/dev/null || uptime)"
for size in "$@"; do
    PULSEDB_BENCH_SIZES="$size" PULSEDB_BENCH_PARTS=export PULSEDB_BENCH_EXPORT="$PWD/$home" \
        cargo bench --quiet -p pulsedb --bench search -- nothing
    OMP_NUM_THREADS=1 "$home/venv/bin/python" bench/peers/search.py "$home/$size"
    PULSEDB_BENCH_SIZES="$size" PULSEDB_BENCH_PARTS=vectors,filters,words \
        cargo bench --quiet -p pulsedb --bench search -- nothing
done
