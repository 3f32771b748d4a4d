"""What nouns mean to the detector's 80 classes."""

from __future__ import annotations

import pytest

from visprog_tools.nouns import Meaning, classes, clean, is_a, meaning, singular


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("dog", ("dog",)),
        ("The Dogs", ("dog",)),
        ("mug", ("cup",)),
        ("sofas", ("couch",)),
        ("bike", ("bicycle",)),
        ("television", ("tv",)),
        ("cellphone", ("cell phone",)),
        ("cell-phones", ("cell phone",)),
        ("plane", ("airplane",)),
        ("people", ("person",)),
        ("knives", ("knife",)),
        ("wine glasses", ("wine glass",)),
        ("pair of scissors", ("scissors",)),
        ("slices of pizza", ("pizza",)),
    ],
)
def test_names_plurals_and_synonyms_map_silently(name: str, classes: tuple[str, ...]) -> None:
    found = meaning(name)
    assert isinstance(found, Meaning)
    assert (found.classes, found.fit, found.notice) == (classes, "same", "")


@pytest.mark.parametrize("name", ["woman", "men", "boy", "children", "player", "surfer"])
def test_a_sort_of_a_class_is_looked_for_as_the_class_with_a_notice(name: str) -> None:
    found = meaning(name)
    assert isinstance(found, Meaning) and found.classes == ("person",)
    assert found.notice == (
        f"the embedded detector knows no {singular(clean(name))!r}; it looked for 'person'"
    )


@pytest.mark.parametrize(
    ("name", "some"),
    [
        ("vehicle", {"car", "bus", "boat"}),
        ("animals", {"dog", "zebra"}),
        ("fruit", {"apple", "banana", "orange"}),
        ("furniture", {"chair", "bed"}),
        ("bag", {"handbag", "backpack", "suitcase"}),
        ("plant", {"potted plant"}),
        ("ball", {"sports ball"}),
        ("table", {"dining table"}),
    ],
)
def test_a_wider_name_is_the_union_of_its_sorts_with_a_notice(name: str, some: set[str]) -> None:
    found = meaning(name)
    assert isinstance(found, Meaning)
    assert some <= set(found.classes) and "only these sorts" in found.notice


@pytest.mark.parametrize(
    "name", ["lamp", "glasses", "sunglasses", "glove", "sign", "light", "crowd", "pitcher", "xyzzy"]
)
def test_what_is_no_class_and_false_friends_have_no_meaning(name: str) -> None:
    assert isinstance(meaning(name), str)


def test_a_class_with_two_senses_says_in_which_it_is_read() -> None:
    found = meaning("mouse")
    assert isinstance(found, Meaning) and "computer mouse" in found.notice


def test_a_container_may_hold_anything() -> None:
    found = meaning("bottle of water")
    assert isinstance(found, Meaning)
    assert found.classes == ("bottle",) and "not checked" in found.notice


def test_there_are_80_classes_and_each_means_itself() -> None:
    assert len(classes()) == len(set(classes())) == 80
    for name in classes():
        found = meaning(name)
        assert isinstance(found, Meaning) and found.classes == (name,)
        assert singular(name) == name


@pytest.mark.parametrize(
    ("label", "name", "answer"),
    [
        ("dog", "a dog", True),
        ("cup", "mug", True),
        ("dog", "animal", True),
        ("red car", "vehicle", True),
        ("dog", "cat", False),
        ("person", "vehicle", False),
        ("person", "woman", None),
        ("dog", "puppy", None),
        ("dog", "lamp", None),
        ("face", "person", None),
    ],
)
def test_is_a_follows_the_hierarchy(label: str, name: str, answer: bool | None) -> None:
    assert is_a(label, name) is answer
