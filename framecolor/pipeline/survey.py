"""Find the stale spans of a shot: compare its files with the manifest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from framecolor.config.settings import Settings
from framecolor.core.precision import choose_training_precision
from framecolor.engines.nvidia import find_gpu_problem
from framecolor.engines.registry import may_use_gpu
from framecolor.errors import InputError
from framecolor.keys.auto_key import Proposal
from framecolor.output.manifest_writer import ManifestWriter, list_wanted
from framecolor.pipeline.sources import Sources, hash_fit, hash_keys, list_marks
from framecolor.shot.annotations import hash_labels
from framecolor.shot.shot import Shot
from framecolor.shot.spans import Span, plan_spans


@dataclass(frozen=True, eq=False)
class Found:
    """The spans to paint.

    keys     `hash_keys`
    fit      hash of the fit to paint with, "" if none
    sources  source of each frame
    stale    spans to paint
    """

    keys: str
    fit: str
    sources: Sources
    stale: list[Span]


@dataclass(frozen=True, eq=False)
class Survey:
    """Compares the files of a shot with the manifest; anew: everything is stale."""

    shot: Shot
    out: Path
    settings: Settings
    manifest: ManifestWriter
    pool: ThreadPoolExecutor
    anew: bool

    @property
    def device(self) -> str:
        """Device of a fit: the GPU if the engine may use one."""
        return "cuda" if may_use_gpu(self.settings.engine) and find_gpu_problem() is None else "cpu"

    def look(self, shot: Shot, proposal: Proposal | None) -> Found:
        """Find the stale spans. Raises InputError.

        shot      the shot without its broken keys
        proposal  proposed colors; None if the shot has keys
        """
        settings, manifest = self.settings, self.manifest
        keys = hash_keys(shot, settings, proposal)
        fit = self._choose_fit(keys)
        whole = {*shot.keys, *(() if proposal is None else (proposal.number,))}
        spans = plan_spans(shot.numbers, whole, shot.wanted)
        labels = hash_labels(shot)
        if proposal is not None:
            labels[proposal.number] = labels.get(proposal.number, "") + f"proposed {keys}"
        sources = Sources(shot, settings, spans, list_marks(shot, settings, keys, fit), labels)
        if any(manifest.has(number) for span in spans for number in span.paints):
            sources.hash_files(self.pool)
        return Found(keys, fit, sources, [span for span in spans if self._is_stale(span, sources)])

    def _choose_fit(self, keys: str) -> str:
        settings = self.settings
        if not settings.fits:
            return ""
        if settings.fit == "keep":
            if not self.manifest.head:
                problem = "there is no earlier run whose network could be kept"
                raise InputError("--fit keep", problem, "run once without it, or with --fit auto")
            return self.manifest.last_fit or ""
        return hash_fit(keys, settings, choose_training_precision(settings.precision, self.device), self.device)

    def _is_stale(self, span: Span, sources: Sources) -> bool:
        if self.anew or not all(self.manifest.has(number) for number in span.paints):
            return True
        names = {number: self.shot.output_name(number, self.settings.format) for number in span.paints}
        wanted = list_wanted(self.settings)
        return not all(self.manifest.is_current(n, sources[n], names[n], wanted) for n in span.paints)
