"""Nearest face in a gallery: the project's scan against faiss Flat, one question at a time, one thread
each, turn by turn in the same run. Prints one JSON line per size.

The vectors model the default net's descriptors (128 elements, norm about 1.43): a common mean and a
spread with 32 effective dimensions, scaled so that the distances between people give the measured false
match rates (0.92 % below 0.60, 0.03 % below 0.50). A question is another picture of somebody in the
gallery, at a distance drawn from the measured distances of same-person pairs up to 0.60, above which the
project never matches. Recall: share of questions for which both find the same row.

Bars: recall 0.999; p99 25 us and 15 times faiss for ten thousand, 1 ms and 60 times for a million.
"""
import json
import os
import subprocess
import sys
import tempfile

import faiss
import numpy as np

DIMENSION, EFFECTIVE = 128, 32
MEAN_SQUARE_DISTANCE = 0.713  # between people
NORM = 1.43
SAME_DISTANCE = [0.20, 0.40, 0.45, 0.50, 0.55, 0.60]
SAME_SHARE = [0.0, 0.414, 0.666, 0.833, 0.951, 0.982]


def spectrum():
    low, high = 0.5, 0.9999
    for _ in range(60):
        middle = (low + high) / 2
        weights = middle ** np.arange(DIMENSION)
        if weights.sum() ** 2 / (weights**2).sum() < EFFECTIVE:
            low = middle
        else:
            high = middle
    weights = low ** np.arange(DIMENSION)
    return np.sqrt(weights / weights.sum() * MEAN_SQUARE_DISTANCE / 2).astype(np.float32)


def make(rows, asked, random):
    scale = spectrum()
    turn = np.linalg.qr(random.standard_normal((DIMENSION, DIMENSION)))[0].astype(np.float32)
    mean = random.standard_normal(DIMENSION).astype(np.float32)
    mean *= np.sqrt(NORM**2 - MEAN_SQUARE_DISTANCE / 2) / np.linalg.norm(mean)
    vectors = np.empty((rows, DIMENSION), np.float32)
    for start in range(0, rows, 100000):
        part = random.standard_normal((min(100000, rows - start), DIMENSION), dtype=np.float32)
        vectors[start : start + len(part)] = (part * scale) @ turn + mean
    noise = (random.standard_normal((asked, DIMENSION), dtype=np.float32) * scale) @ turn
    away = np.interp(random.random(asked) * SAME_SHARE[-1], SAME_SHARE, SAME_DISTANCE)
    noise *= (away / np.linalg.norm(noise, axis=1))[:, None].astype(np.float32)
    return vectors, vectors[random.integers(0, rows, asked)] + noise


def measure(program, name, rows, asked, peer_asked, rounds, bar_us, bar_ratio):
    """Prints the line; True when the bars hold."""
    random = np.random.default_rng(20261120 + rows)
    vectors, questions = make(rows, asked, random)
    index = faiss.IndexFlatL2(DIMENSION)
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, part) for part in ("vectors", "questions", "answers")]
        vectors.tofile(paths[0])
        questions.astype(np.float32).tofile(paths[1])
        index.add(vectors)
        del vectors
        ours = subprocess.Popen([program, str(DIMENSION), paths[0], paths[1], str(rounds), paths[2]],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        results, peer = [], []
        import time
        for turn in range(rounds):
            ours.stdin.write("\n")
            ours.stdin.flush()
            results.append(json.loads(ours.stdout.readline()))
            start = time.perf_counter()
            for i in range(peer_asked):
                index.search(questions[i : i + 1], 1)
            peer.append((time.perf_counter() - start) / peer_asked * 1e6)
        ours.stdin.close()
        if ours.wait() != 0:
            raise SystemExit("the bench program failed")
        answers = np.fromfile(paths[2], np.uint32)
    truth = np.concatenate([index.search(questions[i : i + 256], 1)[1][:, 0]
                            for i in range(0, asked, 256)])
    best, peer_best = min(r["mean_us"] for r in results), min(peer)
    spread = (max(r["mean_us"] for r in results) - best) / best
    recall, p99 = float((answers == truth).mean()), min(r["p99_us"] for r in results)
    print(json.dumps({
        "name": name, "ours": round(best, 2), "peer": round(peer_best, 2), "unit": "us",
        "ratio": round(peer_best / best, 1), "spread": round(spread, 3), "rounds": rounds,
        "recall": round(recall, 5), "questions": asked, "p99_us": p99, "vectors": rows,
        "peer_name": "faiss " + faiss.__version__ + " IndexFlatL2",
    }), flush=True)
    return recall >= 0.999 and p99 <= bar_us and peer_best / best >= bar_ratio


def main():
    faiss.omp_set_num_threads(1)
    program = sys.argv[1]
    small = measure(program, "search_10k", 10_000, 4000, 200, 7, 25, 15)
    large = measure(program, "search_1m", 1_000_000, 2000, 6, 5, 1000, 60)
    return 0 if small and large else 1


sys.exit(main())
