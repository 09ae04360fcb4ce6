"""deepcolor: a U-Net that colors a drawing by a blurred color hint, and a VAE that proposes a hint if there is none.

After Kevin Frans, "Outline Colorization through Tandem Adversarial Networks" (2017), and his deepcolor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from framecolor.networks.certainty import Certainty

FIELD = 16
"""Side of the color field that the VAE proposes."""
_LINE_SIDE = 64
_SLOPE = 0.2


def level_widths(width: int) -> tuple[int, ...]:
    """Return the channels of the five levels."""
    return (width, 2 * width, 4 * width, 8 * width, 8 * width)


class Down(nn.Sequential):
    """A 5x5 convolution that halves the size; the first of a network has no norm."""

    def __init__(self, channels_in: int, channels_out: int, *, norm: bool = True) -> None:
        layers: list[nn.Module] = [nn.Conv2d(channels_in, channels_out, 5, 2, 2, bias=not norm)]
        layers += [nn.BatchNorm2d(channels_out)] if norm else []
        super().__init__(*layers, nn.LeakyReLU(_SLOPE))


class Up(nn.Sequential):
    """A transposed 5x5 convolution that doubles the size."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        up = nn.ConvTranspose2d(channels_in, channels_out, 5, 2, 2, output_padding=1, bias=False)
        super().__init__(up, nn.BatchNorm2d(channels_out), nn.ReLU())


class UNet(nn.Module):
    """Five levels down and up by 5x5 convolutions, with skips; height and width must be multiples of 32.

    The last level is enlarged and convolved together with the input. The author's is a transposed convolution like the
    others, which leaves a checkerboard (Odena et al. 2016) and has the lines only at half size.

    width  filters of the first level; twice, 4, 8 and 8 times as many below
    told   channels of a condition that is added at the bottleneck, the same at each position
    """

    def __init__(self, channels_in: int, width: int, told: int = 0) -> None:
        super().__init__()
        widths = level_widths(width)
        self.down = nn.ModuleList(
            Down(i, o, norm=level > 0)
            for level, (i, o) in enumerate(zip((channels_in, *widths[:-1]), widths, strict=True))
        )
        deep = (widths[-1] + told, *(2 * w for w in widths[-2::-1]))
        self.up = nn.ModuleList(Up(i, o) for i, o in zip(deep, widths[-2::-1], strict=False))
        self.last = nn.Conv2d(deep[-1] + channels_in, 3, 5, padding=2)

    def forward(self, planes: Tensor, told: Tensor | None = None, tuning: Sequence[Tensor] = ()) -> Tensor:
        """Paint color [N, 3, H, W] in [-1, 1] from planes [N, `channels_in`, H, W] and the condition [N, `told`].

        tuning  scale and shift of each level on the way up, [N, 2 x its channels], from the deepest; none by default
        """
        skips = []
        x = planes
        for block in self.down:
            x = block(x)
            skips.append(x)
        skips.pop()
        if told is not None:
            x = torch.cat([x, told[..., None, None].expand(-1, -1, *x.shape[2:])], dim=1)
        for level, block in enumerate(self.up):
            x = block(x)
            if tuning:
                scale, shift = tuning[level][..., None, None].chunk(2, dim=1)
                x = x * (1 + scale) + shift
            x = torch.cat([x, skips.pop()], dim=1)
        x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        return torch.tanh(self.last(torch.cat([x, planes], dim=1)))


class Critic(nn.Module):
    """Scores patches as real, logits, from the painter's inputs and a picture, [N, `channels_in`, H, W].

    Three 5x5 convolutions down and one more at that size, as the author's; his final linear layer fits one size only
    and is a convolution here, so that each patch has a score.
    """

    def __init__(self, channels_in: int, width: int) -> None:
        super().__init__()
        self.down = nn.Sequential(
            Down(channels_in, width, norm=False), Down(width, 2 * width), Down(2 * width, 4 * width)
        )
        self.deep = nn.Sequential(
            nn.Conv2d(4 * width, 8 * width, 5, padding=2, bias=False), nn.BatchNorm2d(8 * width), nn.LeakyReLU(_SLOPE)
        )
        self.score = nn.Conv2d(8 * width, 1, 5, padding=2)

    def forward(self, planes: Tensor) -> Tensor:
        return self.score(self.deep(self.down(planes)))


class FieldVae(nn.Module):
    """A conditional VAE of small color fields: plausible colors of a drawing, and roughly where.

    The line art is reduced to 64x64, so it should be padded to a square. Fields are [N, 3, 16, 16] in [-1, 1].
    """

    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        self.latent = latent
        self.look = nn.Sequential(Down(1, width, norm=False), Down(width, 2 * width))
        self.encode = nn.Sequential(Down(3 + 2 * width, 4 * width), Down(4 * width, 4 * width))
        self.posterior = nn.Linear(4 * width * 16, 2 * latent)
        self.seed = nn.Linear(latent, 4 * width * 16)
        # The lines reduced to 4x4, which give the pose to the deepest level of the decoder.
        self.pool = nn.Sequential(Down(2 * width, 4 * width), Down(4 * width, 4 * width))
        self.decode = nn.Sequential(Up(8 * width, 4 * width), Up(4 * width, 2 * width))
        self.last = nn.Sequential(
            nn.Conv2d(4 * width, 2 * width, 3, padding=1), nn.LeakyReLU(_SLOPE), nn.Conv2d(2 * width, 3, 3, padding=1)
        )

    def forward(self, line: Tensor, field: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruct a field through the latent, sampled with `noise`; return also the latent's mean and log variance.

        noise, mean and log variance are [N, `latent`].
        """
        seen = self._see(line)
        encoded = self.encode(torch.cat([field, seen], dim=1)).flatten(1)
        mean, log_variance = self.posterior(encoded).chunk(2, dim=1)
        log_variance = log_variance.clamp(-8, 4)
        latent = mean + noise * torch.exp(log_variance / 2)
        return self._paint(seen, latent), mean, log_variance

    def propose(self, line: Tensor, latent: Tensor) -> Tensor:
        """Decode a latent [N, `latent`] (normal) and line art [N, 1, S, S] to a field in [-1, 1]."""
        return self._paint(self._see(line), latent)

    def _see(self, line: Tensor) -> Tensor:
        return self.look(F.adaptive_avg_pool2d(line, _LINE_SIDE))

    def _paint(self, seen: Tensor, latent: Tensor) -> Tensor:
        deep = self.seed(latent).unflatten(1, (-1, 4, 4))
        x = self.decode(torch.cat([deep, self.pool(seen)], dim=1))
        return torch.tanh(self.last(torch.cat([x, seen], dim=1)))


class DeepColor(nn.Module):
    """`generator` paints from line art and a hint; `vae` proposes a hint.

    width    filters of the first level: the author's 64 need a GPU; 16 train on a CPU
    size_px  long side in training, and of its painting
    """

    name = "deepcolor"
    size_multiple = 32

    def __init__(self, width: int = 16, vae_width: int = 16, latent: int = 32, size_px: int = 128) -> None:
        super().__init__()
        self.sizes = {"width": width, "vae_width": vae_width, "latent": latent, "size_px": size_px}
        self.size_px = size_px
        self.generator = UNet(4, width)
        self.vae = FieldVae(vae_width, latent)
        self.certainty = Certainty()

    def forward(self, line: Tensor, hint: Tensor) -> Tensor:
        """Paint color [N, 3, H, W] in [-1, 1] from line art [N, 1, H, W] in [0, 1] and a blurred hint in [-1, 1]."""
        return cast(Tensor, self.generator(torch.cat([line, hint], dim=1)))
