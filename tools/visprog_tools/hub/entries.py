"""Every model of the Hugging Face hub that a backend of ours takes: id, licence, size.

Ids, licences and sizes are those of the model cards. The revision is a branch where no commit was
known, since these weights were not at hand; the trace names the commit that was used.
"""

from __future__ import annotations

from visprog_tools.hub.checkpoints import CheckpointFile, TorchvisionFile
from visprog_tools.hub.folders import FolderModel
from visprog_tools.hub.pipelines import PipelineModel
from visprog_tools.hub.snapshots import HubModel

APACHE, MIT, BSD = "Apache-2.0", "MIT", "BSD-3-Clause"
NC, RAIL = "CC-BY-NC-4.0", "OpenRAIL++-M"
MB = 10**6

_TABLE = (
    # detection
    HubModel("owlv2-base", "google/owlv2-base-patch16-ensemble", APACHE, 620 * MB),
    HubModel("owlv2-large", "google/owlv2-large-patch14-ensemble", APACHE, 1750 * MB),
    HubModel("grounding-dino-tiny", "IDEA-Research/grounding-dino-tiny", APACHE, 690 * MB),
    HubModel("grounding-dino-base", "IDEA-Research/grounding-dino-base", APACHE, 935 * MB),
    HubModel(
        "mm-grounding-dino-tiny",
        "openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_v3det",
        APACHE,
        690 * MB,
    ),
    HubModel("llmdet-tiny", "iSEE-Laboratory/llmdet_tiny", APACHE, 695 * MB),
    HubModel("llmdet-base", "iSEE-Laboratory/llmdet_base", APACHE, 935 * MB),
    HubModel("rtdetr-v2-r18", "PekingU/rtdetr_v2_r18vd", APACHE, 81 * MB),
    HubModel("rtdetr-v2-r50", "PekingU/rtdetr_v2_r50vd", APACHE, 172 * MB),
    # segmentation
    HubModel("sam-vit-base", "facebook/sam-vit-base", APACHE, 375 * MB),
    HubModel("sam-vit-large", "facebook/sam-vit-large", APACHE, 1250 * MB),
    HubModel("sam-vit-huge", "facebook/sam-vit-huge", APACHE, 2560 * MB),
    HubModel("sam2-small", "facebook/sam2.1-hiera-small", APACHE, 184 * MB),
    HubModel("sam2-base-plus", "facebook/sam2.1-hiera-base-plus", APACHE, 324 * MB),
    HubModel("sam2-large", "facebook/sam2.1-hiera-large", APACHE, 898 * MB),
    HubModel("sam3", "facebook/sam3", "SAM License", 3440 * MB),
    CheckpointFile(
        "segment-anything-vit-b", "facebookresearch/segment-anything vit_b", APACHE, 375 * MB
    ),
    CheckpointFile(
        "segment-anything-vit-l", "facebookresearch/segment-anything vit_l", APACHE, 1250 * MB
    ),
    CheckpointFile(
        "segment-anything-vit-h", "facebookresearch/segment-anything vit_h", APACHE, 2565 * MB
    ),
    # motion
    TorchvisionFile(
        "raft-small",
        "torchvision raft_small C_T_V2",
        BSD,
        4 * MB,
        weights="Raft_Small_Weights.C_T_V2",
        file="raft_small_C_T_V2-01064c6d.pth",
    ),
    TorchvisionFile(
        "raft-large",
        "torchvision raft_large C_T_SKHT_V2",
        BSD,
        21 * MB,
        weights="Raft_Large_Weights.C_T_SKHT_V2",
        file="raft_large_C_T_SKHT_V2-ff5fadd5.pth",
    ),
    # depth
    HubModel(
        "depth-anything-v2-small", "depth-anything/Depth-Anything-V2-Small-hf", APACHE, 99 * MB
    ),
    HubModel(
        "depth-anything-v2-base",
        "depth-anything/Depth-Anything-V2-Base-hf",
        NC,
        390 * MB,
        commercial=False,
    ),
    HubModel(
        "depth-anything-v2-large",
        "depth-anything/Depth-Anything-V2-Large-hf",
        NC,
        1340 * MB,
        commercial=False,
    ),
    HubModel(
        "depth-anything-v2-metric-indoor",
        "depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf",
        APACHE,
        99 * MB,
    ),
    HubModel(
        "depth-anything-v2-metric-outdoor",
        "depth-anything/Depth-Anything-V2-Metric-Outdoor-Small-hf",
        APACHE,
        99 * MB,
    ),
    HubModel("depth-pro", "apple/DepthPro-hf", "Apple AMLR", 1900 * MB, commercial=False),
    # words and pictures
    HubModel("clip-base", "openai/clip-vit-base-patch32", MIT, 605 * MB),
    HubModel("clip-large", "openai/clip-vit-large-patch14", MIT, 1710 * MB),
    HubModel("siglip2-base", "google/siglip2-base-patch16-224", APACHE, 1500 * MB),
    HubModel("siglip2-so400m", "google/siglip2-so400m-patch14-384", APACHE, 4540 * MB),
    HubModel("chinese-clip-base", "OFA-Sys/chinese-clip-vit-base-patch16", APACHE, 753 * MB),
    FolderModel("lit", "a VisionTextDualEncoderModel", "as its folder says", 785 * MB),
    # questions
    HubModel("blip-vqa-base", "Salesforce/blip-vqa-base", BSD, 1540 * MB),
    HubModel("blip-caption-base", "Salesforce/blip-image-captioning-base", BSD, 990 * MB),
    HubModel("blip2-opt-2.7b", "Salesforce/blip2-opt-2.7b", MIT, 15_500 * MB),
    HubModel("vilt-vqa", "dandelin/vilt-b32-finetuned-vqa", APACHE, 470 * MB),
    HubModel("florence-2-base", "florence-community/Florence-2-base", MIT, 465 * MB),
    HubModel("smolvlm-256m", "HuggingFaceTB/SmolVLM-256M-Instruct", APACHE, 513 * MB),
    HubModel("smolvlm2-500m", "HuggingFaceTB/SmolVLM2-500M-Video-Instruct", APACHE, 2030 * MB),
    HubModel("smolvlm2-2b", "HuggingFaceTB/SmolVLM2-2.2B-Instruct", APACHE, 8980 * MB),
    HubModel("qwen3-vl-2b", "Qwen/Qwen3-VL-2B-Instruct", APACHE, 4260 * MB),
    HubModel("qwen3-vl-4b", "Qwen/Qwen3-VL-4B-Instruct", APACHE, 8880 * MB),
    HubModel("got-ocr-2", "stepfun-ai/GOT-OCR-2.0-hf", APACHE, 1430 * MB),
    # pictures that are drawn; the licences forbid some uses, commercial ones are not among them
    PipelineModel("sd2-inpainting", "sd2-community/stable-diffusion-2-inpainting", RAIL, 2580 * MB),
    PipelineModel(
        "sdxl-inpainting",
        "diffusers/stable-diffusion-xl-1.0-inpainting-0.1",
        RAIL,
        6940 * MB,
        revision="115134f363124c53c7d878647567d04daf26e41e",
        parts=("unet", "vae", "text_encoder", "text_encoder_2"),
    ),
    # features
    HubModel("dinov2-small", "facebook/dinov2-small", APACHE, 88 * MB),
    HubModel("dinov2-base", "facebook/dinov2-base", APACHE, 346 * MB),
    HubModel("ijepa-huge", "facebook/ijepa_vith14_1k", NC, 2530 * MB, commercial=False),
)

MODELS = {model.name: model for model in _TABLE}
