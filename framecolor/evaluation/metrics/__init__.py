"""Metrics of painted frames against the truth.

    score_folders(pred, truth)  ->  ShotScore: one FrameScore per frame, and their mean
    score_frame(pred, true)     ->  FrameScore

Region metrics are those of the field (BasicPBC, DACoN), picture metrics are CIEDE2000, PSNR and SSIM.
"""

from framecolor.evaluation.metrics.pictures import ciede2000, mean_ciede2000, psnr, ssim
from framecolor.evaluation.metrics.score import FrameScore, ShotScore, score_folders, score_frame, score_sequence

__all__ = [
    "FrameScore",
    "ShotScore",
    "ciede2000",
    "mean_ciede2000",
    "psnr",
    "score_folders",
    "score_frame",
    "score_sequence",
    "ssim",
]
