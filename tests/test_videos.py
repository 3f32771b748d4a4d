"""How videos get in: every kind of source, exact frames and times, hostile files, limits."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.moving import Pixels, clip, film, folder, gif
from visprog import Agent, Video, VideoError, images
from visprog.errors import QuestionError, ToolError
from visprog.values import Footage, Image
from visprog.videos import VideoLimits, is_video, load
from visprog.videos.sniffing import several

FRAMES, _ = clip(0, 6, count=25)
MP4 = film(FRAMES)
WEBM = film(FRAMES, kind="webm", codec="libvpx-vp9")
GIF = gif(FRAMES)


def wrong(made: Pixels, place: int) -> bool:
    """Whether a frame is nearer to one of its neighbours than to what it should be."""
    off = [
        np.abs(made.astype(int) - FRAMES[other]).mean()
        for other in (place, max(0, place - 1), min(len(FRAMES) - 1, place + 1))
        if other == place or FRAMES[other] is not FRAMES[place]
    ]
    return bool(off[0] > min(off))


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif", "folder", "mov", "mkv"])
def test_frames_in_any_order_are_those_of_the_file(kind: str, tmp_path: Path) -> None:
    made = {"mp4": MP4, "webm": WEBM, "gif": GIF}.get(kind)
    if kind in ("mov", "mkv"):
        made = film(FRAMES, kind="mov" if kind == "mov" else "matroska")
    source: object = folder(tmp_path / "frames", FRAMES) if made is None else made
    video = load(source, fps=25 if kind == "folder" else None)
    assert (video.size, len(video.frames)) == ((320, 240), 25)
    assert video.fps == pytest.approx(25)
    assert video.times == pytest.approx([place / 25 for place in range(25)], abs=1e-3)
    assert video.seconds == pytest.approx(1.0)
    order = list(range(25))
    random.Random(0).shuffle(order)
    assert [place for place in order if wrong(video.frames[place].pixels, place)] == []
    assert video.frames[-1].time == pytest.approx(0.96)
    with pytest.raises(IndexError):
        _ = video.frames[25]


def test_uneven_times_are_those_of_the_file() -> None:
    video = load(film(FRAMES, skip=(3, 4, 5, 11)))
    assert len(video.frames) == 21
    assert video.frames[3].time == pytest.approx(6 / 25)
    assert not wrong(video.frames[3].pixels, 6)


def test_a_turned_film_stands_upright() -> None:
    video = load(film(FRAMES, turned=90))
    assert video.size == (240, 320)
    back = np.rot90(video.frames[0].pixels, -1)
    other = np.rot90(video.frames[0].pixels, 1)
    assert min(np.abs(side.astype(int) - FRAMES[0]).mean() for side in (back, other)) < 10


def test_keys_are_of_the_content(tmp_path: Path) -> None:
    first, second = tmp_path / "a.mp4", tmp_path / "b.mp4"
    first.write_bytes(MP4)
    second.write_bytes(MP4)
    one, other, third = load(first), load(second), load(WEBM)
    assert one == other
    assert one.key != third.key
    assert one.frames[3].key == other.frames[3].key != one.frames[4].key
    assert one.frames[3] is one.frames[3]
    assert isinstance(one.frames, Footage)
    assert one.frames.named(one.frames[7].key) is one.frames[7]
    assert one.frames.named(third.frames[7].key) is None


def test_a_large_film_is_made_smaller_and_says_so() -> None:
    large = [np.zeros((400, 1200, 3), np.uint8)] * 3
    video = load(film(large))
    assert video.size == (1024, 341)
    assert isinstance(video.frames, Footage)
    assert "1200 x 400 to 1024 x 341" in video.frames.notices[0]


def test_a_folder_without_a_rate_says_what_is_assumed(tmp_path: Path) -> None:
    source = folder(tmp_path / "walk", FRAMES)
    video = load(source)
    assert (video.fps, video.name) == (24, "walk")
    assert isinstance(video.frames, Footage)
    assert "24 a second are assumed" in video.frames.notices[0]
    assert not wrong(video.frames[10].pixels, 10)  # 10.png comes after 9.png


def test_a_folder_of_pictures_of_several_sizes_fails_where_it_differs(tmp_path: Path) -> None:
    source = folder(tmp_path / "walk", [*FRAMES[:3], FRAMES[3][:100]])
    video = load(source)
    assert video.frames[2].width == 320
    with pytest.raises(ToolError, match=r"3\.png has 320 x 100, the first 320 x 240"):
        _ = video.frames[3]


# -- what is a video


def test_what_is_a_video(tmp_path: Path) -> None:
    still = gif(FRAMES[:1])
    assert not several(still)
    assert several(GIF)
    sources: list[object] = [MP4, WEBM, GIF, tmp_path, load(GIF)]
    for source in sources:
        assert is_video(source)
    for source in (still, FRAMES[0], b"", b"\0\0\0\x18ftypavif", str(tmp_path / "none.png"), None):
        assert not is_video(source)
    assert images.load(still).width == 320


# -- hostile files


@pytest.mark.parametrize("share", [0.05, 0.6, 0.99])
@pytest.mark.parametrize("kind", ["mp4", "fast", "webm", "gif"])
def test_a_truncated_file_is_refused(kind: str, share: float) -> None:
    data = {"mp4": MP4, "webm": WEBM, "gif": GIF}.get(kind)
    data = data or film(FRAMES, options={"movflags": "faststart"})
    with pytest.raises(VideoError, match=r"the video: want .* got "):
        load(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"\0\0\0\x18ftypisom" + b"\0" * 100,
        b"\x1a\x45\xdf\xa3" + bytes(range(256)),
        b"RIFF\0\0\0\0AVI LIST",
        b"GIF89a" + b"\xff" * 50,
    ],
    ids=["empty", "playlist", "concat", "bare mp4", "bare webm", "avi", "bare gif"],
)
def test_other_files_are_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with pytest.raises(VideoError, match=r"clip\.mp4: want .*got .*save it anew"):
        load(path)


def test_damaged_files_end_with_a_named_error_or_a_video() -> None:
    source = random.Random(1)
    for data in (MP4, WEBM, GIF):
        for _ in range(2):
            noisy = bytearray(data)
            for _ in range(40):
                noisy[source.randrange(40, len(noisy))] = source.randrange(256)
            try:
                video = load(bytes(noisy))
                for place in (0, len(video.frames) // 2, len(video.frames) - 1):
                    _ = video.frames[place]
            except (VideoError, ToolError):
                pass


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (VideoLimits(bytes=1000), "at most 1,000 bytes"),
        (VideoLimits(side=300), "300 a side, got 320 x 240"),
        (VideoLimits(pixels=10_000), "0.01 million pixels"),
        (VideoLimits(frames=10), "at most 10 frames"),
        (VideoLimits(seconds=0.5), "0 seconds, got"),
    ],
)
def test_limits(limits: VideoLimits, message: str) -> None:
    for data in (MP4, GIF):
        with pytest.raises(VideoError, match=message):
            load(data, limits=limits)


def test_a_decoder_that_takes_too_long_is_stopped() -> None:
    began = time.monotonic()
    with pytest.raises(VideoError, match=r"more than 0\.01 seconds"):
        load(MP4, limits=VideoLimits(patience=0.01))
    assert time.monotonic() - began < 30


def test_a_decoder_that_dies_is_told_and_others_go_on() -> None:
    video, other = load(MP4), load(MP4)
    held = video.frames[0]
    video.frames.close()  # type: ignore[attr-defined]
    assert video.frames[0] is held
    with pytest.raises(ToolError, match="its decoder ended"):
        _ = video.frames[20]
    assert other.frames[20].width == 320


def test_the_decoder_ends_with_the_video() -> None:
    video = load(MP4)
    process = video.frames._process  # type: ignore[attr-defined]
    assert process.poll() is None
    del video
    gc.collect()
    assert process.poll() is not None


def test_a_file_that_was_changed_is_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(MP4)
    video = load(path)
    os.utime(path, (1, 1))
    with pytest.raises(ToolError, match="was changed"):
        _ = video.frames[20]


def test_without_pyav_films_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "av.py").write_text("raise ImportError('none')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(VideoError, match=r"pip install 'visprog\[video\]'"):
        load(MP4)
    assert len(load(GIF).frames) == 25


# -- in programs


def test_a_program_sees_the_video_and_its_first_frame(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    path.write_bytes(MP4)
    with Agent() as agent:
        answer = agent.run("return video.duration", path)
        assert (answer.text, answer.trace.unit) == ("1", "seconds")
        assert answer.notices == ()
        answer = agent.run("return [f.time for f in frames(video, 3)]", str(path))
        assert answer.value == pytest.approx([0, 0.48, 0.96])
        answer = agent.run("return image.width", path)
        assert answer.text == "320"
        assert "first frame" in answer.notices[0]
        assert agent.run("return frames(video, 0)", path).reason.endswith("got 0")
        assert "at once" in agent.run("return frames(video, 2000)", path).reason
        both = agent.run("return [width(r) for r in track(video, crop_it(video))]", path)
        assert "no tool" in both.reason
        page = tmp_path / "why.html"
        agent.run("return frames(video, 3)", path).trace.save(page)
        assert "25 frames" in page.read_text(encoding="utf-8")


def test_results_about_frames_are_taken_from_the_cache(tmp_path: Path) -> None:
    from visprog.execution.cache import Cache
    from visprog.execution.store import Store

    program = "return [r.image.time for r in track(video, objects_of(image))]"
    program = "return [f.time for f in frames(video, 4)]"
    for cached in (False, True):
        with Agent(cache=Cache(store=Store(tmp_path))) as agent:
            answer = agent.run(program, MP4)
            assert answer.value == pytest.approx([0, 0.32, 0.64, 0.96])
            assert [step.cached for step in answer.trace.steps] == [cached]
    stored = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert stored < 200_000  # the frames themselves are not kept


def test_a_video_is_alone() -> None:
    picture = Image(FRAMES[0])
    with Agent() as agent:
        with pytest.raises(QuestionError, match="got 1 picture with one"):
            agent.run("return 1", [MP4, picture])
        with pytest.raises(QuestionError, match="got 2 videos at once"):
            agent.run("return 1", [MP4, MP4])
        assert agent.run("return len(video.frames)", [load(MP4)]).text == "25"
        (failed,) = agent.batch([([MP4, picture], "", "return 1")])
        assert (failed.status, "alone" in failed.reason) == ("failed", True)


def test_isolated_programs_see_videos() -> None:
    with Agent(isolate=True) as agent:
        answer = agent.run("return [f.time for f in frames(video, 3)]", MP4)
        assert answer.value == pytest.approx([0, 0.48, 0.96])
        assert agent.run("return video.width", MP4).text == "320"
        assert "in another process" in agent.run("return video.frames", MP4).reason


def test_a_video_of_pictures_knows_its_times() -> None:
    video = Video(tuple(map(Image, FRAMES[:3])), 10)
    assert [frame.time for frame in video.frames] == pytest.approx([0, 0.1, 0.2])
    with pytest.raises(ValueError, match="growing"):
        Video(tuple(map(Image, FRAMES[:2])), 10, times=(0.5, 0.5))
    with Agent() as agent:
        assert agent.run("return video.frames[2].time", video).value == pytest.approx(0.2)


def test_a_picture_has_no_time() -> None:
    with Agent() as agent:
        answer = agent.run("return image.time", Image(FRAMES[0]))
    assert (answer.status, "no frame of a video" in answer.reason) == ("abstained", True)


def test_the_command_line_takes_videos(tmp_path: Path) -> None:
    program, clip_file = tmp_path / "p.vp", tmp_path / "clip.webm"
    program.write_text("return len(frames(video, 4))")
    clip_file.write_bytes(WEBM)
    pictures = folder(tmp_path / "walk", FRAMES[:5])

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "visprog.cli", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert "answered: 4" in run("run", program, clip_file, "--no-cache").stdout
    made = run("run", program, pictures, "--fps", "5", "--json", "--no-cache")
    assert '"notices": []' in made.stdout
    assert '"seconds": 1.0' in made.stdout  # of the video among the arguments
    assert run("check", program, "--video").returncode == 0
    assert run("check", program).returncode == 1
