"""langgraph: a state graph for each program, a node for each step.

As with langchain, a graph cannot be read from a program's text: each template is built by hand with
langgraph's own constructs, conditional edges for branches and `Send` for loops over what was found.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, TypedDict

from langgraph.graph import START, StateGraph
from langgraph.types import Send
from stubs import PURE, Models, count, crop, crop_left_of, part
from workloads import Program, Step, asked, compare

from engines import Engine, Pictures

TOGETHER = 32
Words = dict[str, str]


def _merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    return {**left, **right}


class State(TypedDict, total=False):
    """`made`: variables by name; `each`: what the nodes of a loop give, with their places."""

    made: Annotated[dict[str, Any], _merged]
    each: Annotated[list[tuple[int, Any]], operator.add]
    colors: Annotated[list[str], operator.add]
    answer: Any


Node = Callable[[Any], dict[str, Any]]
Graph = Any  # a StateGraph: the overloads of its methods do not take lambdas


def _in_order(state: State) -> list[Any]:
    return [value for _, value in sorted(state.get("each", []), key=lambda pair: pair[0])]


class Graphs:
    """Builds the graph of a program; it starts with `made` holding the picture as `image`."""

    def __init__(self, models: Models) -> None:
        self.loc, self.vqa = models.loc, models.vqa

    def graph(self, program: Program) -> Any:
        graph: Graph = StateGraph(State)
        if program.steps:
            self.straight(graph, program)
        else:
            getattr(self, program.template)(graph, program.words)
        return graph.compile()

    def straight(self, graph: Graph, program: Program) -> None:
        """A node waits for those of its arguments; the rest go side by side."""
        needed: set[str] = set()
        for step in program.steps:
            graph.add_node(step.out, self.step(step))
            before = step.variables() - {"image"}
            needed |= before
            graph.add_edge(sorted(before) or START, step.out)
        graph.add_node("end", lambda state: {"answer": state["made"][program.result]})
        graph.add_edge([step.out for step in program.steps if step.out not in needed], "end")

    def step(self, step: Step) -> Node:
        first, second = (*step.args, "")[:2]

        def node(state: State) -> dict[str, Any]:
            made = state["made"]
            if step.tool in ("loc", "vqa"):
                value: Any = (self.loc if step.tool == "loc" else self.vqa)(made[first], second)
            elif step.tool in PURE:
                value = PURE[step.tool](*(made[name] for name in step.args))
            else:
                value = compare(step.tool, made[first], made[second])
            return {"made": {step.out: value}}

        return node

    def found(self, graph: Graph, name: str) -> None:
        """The first node of most: `found`, the regions of that name."""
        graph.add_node(
            "find", lambda state: {"made": {"found": self.loc(state["made"]["image"], name)}}
        )
        graph.add_edge(START, "find")

    def looped(self, graph: Graph, after: str, name: str, work: Callable[[Any], Any]) -> None:
        """A node for each region that was found; then `name`, which sees them all."""
        graph.add_node("each", lambda pair: {"each": [(pair[0], work(pair[1]))]})
        graph.add_conditional_edges(
            after,
            lambda state: (
                [Send("each", pair) for pair in enumerate(state["made"]["found"])] or name
            ),
            ["each", name],
        )
        graph.add_edge("each", name)

    def counted(self, graph: Graph, words: Words) -> None:
        question = f"Is the {words['thing']} near it?"
        self.found(graph, words["crowd"])
        self.looped(graph, "find", "total", lambda region: self.vqa(part(region), question))
        graph.add_node("total", lambda state: {"answer": _in_order(state).count("yes")})

    def branched(self, graph: Graph, words: Words) -> None:
        thing, other = words["thing"], words["other"]

        def several(state: State) -> str:
            made = state["made"]
            both = count(made["found"]) > 1 and self.vqa(made["image"], words["scene"]) == "yes"
            return "beside" if both else "doing"

        def beside(state: State) -> dict[str, Any]:
            made = state["made"]
            picture = crop_left_of(made["image"], made["found"])
            return {"made": {"beside": picture, "inner": self.loc(picture, other)}}

        def color(state: State) -> dict[str, Any]:
            made, question = state["made"], f"What color is the {other}?"
            return {"answer": self.vqa(crop(made["beside"], made["inner"]), question)}

        def doing(state: State) -> dict[str, Any]:
            made, question = state["made"], f"What is the {thing} doing?"
            return {"answer": self.vqa(crop(made["image"], made["found"]), question)}

        self.found(graph, thing)
        graph.add_node("beside", beside)
        graph.add_node("color", color)
        graph.add_node("doing", doing)
        graph.add_conditional_edges("find", several, ["beside", "doing"])
        graph.add_edge("beside", "color")

    def filtered(self, graph: Graph, words: Words) -> None:
        question = f"Is it next to the {words['thing']}?"

        def tell(state: State) -> dict[str, Any]:
            colors, found = state.get("colors", []), state["made"]["found"]
            red = colors.count("red")
            return {"answer": f"{len(colors)} of {count(found)}, red {red}"}

        def kept(state: State) -> Any:
            regions = zip(state["made"]["found"], _in_order(state), strict=True)
            return [Send("color", region) for region, near in regions if near == "yes"] or "tell"

        self.found(graph, words["crowd"])
        self.looped(graph, "find", "keep", lambda region: self.vqa(part(region), question))
        graph.add_node("keep", lambda state: {})
        graph.add_node(
            "color", lambda region: {"colors": [self.vqa(part(region), "What color is it?")]}
        )
        graph.add_node("tell", tell)
        graph.add_conditional_edges("keep", kept, ["color", "tell"])
        graph.add_edge("color", "tell")

    def helped(self, graph: Graph, words: Words) -> None:
        def color(picture: Any, name: str) -> str:
            return self.vqa(crop(picture, self.loc(picture, name)), "What color is it?")

        def alike(pair: tuple[Any, str]) -> dict[str, Any]:
            return {"each": [(0, color(*pair) == color(pair[0], words["fourth"]))]}

        names = [words["thing"], words["other"], words["third"]]
        graph.add_node("alike", alike)
        graph.add_node("total", lambda state: {"answer": sum(_in_order(state))})
        graph.add_conditional_edges(
            START,
            lambda state: [Send("alike", (state["made"]["image"], name)) for name in names],
            ["alike"],
        )
        graph.add_edge("alike", "total")

    def nested(self, graph: Graph, words: Words) -> None:
        def inner(region: Any) -> int:
            found = self.loc(part(region), words["thing"] + "s")
            return [self.vqa(part(r), "Is it small?") for r in found].count("yes")

        self.found(graph, words["crowd"])
        self.looped(graph, "find", "most", inner)
        graph.add_node("most", lambda state: {"answer": max([0, *_in_order(state)])})

    def fanned(self, graph: Graph, words: Words) -> None:
        def verdict(state: State) -> dict[str, Any]:
            agreed = _in_order(state).count("yes")
            question = f"Is the scene {agreed} of {words['many']} a {words['thing']}?"
            image = state["made"]["image"]
            said = self.vqa(image, question) if agreed > int(words["half"]) else "no"
            return {"answer": f"{agreed} {said}"}

        graph.add_node("each", lambda pair: {"each": [(0, self.vqa(*pair))]})
        graph.add_node("verdict", verdict)
        graph.add_conditional_edges(
            START,
            lambda state: [Send("each", (state["made"]["image"], q)) for q in asked(words)],
            ["each"],
        )
        graph.add_edge("each", "verdict")


class Langgraph(Engine):
    """One program after another."""

    title = "langgraph, a graph a program"
    package = "langgraph"

    def one(self, program: Program, pictures: Pictures) -> tuple[int, Any]:
        graph = Graphs(self.models).graph(program)
        made = graph.invoke({"made": {"image": pictures(program.picture)}})
        return program.number, made["answer"]

    def answers(self, programs: Iterable[Program], pictures: Pictures) -> Iterator[tuple[int, Any]]:
        for program in programs:
            yield self.one(program, pictures)


class Threads(Langgraph):
    """Programs side by side."""

    title = f"langgraph, {TOGETHER} graphs at once"

    def answers(self, programs: Iterable[Program], pictures: Pictures) -> Iterator[tuple[int, Any]]:
        with ThreadPoolExecutor(TOGETHER) as pool:
            yield from pool.map(lambda program: self.one(program, pictures), programs)
