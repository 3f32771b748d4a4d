"""A llama.cpp model in this process, which nobody else can reach.

The library (xllamacpp) runs llama.cpp's server engine and calls it directly, but its HTTP server
comes with it. That one gets a Unix socket in a private folder instead of a port, which is shut and
removed as soon as the model is loaded; where there are no Unix sockets, a loopback port with a
random key.
"""

from __future__ import annotations

import math
import os
import secrets
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from visprog.errors import PlanError, WeightsError

_LONGEST_SOCKET_PATH = 100  # bytes; systems allow 104 to 108


class Unfinished(PlanError):
    """A text that did not end."""


class Llama:
    """Weights of a GGUF file, ready to complete prompts.

    Raises:
        WeightsError: the file is absent or damaged, or the library is not installed.
    """

    def __init__(self, weights: Path, *, threads: int, context: int) -> None:
        """`context`: the most tokens of a prompt and its completion together."""
        try:
            with weights.open("rb") as file:
                magic = file.read(4)
        except OSError as error:
            raise WeightsError(f"cannot read the weights {weights}: {error.strerror}") from error
        if magic != b"GGUF":
            raise WeightsError(f"the weights {weights} are damaged: not a GGUF file")
        try:
            import xllamacpp
        except ImportError as error:
            raise WeightsError(f"planners with weights need xllamacpp: {error}") from error
        params = _params(xllamacpp.CommonParams(), weights, threads, context)
        try:
            with _private_listener(params):
                self._server: Any = xllamacpp.Server(params)
        except RuntimeError as error:
            raise WeightsError(f"llama.cpp cannot load {weights}: damaged? ({error})") from error

    def complete(
        self,
        prompt: str,
        *,
        grammar: str,
        stop: str,
        most: int,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> str:
        """A completion under a GBNF grammar, up to `stop`, of at most `most` tokens: the likeliest,
        or one drawn by `temperature` and `seed`.

        Raises:
            Unfinished: `most` tokens do not end the text.
            PlanError: the prompt is too long.
        """
        request = {
            "prompt": prompt,
            "grammar": grammar,
            "stop": [stop],
            "n_predict": most,
            "temperature": temperature,
            "seed": seed,
            "cache_prompt": False,
        }
        (choice,) = _answered(self._server.handle_completions(request))["choices"]
        if choice["finish_reason"] != "stop":
            raise Unfinished(f"the planner wrote {most} tokens and no whole program")
        return str(choice["text"])

    def chat(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        grammar: str | None,
        most: int,
        temperature: float,
        seed: int | None,
        seconds: float = math.inf,
    ) -> tuple[str, str, Mapping[str, int]]:
        """The next message of a conversation under the chat template of the weights, why it ended
        (stop or length), and the numbers `prompt_tokens` and `completion_tokens`.

        `messages`: each with its `role` and `content`; `grammar`: GBNF; `seconds`: after these, a
        text ends with the line that it is in.

        Raises:
            PlanError: the conversation is too long, or its template or grammar fails.
        """
        request = {
            "messages": [dict(message) for message in messages],
            "max_tokens": most,
            "temperature": temperature,
            "cache_prompt": True,  # conversations begin alike
            **({"grammar": grammar} if grammar else {}),
            **({"seed": seed} if seed is not None else {}),
            **({"t_max_predict_ms": int(1000 * seconds) + 1} if seconds < math.inf else {}),
        }
        made = _answered(self._server.handle_chat_completions(request))
        (choice,) = made["choices"]
        usage = {name: int(count) for name, count in made["usage"].items() if type(count) is int}
        return str(choice["message"]["content"] or ""), str(choice["finish_reason"]), usage


def _answered(made: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the library gives, unless that is an error."""
    if "choices" not in made:
        error = made.get("error", made)
        reason = error.get("message", error) if isinstance(error, dict) else error
        raise PlanError(f"the planner's model fails: {reason}")
    return made


def _params(params: Any, weights: Path, threads: int, context: int) -> Any:
    params.model.path = str(weights)
    params.n_ctx = context
    params.n_batch = params.n_ubatch = 256  # prompts are short: buffers of this size are small
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.warmup = False
    params.fit_params = False
    params.cache_ram_mib = 0
    params.verbosity = -1  # not a line of log
    params.n_threads_http = 1
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.api_keys = [secrets.token_urlsafe(32)]
    return params


@contextmanager
def _private_listener(params: Any) -> Iterator[None]:
    """Where the library's HTTP server listens while the model loads, and nowhere after."""
    folder = tempfile.mkdtemp(prefix="visprog-")  # for this user only
    path = os.path.join(folder, "llama.sock")
    unix = hasattr(socket, "AF_UNIX") and len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH
    params.hostnames = [path if unix else "127.0.0.1"]
    try:
        yield
        if unix:
            _shut(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _shut(path: str) -> None:
    """Shut the socket that listens at a path: the server that waits on it ends and closes it.

    Where a system refuses to shut a listening socket, it loses its path, and nobody can connect.
    """
    for descriptor in map(int, os.listdir("/dev/fd")):
        try:
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
            with socket.socket(fileno=os.dup(descriptor)) as listener:
                if listener.family == socket.AF_UNIX and listener.getsockname() == path:
                    listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue  # closed in the meantime
