"""Settings of all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from visprog_tools.hub.vision_operators import declare_operators

# Before any test imports transformers, which imports torchvision where it is installed: the one of
# the package index does not load beside a torch for processors.
declare_operators()


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep results of tests out of the cache of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VISPROG_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
