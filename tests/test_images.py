"""The loader: every kind of source, every kind of hostile file, limits and names."""

from __future__ import annotations

import http.server
import io
import os
import random
import threading
import time
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as pil
from PIL import ImageOps

from tests.hostile_images import CASES, Case, picture, png, saved, taken, turned
from visprog.errors import ImageError
from visprog.exif import focal_of
from visprog.images import Limits, clean_name, load, load_url
from visprog.values import Image

pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_files(case: Case) -> None:
    data = case.make()
    load(saved(picture(), "JPEG"))  # imports and plug-ins are not measured
    start = time.process_time()
    expect(case, data)
    assert time.process_time() - start < 2  # of this process: others do not count
    tracemalloc.start()
    try:
        expect(case, data)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def expect(case: Case, data: bytes) -> None:
    if case.loads:
        made = load(data)
        assert (made.width, made.height) == case.size
        assert case.mean is None or made.pixels.mean() == pytest.approx(case.mean, abs=2)
    else:
        with pytest.raises(ImageError, match=r"the picture: .*want .*got .*; "):
            load(data)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_as_pillow_does(orientation: int) -> None:
    data = turned(orientation)
    with pil.open(io.BytesIO(data)) as image:
        want = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    np.testing.assert_array_equal(load(data).pixels, want)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_focal_length_is_scaled_over_the_diagonal(kind: str, tmp_path: Path) -> None:
    data = taken(kind, FocalLengthIn35mmFilm=26)
    want = 26 * 80 / 43.2666  # the diagonal of 64 x 48 is 80
    assert load(data).focal == pytest.approx(want, rel=1e-5)
    assert load(data).axis == (32.0, 24.0)
    assert (
        load(data, name="other").focal == load(load(data), name="third").focal == load(data).focal
    )
    (tmp_path / "a.jpg").write_bytes(data)
    with pil.open(tmp_path / "a.jpg") as image:
        assert load(image).focal == load(data).focal
        assert load(image.crop((0, 0, 32, 24))).focal == 0
        assert load(image.resize((32, 24))).focal == 0


def test_a_picture_made_smaller_is_of_the_same_angle_and_one_that_was_cut_of_none_known() -> None:
    whole = load(taken(FocalLengthIn35mmFilm=26)).focal
    assert load(taken(size=(4032, 3024), FocalLengthIn35mmFilm=26)).focal == whole
    assert load(taken(size=(3024, 4032), FocalLengthIn35mmFilm=26)).focal == whole
    assert load(taken(size=(0, 0), FocalLengthIn35mmFilm=26)).focal == whole
    assert load(taken(size=(4032, 2268), FocalLengthIn35mmFilm=26)).focal == 0


def test_what_is_not_told_is_not_known() -> None:
    for data in (taken(), taken(FocalLengthIn35mmFilm=0), taken(FocalLengthIn35mmFilm=65535)):
        assert (load(data).focal, load(data).axis) == (0.0, None)
    assert load(turned(6)).focal == load(np.zeros((4, 6, 3), np.uint8)).focal == 0


def test_a_camera_counts_in_the_key_where_it_is_known() -> None:
    pixels = np.zeros((4, 6, 3), np.uint8)
    keys = {Image(pixels, "a", *camera).key for camera in ((), (5,), (6.0,), (5.0, (1.0, 2.0)))}
    assert len(keys) == 4
    assert Image(pixels, "a", 5).key == Image(pixels, "a", 5.0, (3, 2)).key
    assert Image(pixels, "a").key == "b07ff40105188273ca45ac8d61a80d53"
    for wrong in ((-1.0,), (np.nan,), (np.inf,), (0.0, (1.0, 1.0)), (1.0, (np.nan, 1.0))):
        with pytest.raises(ValueError, match=r"Image\.(focal|axis)"):
            Image(pixels, "a", *wrong)


@pytest.mark.parametrize("seed", range(20))
def test_hostile_exif_is_no_more_than_unknown(seed: int) -> None:
    rng = random.Random(seed)
    exif = bytearray(taken(FocalLengthIn35mmFilm=26).split(b"Exif\0\0")[1][:120])
    for size in range(len(exif)):
        assert focal_of(bytes(exif[:size]), 64, 48) >= 0
    for _ in range(200):
        made = bytearray(exif)
        for _ in range(rng.randint(1, 8)):
            made[rng.randrange(8, len(made))] = rng.choice((0, 1, 127, 255))
        assert 0 <= focal_of(bytes(made), 64, 48) < 4000
    assert focal_of(b"II*\0\x08\0\0\0\xff\xff" + bytes(2**20), 64, 48) == 0


def test_a_tiff_is_turned_once() -> None:
    exif = pil.Exif()
    exif[0x0112] = 6
    made = load(saved(picture(), "TIFF", exif=exif))
    assert (made.width, made.height) == (48, 64)
    assert made.pixels[5, 40].tolist() == [20, 200, 20]  # green has gone to the top right


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_alpha_lies_on_white(mode: str) -> None:
    image = pil.new("RGBA", (8, 8), (255, 0, 0, 128))
    data = saved(image.quantize() if mode == "P" else image.convert(mode), "PNG")
    corner = load(data).pixels[0, 0]
    assert corner.min() > 120  # on black it would be under 60


def test_the_first_frame() -> None:
    red, blue = (pil.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    for kind in ("GIF", "WEBP", "TIFF", "PNG"):
        made = load(saved(red, kind, save_all=True, append_images=[blue]))
        assert made.pixels[0, 0, 0] > 200 > 50 > made.pixels[0, 0, 2], kind


GREY = np.full((4, 6), 128, np.uint8)


@pytest.mark.parametrize(
    ("array", "want"),
    [
        (GREY, 128),
        (GREY[:, :, None], 128),
        (np.stack([GREY] * 3, -1), 128),
        (np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)]), 128),
        (np.dstack([GREY, GREY, GREY, np.zeros_like(GREY)]), 255),
        (GREY > 0, 255),
        (np.full((4, 6), 40000, np.uint16), 156),
        (np.full((4, 6), 40000, ">u2"), 156),
        (np.full((4, 6), 0.5), 128),
        (np.full((4, 6), 1, np.float16), 255),
    ],
    ids=lambda value: f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else "",
)
def test_arrays(array: np.ndarray[Any, Any], want: int) -> None:
    array = array.copy()
    made = load(array, name="grey")
    assert (made.pixels.shape, made.name) == ((4, 6, 3), "grey")
    assert (made.pixels == want).all()
    assert array.flags.writeable  # the caller's array stays the caller's
    array[:] = 0
    assert (made.pixels == want).all()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.full((4, 6), np.nan), "floats in 0 to 1, got nan"),
        (np.full((4, 6), np.inf), "floats in 0 to 1, got inf"),
        (np.full((4, 6), 255.0), "got 255 to 255; scale the array"),
        (np.full((4, 6), -0.1), "floats in 0 to 1"),
        (np.zeros((4, 6), np.int64), r"got int64; .*astype"),
        (np.zeros((4, 6), complex), "complex128"),
        (np.array([["a", "b"]], object), "got object"),
        (np.zeros((3, 4, 6), np.uint8), r"\(3, 4, 6\); channels come last"),
        (np.zeros((5, 6, 2), np.uint8), r"got \(5, 6, 2\); give one picture"),
        (np.zeros(4, np.uint8), r"got \(4,\)"),
        (np.zeros((0, 6), np.uint8), "got 6 x 0"),
        (np.zeros((1, 20000), np.uint8), "16,384 a side, got 20,000 x 1"),
        (pil.new("L", (20000, 1)), "16,384 a side"),
        (pil.new("F", (2, 2)), "got 32"),
        (None, "got NoneType"),
        (["a.png"], "got list"),
        ("http://example.com/a.png", r"got an address.*load_url\(url\)"),
        (" HTTPS://example.com/a.png", "load_url"),
        ("ftp://example.com/a.png", "load_url"),
        ("file:///etc/passwd", "load_url"),
        ("data:image/png;base64,AAAA", "load_url"),
        ("", "an empty path: cannot be read"),
        ("absent.png", "absent.png: cannot be read: No such file"),
        ("a\0b.png", "cannot be read"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_refused(source: object, message: str) -> None:
    with pytest.raises(ImageError, match=message) as caught:
        load(source)
    assert caught.value.__cause__ is None
    assert len(str(caught.value)) < 500


def test_pil_images() -> None:
    image = picture()
    assert (load(image).pixels == np.asarray(image)).all()
    assert load(picture("CMYK")).pixels.shape == (48, 64, 3)
    image.paste("black", (0, 0, 64, 48))
    assert load(image).pixels.max() == 0


def test_a_made_image_passes_through() -> None:
    image = Image(np.zeros((2, 2, 3), np.uint8), "a")
    assert load(image) is image
    assert load(image, name="b.png").name == "b"


def test_paths_and_names(tmp_path: Path) -> None:
    path = tmp_path / "a street.v2.png"
    path.write_bytes(saved(picture(), "JPEG"))  # the content decides, not the name
    assert load(path).name == load(str(path)).name == "a street.v2"
    assert load(path, name="other").name == "other"
    with pil.open(path) as image:
        assert load(image).name == "a street.v2"
    assert load(path.read_bytes()).name == load(bytearray(path.read_bytes())).name == ""


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("../../evil.png", "evil"),
        ("..\\evil.png", "evil"),
        ("/etc/cron.d/x.png", "x"),
        ("a\0.png", "a"),
        ("\u202egnp.exe", "gnp"),
        ("x" * 300 + ".png", "x" * 100),
        ("a\n\x1b[2Jb.png", "a [2Jb"),
        (".bashrc", ".bashrc"),
        ("-rf.png", "-rf"),
        ("frame 1.5", "frame 1.5"),
        ("été 猫.jpeg", "été 猫"),
        ("\ud800.png", ".png"),
        ("", ""),
    ],
)
def test_names_are_clean(name: str, want: str) -> None:
    assert clean_name(name) == want


def test_only_regular_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path, tmp_path / "pipe.png", Path("/dev/zero")):
        with pytest.raises(ImageError, match="directory, device or pipe"):
            load(path)


def test_limits(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png(300, 200))
    for limits, message in [
        (Limits(bytes=100), "at most 100 bytes"),
        (Limits(pixels=59_999), r"0\.059999 million pixels .* got 300 x 200"),
        (Limits(side=299), "299 a side"),
    ]:
        for source in (path, path.read_bytes()):
            with pytest.raises(ImageError, match=message):
                load(source, limits=limits)
    assert load(path, limits=Limits(pixels=60_000, side=300)).width == 300


def test_a_file_too_long_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.png"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ImageError, match="at most 52,428,800 bytes"):
        load(path)


class Site(http.server.BaseHTTPRequestHandler):
    """Pages of a loopback server."""

    def do_GET(self) -> None:
        body = saved(picture(), "PNG")
        if self.path.startswith("/to"):
            self.send_response(302)
            self.send_header(
                "Location", {"/to-ftp": "ftp://example.com/a.png"}.get(self.path, "/a.png")
            )
            self.end_headers()
        elif self.path == "/absent":
            self.send_error(404)
        else:
            self.send_response(200)
            self.end_headers()
            for at in range(0, len(body), 64):
                time.sleep(0.2 if self.path == "/slow" else 0)
                try:
                    self.wfile.write(body[at : at + 64])
                except OSError:  # the client has given up
                    return

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_address_is_fetched_when_asked(site: str) -> None:
    made = load_url(f"{site}/street%20view.png?x=1")
    assert (made.width, made.height, made.name) == (64, 48, "street view")
    assert load_url(f"{site}/to-picture").width == 64


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("/absent", "cannot be fetched: HTTP Error 404"),
        ("/to-ftp", "want an http or https address, got 'ftp://example.com/a.png'"),
        ("/slow", "cannot be fetched: not complete after 0.3 s"),
    ],
)
def test_an_address_that_fails(site: str, page: str, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        load_url(site + page, timeout=0.3)
    with pytest.raises(ImageError, match="at most 100 bytes"):
        load_url(site + "/a.png", limits=Limits(bytes=100))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/a", "data:,a", "a.png", "http://"])
def test_other_addresses(url: str) -> None:
    with pytest.raises(ImageError, match="want an http or https address"):
        load_url(url)


def test_damaged_exif_warns_nobody_and_turns_all_the_same() -> None:
    made = pil.Exif()
    made[0x0131] = "a text that is longer than four bytes"
    made[0x0112] = 6
    exif = bytearray(made.tobytes())
    place = exif.index((0x0131).to_bytes(2, "little" if b"II" in exif[:8] else "big"))
    exif[place + 4 : place + 8] = b"\x7f\xff\xff\x7f"  # so long its text is said to be
    data = saved(picture(), "JPEG", exif=bytes(exif))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        upright = load(data)
    assert not told
    assert (upright.width, upright.height) == picture().size[::-1]
    assert load(data).pixels.shape == upright.pixels.shape  # where warnings are errors, too
