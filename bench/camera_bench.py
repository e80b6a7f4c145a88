"""What the camera benches share: the streams of the protocol, the RTSP camera, motion as the peer.

Streams: 1920x1080, 15 fps, H.264 High, 2 Mbit/s CBR, no B frames, GOP 30, sensor noise; idle is one frame
of the one-by-one clip held, active a part of that clip in which somebody always walks, faces a part of the
demo site's clip in which somebody always walks towards the camera. They are made once with ffmpeg and kept in the build directory. How a bench ends is said in bench/run."""
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("CUSTOMERSIGHT_BUILD", ROOT / "out/bench"))
PROGRAM = BUILD / "src/cli/customersight"
DATA = pathlib.Path(os.environ.get("CUSTOMERSIGHT_SHARED", ROOT.parent / "shared")) / "data"
CLIP = DATA / "video/intel_one_by_one.mp4"
ENCODER = ("-c:v libx264 -preset veryfast -profile:v high -b:v 2M -minrate 2M -maxrate 2M -bufsize 2M -bf 0 -g 30 "
           "-keyint_min 30 -sc_threshold 0 -x264-params nal-hrd=cbr -an").split()
FPS = 15
PICTURE = f"scale=1920:1080,fps={FPS},noise=alls=6:allf=t,format=yuv420p"


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def fail(why):
    """Nothing was measured: neither a pass nor a bar that is missed."""
    print(f"failed: {why}", file=sys.stderr)
    sys.exit(2)


def need(*programs):
    from shutil import which
    for program in programs:
        if not which(program):
            skip(f"{program} is not installed")


def source_of(name, folder):
    """Where the clip `name` comes from, as arguments of ffmpeg."""
    if name == "faces":
        demo = folder / "demo.mp4"
        subprocess.run([PROGRAM, "demo", "render", demo], check=True, stdout=subprocess.DEVNULL)
        return ["-ss", "17.3", "-t", "9", "-i", demo]
    if not CLIP.exists():
        skip("data not present")
    if name == "active":
        return ["-ss", "23", "-t", "22", "-i", CLIP]
    frame = folder / "frame.png"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", CLIP, "-frames:v", "1", frame], check=True)
    return ["-loop", "1", "-framerate", str(FPS), "-t", "20", "-i", frame]


def stream(name):
    """The path of the clip `idle`, `active` or `faces`."""
    need("ffmpeg")
    folder = BUILD / "bench-streams"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.mp4"
    if path.exists():
        return path
    part, source = folder / f"{name}.part.mp4", source_of(name, folder)
    subprocess.run(["ffmpeg", "-v", "error", "-y", *source, "-vf", PICTURE, *ENCODER, part], check=True)
    part.rename(path)
    return path


def on_cores(cores):
    """What a process does before it starts, to run on these cores only; None: on all."""
    return (lambda: os.sched_setaffinity(0, cores)) if cores else None


class Camera:
    """The camera of tests/rtsp_camera playing a clip."""

    def __init__(self, clip, cores=None):
        program = BUILD / "tests/rtsp_camera/rtsp_camera"
        if not program.exists():
            skip("the RTSP camera was not built (gst-rtsp-server is not installed)")
        self.process = subprocess.Popen([program, clip], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=on_cores(cores))
        line = self.process.stdout.readline().split()
        if len(line) != 2:
            fail("the RTSP camera did not start")
        self.url = f"rtsp://127.0.0.1:{line[1]}/cam"

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Motion:
    """The peer: detection only, no pictures, movies, streams or web control."""

    def __init__(self, url):
        need("motion")
        self.folder = tempfile.TemporaryDirectory()
        config = pathlib.Path(self.folder.name) / "motion.conf"
        config.write_text(f"daemon off\nsetup_mode off\nlog_level 3\ntarget_dir {self.folder.name}\n"
                          f"netcam_url {url}\nnetcam_params rtsp_transport=tcp\nwidth 1920\nheight 1080\nframerate 15\n"
                          "picture_output off\nmovie_output off\nwebcontrol_port 0\nstream_port 0\ntext_left\n"
                          "text_right\nlocate_motion_mode off\n")
        self.process = subprocess.Popen(["motion", "-n", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.folder.cleanup()


def load(url, sources, seconds, warm, cores=None):
    """Starts source_load; loaded() has what it found."""
    environment = dict(os.environ, CUSTOMERSIGHT_CAPTURE=str(BUILD / "src/capture/customersight-capture"))
    return subprocess.Popen([BUILD / "bench/bench_source_load", url, str(sources), str(seconds), str(warm)],
                            stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=on_cores(cores))


def loaded(process, sources=1):
    """What a source_load found. It measured nothing when packets did not come at the camera's rate or a child was started again."""
    text = process.communicate()[0]
    if process.returncode or not text:
        fail(f"source_load ended with {process.returncode}")
    found = json.loads(text)
    received = found["packets"] / sources
    if abs(received - FPS) > 0.02 * FPS or found["restarts"] or not found["decoded"]:
        fail(f"{received:.2f} of {FPS} packets a second, {found['decoded']:.2f} pictures, {found['restarts']:.0f} restarts: {text.strip()}")
    return found


def against_motion(name, clip, rounds, seconds):
    """Ours and motion on the same camera in the same seconds; prints the JSON line."""
    camera = Camera(stream(clip))
    warm = 15
    ours, peers, last = [], [], {}
    for _ in range(rounds):
        motion = Motion(camera.url)
        process = load(camera.url, 1, seconds, warm)
        time.sleep(warm)
        before = cpu_seconds(motion.process.pid)
        time.sleep(seconds)
        peers.append((cpu_seconds(motion.process.pid) - before) / seconds * 1000)
        last = loaded(process)
        ours.append(last["cpu_ms_per_second"])
        motion.close()
    camera.close()
    ratios = [peer / our for peer, our in zip(peers, ours)]
    print(json.dumps({"name": name, "ours": round(statistics.median(ours), 2), "peer": round(statistics.median(peers), 2),
                      "unit": "CPU ms per second", "ratio": round(statistics.median(ratios), 2),
                      "spread": [round(min(ratios), 2), round(max(ratios), 2)], "rounds": rounds, "detail": last}))
    return statistics.median(ratios)


def arguments(rounds, seconds):
    """[ROUNDS [SECONDS]] of the command line."""
    return (int(sys.argv[1]) if len(sys.argv) > 1 else rounds, int(sys.argv[2]) if len(sys.argv) > 2 else seconds)
