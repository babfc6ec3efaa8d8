const LEAST_CONTRAST = 5;
const WHITE = [255, 255, 255];
const NIGHT = [32, 37, 41];

/** The desk's colour as a CSS colour for light and dark grounds, moved until text on it can be read. */
export function readableAccent(hex) {
  if (!/^#[0-9a-f]{6}$/i.test(hex ?? "")) return null;
  const colour = [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
  const light = moveUntilReadable(colour, [0, 0, 0], WHITE);
  const dark = moveUntilReadable(colour, WHITE, NIGHT);
  return `light-dark(rgb(${light}), rgb(${dark}))`;
}

function moveUntilReadable(colour, towards, ground) {
  let moved = colour;
  for (let share = 0; share < 1 && contrast(moved, ground) < LEAST_CONTRAST; share += 0.04)
    moved = colour.map((value, i) => Math.round(value + (towards[i] - value) * share));
  return moved;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour) {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
