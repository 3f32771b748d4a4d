"""Diffusion models that draw a part of a picture anew: from a text, or as if a thing were gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from visprog.errors import SettingsError, ToolError, VisprogError, WeightsError
from visprog.tool import Output
from visprog.values import Image, Unknown, Value
from visprog_tools.editing import Mask, Pixels, among, boxes_told, edited, mask_of, outline
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.patches import Patch, patches
from visprog_tools.hub.pipelines import Pipeline, load_part, schedule
from visprog_tools.hub.segmentation import parts
from visprog_tools.hub.snapshots import Snapshot

CHANNELS = 9  # a network that fills holes reads: noise, what is around, and where the hole is
LONGEST = 1000  # tokens of a text, more than any such network reads
SEED = "inpaint.seed"
EMPTY = "an empty background, nothing else"  # what is drawn where a thing was
PACKAGE = "diffusers: pip install 'visprog[inpaint]'"


@dataclass(frozen=True)
class Job:
    """One patch of a call. `call`: its place in the batch; `avoided`: what must not be drawn."""

    call: int
    patch: Patch
    text: str
    avoided: str


@dataclass
class Edit:
    """A call: its picture, where it is drawn anew, what is told of it, and its pixels so far."""

    image: Image
    mask: Mask
    notices: tuple[str, ...]
    pixels: Pixels
    broken: bool = False


class Inpainter(HubBackend):
    """`replace` and `remove` by latent diffusion (Rombach et al., CVPR 2022, arXiv 2112.10752).

    A window around each thing, half as much again on each side, is drawn at the size for which the
    network was made, and put back within the thing's mask only (its box where it has none): all
    else stays as it is, to the bit. Noise is drawn from the option `inpaint.seed` (0), anew for
    each window, so that a call gives the same alone and in a batch. `remove` asks for an empty
    background and tells the network to avoid the things' names. There is no safety checker.

    `steps`: of the solver (DPM-Solver++); `guidance`: how much the text counts; `strength`: below 1
    the noise keeps a trace of what was there. The pictures' own network computes in float32.
    """

    serves = ("replace", "remove")
    batch = 4
    deadline = 3600.0  # seconds; on processors a picture takes minutes
    exact = r"vae/"
    texts: ClassVar[tuple[str, ...]] = ("",)  # endings of its text encoders and tokenizers
    steps: ClassVar[int] = 25
    guidance: ClassVar[float] = 7.5
    strength: ClassVar[float] = 1.0
    pipeline: ClassVar[str]  # of diffusers

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._alone = threading.Lock()  # tokenizers keep in themselves how far they fill up a text

    @property
    def seed(self) -> int:
        """Raises SettingsError: the option is no number."""
        told = self.options.get(SEED, "0")
        if not (told.isdecimal() and told.isascii() and int(told) < 2**63):
            raise SettingsError(f"want a whole number from 0 on for {SEED}, got {told!r}")
        return int(told)

    @property
    def parameters(self) -> Mapping[str, Value]:
        return {
            "seed": self.seed, "steps": self.steps, "guidance": self.guidance,
            "strength": self.strength,
        }  # fmt: skip

    def prepare(self, found: Snapshot) -> None:
        try:
            import diffusers  # noqa: F401
        except (ImportError, RuntimeError, AttributeError) as error:  # of a broken one, too
            raise SettingsError(f"{self.name} wants {PACKAGE} ({error})") from error
        from transformers import CLIPTokenizer

        assert isinstance(found, Pipeline)
        _ = self.seed
        self._schedule = schedule(found)
        names = [f"tokenizer{ending}" for ending in self.texts]
        self._tokenizers = {name: load_processor(CLIPTokenizer, found.part(name)) for name in names}
        if any(one.model_max_length > LONGEST for one in self._tokenizers.values()):
            raise WeightsError(f"{found.folder} does not tell how many tokens a text may have")

    def make(self, found: Snapshot) -> Any:
        import torch
        import transformers
        from diffusers import AutoencoderKL, UNet2DConditionModel

        assert isinstance(found, Pipeline)
        dtype = self.place.torch_dtype
        made = {
            "unet": load_part(UNet2DConditionModel, found, "unet", dtype),
            "vae": load_part(AutoencoderKL, found, "vae", torch.float32),
        }
        if made["unet"].config.in_channels != CHANNELS:
            raise WeightsError(
                f"{found.folder} draws whole pictures: it reads {made['unet'].config.in_channels} "
                f"channels, and one that fills holes reads {CHANNELS}"
            )
        for ending in self.texts:
            name = f"text_encoder{ending}"
            kind = getattr(transformers, f"CLIPTextModel{'WithProjection' * bool(ending)}")
            made[name] = load_module(
                kind, found.part(name), dtype, ("clip_text_model",), variant=found.variant(name)
            )
        return torch.nn.ModuleDict(made)

    def compiled(self, module: Any) -> Any:
        module["unet"].compile()
        return module

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        with self._alone:
            return self._worked(tool, calls, module)

    def _worked(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        grain = 2 ** (len(module["vae"].config.block_out_channels) - 1)
        side = int(module["unet"].config.sample_size) * grain
        made: list[Result | Edit] = []
        jobs: list[Job] = []
        for place, call in enumerate(calls):
            try:
                edit, found = self._asked(tool, place, call, side, grain)
            except VisprogError as error:
                made.append(error)
                continue
            made.append(edit)
            jobs += found
        sizes = dict.fromkeys(job.patch.size for job in jobs)
        for size in sizes:
            alike = [job for job in jobs if job.patch.size == size]
            for some in parts(alike, len(calls)):  # fewer where memory ran out
                self._draw(some, made, grain, module)
        return [self._result(tool, one) if isinstance(one, Edit) else one for one in made]

    def _asked(
        self, tool: str, place: int, call: Mapping[str, Any], side: int, grain: int
    ) -> tuple[Edit | Result, list[Job]]:
        image: Image = call["image"]
        listed = among(tool, image, call["regions"])
        mask = mask_of(image, listed)
        text = " ".join(call.get("text", EMPTY).split())
        if not text:
            raise ToolError(f"{tool}: want a text that says what to draw, got none")
        if tool == "remove" and mask.all():
            return Output(Unknown("nothing would be left of the picture to fill it in from")), []
        if not mask.any():
            told = f"{tool}: there are no such things, the list is empty"
            if listed:
                told = f"{tool}: the masks of these things are empty"
            return Output(edited(image, image.pixels), (told,)), []
        names = ", ".join(dict.fromkeys(region.label for region in listed))
        found = patches([outline(image, region) for region in listed], side, grain)
        avoided = names if tool == "remove" else ""
        notices = (*self._told(text), *boxes_told(listed))
        edit = Edit(image, mask, notices, image.pixels.copy())
        return edit, [Job(place, patch, text, avoided) for patch in found]

    def _told(self, text: str) -> Iterator[str]:
        yield (
            f"drawn by {self.name} (seed {self.seed}), not seen by a camera; no safety checker "
            "has looked at it"
        )
        tokenizer = self._tokenizers["tokenizer"]
        if len(tokenizer(text, verbose=False).input_ids) > tokenizer.model_max_length:
            yield f"{self.name} reads the first {tokenizer.model_max_length} tokens of a text only"

    def _draw(
        self, jobs: Sequence[Job], edits: Sequence[Result | Edit], grain: int, module: Any
    ) -> None:
        """Into the edits."""
        targets = [one for job in jobs if isinstance(one := edits[job.call], Edit)]
        both = list(zip(jobs, targets, strict=True))
        pictures = [job.patch.picture(edit.image.pixels) for job, edit in both]
        holes = [job.patch.hole(edit.mask, grain) for job, edit in both]
        for (job, edit), drawn in zip(both, self.drawn(jobs, pictures, holes, module), strict=True):
            if drawn is None:
                edit.broken = True
            else:
                job.patch.put(drawn, edit.mask, edit.pixels)

    def drawn(
        self, jobs: Sequence[Job], pictures: Sequence[Pixels], holes: Sequence[Mask], module: Any
    ) -> Iterator[Pixels | None]:
        """Of each picture (h, w, 3), all of one size, one whose hole is drawn anew; None where the
        network gave no numbers."""
        import torch

        device, dtype, vae = self.place.device, self.place.torch_dtype, module["vae"]
        scale = vae.config.scaling_factor
        whole = torch.tensor(np.stack(pictures)).permute(0, 3, 1, 2).to(device).float() / 127.5 - 1
        hole = torch.tensor(np.stack(holes))[:, None].to(device).float()
        seen, around = (
            (vae.encode(one).latent_dist.mode() * scale).to(dtype)
            for one in (whole, whole * (1 - hole))
        )
        avoided = [job.avoided for job in jobs]
        made = self._pipeline(module)(
            prompt=[job.text for job in jobs],
            negative_prompt=avoided if any(avoided) else None,
            image=seen,
            mask_image=hole,
            masked_image_latents=around,
            height=whole.shape[2],
            width=whole.shape[3],
            strength=self.strength,
            num_inference_steps=self.steps,
            guidance_scale=self.guidance,
            generator=[torch.Generator().manual_seed(self.seed) for _ in jobs],
            output_type="latent",
        ).images
        for one in vae.decode(made.float() / scale).sample:
            if not bool(one.isfinite().all()):
                yield None
                continue
            pixels = ((one.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0)
            yield pixels.contiguous().cpu().numpy()

    def _pipeline(self, module: Any) -> Any:
        """One of this call's own: its solver keeps in itself how far it is."""
        import diffusers

        solver = diffusers.DPMSolverMultistepScheduler(**self._schedule, steps_offset=1)
        kind = getattr(diffusers, self.pipeline)
        made = kind(**module, **self._tokenizers, scheduler=solver, **self.without())
        made.set_progress_bar_config(disable=True)
        return made

    def without(self) -> Mapping[str, Any]:
        """The parts of the pipeline that there are not."""
        return {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}

    def _result(self, tool: str, edit: Edit) -> Result:
        if edit.broken:
            return ToolError(f"{tool}: {self.name} gave a picture that is no numbers")
        return Output(edited(edit.image, edit.pixels), edit.notices)


class Sd2Inpainting(Inpainter):
    """Stable Diffusion 2 for holes, 512 pixels:
    https://huggingface.co/sd2-community/stable-diffusion-2-inpainting, a copy of Stability AI's,
    which was withdrawn."""

    name = weights = "sd2-inpainting"
    pipeline = "StableDiffusionInpaintPipeline"


class SdxlInpainting(Inpainter):
    """Stable Diffusion XL (Podell et al., arXiv 2307.01952) for holes, 1024 pixels:
    https://huggingface.co/diffusers/stable-diffusion-xl-1.0-inpainting-0.1, which wants a strength
    below 1 and a guidance of 8."""

    name = weights = "sdxl-inpainting"
    pipeline = "StableDiffusionXLInpaintPipeline"
    texts = ("", "_2")
    guidance, strength, batch = 8.0, 0.99, 2

    def without(self) -> Mapping[str, Any]:
        return {"add_watermarker": False}
