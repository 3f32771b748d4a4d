"""`visprog doctor`: what works on this machine, found out by trying it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

from packaging.requirements import Requirement

from visprog.errors import VisprogError
from visprog.settings import Settings
from visprog.tool import Catalogue

OPTIONAL = {
    **{"ocr": "rapidocr", "models": "torch", "llm": "langchain", "app": "gradio"},
    **{"video": "av", "eval": "pyarrow", "scale": "ray"},
}


def examine() -> int:
    """Print one line a check; 1 if any that the base install needs fails."""
    print(
        f"visprog {version('visprog')}, Python {platform.python_version()}, {platform.platform()}"
    )
    print(f"{os.cpu_count()} cores, settings: {Settings.of()}")
    sound = True
    for line in requires("visprog") or ():
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            sound &= _package(wanted)
    catalogue = Catalogue.installed()
    for name, weights in catalogue.weights.items():
        if not weights.bundled:
            continue  # `visprog models` lists those that are fetched
        try:
            weights.verify()
            print(f"ok    weights {name}: {weights.id}, {weights.size / 1e6:.1f} MB, whole")
        except VisprogError as error:
            print(f"FAIL  weights {name}: {error}")
            sound = False
    for profile in catalogue.profiles:
        tools = catalogue.toolset(profile)
        print(f"ok    profile {profile}: {len(tools)} tools, without {len(tools.unserved)}")
    for profile in catalogue.choosers:
        try:
            print(f"ok    profile {profile}: takes {catalogue.toolset(profile).profile} here")
        except VisprogError as error:
            print(f"-     profile {profile}: {error}")
    _isolation(catalogue)
    for extra, module in OPTIONAL.items():
        there = find_spec(module) is not None
        state = "ok    " if there else "-     "
        print(f"{state}extra [{extra}]: {module} is {'' if there else 'not '}installed")
    return 0 if sound else 1


def _isolation(catalogue: Catalogue) -> None:
    from visprog.isolation import Isolation

    try:
        with Isolation(catalogue.toolset("")) as isolation:
            for layer in isolation.layers:
                print(f"{'ok    ' if layer.active else '-     '}isolation: {layer}")
    except VisprogError as error:
        print(f"-     isolation: {error}")


def _package(wanted: Requirement) -> bool:
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        print(f"FAIL  {wanted} is not installed")
        return False
    fits = wanted.specifier.contains(found, prereleases=True)
    print(
        f"{'ok  ' if fits else 'FAIL'}  {wanted.name} {found}"
        + ("" if fits else f", want {wanted}")
    )
    return fits
