// QR codes by ISO/IEC 18004: byte mode, error correction level M, versions 1 to 13. That is 331 bytes, enough for the
// key URI of the longest secret. Drawn here, since a secret should not travel only to be drawn.

import { svg } from "./dom.js";

const EC_WORDS = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22]; // in each block, by version
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9];
const QUIET_ZONE = 4;

/** An SVG element that shows `text` as a QR code, dark on light whatever the page's colours. */
export function qrCode(text, label) {
  const rows = modules(text);
  const size = rows.length + 2 * QUIET_ZONE;
  const dark = rows.flatMap((row, y) =>
    row.flatMap((module, x) => (module ? [`M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z`] : [])),
  );
  const attributes = { viewBox: `0 0 ${size} ${size}`, class: "qr", role: "img", "aria-label": label };
  return svg(
    "svg",
    { ...attributes, "shape-rendering": "crispEdges" },
    svg("rect", { width: size, height: size, fill: "#fff" }),
    svg("path", { d: dark.join(""), fill: "#000" }),
  );
}

/** The modules of the symbol, row by row, 1 for dark. */
export function modules(text) {
  const bytes = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((_, index) => 8 * bytes.length + headerBits(index + 1) <= capacity(index + 1)) + 1;
  if (version === 0) throw new RangeError(`${bytes.length} bytes are too many for a QR code of version 13`);
  const bits = interleave(dataWords(bytes, version), version).flatMap((word) => toBits(word, 8));
  const candidates = MASKS.map((_, index) => symbol(version, bits, index));
  const penalties = candidates.map(penalty);
  return candidates[penalties.indexOf(Math.min(...penalties))];
}

// Data

/** Mode and length precede the data. */
const headerBits = (version) => (version < 10 ? 4 + 8 : 4 + 16);

/** How many bits of header and data a version takes: what its fixed patterns and corrections leave free. */
function capacity(version) {
  const free = frame(version).flat().filter((module) => module === null).length;
  return 8 * (Math.floor(free / 8) - EC_WORDS[version - 1] * BLOCKS[version - 1]);
}

const toBits = (value, length) => Array.from({ length }, (_, index) => (value >> (length - 1 - index)) & 1);

function dataWords(bytes, version) {
  const size = capacity(version);
  const bits = [...toBits(0b0100, 4), ...toBits(bytes.length, version < 10 ? 8 : 16)];
  for (const byte of bytes) bits.push(...toBits(byte, 8));
  bits.push(...toBits(0, Math.min(4, size - bits.length)));
  while (bits.length % 8) bits.push(0);
  const words = [];
  for (let at = 0; at < bits.length; at += 8) words.push(Number.parseInt(bits.slice(at, at + 8).join(""), 2));
  for (let pad = 0xec; words.length < size / 8; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

/** Cut the data into blocks, the shorter ones first, and give out first words first, then the corrections. */
function interleave(data, version) {
  const count = BLOCKS[version - 1];
  const short = Math.floor(data.length / count);
  const longFrom = count - (data.length % count);
  const blocks = [];
  for (let index = 0, at = 0; index < count; index++) {
    const length = short + (index >= longFrom ? 1 : 0);
    blocks.push(data.slice(at, at + length));
    at += length;
  }
  const corrections = blocks.map((block) => correction(block, EC_WORDS[version - 1]));
  return [...transpose(blocks), ...transpose(corrections)];
}

function transpose(blocks) {
  const longest = Math.max(...blocks.map((block) => block.length));
  return Array.from({ length: longest }, (_, at) => blocks.flatMap((block) => block.slice(at, at + 1))).flat();
}

// Reed-Solomon over the field of 256 elements with the polynomial 0x11d.
const EXP = [];
for (let value = 1; EXP.length < 255; value = value & 0x80 ? (value << 1) ^ 0x11d : value << 1) EXP.push(value);
const LOG = new Map(EXP.map((value, power) => [value, power]));
const multiply = (a, b) => (a && b ? EXP[(LOG.get(a) + LOG.get(b)) % 255] : 0);

function correction(data, length) {
  let generator = [1];
  for (let power = 0; power < length; power++) {
    const shifted = [...generator, 0];
    generator = shifted.map((term, at) => term ^ (at ? multiply(generator[at - 1], EXP[power]) : 0));
  }
  const rest = [...data, ...new Array(length).fill(0)];
  for (let at = 0; at < data.length; at++) {
    const lead = rest[at];
    generator.forEach((term, offset) => (rest[at + offset] ^= multiply(term, lead)));
  }
  return rest.slice(data.length);
}

// Symbol

const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (x, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

function symbol(version, bits, maskIndex) {
  const rows = frame(version);
  const free = rows.map((row) => row.map((module) => module === null));
  drawFormat(rows, maskIndex);
  drawData(rows, free, bits, MASKS[maskIndex]);
  return rows;
}

/** The fixed patterns of a version, with the places of the format information reserved and null where data goes. */
function frame(version) {
  const size = 17 + 4 * version;
  const rows = Array.from({ length: size }, () => new Array(size).fill(null));
  drawFinders(rows);
  drawAlignments(rows, version);
  for (let at = 8; at < size - 8; at++) rows[6][at] = rows[at][6] = 1 - (at % 2);
  drawFormat(rows, 0);
  if (version >= 7) drawVersion(rows, version);
  return rows;
}

function drawFinders(rows) {
  const far = rows.length - 7;
  for (const [left, top] of [[0, 0], [far, 0], [0, far]]) {
    for (let y = -1; y <= 7; y++) {
      for (let x = -1; x <= 7; x++) {
        if (rows[top + y]?.[left + x] === undefined) continue;
        const ring = Math.max(Math.abs(x - 3), Math.abs(y - 3));
        rows[top + y][left + x] = ring === 2 || ring === 4 ? 0 : 1;
      }
    }
  }
}

function drawAlignments(rows, version) {
  const last = 4 * version + 10;
  const centres = version === 1 ? [] : version < 7 ? [6, last] : [6, (6 + last) / 2, last];
  for (const centreY of centres) {
    for (const centreX of centres) {
      if (rows[centreY][centreX] !== null) continue; // a finder is there
      for (let y = -2; y <= 2; y++) {
        for (let x = -2; x <= 2; x++) {
          rows[centreY + y][centreX + x] = Math.max(Math.abs(x), Math.abs(y)) === 1 ? 0 : 1;
        }
      }
    }
  }
}

/** `value` with the remainder of its division by the generator behind it, in `length` more bits. */
function withRemainder(value, generator, length) {
  let rest = value << length;
  for (let bit = 31 - Math.clz32(rest); bit >= length; bit = 31 - Math.clz32(rest)) {
    rest ^= generator << (bit - length);
  }
  return (value << length) | rest;
}

function drawFormat(rows, maskIndex) {
  const size = rows.length;
  // Level M is written 00, so the mask's number is all of the data.
  const bits = toBits(withRemainder(maskIndex, 0x537, 10) ^ 0x5412, 15);
  bits.forEach((bit, at) => {
    // Once around the upper left finder, past the timing patterns, and once between the other two.
    if (at < 8) rows[8][at < 6 ? at : at + 1] = bit;
    else rows[at === 8 ? 7 : 14 - at][8] = bit;
    if (at < 7) rows[size - 1 - at][8] = bit;
    else rows[8][size - 15 + at] = bit;
  });
  rows[size - 8][8] = 1;
}

function drawVersion(rows, version) {
  const far = rows.length - 11;
  const bits = toBits(withRemainder(version, 0x1f25, 12), 18).reverse();
  bits.forEach((bit, at) => {
    const [along, across] = [Math.floor(at / 3), far + (at % 3)];
    rows[along][across] = rows[across][along] = bit;
  });
}

/** Fill the free modules in columns of two, from the right, up and down in turn. */
function drawData(rows, free, bits, mask) {
  const size = rows.length;
  let next = 0;
  let upwards = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5; // the timing pattern's column is not part of a pair
    for (let step = 0; step < size; step++) {
      const y = upwards ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (!free[y][x]) continue;
        rows[y][x] = (bits[next++] ?? 0) ^ (mask(x, y) ? 1 : 0);
      }
    }
    upwards = !upwards;
  }
}

/** How hard a symbol is to read; the mask with the lowest value is used. */
function penalty(rows) {
  const columns = rows.map((_, x) => rows.map((row) => row[x]));
  const lines = [...rows, ...columns].map((line) => line.join(""));
  let points = 0;
  for (const line of lines) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) points += run.length - 2;
    points += 40 * [...line.matchAll(/(?=10111010000|00001011101)/g)].length;
  }
  for (let y = 1; y < rows.length; y++) {
    for (let x = 1; x < rows.length; x++) {
      const sum = rows[y][x] + rows[y - 1][x] + rows[y][x - 1] + rows[y - 1][x - 1];
      if (sum === 0 || sum === 4) points += 3;
    }
  }
  const share = rows.flat().reduce((sum, module) => sum + module) / rows.length ** 2;
  return points + 10 * Math.floor(Math.abs(share * 20 - 10));
}
