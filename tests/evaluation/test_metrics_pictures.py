"""Picture metrics against published and hand-computed values."""

import numpy as np
import pytest

from framecolor.evaluation.metrics.pictures import ciede2000, mean_ciede2000, psnr, rgb_to_lab, ssim

# Sharma, Wu, Dalal 2005, table 1: L a b, L a b, CIEDE2000.
PUBLISHED = """
50.0000 2.6772 -79.7751   50.0000 0.0000 -82.7485   2.0425
50.0000 3.1571 -77.2803   50.0000 0.0000 -82.7485   2.8615
50.0000 2.8361 -74.0200   50.0000 0.0000 -82.7485   3.4412
50.0000 -1.3802 -84.2814  50.0000 0.0000 -82.7485   1.0000
50.0000 -1.1848 -84.8006  50.0000 0.0000 -82.7485   1.0000
50.0000 -0.9009 -85.5211  50.0000 0.0000 -82.7485   1.0000
50.0000 0.0000 0.0000     50.0000 -1.0000 2.0000    2.3669
50.0000 -1.0000 2.0000    50.0000 0.0000 0.0000     2.3669
50.0000 2.4900 -0.0010    50.0000 -2.4900 0.0009    7.1792
50.0000 2.4900 -0.0010    50.0000 -2.4900 0.0010    7.1792
50.0000 2.4900 -0.0010    50.0000 -2.4900 0.0011    7.2195
50.0000 2.4900 -0.0010    50.0000 -2.4900 0.0012    7.2195
50.0000 -0.0010 2.4900    50.0000 0.0009 -2.4900    4.8045
50.0000 -0.0010 2.4900    50.0000 0.0010 -2.4900    4.8045
50.0000 -0.0010 2.4900    50.0000 0.0011 -2.4900    4.7461
50.0000 2.5000 0.0000     50.0000 0.0000 -2.5000    4.3065
50.0000 2.5000 0.0000     73.0000 25.0000 -18.0000  27.1492
50.0000 2.5000 0.0000     61.0000 -5.0000 29.0000   22.8977
50.0000 2.5000 0.0000     56.0000 -27.0000 -3.0000  31.9030
50.0000 2.5000 0.0000     58.0000 24.0000 15.0000   19.4535
50.0000 2.5000 0.0000     50.0000 3.1736 0.5854     1.0000
50.0000 2.5000 0.0000     50.0000 3.2972 0.0000     1.0000
50.0000 2.5000 0.0000     50.0000 1.8634 0.5757     1.0000
50.0000 2.5000 0.0000     50.0000 3.2592 0.3350     1.0000
60.2574 -34.0099 36.2677  60.4626 -34.1751 39.4387  1.2644
63.0109 -31.0961 -5.8663  62.8187 -29.7946 -4.0864  1.2630
61.2901 3.7196 -5.3901    61.4292 2.2480 -4.9620    1.8731
35.0831 -44.1164 3.7933   35.0232 -40.0716 1.5901   1.8645
22.7233 20.0904 -46.6940  23.0331 14.9730 -42.5619  2.0373
36.4612 47.8580 18.3852   36.2715 50.5065 21.2231   1.4146
90.8027 -2.0831 1.4410    91.1528 -1.6435 0.0447    1.4441
90.9257 -0.5406 -0.9208   88.6381 -0.8985 -0.7239   1.5381
6.7747 -0.2908 -2.4247    5.8714 -0.0985 -2.2286    0.6377
2.0776 0.0795 -1.1350     0.9033 -0.0636 -0.5514    0.9082
"""


def test_ciede2000_gives_the_published_differences():
    table = np.array([[float(word) for word in row.split()] for row in PUBLISHED.strip().splitlines()])
    assert len(table) == 34
    np.testing.assert_allclose(ciede2000(table[:, :3], table[:, 3:6]), table[:, 6], atol=5.1e-5)


def test_lab_of_known_colors():
    rgb = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [119, 119, 119]], np.uint8)
    expected = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [50.03, 0, 0]]
    np.testing.assert_allclose(rgb_to_lab(rgb), expected, atol=0.02)


def test_mean_ciede2000_is_the_mean_over_pixels():
    random = np.random.default_rng(3)
    pred, true = random.integers(0, 256, (2, 9, 7, 3), dtype=np.uint8)
    pred[:5] = true[:5] = (10, 200, 30)
    expected = ciede2000(rgb_to_lab(pred), rgb_to_lab(true)).mean()
    assert mean_ciede2000(pred, true) == pytest.approx(expected)


def test_psnr_by_hand():
    black = np.zeros((4, 4, 3), np.uint8)
    assert psnr(black, np.full_like(black, 255)) == pytest.approx(0)
    assert psnr(black, np.full_like(black, 5)) == pytest.approx(20 * np.log10(255 / 5))
    assert psnr(black, black) == 100


def test_ssim_matches_its_definition_window_by_window():
    random = np.random.default_rng(4)
    true = random.integers(0, 256, (13, 12, 3), dtype=np.uint8)
    pred = np.clip(true.astype(int) + random.integers(-40, 41, true.shape), 0, 255).astype(np.uint8)
    taps = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / taps.sum() ** 2
    values = []
    for c in range(3):
        for top in range(3):
            for left in range(2):
                x, y = (im[top : top + 11, left : left + 11, c].astype(float) for im in (pred, true))
                mx, my = (window * x).sum(), (window * y).sum()
                vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
                cov = (window * (x - mx) * (y - my)).sum()
                c1, c2 = 2.55**2, 7.65**2
                values.append((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    assert ssim(pred, true) == pytest.approx(np.mean(values), abs=1e-6)


def test_pictures_smaller_than_the_window_have_an_ssim():
    gray = np.full((6, 6, 3), 120, np.uint8)
    assert ssim(gray, gray) == pytest.approx(1)
