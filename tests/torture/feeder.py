"""A worker of its own that speaks the protocol: it appends events to a journal with fdatasync (from then on they are acknowledged)
and posts them until serve answers each. It knows who walked when, so the visits that have to come out are known."""
import base64
import collections
import ctypes
import ctypes.util
import http.client
import json
import os
import pathlib
import random
import struct
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scenario"))
from running import call_socket  # noqa: E402

PEOPLE, DIMENSION, NORM, BATCH = 12, 128, 1.43, 64
# A guard of memory only, far above what a round may leave (KEEPS_UP in run): the feeder does not wait for ingest.
MOST_WAITING = 50_000
MODEL_SPACE = "face_recognition@1.7.15"
SECOND = 1_000_000
Track = collections.namedtuple("Track", "revision start end person")
sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))


def seal(public_key, plain):
    out = ctypes.create_string_buffer(len(plain) + 48)
    assert sodium.crypto_box_seal(out, plain, ctypes.c_ulonglong(len(plain)), public_key) == 0
    return out.raw


class Feeder:
    def __init__(self, folder, seed, worker, token, socket_path):
        self.random = random.Random(seed)
        self.worker, self.token, self.socket_path = worker, token, socket_path
        self.stream, self.boot = str(uuid.UUID(int=self.random.getrandbits(128), version=4)), str(uuid.uuid4())
        self.journal = open(pathlib.Path(folder, "journal"), "wb")
        self.lock, self.fed, self.stopping = threading.Lock(), False, False
        self.waiting = collections.deque()  # (seq, bytes); acknowledged and not yet answered
        self.acknowledged = 0               # the last seq that is durable
        self.tracks, self.crossings = {}, {}
        self.rejected, self.camera, self.epoch, self.public_key, self.version = [], None, None, None, ""
        # Far from each other: nobody is ever mistaken, so who is who is known.
        self.faces = [self._vector() for _ in range(PEOPLE)]
        self.now_us = int((time.time() - 40 * 3600) * SECOND)
        self.threads = []

    def _vector(self):
        raw = [self.random.gauss(0, 1) for _ in range(DIMENSION)]
        length = sum(x * x for x in raw) ** 0.5
        return [x / length * NORM for x in raw]

    def _id(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def lease(self):
        request = {"worker_id": self.worker, "instance_id": self.boot, "known_version": self.version, "wait_seconds": 0,
                   "capacity": 0 if self.camera else 1,  # what it holds is renewed, the demo's cameras are left to the worker
                   "leaving": False, "live_endpoint": "", "live_token": ""}
        status, body = call_socket(self.socket_path, "POST", "/api/worker/leases", json.dumps(request), self.token)
        if status != 200:
            raise OSError(f"leases: {status} {body[:200]}")
        answer = json.loads(body)
        self.version, self.public_key = answer["version"], base64.b64decode(answer["server_public_key"])
        for camera in answer["cameras"]:
            self.camera, self.epoch, self.policy = camera["camera_id"], camera["epoch"], camera["policy"]["version"]

    def _event(self, kind, value, parts=(b"", b"")):
        seq = self.next_seq
        self.next_seq += 1
        header = json.dumps({"id": self._id(), "stream": self.stream, "seq": seq, "lease_epoch": self.epoch,
                             "camera_id": self.camera, "captured_us": self.now_us, "boot_id": self.boot, "mono_ns": seq,
                             "policy_version": self.policy, "model_pack": "default", "kind": kind, kind: value}).encode()
        return seq, (struct.pack("<I", len(header)) + header + struct.pack("<B", len(parts))
                     + b"".join(struct.pack("<I", len(part)) + part for part in parts))

    def _track(self, track_id, track, ended, with_face):
        vector = [x + self.random.gauss(0, 0.004) for x in self.faces[track.person]]
        parts = (seal(self.public_key, struct.pack(f"<{DIMENSION}f", *vector)), b"") if with_face else (b"", b"")
        return self._event("track", {
            "track_id": track_id, "revision": track.revision, "ended": ended, "started_us": track.start, "last_seen_us": track.end,
            "coexists": [], "trail": [[0, 0.5, 0.5]], "faces": 3 if with_face else 0, "quality": 0.9 if with_face else 0,
            "model_space": MODEL_SPACE if with_face else "", "embedding_dimension": DIMENSION if with_face else 0}, parts)

    def _group(self):
        """One person walks by: a first revision, a crossing, and how it ended."""
        person, track_id = self.random.randrange(PEOPLE), self._id()
        start = self.now_us + self.random.randrange(20 * SECOND)
        end = start + self.random.randrange(1 * SECOND, 60 * SECOND)
        first = Track(1, start, start + (end - start) // 2, person)
        last = Track(2, start, end, person)
        inward, crossing_id = self.random.random() < 0.6, None
        events = [self._track(track_id, first, False, True)]
        seq, crossing = self._event("crossing", {"track_id": track_id, "line_id": self._id(), "direction": "in" if inward else "out",
                                                 "x": 0.5, "y": 0.6})
        crossing_id = json.loads(crossing[4:4 + struct.unpack("<I", crossing[:4])[0]])["id"]
        events += [(seq, crossing), self._track(track_id, last, True, self.random.random() < 0.7)]
        self.now_us += self.random.choice([5, 40, 400]) * SECOND
        return track_id, last, crossing_id, inward, events

    def feed(self):
        self.next_seq = 1
        while not self.fed:
            groups = [self._group() for _ in range(self.random.randrange(1, 5))]
            events = [event for group in groups for event in group[4]]
            self.journal.write(b"".join(text for _, text in events))
            self.journal.flush()
            os.fdatasync(self.journal.fileno())
            with self.lock:
                for track_id, track, crossing_id, inward, _ in groups:
                    self.tracks[track_id], self.crossings[crossing_id] = track, inward
                self.waiting.extend(events)
                self.acknowledged = events[-1][0]
            time.sleep(self.random.uniform(0.02, 0.15))
            while len(self.waiting) > MOST_WAITING and not self.fed:
                time.sleep(0.05)

    def post(self):
        renewed = 0.0
        while not self.stopping:
            with self.lock:
                batch = [self.waiting[i] for i in range(min(BATCH, len(self.waiting)))]
            try:
                if time.monotonic() - renewed > 5:
                    self.lease()
                    renewed = time.monotonic()
                if not batch:
                    time.sleep(0.02)
                    continue
                body = b"CSB1" + struct.pack("<I", len(batch)) + b"".join(text for _, text in batch)
                status, answer = call_socket(self.socket_path, "POST", "/api/worker/events", body, self.token,
                                             "application/octet-stream")
                if status != 200:
                    raise OSError(f"{status} {answer[:200]}")
                results = json.loads(answer)["results"]
            except (OSError, ValueError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            self.rejected += [f"seq {seq}: {one}" for (seq, _), one in zip(batch, results) if one["result"] == "rejected"]
            with self.lock:
                for _ in batch:
                    self.waiting.popleft()

    def start(self):
        self.threads = [threading.Thread(target=target, daemon=True) for target in (self.feed, self.post)]
        for thread in self.threads:
            thread.start()

    def end_feeding(self):
        """No more events; what waits is still posted."""
        self.fed = True
        if self.threads:
            self.threads[0].join(15)

    def stop(self):
        self.end_feeding()
        self.stopping = True
        for thread in self.threads:
            thread.join(15)

    def snapshot(self):
        """What is acknowledged now: (last seq, tracks, crossings)."""
        with self.lock:
            return self.acknowledged, dict(self.tracks), dict(self.crossings)
