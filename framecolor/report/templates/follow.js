// Follow a region from one drawing to the next, on their maps. The page knows of no motion, so the counterpart is the
// region that lies where the region is expected, is about as large, and was painted the same.
const LEAST_LIKE = 1.3; // of at most 3: for the place, the size and the color
const LEAST_SIZE = 0.55; // the smaller area as a share of the larger one
const LEAST_PLACE = 0.1;

const measureRegion = (map, region) => {
  const [left, top, right, bottom] = map.boxes[region];
  let area = 0, x = 0, y = 0;
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      if (map.filled[row * map.width + column] !== region) continue;
      area += 1;
      x += column;
      y += row;
    }
  }
  return { area, x: x / area, y: y / area, reach: Math.hypot(right - left + 1, bottom - top + 1) };
};

// Counts the pixels of each region of `next` that the region covers if it moves by (dx, dy).
const countCovered = (map, region, next, dx, dy) => {
  const [left, top, right, bottom] = map.boxes[region], counts = new Map();
  for (let row = Math.max(top, -dy); row <= Math.min(bottom, next.height - 1 - dy); row++) {
    for (let column = Math.max(left, -dx); column <= Math.min(right, next.width - 1 - dx); column++) {
      if (map.filled[row * map.width + column] !== region) continue;
      const there = next.filled[(row + dy) * next.width + column + dx];
      counts.set(there, (counts.get(there) || 0) + 1);
    }
  }
  return counts;
};

// The counterpart of a region in the next drawing, and how it moved; null if none is like it.
const followRegion = (map, region, next, motion) => {
  if (map.width !== next.width || map.height !== next.height) return null;
  const here = measureRegion(map, region), color = map.painted[region - 1];
  const [dx, dy] = motion.map(Math.round), covered = countCovered(map, region, next, dx, dy);
  let best = null;
  for (let candidate = 1; candidate <= next.count; candidate++) {
    const [left, top, right, bottom] = next.boxes[candidate];
    const away = Math.hypot((left + right) / 2 - here.x - dx, (top + bottom) / 2 - here.y - dy);
    if (!covered.has(candidate) && away > here.reach) continue;
    const there = measureRegion(next, candidate);
    const size = Math.min(here.area, there.area) / Math.max(here.area, there.area);
    if (!(size >= LEAST_SIZE)) continue;
    const overlap = (covered.get(candidate) || 0) / Math.max(here.area, there.area);
    const near = Math.max(0, 1 - Math.hypot(there.x - here.x - dx, there.y - here.y - dy) / here.reach);
    const place = Math.max(overlap, 0.6 * near);
    const like = place < LEAST_PLACE ? 0 : place + size + (next.painted[candidate - 1] === color ? 1 : 0);
    if (like > LEAST_LIKE && (!best || like > best.like)) {
      best = { region: candidate, like, motion: [there.x - here.x, there.y - here.y] };
    }
  }
  return best;
};
